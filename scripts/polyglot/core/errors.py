"""Configuration errors: all problems at once, each with file, key, value and what is allowed."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from polyglot.core.key_finder import masked

VARIABLE = r"^[A-Z][A-Z0-9_]*$"
"""The name of an environment variable."""
CONFIDENTIAL = re.compile(r"(?i)key$|token$|secret|passw|credential|authorization|^(headers|url)$")
"""Keys of a configuration where a key to a service may stand by mistake."""
NOT_SHOWN = "(not repeated: it may be a key)"


def shown(value: Any, location: Sequence[int | str] = ()) -> str:
    """A value for a message; where a key to a service may stand by mistake, it is not repeated.

    Args:
        location: the keys that lead to it.
    """
    return masked(repr(_open_parts(value, any(CONFIDENTIAL.search(str(part)) for part in location))))


def _open_parts(value: Any, confidential: bool) -> Any:
    if isinstance(value, Mapping):
        return {key: _open_parts(part, confidential or bool(CONFIDENTIAL.search(str(key)))) for key, part in value.items()}
    if isinstance(value, list):
        return [_open_parts(part, confidential) for part in value]
    return NOT_SHOWN if confidential and value is not None else value


class ConfigurationError(ValueError):
    """A configuration that cannot be run; the message names file, key, value and what is allowed."""


def explain(path: Path, error: ValidationError, model: type[BaseModel]) -> str:
    """All problems of a validation in one message that names file, key, value and what is allowed."""
    lines = [f"{path}: the configuration has {error.error_count()} problem(s):"]
    for problem in error.errors():
        key = ".".join(str(part) for part in problem["loc"])
        if problem["type"] == "extra_forbidden":
            allowed = ", ".join(_keys_at(model, problem["loc"][:-1]))
            lines.append(f"  {key}: no such key (value: {shown(problem['input'], problem['loc'])}); allowed here: {allowed}")
        elif problem["type"] == "value_error":
            lines.append(f"  {problem['ctx']['error']}" if not key else f"  {key}: {problem['ctx']['error']}")
        else:
            value = "" if problem["type"] == "missing" else f" (value: {shown(problem['input'], problem['loc'])})"
            lines.append(f"  {key}: {problem['msg']}{value}")
    return masked("\n".join(lines))


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
