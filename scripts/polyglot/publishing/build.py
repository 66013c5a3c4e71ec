"""The folder to publish at the end of a study: data of all languages, the choice behind them, and the students."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from polyglot.core.templates import render
from polyglot.displays.numbers import number, probability, with_interval
from polyglot.publishing.cards import NOT_STATED, hub_licences, licence_lines, size_category, unstated
from polyglot.publishing.comparison import MEAN
from polyglot.publishing.facts import TRAIN
from polyglot.synthesis.recipes import without_size

CARD = "README.md"
DATA, STUDENTS, NUMBERS = "data", "students", "numbers"
"""Folders in the folder to publish."""


@dataclass(frozen=True)
class Built:
    """What was built. `choice`: choice.json. `sets`: language to its data set. `plan`: plan.csv. `comparison`: comparison.csv;
    None where the study has no students."""

    choice: Mapping[str, Any]
    sets: Mapping[str, pd.DataFrame]
    plan: pd.DataFrame
    comparison: pd.DataFrame | None


def build_card(built: Built, *, facts: Mapping[str, Any], template: Path, workflow: Mapping[str, Any]) -> str:
    """The card of the folder: a data card with a configuration for each language, which `datasets.load_dataset` reads.

    Args:
        facts: see `polyglot.publishing.facts.build_facts`.
        workflow: CITATION.cff.
    """
    from huggingface_hub import DatasetCardData

    own, languages = workflow["license"], built.choice["languages"]
    sets = [facts["sets"][one["teacher"]][lang] for lang, one in languages.items()]
    found = [hub_licences(one, own) for one in sets]
    licences = sorted({name for names in found for name in ([names] if isinstance(names, str) else names)})
    data = DatasetCardData(
        language=list(languages),
        license=licences[0] if len(licences) == 1 else licences,
        license_name=NOT_STATED if any(unstated(one) for one in sets) else None,
        task_categories=["text-generation"],
        size_categories=size_category(sum(map(len, built.sets.values()))),
        pretty_name=f"{facts['study']}: instruction data for {', '.join(facts['languages'][lang] for lang in languages)}",
        tags=["polyglot-score", "synthetic"],
        configs=[
            {"config_name": lang, "data_files": [{"split": "train", "path": f"{DATA}/{lang}/{TRAIN}"}]} for lang in languages
        ],
    )
    body = render(
        template,
        title=data.pretty_name,
        facts=facts,
        languages=[_language(built, lang, facts) for lang in languages],
        licences=list(dict.fromkeys(line for one in sets for line in licence_lines(one, own))),
        scores=None if built.comparison is None else scores(built.comparison, facts["models"]),
        confidence=f"{built.choice['confidence']:.0%}",
        workflow=workflow,
    )
    return f"---\n{data.to_yaml()}\n---\n{body}"


def _language(built: Built, lang: str, facts: Mapping[str, Any]) -> dict[str, Any]:
    """A language's choice in words."""
    one, pairs = built.choice["languages"][lang], built.sets[lang]
    added = built.plan[built.plan["lang"] == lang].iloc[0]
    of_set = facts["sets"][one["teacher"]][lang]
    return {
        **one,
        "code": lang,
        "name": facts["languages"][lang],
        "label": facts["models"].get(one["teacher"], one["teacher"]),
        "routed": of_set["routed"],
        "among": [model["label"] for model in of_set["models"]],
        "said": "; ".join(_said(one["numbers"], built.choice["definition"])),
        "rivals": ", ".join((one["numbers"].get("rivals") or "").split()),
        "caveats": one["numbers"].get("caveats") or "",
        "gained": [_gained(other) for other in one["alternatives"] if _is_taken(other, one)],
        "rows": len(pairs),
        "asked": int(added["requests"]),
        "methods": pairs["method"].value_counts().sort_index().to_dict(),
        "tried": [_tried(other) for other in one["alternatives"]],
    }


