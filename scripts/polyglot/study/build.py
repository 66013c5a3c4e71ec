"""Settings of a build (`build` in a study)."""

from __future__ import annotations

from pydantic import Field, model_validator

from polyglot.core.section import Name, Section


class Build(Section):
    """The data set at the end of a study (`snakemake build`): its languages, size and author."""

    size: int | None = Field(
        default=None,
        gt=1,
        description="Examples of a language. null: `training.examples` for each of the study's seeds, so that all of its answers "
        "are used.",
    )
    languages: list[Name] | None = Field(default=None, min_length=1, description="Languages; null takes the study's.")
    teacher: Name | dict[Name, Name] | None = Field(
        default=None,
        description="Overrules the study's choice: a teacher for all languages, or a mapping from language to teacher. null "
        "takes what the study found best.",
    )
    methods: list[Name] | None = Field(
        default=None,
        min_length=1,
        description="Overrules the methods, mixed in equal parts; null takes what the study found best.",
    )
    leave_out: list[Name] = Field(
        default=[],
        description="Filters whose finds are left out of the data set, also where the study only marks them (`filters`).",
    )
    largest_requests: float = Field(
        default=2.0,
        gt=0,
        description="Most requests for a wanted example. A teacher with so few usable answers that these do not suffice has a "
        "smaller set.",
    )

    @model_validator(mode="after")
    def _distinct(self) -> Build:
        for key in ("languages", "methods", "leave_out"):
            values = getattr(self, key) or []
            if len(set(values)) < len(values):
                raise ValueError(f"{key}: a name stands there more than once")
        return self

    def overruled(self, lang: str) -> str | None:
        """The teacher that is set for a language; None leaves it to the study."""
        return self.teacher.get(lang) if isinstance(self.teacher, dict) else self.teacher

    @property
    def teachers(self) -> list[str]:
        """Every teacher that is set."""
        named = self.teacher.values() if isinstance(self.teacher, dict) else filter(None, [self.teacher])
        return list(dict.fromkeys(named))
