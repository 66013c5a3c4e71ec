"""Chat prompts for teachers from Jinja templates, by method."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from polyglot.core.errors import MissingFile

Message = dict[str, str]
"""One chat turn: {"role": ..., "content": ...}."""


class PromptTemplates:
    """The templates of one folder: `system.jinja` and one per method.

    Raises:
        FileNotFoundError: if a template is missing (names the file).
    """

    def __init__(self, folder: Path) -> None:
        from jinja2 import Environment, FileSystemLoader, StrictUndefined

        self.folder = Path(folder)
        self._environment = Environment(
            loader=FileSystemLoader(self.folder), undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
        )
        self._environment.filters["json"] = lambda value: json.dumps(value, ensure_ascii=False)

    def render(self, name: str, *, text: str | None = None, **fields: Any) -> str:
        """The text of one template, stripped.

        Args:
            text: a template to use instead of the folder's.
        """
        from jinja2 import TemplateNotFound

        try:
            environment = self._environment
            template = environment.get_template(f"{name}.jinja") if text is None else environment.from_string(text)
        except TemplateNotFound as error:
            raise MissingFile(f"{self.folder}/{name}.jinja: this prompt template does not exist") from error
        return template.render(**fields).strip()

    def chat(self, method: str, *, language: str, text: str | None = None, **fields: Any) -> list[Message]:
        """A method's request: a system turn that names the language, and a user turn.

        Args:
            text: the user turn's template, where the method brings its own.
        """
        return [
            {"role": "system", "content": self.render("system", language=language)},
            {"role": "user", "content": self.render(method, text=text, language=language, **fields)},
        ]
