"""Data types of the replication audit: claims (config/replication.yaml), evidence and findings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd
from pydantic import BaseModel, ConfigDict, Field

from polyglot.replication.published import INTRINSIC_TABLE, PGR_TABLE, RELEASED, read_files, read_published
from polyglot.replication.settings import PUBLISHED_BASE, PUBLISHED_RECIPE
from polyglot.scoring.metric_tables import read_measurements
from polyglot.scoring.scores import rank_teachers, score_cells


class Claim(BaseModel):
    """One claim of the paper."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    id: str = Field(description="short name, unique")
    claim: str = Field(description="what the paper says, in our words")
    where: str = Field(description="table, figure or section of the paper")
    check: str = Field(description="how it is recomputed: a name of polyglot.replication.checks.CHECKS")
    published: dict[str, float | bool] = Field(default={}, description="published values that are in no table, by item")
    tolerance: float = Field(default=0, ge=0, description="largest difference of a reproduced number")
    unstated: str = Field(default="", description="a statistic that it needs and that neither the paper nor its code states")
    arguments: dict[str, Any] = Field(default={}, description="arguments of the check")


class Told(BaseModel):
    """One finding of the audit's page: what it says, and the claims that show it."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    title: str = Field(description="what was found, in one sentence without numbers")
    text: str = Field(description="the finding; {claim.within}, {claim[item]} and {claim.published[item]} are filled in")
    claims: dict[str, str] = Field(min_length=1, description="claims that it rests on, and the verdict that it supposes of each")
    figure: str = Field(default="", description="the figure that shows it")
    files: list[str] = Field(min_length=1, description="files of config/published that it is computed from")


class Audit(BaseModel):
    """config/replication.yaml."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    resamples: int = Field(default=1000, ge=10, description="bootstrap resamples of the principal components")
    seed: int = 0
    assumed_sizes: dict[str, dict[str, float]] = Field(
        default={}, description="sets of sizes (billions of parameters) that change table 7's, for the model of table 3"
    )
    claims: list[Claim]
    findings: list[Told] = Field(default=[], description="what the page tells first, by weight")


@dataclass(frozen=True)
class Evidence:
    """The evidence for claims: the published tables and files, and the cells and teachers scored from them."""

    tables: Mapping[str, pd.DataFrame]
    files: Mapping[str, bytes]
    cells: pd.DataFrame
    teachers: pd.DataFrame
    audit: Audit
    alpha: float = 0.5
    confidence: float = 0.95

    @classmethod
    def of(cls, folder: Path, audit: Audit) -> Evidence:
        """From a folder of published tables alone, scored as `snakemake replication` scores them."""
        paths = [Path(folder) / f"{name}.csv" for name in (INTRINSIC_TABLE, PGR_TABLE)]
        measured = read_measurements(paths, base=PUBLISHED_BASE, recipe=PUBLISHED_RECIPE)
        cells, replicates = score_cells(measured, alpha=cls.alpha, confidence=cls.confidence)
        teachers = rank_teachers(replicates, definition="released", confidence=cls.confidence)
        return cls(read_published(folder), read_files(folder), cells, teachers, audit)

    def scores(self, base: str) -> pd.DataFrame:
        """Released cells of a base (see `RELEASED`) with their PG-Scores, column pg."""
        released = self.tables[RELEASED]
        own = released[released["base"] == base].reset_index(drop=True)
        return own.assign(pg=self.alpha * own["intrinsic"] + (1 - self.alpha) * own["pgr"])


@dataclass(frozen=True)
class Finding:
    """The result of checking a claim.

    `values`: one row per compared item: item, published, recomputed (numbers, or True and False; NaN if unknown). `missing`:
    unpublished data that would be needed to check it. `numbers`: further numbers that were computed on the way, by name.
    """

    values: pd.DataFrame
    note: str = ""
    missing: str = ""
    numbers: Mapping[str, float] = field(default_factory=dict)
