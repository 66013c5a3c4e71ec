"""Every figure at every width that a study can choose by name: no text is cut, and none lies on another."""

from __future__ import annotations

import warnings
from functools import cache, partial
from itertools import product
from typing import Any

import numpy as np
import pandas as pd
import pytest

from polyglot.displays import catalogue
from polyglot.displays.context import Context
from polyglot.displays.display import Display
from polyglot.displays.figures import drawing
from polyglot.displays.figures.fit import problems
from polyglot.displays.makers import functions, maker
from polyglot.scoring.sensitivity import sensitivity
from polyglot.study.figures import PRESETS, Figure
from tests.simulated import held_out, predictor_frames

from .test_figures import (
    ALPHA,
    CONFIDENCE,
    MAIN,
    ROOT,
    STYLE,
    Frames,
    a_context,
    ability_frames,
    analysed,
    inputs_of,
    measured,
    scored,
    step_outcomes,
)

HOSTILE = (
    "Qwen3 235B A22B Instruct 2507 FP8",
    "النموذج اللغوي العربي الكبير",
    "日本語大規模言語モデル",
    "a-fine-tuned-llama-3.3-70b-instruct-awq",
    "מודל שפה גדול",
    "GPT",
    "Mistral Small 3.2 24B Instruct 2506",
    "Command A Translate 08-2025",
    "Aya Expanse 32B, quantized to four bits",
    "Ω",
)
"""Labels of teachers: long, from right to left, without spaces, of one letter."""
TEACHERS = tuple(f"teacher-{number}" for number in range(len(HOSTILE)))
LANGS = ("ar", "cs", "de", "es", "id", "ja")
NAMES = {name: {"label": label, "family": "f", "size": 7.0} for name, label in zip(TEACHERS, HOSTILE, strict=True)}
MANY: dict[str, Any] = {
    "teachers": TEACHERS,
    "langs": LANGS,
    "replicates": 20,
    "holes": [(TEACHERS[1], "de"), (TEACHERS[3], "ja")],
}
"""Ten teachers in six languages, with measurements that are missing, and a flagged language."""


def hostile_context(**changes: Any) -> Context:
    return a_context(
        TEACHERS, **{"models": {**NAMES, **{base: {"label": base, "family": None, "size": 1.0} for base in BASES}}} | changes
    )


BASES = ("nano-base", "other-base")


@cache
def of_main() -> tuple[Frames, Context]:
    measurements = measured(**MANY, flagged=["de"])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        frames, context = scored(measurements, hostile_context())
        frames |= analysed(frames["cells"], context)
        frames["sensitivity"] = sensitivity(
            measurements, alpha=ALPHA, definition="signsafe", confidence=CONFIDENCE, recipe=MAIN[1]
        )
    frames |= ability_frames(frames["cells"]) | held_out(TEACHERS, LANGS) | predictor_frames()
    return frames | {"outcomes": step_outcomes(("de", "ja"), hole=2)}, context


def samples() -> Frames:
    """What the ranking and the screening show."""
    rng = np.random.default_rng(3)
    rows = pd.DataFrame([{"teacher": name, "lang": lang} for name, lang in product(TEACHERS, LANGS)])
    kinds = {"score": 1, "usable_share": 1, "reward": 5, "prompt_diversity": 1, "response_diversity": 1, "perplexity_median": 9}
    for name, scale in {**kinds, "usd_per_usable": 0.01, "prediction": 0.2, "actual": 0.2}.items():
        value = scale * rng.random(len(rows))
        ends = {f"{name}_low": value - 0.1 * scale, f"{name}_high": value + 0.1 * scale}
        rows = rows.assign(**{name: value}, **ends)
    rows = rows.assign(low=rows["prediction_low"], high=rows["prediction_high"])
    order = rows.groupby("teacher", sort=False)[["score", "score_low", "score_high"]].mean().reset_index()
    nothing = pd.DataFrame()
    return {"samples": rows, "order": order, "candidates": rows, "validation": nothing, "cost": nothing}


def students(comparison: str) -> tuple[list[tuple[str, str]], dict[str, Any]]:
    recipes = {
        "recipes": ("equal", "generate", "translate+respond-25k", "public"),
        "sizes": ("equal-100", "equal", "equal-1k", "equal-25k"),
        "selection": ("equal", "mdaq-150", "quality-only-150", "diversity-only-150"),
    }.get(comparison, ("equal",))
    bases = BASES if comparison == "bases" else BASES[:1]
    sizes = {"equal-100": 100, "equal-1k": 1000, "equal-25k": 25_000}
    return list(product(bases, recipes)), {"bases": list(bases), "recipes": {name: sizes.get(name, 600) for name in recipes}}


@cache
def of_experiment(comparison: str) -> tuple[Frames, Context]:
    """What an experiment with six of the teachers shows, or one that routes or selects."""
    chosen, changes = students(comparison)
    few = MANY | {"teachers": TEACHERS[:6] if comparison in ("bases", "routing", "teachers") else TEACHERS[:3]}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        frames, context = scored(measured(**few, students=chosen), hostile_context(**changes))
    rows = pd.DataFrame([{"recipe": recipe, "teacher": teacher, "lang": lang} for (_, recipe), teacher, lang in
                         product(chosen, few["teachers"], LANGS)])  # fmt: skip
    count = np.arange(len(rows))
    coverage = rows.assign(seed=0, quality=0.7 + 0.2 * (count % 7) / 7, coverage=0.8 + 0.2 * (count % 5) / 5)
    rates = rows.drop_duplicates(["recipe", "teacher"]).assign(
        lang="", base=BASES[0], win_rate=0.5, win_rate_low=0.4, win_rate_high=0.6
    )
    named = ["persyn", "oracle", *few["teachers"]]
    generations = pd.DataFrame({"teacher": named, "strategy": named, "calibration": 1920, "data": 1200, "total": 123_456})
    return frames | {"coverage": coverage, "win_rates": rates, "generations": generations, "rungs": rungs()}, context