def _said(numbers: Mapping[str, Any], definition: str) -> Iterator[str]:
    """The numbers of the leader in words."""
    shown = {
        "pg": f"PG-Score ({numbers.get('definition', definition)})",
        "score": "score of its data",
        "gain": "gain of its students over the base",
    }
    for name, words in shown.items():
        if numbers.get(name) is not None:
            low, high = _known(numbers, f"{name}_low"), _known(numbers, f"{name}_high")
            yield f"{words} {with_interval(numbers[name], low, high, 3 if name == 'gain' else 2, sign=True)}"
    if numbers.get("p_first") is not None:
        of = f" of {numbers['teachers_measured']:.0f} teachers" if numbers.get("teachers_measured") else ""
        yield f"P(first) {probability(numbers['p_first'])}{of}"


def _is_taken(other: Mapping[str, Any], choice: Mapping[str, Any]) -> bool:
    """Whether an alternative is what was chosen."""
    mix = without_size(choice["recipe"])
    return not other["problem"] and (other["teacher"], without_size(other["recipe"])) == (choice["teacher"], mix)


def _gained(other: Mapping[str, Any]) -> str:
    """An alternative's gain over the base in words."""
    shown = with_interval(other["gain"], other["gain_low"], other["gain_high"], 3, sign=True)
    return f"{other['recipe']} of {other['teacher']}: gain of its students over the base {shown}"


def _tried(other: Mapping[str, Any]) -> dict[str, str]:
    """An alternative as a row of the card."""
    return {
        "what": f"{other['recipe']} of {other['teacher']}",
        "than": other["than"],
        "experiment": other["experiment"],
        "difference": with_interval(other["difference"], other["low"], other["high"], sign=True),
        "outcome": other["problem"] or "better",
    }


def _known(numbers: Mapping[str, Any], name: str) -> float:
    value = numbers.get(name)
    return float("nan") if value is None else float(value)


def scores(comparison: pd.DataFrame, labels: Mapping[str, str]) -> list[dict[str, str]]:
    """Rows of the card's table of scores: every model's mean over benchmarks, and the build's lead over it."""
    rows = []
    for row in comparison[comparison["benchmark"] == MEAN].to_dict("records"):
        own = row["model"] == "build"
        student = f"student of {labels.get(row['teacher'], row['teacher'])}, {row['recipe']}"
        rows.append(
            {
                "lang": row["lang"],
                "model": {"build": "this build's student", "student": student}.get(row["model"], row["model"]),
                "score": number(row["score"]),
                "ahead": "" if own else with_interval(row["ahead"], row["ahead_low"], row["ahead_high"], sign=True),
                "items": f"{row['items']:,}",
            }
        )
    return rows


def lay_out(
    folder: Path,
    *,
    data: Mapping[str, tuple[str, str]],
    students: Mapping[str, tuple[str, str]],
    numbers: Sequence[str],
) -> None:
    """Fill the folder: sets and students of each language with their cards, and the files with numbers.

    Weights are hard links where the file system has them, so that they take no further room.

    Args:
        data: language to its set and the card of it. students: language to a model's folder and its card.
    """
    for lang, (examples, card) in data.items():
        place = folder / DATA / lang
        (place / TRAIN).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(examples, place / TRAIN)
        shutil.copyfile(card, place / CARD)
    (folder / STUDENTS).mkdir(parents=True, exist_ok=True)
    for lang, (model, card) in students.items():
        place = folder / STUDENTS / lang
        shutil.copytree(model, place, copy_function=_linked, ignore=shutil.ignore_patterns(".*"), dirs_exist_ok=True)
        (place / CARD).unlink(missing_ok=True)
        shutil.copyfile(card, place / CARD)
    (folder / NUMBERS).mkdir(parents=True, exist_ok=True)
    for path in numbers:
        shutil.copyfile(path, folder / NUMBERS / Path(path).name)


def _linked(source: str, target: str) -> None:
    """Link a file, or copy it where that cannot be."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)
