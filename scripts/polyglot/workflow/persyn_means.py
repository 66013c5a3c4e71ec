"""`polyglot persyn`: routed students of one study or several beside PerSyn's published means."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from polyglot.core.errors import WrongInput
from polyglot.core.files import read_frame, write_csv, write_text
from polyglot.core.yaml_file import read_yaml
from polyglot.displays.numbers import UNKNOWN, number
from polyglot.displays.table import Table
from polyglot.replication.persyn_means import HOLDS, beside, claims, own_means, published_means
from polyglot.study import paths

EMPTY = pd.DataFrame(columns=["student", "strategy", "mean", "se", "tasks"])


def show(studies: Sequence[str], root: Path, to: Path | None = None) -> list[str]:
    """The means and claims as lines of Markdown; with `to` also means.csv, claims.csv and persyn.md there.

    Args:
        studies: names of finished studies, or their folders; without any, the published means alone.

    Raises:
        WrongInput: if a study compares no routed students, or is not finished (names it).
    """
    evaluations = [frame for study in studies for frame in _evaluations(study)]
    means = beside(published_means(root), own_means(evaluations) if evaluations else EMPTY)
    found = claims(means)
    text = _page(means, found).markdown()
    if to is not None:
        write_csv(means, to / "means.csv")
        write_csv(found, to / "claims.csv")
        write_text(text, to / "persyn.md")
    return text.splitlines()


def _evaluations(study: str) -> list[pd.DataFrame]:
    folder = Path(study) if Path(study).is_dir() else Path("results") / study
    file = folder / Path(paths.CONFIGURATION).name
    if not file.is_file():
        raise WrongInput(f"{folder} is no study's folder: it has no {file.name}; name one, or run the study first")
    settings = read_yaml(file)
    names = [name for name, one in settings.get("experiments", {}).items() if one.get("compare") == "routing"]
    if not names:
        raise WrongInput(f"{folder}: no experiment compares routed teachers (compare: routing)")
    tables = {name: folder / "scores" / name / "evaluation.csv" for name in names}
    there = {name: path for name, path in tables.items() if path.is_file()}
    if not there:
        raise WrongInput(f"{folder}: no scores of {', '.join(names)} yet; run the study first (snakemake route)")
    return [read_frame(path).dropna(subset=["recipe"]) for path in there.values()]


def _page(means: pd.DataFrame, found: pd.DataFrame) -> Table:
    rows = means.to_dict("records")
    shown = pd.DataFrame(
        {
            "student": means["student"],
            "teacher by": means["strategy"],
            "published": [number(row["published"], 2) for row in rows],
            "here": [_with_error(row["mean"], row["se"]) for row in rows],
            "tasks": [number(row["tasks"], 0) for row in rows],
        }
    )
    differences = pd.DataFrame(
        [
            {
                "student": row["student"],
                "PerSyn above": row["rival"],
                "published": number(row["published"], 2, sign=True),
                "here": _with_error(row["difference"], row["se"], sign=True),
                "verdict": row["verdict"],
            }
            for row in found.to_dict("records")
        ]
    )
    measured = found.dropna(subset=["difference"])
    printed = found["published"].dropna()
    lead = f"PerSyn is above its rival in {(printed > 0).sum()} of {len(printed)} published pairs"
    here = f"; here in {(measured['verdict'] == HOLDS).sum()} of {len(measured)} beyond the error" if len(measured) else ""
    notes = [
        "Means over tasks, in percent. Published: six tasks. Here: those of the studies named. Where tasks differ, levels do not "
        "compare, only who is above whom.",
        "±: standard error over items. A difference is not told apart if it is within 1.96 of them.",
        "Published numbers: arXiv 2510.10925, table 2, as public summaries quote it (config/published/persyn).",
    ]
    more = [Table(found, differences, "Claims")]
    return Table(means, shown, "PerSyn's means, published and here", notes, more, [f"{lead}{here}."])


def _with_error(value: float, se: float, *, sign: bool = False) -> str:
    return UNKNOWN if pd.isna(value) else f"{number(value, 2, sign=sign)} ± {number(se, 2)}"
