"""Readable pages from Jinja templates: archives, data cards, model cards, a study's page."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined


def render(template: Path, *, escape: bool = False, **values: Any) -> str:
    """The text of a template; a value that is missing is an error.

    Args:
        escape: whether values are escaped for HTML, but for those that are `markupsafe.Markup`.
    """
    environment = Environment(
        loader=FileSystemLoader(template.parent),
        undefined=StrictUndefined,
        autoescape=escape,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    return environment.get_template(template.name).render(**values)
