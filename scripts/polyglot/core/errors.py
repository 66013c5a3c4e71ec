"""Configuration errors: all problems at once, each with file, key, value and what is allowed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError


class ConfigurationError(ValueError):
    """A configuration that cannot be run; the message names file, key, value and what is allowed."""


def explain(path: Path, error: ValidationError, model: type[BaseModel]) -> str:
    """All problems of a validation in one message that names file, key, value and what is allowed."""
    lines = [f"{path}: the configuration has {error.error_count()} problem(s):"]
    for problem in error.errors():
        key = ".".join(str(part) for part in problem["loc"])
        if problem["type"] == "extra_forbidden":
            allowed = ", ".join(_keys_at(model, problem["loc"][:-1]))
            lines.append(f"  {key}: no such key (value: {problem['input']!r}); allowed here: {allowed}")
        elif problem["type"] == "value_error":
            lines.append(f"  {problem['ctx']['error']}" if not key else f"  {key}: {problem['ctx']['error']}")
        else:
            shown = "" if problem["type"] == "missing" else f" (value: {problem['input']!r})"
            lines.append(f"  {key}: {problem['msg']}{shown}")
    return "\n".join(lines)


def _keys_at(model: type[BaseModel], location: Sequence[int | str]) -> list[str]:
    """The keys allowed at the location of a validation error."""
    for part in location:
        field = model.model_fields.get(str(part))
        if field is None:  # a dictionary key: go on with the model of its values
            continue
        found = section_of(field.annotation)
        if found is not None:
            model = found
    return list(model.model_fields)


def section_of(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for part in getattr(annotation, "__args__", ()):
        found = section_of(part)
        if found is not None:
            return found
    return None