def rungs() -> pd.DataFrame:
    """Three rungs of a race of all teachers: three are left at the end, one has no student."""
    rows = []
    for rung, left in enumerate((8, 5, 3), start=1):
        for place, name in enumerate(TEACHERS):
            state = "leads" if place == 0 else "stays" if place < left else "dropped" if place < 9 else "no student"
            since = rung if place < left else 1 + (place < 8) + (place < 5) if place < 9 else 1
            best = 0.6 if place == 0 else 0.3 / left if place < left else 0.01
            row = {"rung": rung, "teacher": name, "state": state, "since": min(since, rung), "best": best, "regret": 0.004 / rung}
            rows.append(row | {"trainings": min(since, rung), "languages": 6})
    return pd.DataFrame(rows).assign(lang="", most=3, least=0.05)


@cache
def of_replication() -> tuple[Frames, Context]:
    """What the replication audit's figures show of ten teachers in six languages."""
    rng = np.random.default_rng(4)
    read = {name: pd.read_csv(ROOT / f"config/published/released_{name}.csv", comment="#") for name in ("scale", "translation")}
    cells = pd.DataFrame([{"teacher": name, "lang": lang} for name, lang in product(TEACHERS, LANGS)])
    cells["student_score"] = 0.4 + 0.1 * rng.random(len(cells))
    audit = pd.DataFrame(
        {"lang": LANGS, "base_score": 0.45, "reference_score": [0.5, 0.4, 0.5, 0.4, 0.5, np.nan], "students": 10}
    )
    audit = audit.assign(gap=audit["reference_score"] - 0.45, suspect=audit["reference_score"] < 0.45, above_base=3)
    ways = {"as published": "ar cs de es id ja", "without languages whose reference is below the base": "ar ja", "signsafe": "ar"}
    ranks = pd.DataFrame(
        {"teacher": name, "choice": way, "meaning": way, "langs": langs, "rank": (place * (number + 1)) % 10 + 1}
        for number, (way, langs) in enumerate(ways.items())
        for place, name in enumerate(TEACHERS)
    )
    items = [("pg_scores", f"{name} {lang}") for name, lang in product(TEACHERS, LANGS)]
    items += [("base_scores", f"{name} {base}") for name, base in product(TEACHERS, BASES)]
    printed = rng.random(len(items))
    values = pd.DataFrame(items, columns=["id", "item"]).assign(
        published=printed, recomputed=printed + 0.004 * rng.random(len(items))
    )
    values.loc[values.index[-3:], "recomputed"] += [0.3, 0.1, 0.05]
    read |= {"students": cells, "audit": audit, "ranks": ranks, "values": values}
    read["teachers"] = cells.groupby("teacher")["student_score"].mean().reset_index().assign(pg=rng.random(len(TEACHERS)))
    read["parts"] = cells.assign(constant=np.where(rng.random(60) < 0.2, 0.5, np.nan), alike=rng.integers(1, 3, 60))
    return read, hostile_context(study="replication")


def shown() -> dict[str, Display]:
    """Every figure of the catalogue, by a name of its own."""
    found = dict(catalogue.FIGURES)
    found |= {"rank": catalogue.RANK["figure"], "screen": catalogue.SCREEN["figure"]}
    found |= {f"replication {name}": display for name, display in catalogue.REPLICATION["figure"].items()}
    for comparison, kinds in catalogue.COMPARED.items():
        found |= {f"{comparison} {name}".strip(): display for name, display in kinds["figure"].items()}
    return found


def data_of(name: str) -> tuple[Frames, Context]:
    comparison = name.split(" ")[0]
    if comparison == "replication":
        return of_replication()
    if name in ("rank", "screen"):
        return samples(), hostile_context()
    return (
        of_main()
        if name in (*catalogue.FIGURES, "steps", "abilities", "generalisation", "predictors")
        else of_experiment(comparison)
    )


def misfits(display: Display, context: Context, frames: Frames, preset: str) -> list[str]:
    """What is cut or lies on something else in a figure at a preset, and its height if it is a scroll."""
    look = Figure.model_validate({"width": preset, "title": "A title that says in a whole sentence what can be seen"}).look(
        display.width, display.height
    )
    make = partial(maker("figure", display.function), **inputs_of(display, frames))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with drawing.drawn(make, context, look, style=STYLE, name=display.function) as figure:
            assert figure.get_figwidth() == pytest.approx(PRESETS[preset].width)
            return problems(figure)


def test_every_function_that_draws_is_among_the_figures_looked_at() -> None:
    assert {display.function for display in shown().values()} == set(functions("figure"))


@pytest.mark.parametrize(
    "preset", ["column", *(pytest.param(name, marks=pytest.mark.slow) for name in PRESETS if name != "column")]
)
@pytest.mark.parametrize("name", shown())
def test_no_text_is_cut_or_lies_on_another(name: str, preset: str) -> None:
    frames, context = data_of(name)
    assert misfits(shown()[name], context, frames, preset) == []
