"""Chat prompts for teachers from Jinja templates, by method."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from polyglot.core.errors import MissingFile, WrongInput

Message = dict[str, str]
"""One chat turn: {"role": ..., "content": ...}."""


def _fails_always(cause: BaseException | None) -> bool:
    """Whether a template would fail with other texts too: it reaches for Python, for another file, for a variable that nobody
    gives, or never ends."""
    from jinja2 import TemplateNotFound, UndefinedError
    from jinja2.exceptions import SecurityError

    if isinstance(cause, UndefinedError):
        return str(cause.message).endswith(" is undefined")
    return isinstance(cause, TemplateNotFound | SecurityError | OverflowError | RecursionError)


class PromptTemplates:
    """The templates of one folder: `system.jinja` and one per method.

    Raises:
        FileNotFoundError: if a template is missing (names the file).
    """

    def __init__(self, folder: Path) -> None:
        from jinja2 import FileSystemLoader, StrictUndefined
        from jinja2.sandbox import ImmutableSandboxedEnvironment  # as chat templates: a template is text, it runs no Python

        self.folder = Path(folder)
        self._environment = ImmutableSandboxedEnvironment(
            loader=FileSystemLoader(self.folder), undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
        )
        self._environment.filters["json"] = lambda value: json.dumps(value, ensure_ascii=False)

    def render(self, name: str, *, text: str | None = None, **fields: Any) -> str:
        """The text of one template, stripped.

        Args:
            text: a template to use instead of the folder's.

        Raises:
            FileNotFoundError, WrongInput: see `check`; also for a variable that the template names and nobody gives.
        """
        from jinja2 import TemplateError, TemplateNotFound

        try:
            filled: str = self._template(name, text).render(**fields)
        except TemplateNotFound as error:
            told = f"it includes '{error.name}', which is no template of this folder; correct the name or leave that out"
            raise WrongInput(f"{self._file(name)}: {told}") from error
        except TemplateError as error:  # a variable that is not there, or of another kind
            raise WrongInput(
                f"{self._file(name)}: {error.message}; the variables of this template are {', '.join(sorted(fields))}"
            ) from error
        except (ArithmeticError, LookupError, TypeError, ValueError, RecursionError) as error:  # what its own text computes
            raise WrongInput(f"{self._file(name)}: {error}; correct the template (Jinja)") from error
        return filled.strip()

    def check(self, name: str, sample: Mapping[str, Any] | None) -> None:
        """Read a template and fill it in for trial. What fails because of the sample's texts is let pass.

        Args:
            sample: its variables; None does not fill it in.

        Raises:
            FileNotFoundError: if it is missing.
            WrongInput: if it is no template (with the line), or whatever fills it in, it fails, says nothing, or holds a NUL.
        """
        self._template(name, None)
        if sample is None:
            return
        try:
            said = self.render(name, **sample)
        except WrongInput as error:
            if _fails_always(error.__cause__):
                raise
            return
        if not said:
            raise WrongInput(f"{self._file(name)}: the template gives an empty text; write in it what is asked")
        if "\0" in said:
            raise WrongInput(f"{self._file(name)}: a NUL character is in it, which endpoints and files refuse; delete it")

    def _file(self, name: str) -> Path:
        return self.folder / f"{name}.jinja"

    def _template(self, name: str, text: str | None) -> Any:
        from jinja2 import TemplateNotFound, TemplateSyntaxError

        try:
            return self._environment.from_string(text) if text is not None else self._environment.get_template(f"{name}.jinja")
        except (TemplateNotFound, IsADirectoryError) as error:
            raise MissingFile(
                f"{self._file(name)}: this prompt template does not exist; add it, or name another folder"
            ) from error
        except TemplateSyntaxError as error:
            raise WrongInput(f"{self._file(name)}: line {error.lineno}: {error.message}; correct the template (Jinja)") from error
        except UnicodeDecodeError as error:
            raise WrongInput(f"{self._file(name)}: byte {error.start} is not UTF-8; save the template as UTF-8") from error

    def chat(self, method: str, *, language: str, text: str | None = None, **fields: Any) -> list[Message]:
        """A method's request: a system turn that names the language, and a user turn.

        Args:
            text: the user turn's template, where the method brings its own.
        """
        return [
            {"role": "system", "content": self.render("system", language=language)},
            {"role": "user", "content": self.render(method, text=text, language=language, **fields)},
        ]
