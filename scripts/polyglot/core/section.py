"""The base of every part of the configuration, and names in it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any

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

    @model_validator(mode="after")
    def _bounded(self) -> Strict:
        for name in type(self).model_fields:
            for number in _whole_numbers(getattr(self, name)):
                if abs(number) > LARGEST:
                    raise ValueError(f"`{name}` is larger than {LARGEST:,}, the largest whole number here (value: {number})")
        return self


def _whole_numbers(value: Any) -> Iterator[int]:
    """The whole numbers of a value, its lists and mappings; not those of parts that check their own."""
    if isinstance(value, int):
        yield value
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from _whole_numbers(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _whole_numbers(inner)


class Section(Strict):
    """A part of a study's configuration."""
