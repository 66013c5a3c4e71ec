"""Errors about texts longer than a model's context."""

from __future__ import annotations

from polyglot.core.errors import WrongInput


class ContextError(WrongInput):
    """A text that is longer than a model's context; the message names both and the remedy.

    Attributes:
        request: the id of the request that the text is of; "" if it is of none.
    """

    def __init__(self, message: str, request: str = "") -> None:
        super().__init__(message)
        self.request = request


def too_long(model: str, request: str, tokens: int, context: int, *, room: int = 1, file: str = "") -> ContextError:
    """The error of a prompt that leaves no room for an answer.

    Args:
        room: tokens that an answer may need.
        file: the file of the request.
    """
    where = f" of {file}" if file else ""
    return ContextError(
        f"{model}: request {request}{where} has {tokens:,} tokens and needs room for {room:,} more; the context is {context:,}: "
        "leave such prompts out (`longest` in config/sources.yaml, synthesis.shots), or set a larger `context` or a smaller "
        "`sampling.max_new_tokens` for the model in config/models.yaml",
        request,
    )
