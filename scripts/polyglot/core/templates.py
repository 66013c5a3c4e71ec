"""Readable pages from Jinja templates: archives, data cards, model cards, a study's page."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from polyglot.core.text import markdown, visible


def render(template: Path, **values: Any) -> str:
    """The text of a template; a value that is missing is an error.

    Values are texts, not markup, but for those that are `markupsafe.Markup`: they are escaped for the HTML or Markdown of the
    template, and control characters are spelt out. The filter `fenced` is for what stands in a block of code.
    """
    html = ".html" in template.suffixes
    environment = Environment(
        loader=FileSystemLoader(template.parent),
        undefined=StrictUndefined,
        autoescape=html,
        finalize=lambda value: _text(value, visible if html else markdown),
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["fenced"] = fenced
    return environment.get_template(template.name).render(**values)


def _text(value: Any, escaped: Callable[[str], str]) -> Any:
    return escaped(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def fenced(text: str) -> Markup:
    """A text within a block of code of Markdown, which it does not end."""
    return Markup(visible(text).replace("```", "'''"))
