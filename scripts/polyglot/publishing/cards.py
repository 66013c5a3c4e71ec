"""Data cards of synthetic sets and model cards of students."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from polyglot.core.conversations import HISTORY, prompts_told
from polyglot.core.templates import render
from polyglot.displays.numbers import number, with_error, with_interval
from polyglot.evaluation.settings import Benchmark
from polyglot.intrinsic.metrics import Metric, recorded
from polyglot.publishing.facts import TRAIN

if TYPE_CHECKING:
    from huggingface_hub import EvalResult

SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))
OPEN = "other"
"""The hubs' name for licences not on their list."""
NOT_STATED = "licence not stated"
"""In a card's front matter: the licence of a model or source of the data is not known."""


def licence_lines(facts: Mapping[str, Any], own: str) -> list[str]:
    """The terms of the licences relevant to a set, one sentence each.

    Args:
        own: the workflow's licence, which applies to models that the workflow has made.
    """
    lines = []
    for model in _models(facts):
        name = model["licence"]
        if name is None and model["made_here"]:
            lines.append(f"{model['label']} was made by the workflow, which is under {own}.")
        elif name is None:
            lines.append(f"{model['label']}: licence not stated. Read its terms before you use or publish the data.")
        else:
            says = facts["licences"].get(name, {}).get("output", "was not reviewed here: read it before you use the data")
            lines.append(f"{model['label']} is under the licence {name}, which {says}{_where(facts, name)}.")
    for name, source in facts["sources"].items():
        cited = f" ({source['cite']})" if source["cite"] else ""
        lines.append(f"Seed prompts from {source['hub'] or name}{cited}: {source['licence'] or 'licence not stated'}.")
    return list(dict.fromkeys(lines))


