"""Length: prompts and responses that are too short or too long."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import Field, model_validator

from polyglot.core.text import units
from polyglot.synthesis.filters.base import Examples, Filter, Settings, Verdict


class LengthSettings(Settings):
    """Limits in words, or in characters where a script has no spaces."""

    prompt_least: int = Field(default=1, ge=0, description="Least words of a prompt.")
    prompt_most: int | None = Field(default=None, gt=0, description="Most words of a prompt; null sets no limit.")
    response_least: int = Field(default=1, ge=0, description="Least words of a response.")
    response_most: int | None = Field(default=None, gt=0, description="Most words of a response; null sets no limit.")

    @model_validator(mode="after")
    def _ordered(self) -> LengthSettings:
        for name in ("prompt", "response"):
            least, most = getattr(self, f"{name}_least"), getattr(self, f"{name}_most")
            if most is not None and most < least:
                raise ValueError(f"`{name}_most` ({most}) is below `{name}_least` ({least})")
        return self


def _find(examples: Examples, settings: LengthSettings) -> Sequence[Verdict]:
    """Words of the response."""
    verdicts = []
    for prompt, response in examples.pairs:
        counts = {"prompt": len(units(prompt)), "response": len(units(response))}
        problem = next((told for name, count in counts.items() if (told := _said(name, count, settings))), None)
        verdicts.append(Verdict(counts["response"], problem))
    return verdicts


def _said(name: str, count: int, settings: LengthSettings) -> str | None:
    least, most = getattr(settings, f"{name}_least"), getattr(settings, f"{name}_most")
    if count < least:
        return f"its {name} has {count} words, fewer than {least}"
    return f"its {name} has {count} words, more than {most}" if most is not None and count > most else None


LENGTH = Filter("length", "prompts or responses that are too short or too long", "length", _find, LengthSettings)
