"""The base of every part of the configuration, and names in it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, get_args

from pydantic import AfterValidator, BaseModel, ConfigDict, StringConstraints, model_validator

from polyglot.core.errors import NAME_PATTERN
from polyglot.core.text import one_line

Name = Annotated[str, StringConstraints(pattern=NAME_PATTERN, max_length=100)]
Words = Annotated[str, AfterValidator(one_line)]
"""What people read, such as a label: one line, in which control characters are spelt out."""
LARGEST = 2**31 - 1
"""Largest whole number of a configuration: random generators take no larger seed, and no file holds more rows."""


class Strict(BaseModel):
    """A part of a configuration or registry: unknown keys are errors, numbers are finite, values are immutable."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, hide_input_in_errors=True)

    @model_validator(mode="before")
    @classmethod
    def _counted(cls, given: Any) -> Any:
        """Refuse true and false where numbers belong: Python counts with them as 1 and 0."""
        for name, field in cls.model_fields.items() if isinstance(given, Mapping) else ():
            kinds = set(_kinds(field.annotation))
            if kinds & {int, float} and not kinds & {bool, Any, object}:
                for found in _leaves(given.get(name)):
                    if isinstance(found, bool):
                        raise ValueError(f"`{name}`: {str(found).lower()} is no number; write a number")
        return given

    @model_validator(mode="after")
    def _bounded(self) -> Strict:
        for name in type(self).model_fields:
            for number in _leaves(getattr(self, name)):
                if isinstance(number, int) and abs(number) > LARGEST:
                    raise ValueError(f"`{name}` is larger than {LARGEST:,}, the largest whole number here (value: {number})")
        return self


def _kinds(annotation: Any) -> Iterator[Any]:
    """The types that an annotation is made of; those of sections within it are their own."""
    parts = get_args(annotation)
    for part in parts:
        yield from _kinds(part)
    if not parts:
        yield annotation


def _leaves(value: Any) -> Iterator[Any]:
    """The values in a value, its lists and mappings; not those of parts that check their own."""
    inner = value.values() if isinstance(value, Mapping) else value if isinstance(value, list | tuple) else None
    if inner is None:
        yield value
    else:
        for one in inner:
            yield from _leaves(one)


class Section(Strict):
    """A part of a study's configuration."""