def _models(facts: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The models of a set or student: authors and base."""
    return [*facts["models"], *([facts["base"]] if "base" in facts else [])]


def _where(facts: Mapping[str, Any], name: str) -> str:
    url = facts["licences"].get(name, {}).get("url")
    return f" ({url})" if url else ""


def hub_licences(facts: Mapping[str, Any], own: str) -> str | list[str]:
    """The licences relevant to a set, by their names on hubs; one, or a list."""
    made = [model["licence"] or (own if model["made_here"] else None) for model in _models(facts)]
    names = made + [source["licence"] for source in facts["sources"].values()]
    known = {own: own.lower()} | {name: licence["hub"] for name, licence in facts["licences"].items()}
    found = sorted({known.get(name, OPEN) if name else OPEN for name in names}) or [OPEN]
    return found[0] if len(found) == 1 else found


def unstated(facts: Mapping[str, Any]) -> list[str]:
    """What a set or student was made with whose licence is not stated: models by label, sources by name."""
    models = [model["label"] for model in _models(facts) if model["licence"] is None and not model["made_here"]]
    return list(dict.fromkeys([*models, *(name for name, source in facts["sources"].items() if not source["licence"])]))


def licence_name(facts: Mapping[str, Any], own: str) -> str | None:
    """What hubs show beside `other`: the names of several licences, and that one is not stated; None for one on their list."""
    licences = hub_licences(facts, own)
    if not unstated(facts):
        return None if isinstance(licences, str) else ", ".join(licences)
    names = [licences] if isinstance(licences, str) else licences
    return ", ".join([*(name for name in names if name != OPEN), NOT_STATED])


def size_category(rows: int) -> str:
    return next((name for limit, name in SIZES if rows < limit), "n>1M")


@dataclass(frozen=True)
class Scored:
    """The study's results for a cell: its row of cells.csv, and the row of its base and language in gaps.csv; None if missing."""

    cell: Mapping[str, Any] | None
    gap: Mapping[str, Any] | None


def score_lines(scored: Scored, facts: Mapping[str, Any]) -> list[str]:
    """A cell's score, the students' gain, and a flag if they are unreliable."""
    cell, gap = scored.cell, scored.gap
    if facts.get("built"):
        return ["Built after the study, so it was scored beside no other set. The build's choice.json says why it was chosen."]
    if cell is None or pd.isna(cell["intrinsic"]):
        return ["This cell has no score."]
    score = f"pg_{facts['definition']}"
    gain = with_error(cell["gain"], cell["gain_se"], sign=True)
    student, base, reference = (number(cell[f"{name}_score"]) for name in ("student", "base", "reference"))
    shown = with_interval(cell[score], cell[f"{score}_low"], cell[f"{score}_high"], 2, sign=True)
    lines = [
        f"PG-Score ({facts['definition']}) {shown}, relative to the cells that were scored with it; brackets: "
        f"{facts['confidence']:.0%} bootstrap interval.",
        f"Gain of its students over the base, mean over benchmarks and seeds: {gain} (score {student}; base {base}; reference "
        f"{reference}).",
    ]
    if gap is not None and gap["flagged"]:
        lines.append(f"⚑ Distrust scores of this language: {gap['reason']}.")
    return lines


def statuses(answers: Iterable[pd.DataFrame]) -> pd.DataFrame:
    """Counts of a set's answers by status: method, status, answers."""
    frames = [frame[["method", "status"]] for frame in answers if "status" in frame]
    if not frames:
        return pd.DataFrame(columns=["method", "status", "answers"])
    return pd.concat(frames).value_counts(sort=False).rename("answers").reset_index().sort_values(["method", "status"])


def set_measurements(examples: pd.DataFrame, metrics: Iterable[Metric]) -> list[tuple[str, str]]:
    """The measurements of a set: name and number.

    Args:
        examples: the metrics' numbers by example, and the reward.
    """
    shown = [
        (
            f"{metric.title} ({metric.unit})" if metric.unit else metric.title,
            number(examples[metric.values].mean(), metric.digits),
        )
        for metric in metrics
    ]
    if "reward" not in examples:
        return shown
    return [*shown, ("examples that could be rated", f"{int(examples['reward'].notna().sum()):,} of {len(examples):,}")]


def data_card(
    pairs: pd.DataFrame,
    *,
    facts: Mapping[str, Any],
    answers: Sequence[pd.DataFrame],
    left_out: Sequence[str] = (),
    measured: pd.DataFrame,
    scored: Scored,
    template: Path,
    workflow: Mapping[str, Any],
) -> str:
    """The data card of a set: README.md of a folder with the set at `TRAIN`, which `datasets.load_dataset` opens.

    Args:
        pairs: the set: id, method, prompt, response, and thoughts if it was made by version 0.2 or later; perhaps `HISTORY`.
        facts: see `polyglot.publishing.facts.set_facts`.
        answers: its source answers, with their status.
        left_out: examples that are not in the set since they hold a key, a sentence each.
        measured: measurements by example: the reward, and every metric of the facts.
        scored: the study's results for it.
        workflow: CITATION.cff.
    """
    from huggingface_hub import DatasetCardData

    own = workflow["license"]
    data = DatasetCardData(
        language=facts["lang"],
        license=hub_licences(facts, own),
        license_name=NOT_STATED if unstated(facts) else None,
        task_categories=["text-generation"],
        size_categories=size_category(len(pairs)),
        pretty_name=f"{facts['recipe']} by {facts['author']} in {facts['language']} (seed {facts['seed']})",
        tags=["polyglot-score", *(["synthetic"] if facts["written_by"] != "people" else [])],
        configs=[{"config_name": "default", "data_files": [{"split": "train", "path": TRAIN}]}],
    )
    body = render(
        template,
        facts=facts,
        title=data.pretty_name,
        rows=len(pairs),
        columns=list(pairs.columns),
        thoughts=int((pairs["thoughts"] != "").sum()) if "thoughts" in pairs else 0,
        conversations=int((pairs[HISTORY] != "").sum()) if HISTORY in pairs else 0,
        methods=pairs["method"].value_counts().sort_index().to_dict(),
        left_out=left_out,
        statuses=statuses(answers).to_dict("records"),
        measurements=set_measurements(measured, recorded(facts["metrics"], ())),
        scores=score_lines(scored, facts),
        licences=licence_lines(facts, own),
        examples=pairs.head(3).assign(prompt=prompts_told(pairs.head(3))).to_dict("records"),
        workflow=workflow,
    )
    return f"---\n{data.to_yaml()}\n---\n{body}"


def benchmark_scores(outcomes: pd.DataFrame) -> dict[str, float]:
    """Each benchmark to a model's score on it."""
    scores = (outcomes["weight"] * outcomes["correct"]).groupby(outcomes["benchmark"]).sum()
    return {str(name): float(score) for name, score in scores.items()}


def model_card(
    outcomes: pd.DataFrame,
    *,
    facts: Mapping[str, Any],
    summary: Mapping[str, Any],
    anchors: Mapping[str, pd.DataFrame],
    scored: Scored,
    template: Path,
    workflow: Mapping[str, Any],
) -> str:
    """The model card of a student.

    Args:
        outcomes: its outcomes by example (see `polyglot.evaluation.run`); empty for a cell without a student.
        facts: see `polyglot.publishing.facts.student_facts`.
        summary: the training report (`training.json`), or why there is no student.
        anchors: `base` and `reference` to their outcomes.
    """
    from huggingface_hub import ModelCardData

    own, scores = workflow["license"], benchmark_scores(outcomes) if len(outcomes) else {}
    beside = {name: benchmark_scores(frame) for name, frame in anchors.items()}
    licences = hub_licences(facts, own)
    title = f"{facts['base']['label']} on {facts['recipe']} by {facts['author']} in {facts['language']} (seed {facts['seed']})"
    data = ModelCardData(
        language=facts["lang"],
        license=licences if isinstance(licences, str) and not unstated(facts) else OPEN,
        license_name=licence_name(facts, own),
        base_model=facts["base"]["hub"],
        pipeline_tag="text-generation",
        library_name="transformers",
        tags=["polyglot-score", facts["training"]["trainer"], "sft"],
        model_name=title,
        eval_results=_eval_results(scores, facts) or None,
    )
    body = render(
        template,
        facts=facts,
        title=title,
        summary=summary,
        results=[
            {"benchmark": name, "asked": Benchmark.model_validate(facts["benchmarks"][name]).presented(name, facts["lang"])}
            | {"n": int((outcomes["benchmark"] == name).sum()), "student": number(score)}
            | {anchor: number(found.get(name, float("nan"))) for anchor, found in beside.items()}
            for name, score in scores.items()
        ],
        scores=score_lines(scored, facts),
        licences=licence_lines(facts, own),
        workflow=workflow,
    )
    return f"---\n{data.to_yaml()}\n---\n{body}"


def _eval_results(scores: Mapping[str, float], facts: Mapping[str, Any]) -> list[EvalResult]:
    """Scores in the hubs' format."""
    from huggingface_hub import EvalResult

    return [
        EvalResult(
            task_type="text-generation",
            dataset_type=name,
            dataset_name=f"{name} ({facts['language']})",
            metric_type="accuracy",
            metric_value=round(score, 6),
        )
        for name, score in scores.items()
    ]


def row_of(table: pd.DataFrame, **keys: str) -> dict[str, Any] | None:
    """The first row with these values; None if there is none."""
    chosen = table
    for name, value in keys.items():
        chosen = chosen[chosen[name] == value]
    return {str(name): value for name, value in chosen.iloc[0].items()} if len(chosen) else None
