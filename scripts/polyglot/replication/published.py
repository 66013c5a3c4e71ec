"""The paper's published tables (arXiv 2604.11290) and its authors' released results: their contents, and reading them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from polyglot.core.errors import WrongInput
from polyglot.scoring.metric_tables import CELL, read_table

AVERAGE = "average"
"""In the column lang of tables 1 and 16: the printed average over languages."""


@dataclass(frozen=True)
class Schema:
    """Columns of a published table: keys, numbers, and numbers that may be empty.

    `complete`: all combinations of its keys occur, such as every teacher in every language.
    """

    keys: tuple[str, ...]
    numbers: tuple[str, ...]
    empty: tuple[str, ...] = ()
    complete: bool = False


SEED_SIZES, TEACHERS, LANGUAGES = "table06_seed_sizes", "table07_teachers", "table08_languages"
INTRINSIC_TABLE, PGR_TABLE, SCORES_TABLE = "table11_intrinsic", "table12_pgr", "table13_pg_score_std"
RELEASED, RELEASED_SIZES = "released_students", "released_sizes"
RELEASED_SCALE, RELEASED_TRANSLATION, RELEASED_REGRESSION = "released_scale", "released_translation", "released_regression"
SCHEMAS: dict[str, Schema] = {
    "table01_pg_score": Schema(CELL, ("pg_score",), complete=True),
    "table03_mixed_effects": Schema(("predictor",), ("coefficient", "se", "p")),
    "table04_pca_variance": Schema(("component",), ("share", "cumulative")),
    SEED_SIZES: Schema(("source", "lang"), ("instances",)),
    TEACHERS: Schema(("teacher",), ("size_b",), ("size_b",)),
    LANGUAGES: Schema(("lang",), ("resource_level", "commoncrawl_percent")),
    INTRINSIC_TABLE: Schema(CELL, ("prompt_diversity", "response_diversity", "perplexity", "reward"), complete=True),
    PGR_TABLE: Schema(CELL, ("pgr",), complete=True),
    SCORES_TABLE: Schema(CELL, ("pg_score", "std"), complete=True),
    "table14_family_match": Schema(("teacher", "base"), ("percent_increase",)),
    "table16_student_32b": Schema(CELL, ("pg_score",), complete=True),
    "table17_sampling": Schema(("teacher",), ("temperature", "top_p", "top_k", "max_seq_len"), ("top_p", "top_k", "max_seq_len")),
    "table19_tagalog_filbench": Schema(("model",), ("filbench_score",)),
    "figure02_base_models": Schema(("teacher", "base"), ("pg_score",), complete=True),
    "figure02_spearman": Schema(("a", "b"), ("rho",)),
    "figure03_pca_loadings": Schema(("metric", "component"), ("loading",), complete=True),
    RELEASED: Schema(("base", *CELL), ("student_score", "student_se", "pgr", "intrinsic"), ("student_se",)),
    "released_teacher_benchmarks": Schema(("teacher", "benchmark", "lang"), ("score", "se"), complete=True),
    RELEASED_SIZES: Schema(("teacher",), ("size_b",), ("size_b",)),
    RELEASED_SCALE: Schema((*CELL, "examples"), ("student_score", "student_se", "pg_score"), complete=True),
    RELEASED_TRANSLATION: Schema(
        ("method", *CELL), ("student_score", "student_se", "pgr", "intrinsic", "pg_score"), complete=True
    ),
    RELEASED_REGRESSION: Schema(("term",), ("value",)),
}
EVERY_TEACHER = ("table01_pg_score", INTRINSIC_TABLE, PGR_TABLE, SCORES_TABLE, "figure02_base_models", RELEASED_SIZES)
"""Tables in which every teacher of table 7 must be."""
FILES = ("released/pg_scores_base_olmo3.jsonl", "released/pg_scores_qlora.jsonl")
"""Released files that are kept byte for byte, because a claim compares their bytes."""
OTHER_TEACHERS = {"default"}
"""In table 17: the settings of teachers without a row."""


def read_published_table(path: Path) -> pd.DataFrame:
    """One published table.

    Raises:
        ValueError: a missing file; text in a number, a repeated row (names file, row and column).
    """
    if not path.exists():
        raise WrongInput(f"{path} is missing; it is part of the repository: git checkout {path}")
    schema = SCHEMAS[path.stem]
    return read_table(path, schema.keys, schema.numbers, schema.empty)


def read_published(folder: Path) -> dict[str, pd.DataFrame]:
    """Every published table of a folder, by name.

    Raises:
        ValueError: a missing file; text in a number, a repeated row, a missing or unknown teacher or language (names file, row
            and column).
    """
    tables = {name: read_published_table(Path(folder) / f"{name}.csv") for name in SCHEMAS}
    for name, schema in SCHEMAS.items():
        path = Path(folder) / f"{name}.csv"
        _known(path, tables[name], "teacher", {*tables[TEACHERS]["teacher"], *OTHER_TEACHERS})
        _known(path, tables[name], "lang", {*tables[LANGUAGES]["lang"], "en", AVERAGE})
        if name in EVERY_TEACHER:
            absent = sorted(set(tables[TEACHERS]["teacher"]) - set(tables[name]["teacher"]))
            if absent:
                raise WrongInput(f"{path}: column 'teacher': no row for {', '.join(absent)}, which table 7 lists")
        if schema.complete:
            _complete(path, tables[name], schema.keys)
    return tables


def read_files(folder: Path) -> dict[str, bytes]:
    """The bytes of the released files that are kept as they are, by name (`FILES`).

    Raises:
        ValueError: a missing file.
    """
    found = {}
    for name in FILES:
        path = Path(folder) / name
        if not path.exists():
            raise ValueError(f"{path} is missing; it is part of the repository: git checkout {path}")
        found[path.name] = path.read_bytes()
    return found


def _known(path: Path, frame: pd.DataFrame, column: str, names: set[str]) -> None:
    unknown = ~frame[column].isin(names) if column in frame.columns else pd.Series(dtype=bool)
    if unknown.any():
        row = int(unknown.to_numpy().argmax())
        raise WrongInput(
            f"{path}: row {row + 1}: column '{column}' holds {frame[column].iloc[row]!r}; known: {', '.join(sorted(names))}"
        )


def _complete(path: Path, frame: pd.DataFrame, keys: tuple[str, ...]) -> None:
    every = pd.MultiIndex.from_product([frame[key].unique() for key in keys], names=list(keys))
    absent = every.difference(pd.MultiIndex.from_frame(frame[list(keys)]))
    if len(absent):
        raise WrongInput(
            f"{path}: no row for ({', '.join(map(str, absent[0]))}) (columns {', '.join(keys)}); {len(absent)} missing"
        )


def sizes(tables: Mapping[str, pd.DataFrame], source: str) -> dict[str, float]:
    """Teacher to billions of parameters, for those whose size is known, from table 7 or the authors' code."""
    known = tables[source].dropna(subset=["size_b"])
    return dict(zip(known["teacher"], known["size_b"], strict=True))
