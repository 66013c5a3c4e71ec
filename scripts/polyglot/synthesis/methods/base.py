"""The definition of a method: what a teacher is shown from the seed dataset, and what it writes."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from polyglot.core.conversations import HISTORY, turns_in
from polyglot.core.errors import WrongInput
from polyglot.core.lookup import Lookup
from polyglot.core.text import unfit
from polyglot.synthesis.methods.reading import twice

if TYPE_CHECKING:
    from polyglot.core.prompts import Message, PromptTemplates

Text = Literal["prompt", "response"]
"""The two texts of a seed row and of a training example."""

NAME = re.compile(r"[a-z0-9][a-z0-9._-]*")
FENCE = "```"
SIZED = re.compile(r".*-\d+k?")
"""The pattern of a recipe name with a size, which a method's name must not match."""


class Unusable(ValueError):
    """An answer that yields no training example: its status and the reason."""

    def __init__(self, status: str, problem: str) -> None:
        super().__init__(problem)
        self.status, self.problem = status, problem


class TrainingPair(BaseModel):
    """The answer format when the teacher writes both prompt and response."""

    model_config = ConfigDict(strict=True)
    prompt: str
    response: str


PAIR_SCHEMA: dict[str, Any] = TrainingPair.model_json_schema()


@dataclass(frozen=True)
class Method:
    """A way to make a training example from human-written seed data; a subclass may override `fields` and `pair`.

    Args:
        name: its name in `methods` and recipes, in files, and in request ids.
        about: what the teacher does, to complete `The teacher ...`.
        shows: texts of a seed row that a request shows; rows lacking one of them are not used.
        writes: what the teacher writes: a pair, as a JSON object, or one text, as plain text. In the latter case the seed row's
            other text is kept.
        seeds: whether its seed rows are in the target language or in the language that translation starts from.
        shots: whether a request shows several rows as examples (`synthesis.shots`), drawn without replacement within the request;
            else it shows one row, drawn without replacement over all requests.
        template: the request as a Jinja text; None takes `{name}.jinja` of the folder `synthesis.prompts`.
        rows_of: another method whose seed rows this one also uses.
        translated: whether a machine-translation model translates the seed rows first. Such a method is named only in recipes.
        written_by: the author of the answer.
        default: whether a study that names no methods uses it.
        continues: whether a request continues the conversation before a seed row's prompt. Other methods do not use rows with
            one, since such a prompt may mean nothing alone.

    Raises:
        ValueError: for an invalid name, or inconsistent texts.
    """

    name: str
    about: str
    shows: tuple[Text, ...] = ("prompt",)
    writes: Text | Literal["pair"] = "response"
    seeds: Literal["target", "source"] = "target"
    shots: bool = False
    template: str | None = None
    rows_of: str | None = None
    translated: bool = False
    written_by: Literal["teacher", "translator"] = "teacher"
    default: bool = False
    continues: bool = False

    def __post_init__(self) -> None:
        if not NAME.fullmatch(self.name) or SIZED.fullmatch(self.name):
            raise WrongInput(f"method '{self.name}': use small letters, digits, '.', '_' and '-', and no size at the end")
        if not self.shows or self.writes in self.shows:
            raise WrongInput(
                f"method '{self.name}': what it shows ({', '.join(self.shows)}) and writes ({self.writes}) must differ"
            )

    @property
    def needs_response(self) -> bool:
        """Whether it needs human-written responses."""
        return "response" in self.shows

    @property
    def schema(self) -> dict[str, Any] | None:
        """The JSON schema of an answer; None for plain text."""
        return PAIR_SCHEMA if self.writes == "pair" else None

    @property
    def kept(self) -> Text | None:
        """The seed row's text that the training example keeps."""
        return {"prompt": "response", "response": "prompt"}.get(self.writes)  # type: ignore[return-value]

    @property
    def thinks_of_the_response(self) -> bool:
        """Whether a teacher's thoughts are those of the example: they led from its prompt to its response. In other methods they
        are about writing an example, or a prompt, and no student could have them."""
        return self.writes == "response"

    def fields(self, rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        """The template's variables besides `language`: the texts of a row, or `shots`, a list of rows.

        Where the seed dataset has prompts only, there are no shots, and `prompts` holds the rows' prompts.
        """
        if not self.shots:
            return {name: rows[0][name] for name in self.shows}
        whole = all(str(row[name]).strip() for row in rows for name in self.shows)
        return {"shots": rows, "prompts": []} if whole else {"shots": [], "prompts": [row["prompt"] for row in rows]}

    def messages(self, templates: PromptTemplates, language: str, rows: Sequence[Mapping[str, Any]]) -> list[Message]:
        """A request as a chat.

        Args:
            language: the target language's English name.
            rows: the seed rows that it shows.
        """
        chat = templates.chat(self.name, text=self.template, language=language, **self.fields(rows))
        return continued(chat, turns_in(rows[0].get(HISTORY))) if self.continues else chat

    def pair(self, request: Mapping[str, Any], text: str) -> tuple[str, str]:
        """Prompt and response of the training example.

        Args:
            request: with the kept text under its name.
            text: the teacher's answer, stripped and not empty.

        Raises:
            Unusable: if the answer yields no example.
        """
        if self.writes == "pair":
            return read_pair(text)
        return (text, request["response"]) if self.writes == "prompt" else (request["prompt"], text)

    def written(self, prompt: str, response: str) -> str:
        """The part of a training example that the teacher wrote."""
        return {"pair": f"{prompt} {response}", "prompt": prompt, "response": response}[self.writes]


def continued(chat: Sequence[Message], history: Sequence[Message]) -> list[Message]:
    """A request after the turns of a conversation, whose system turn follows the request's own in one."""
    system, *asked = chat
    if history and history[0]["role"] == "system":
        first, *history = history
        system = {**system, "content": f"{system['content']}\n\n{first['content']}"}
    return [system, *history, *asked]


def pair_json(prompt: str, response: str) -> str:
    """The JSON object that teachers must write."""
    return json.dumps({"prompt": prompt, "response": response}, ensure_ascii=False)


def read_pair(text: str) -> tuple[str, str]:
    """Prompt and response of such an object, which may be in a fenced block.

    Raises:
        Unusable: if it is not such an object, has a key twice, or a text is empty.
    """
    written = unfenced(text)
    try:
        pair = TrainingPair.model_validate_json(written)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise Unusable("invalid_json", f"{place}: {first['msg']}" if place else first["msg"]) from None
    if (problem := twice(written)) is not None:
        raise Unusable("invalid_json", problem)
    told = unfit(pair.prompt) or unfit(pair.response)
    if told:
        raise Unusable("invalid_json", f"{told} in a text")
    if not pair.prompt.strip() or not pair.response.strip():
        raise Unusable("empty", "prompt or response is empty")
    return pair.prompt.strip(), pair.response.strip()


def unfenced(text: str) -> str:
    """What stands in a fenced block that is the whole text; else the text."""
    if len(text) < 2 * len(FENCE) or not (text.startswith(FENCE) and text.endswith(FENCE)):
        return text
    return text[len(FENCE) : -len(FENCE)].removeprefix("json").strip()


METHODS: Lookup[Method] = Lookup(
    "method",
    {
        "generate": "polyglot.synthesis.methods.generate:GENERATE",
        "translate": "polyglot.synthesis.methods.translate:TRANSLATE",
        "respond": "polyglot.synthesis.methods.respond:RESPOND",
        "back-translation": "polyglot.synthesis.methods.back_translation:BACK_TRANSLATION",
        "nllb-respond": "polyglot.synthesis.methods.machine_translation:RESPOND_TO_TRANSLATED",
        "nllb-both": "polyglot.synthesis.methods.machine_translation:TRANSLATED",
    },
    kind=Method,
)
"""Every method by name."""


def default_methods() -> list[str]:
    """The default methods: the published study's three."""
    return [name for name, method in METHODS.items() if method.default]


def known_method(name: str) -> str:
    """Check a name in a study's `methods`, and return it.

    Raises:
        ValueError: lists the known names, and the nearest.
    """
    if METHODS[name].translated:
        raise WrongInput(f"'{name}' uses the requests of `{METHODS[name].rows_of}`; name it in a recipe, and that one in methods")
    return name


def template_files(folder: str, methods: Sequence[str]) -> list[str]:
    """The templates for requests of these methods; the system turn's first."""
    return [f"{folder}/{name}.jinja" for name in ("system", *(name for name in methods if METHODS[name].template is None))]


def own_templates(methods: Sequence[str]) -> dict[str, str]:
    """Texts of the methods' own templates, by method; requests are rebuilt when one changes."""
    return {name: text for name in methods if (text := METHODS[name].template) is not None}
