"""Figures: every one is drawn from what the scoring code makes, whatever is missing; the same data give the same bytes."""

from __future__ import annotations

import warnings
from collections.abc import Collection, Sequence
from functools import cache, partial
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml

from polyglot.analysis.settings import Statistics
from polyglot.analysis.tables import analyse, yield_table
from polyglot.displays import catalogue as displays
from polyglot.displays.context import Context
from polyglot.displays.figures import drawing
from polyglot.displays.figures import study as study_figures
from polyglot.displays.figures.style import drawable, language_label, looks, spread
from polyglot.displays.makers import maker
from polyglot.displays.numbers import FLAG
from polyglot.displays.words import flag_line, hole_line
from polyglot.replication.settings import PUBLISHED_BASE, PUBLISHED_RECIPE
from polyglot.scoring.metric_tables import read_measurements
from polyglot.scoring.scores import gap_flags, rank_teachers, score_cells
from polyglot.scoring.sensitivity import sensitivity
from polyglot.scoring.statistics import mixed_effects
from polyglot.study.figures import Look
from polyglot.synthesis.answers import STATUSES
from polyglot.synthesis.recipes import parse_recipe
from tests.simulated import held_out, predictor_frames

Frames = dict[str, pd.DataFrame]
ROOT = Path(__file__).resolve().parents[3]
STYLE = ROOT / "config/figures.mplstyle"
COARSE = STYLE.read_text(encoding="utf-8").replace("savefig.dpi: 200", "savefig.dpi: 72")
"""The style with fewer pixels: drawing takes a quarter less time, and nothing that is looked at here is lost."""
LANGUAGES = yaml.safe_load((ROOT / "config/languages.yaml").read_text(encoding="utf-8"))
TEACHERS = ("thorough", "germanist", "hasty", "careless")
CONFIDENCE, ALPHA = 0.95, 0.5
MAIN = ("nano-base", "equal")


def a_context(teachers: Sequence[str] = TEACHERS, **changes: Any) -> Context:
    values: dict[str, Any] = {
        "title": "A title",
        "study": "demo",
        "definition": "signsafe",
        "confidence": CONFIDENCE,
        "alpha": ALPHA,
        "base": MAIN[0],
        "recipe": MAIN[1],
        "compare": "teachers",
        "teachers": list(teachers),
        "bases": [MAIN[0]],
        "recipes": {MAIN[1]: 600},
        "steps": [],
        "seeds": 1,
        "models": {name: {"label": name.title(), "family": None, "size": None} for name in ("people", *TEACHERS)},
        "languages": LANGUAGES,
    }
    return Context.of(values | changes)


def measured(
    *,
    teachers: Sequence[str] = TEACHERS,
    langs: Sequence[str] = ("ar", "de", "id"),
    students: Sequence[tuple[str, str]] = (MAIN,),
    holes: Collection[tuple[str, str]] = (),
    flagged: Collection[str] = (),
    replicates: int = 60,
) -> pd.DataFrame:
    """Measurements of made-up teachers, the first the best; `holes` are (teacher, lang)."""
    rng = np.random.default_rng(0)
    frames = []
    for (base, recipe), (place, teacher), lang in product(students, enumerate(teachers), langs):
        people = recipe == "public"
        if people and place:
            continue
        own = np.random.default_rng([place, len(base), len(recipe), langs.index(lang)]).normal(size=8)
        size = parse_recipe(recipe).examples or 600
        skill = 0.08 - 0.01 * place + 0.02 * np.log10(size / 600) - 0.05 * people + 0.01 * own[0]
        noise = rng.normal(size=(replicates + 1, 6))
        noise[0] = 0
        base_score, gap = 0.45 + 0.02 * langs.index(lang), -0.01 if lang in flagged else 0.15
        gain = skill + 0.03 * noise[:, 0]
        frame = pd.DataFrame(
            {
                "replicate": range(replicates + 1),
                "base": base,
                "recipe": recipe,
                "teacher": "people" if people else teacher,
                "lang": lang,
                "prompt_diversity": 0.6 - 0.01 * place + 0.02 * own[1] + 0.01 * noise[:, 1],
                "response_diversity": 0.65 - 0.02 * place + 0.02 * own[2] + 0.01 * noise[:, 2],
                "reward": 4 - 0.4 * place + 0.2 * own[3] + 0.25 * noise[:, 3],
                "perplexity": 3 + 0.5 * place + 0.4 * np.abs(own[4]) + 0.4 * np.abs(noise[:, 4]),
                "prompt_tokens": 30 + 5 * np.abs(own[5]),
                "response_tokens": 90 + 25 * np.abs(own[6]),
                "student_score": base_score + gain,
                "base_score": base_score,
                "reference_score": base_score + gap,
                "gain": gain,
                "gain_se": 0.03,
                "gap": gap,
                "gap_se": 0.015,
                "pgr_released": gain / gap,
                "pgr_paper": gain / gap + 0.01,
            }
        )
        if (teacher, lang) in holes:
            frame.loc[:, "prompt_diversity":] = np.nan  # type: ignore[misc]
        frames.append(frame)
    return pd.concat(frames, ignore_index=True)


def scored(measurements: pd.DataFrame, context: Context) -> tuple[Frames, Context]:
    """The files of an experiment's scores, and the context with the languages that they flag."""
    cells, replicates = score_cells(measurements, alpha=ALPHA, confidence=CONFIDENCE, recipe=context.recipe)
    frames = {
        "cells": cells,
        "replicates": replicates,
        "teachers": rank_teachers(replicates, definition=context.definition, confidence=CONFIDENCE),
        "measurements": measurements,
    }
    if "gap" in cells:
        known = cells.dropna(subset=["gap"]).drop_duplicates(["base", "lang"])
        frames["gaps"] = gap_flags(known[["base", "lang", "base_score", "reference_score", "gap", "gap_se"]])
        missing = cells.loc[cells["reward"].isna(), ["base", "recipe", "teacher", "lang"]]
        frames["holes"] = missing.assign(reason="no training set")
        taken = [name for name in Context.__dataclass_fields__ if name not in ("metrics", "flagged", "sizes")]
        values = {name: getattr(context, name) for name in taken}
        context = Context.of(values, frames["gaps"])
    return frames, context


def analysed(cells: pd.DataFrame, context: Context) -> Frames:
    """The files of the analyses, and the yield of synthesis."""
    settings = Statistics(resamples=100, permutations=100)
    found = analyse(cells, settings, confidence=CONFIDENCE, definition=context.definition)
    rng = np.random.default_rng(1)
    keys = product(context.teachers, sorted(cells["lang"].unique()), ("generate", "translate", "respond"))
    others = len(STATUSES) - 1
    odds = [0.75, *[0.25 / others] * others]
    answers = pd.concat(
        pd.DataFrame({"teacher": teacher, "lang": lang, "method": method, "status": rng.choice(STATUSES, 70, p=odds)})
        for teacher, lang, method in keys
    )
    read = answers["status"] == "ok"
    answers = answers.assign(attempts=1, read_strictly=read, read=read, repaired=rng.random(len(answers)) < 0.1)
    names = {name.removeprefix("pca_").removeprefix("regression_"): frame for name, frame in found.items()}
    return {**names, "correlations": found["spearman"], "statuses": yield_table(answers)}


def step_outcomes(langs: Sequence[str] = ("id",), hole: int | None = None) -> pd.DataFrame:
    rng = np.random.default_rng(2)
    labels = ["base", "what people wrote", "a stronger teacher", "five times the examples", "another base"]
    rows = []
    for lang, (step, label), group in product(langs, enumerate(labels), ("all", "knowledge", "reasoning", "generation")):
        score = np.nan if step == hole else 0.4 + 0.03 * step + (0 if group == "all" else 0.05 * rng.normal())
        gained = 0.03 if step and step != hole else np.nan
        row: dict[str, Any] = {
            "step": step,
            "label": label,
            "base": MAIN[0],
            "recipe": "equal" if step else None,
            "teacher": "thorough",
            "lang": lang,
        }
        row |= {"group": group, "score": score, "low": score - 0.02, "high": score + 0.02, "examples": 600}
        row["reason"] = "no training set" if np.isnan(score) else ""
        rows.append(row | {"gain_over_previous": gained, "gain_low": gained - 0.02, "gain_high": gained + 0.02})
    return pd.DataFrame(rows)


def ability_frames(cells: pd.DataFrame, *, sizes: bool = True) -> Frames:
    names = list(dict.fromkeys(cells["teacher"]))
    table = cells[["teacher", "lang"]].assign(
        size=cells["teacher"].map({name: 2.0 ** (7 - place) for place, name in enumerate(names)}) if sizes else np.nan,
        ability=0.4 + 0.03 * np.arange(len(cells)) % 0.2,
        pg=cells["pg_signsafe"].fillna(cells["pg_released"]) if "pg_signsafe" in cells else cells["pg_released"],
    )
    table["log_size"] = np.log(table["size"])
    models = [mixed_effects(table, "pg", name, confidence=CONFIDENCE).assign(predictor=name) for name in ("log_size", "ability")]
    return {"models": pd.concat(models), "abilities": table.drop(columns="log_size")}


@cache
def frames_of(scenario: str) -> tuple[Frames, Context]:
    """Everything that a study's figures are made of, made once."""
    setting = SCENARIOS[scenario]
    context = a_context(teachers=setting.get("teachers", TEACHERS))
    measurements = measured(**setting)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        frames, context = scored(measurements, context)
        frames |= analysed(frames["cells"], context)
        frames["sensitivity"] = sensitivity(
            measurements, alpha=ALPHA, definition="signsafe", confidence=CONFIDENCE, recipe=MAIN[1]
        )
    frames |= ability_frames(frames["cells"]) | held_out(context.teachers, ["de", "id"]) | predictor_frames()
    return frames | {"outcomes": step_outcomes()}, context


SCENARIOS: dict[str, dict[str, Any]] = {
    "complete": {},
    "hole and flag": {"holes": [("hasty", "de"), ("careless", "ar")], "flagged": ["de"]},
    "no language": {"holes": [(teacher, "de") for teacher in TEACHERS]},
    "no teacher": {"holes": [("hasty", lang) for lang in ("ar", "de", "id")]},
    "no intervals": {"replicates": 0},
    "one teacher": {"teachers": ["thorough"]},
    "one language": {"langs": ["ja"]},
    "one cell": {"teachers": ["thorough"], "langs": ["de"]},
    "ten teachers": {"teachers": [f"teacher-{size}b" for size in range(10)], "langs": ("ar", "cs", "de", "es", "id", "ja")},
}
COMPARED: dict[str, tuple[list[tuple[str, str]], dict[str, Any]]] = {
    "teachers": ([("other-base", "equal")], {"bases": ["other-base"]}),
    "bases": ([(base, "equal") for base in ("nano-base", "other-base")], {"bases": ["nano-base", "other-base"]}),
    "recipes": (
        [("nano-base", recipe) for recipe in ("equal", "generate", "public")],
        {"recipes": dict.fromkeys(("equal", "generate", "public"), 600)},
    ),
    "sizes": (
        [("nano-base", recipe) for recipe in ("equal-100", "equal", "equal-1k")],
        {"recipes": {"equal-100": 100, "equal": 600, "equal-1k": 1000}},
    ),
}


def drawn(name: str, context: Context, frames: Frames, folder: Path, kinds: Sequence[str] = ("png",), **look: Any) -> list[Path]:
    """Draws a figure as the workflow does; a warning (a missing glyph, a layout that cannot be made) is an error."""
    chosen = Look(**{"width": 7.0, "height": 4.2} | look)
    outputs = [folder / f"{name}.{kind}" for kind in kinds]
    folder.mkdir(exist_ok=True)
    style = folder / "coarse.mplstyle"
    style.write_text(COARSE, encoding="utf-8")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        drawing.draw(partial(maker("figure", name), **frames), context, chosen, outputs, style=style, name=name)
    for path in outputs:
        assert path.stat().st_size > 4000
    return outputs


def inputs_of(display: Any, known: Frames) -> Frames:
    return {name: known[name] for name in display.inputs}


def texts(name: str, context: Context, frames: Frames) -> list[str]:
    """Everything that a figure says."""
    import matplotlib.pyplot as plt
    from matplotlib.text import Text

    figure = maker("figure", name)(context, **frames)
    found = [str(text.get_text()) for text in figure.findobj(Text)]
    plt.close(figure)
    return found


def test_every_display_has_its_figure() -> None:
    named = [*displays.FIGURES.values(), *(found for kinds in displays.COMPARED.values() for found in kinds["figure"].values())]
    assert all(callable(maker("figure", display.function)) for display in named)


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_every_figure_of_a_study_is_drawn_whatever_is_missing(scenario: str, tmp_path: Path) -> None:
    frames, context = frames_of(scenario)
    for name, display in displays.FIGURES.items():
        drawn(name, context, inputs_of(display, frames), tmp_path, width=display.width, height=display.height)
    for comparison in ("steps", "abilities", "generalisation", "predictors"):
        for display in displays.COMPARED[comparison]["figure"].values():  # type: ignore[index]
            drawn(display.function, context, inputs_of(display, frames), tmp_path)


@pytest.mark.parametrize("scenario", ["hole and flag", "no language", "no intervals", "one cell", "ten teachers"])
@pytest.mark.parametrize("comparison", COMPARED)
def test_every_figure_of_an_experiment_is_drawn_whatever_is_missing(comparison: str, scenario: str, tmp_path: Path) -> None:
    students, changes = COMPARED[comparison]
    context = a_context(SCENARIOS[scenario].get("teachers", TEACHERS), **changes)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        frames, context = scored(measured(**SCENARIOS[scenario], students=students), context)
    for display in displays.COMPARED[comparison]["figure"].values():  # type: ignore[index]
        drawn(display.function, context, inputs_of(display, frames), tmp_path, height=display.height)


def test_figures_of_the_published_measurements(tmp_path: Path) -> None:
    folder = ROOT / "config/published"
    measurements = read_measurements(
        [folder / "table11_intrinsic.csv", folder / "table12_pgr.csv"], base=PUBLISHED_BASE, recipe=PUBLISHED_RECIPE
    )
    teachers = sorted(measurements["teacher"].unique())
    frames, context = scored(measurements, a_context(teachers, definition="released", study="replication"))
    frames["sensitivity"] = sensitivity(measurements, alpha=ALPHA, definition="released", confidence=CONFIDENCE)
    for name, display in displays.FIGURES.items():
        if display.published:
            drawn(name, context, {key: frames[key] for key in display.published}, tmp_path)
    assert "Spearman's ρ over all 60 cells: 0.41" in "".join(texts("intrinsic_extrinsic", context, {"cells": frames["cells"]}))


def test_figures_of_the_released_files(tmp_path: Path) -> None:
    read = {name: pd.read_csv(ROOT / f"config/published/released_{name}.csv", comment="#") for name in ("scale", "translation")}
    read["teachers"] = pd.DataFrame(
        {"teacher": list("abcd"), "student_score": [0.4, 0.5, 0.5, 0.6], "pg": [1.0, 0.2, 0.21, -1.0]}
    )
    read["parts"] = pd.DataFrame(
        {"lang": ["ar", "ar", "de"], "constant": [0.5, np.nan, np.nan], "alike": [2, 1, 2], "teacher": list("abc")}
    )
    context = a_context(list("abcd"), study="replication")
    for name, display in displays.REPLICATION["figure"].items():
        if name.startswith("released_"):
            inputs = {key: read[key] for key in display.inputs}
            drawn(display.function, context, inputs, tmp_path, height=display.height)
    assert "Spearman −0.95, 4 teachers" in "".join(texts("released.teachers", context, {"teachers": read["teachers"]}))
    drawn("released.parts", context, {"parts": read["parts"].head(0)}, tmp_path)


def test_the_same_data_give_the_same_bytes(tmp_path: Path) -> None:
    frames, context = frames_of("hole and flag")
    for name in ("pg_score", "intrinsic_extrinsic", "synthesis_yield", "spearman"):
        one, other = (
            drawn(name, context, inputs_of(displays.FIGURES[name], frames), tmp_path / turn, ("pdf", "png"), title="A title")
            for turn in "ab"
        )
        for first, second in zip(one, other, strict=True):
            assert first.read_bytes() == second.read_bytes(), first.name


def test_every_language_is_written_in_its_own_script_without_a_missing_glyph(tmp_path: Path) -> None:
    codes = sorted(LANGUAGES)
    frames, context = scored(measured(langs=codes, replicates=0), a_context())
    for name in ("intrinsic_extrinsic", "language_resources"):
        drawn(name, context, inputs_of(displays.FIGURES[name], frames), tmp_path, ("pdf", "png"), height=6.0)
    for code in codes:
        assert language_label(context, code).endswith(LANGUAGES[code]["endonym"])
    assert language_label(context, "en") == "English"
    assert language_label(context, "ar", width=20) == "Arabic\nالعربية"
    assert not drawable("ภาษาไทย")
    thai = a_context(languages={"th": {"name": "Thai", "endonym": "ภาษาไทย"}})
    assert language_label(thai, "th") == "Thai"
    assert language_label(thai, "xx") == "xx"


def test_flags_are_visible_and_holes_are_named() -> None:
    frames, context = frames_of("hole and flag")
    for name, display in displays.FIGURES.items():
        said = "".join(texts(name, context, inputs_of(display, frames)))
        if name not in ("synthesis_yield", "language_resources"):  # the latter names the languages
            assert "Hasty" in said, name
        if name == "leaderboard":  # over all languages
            assert flag_line(context) in said.replace("\n", " ")
        elif name not in ("ranks", "synthesis_yield", "spearman", "weights", "language_resources"):
            assert f"Deutsch {FLAG}" in said or f"German {FLAG}\nDeutsch" in said, name
    assert (
        hole_line(context, holes=frames["holes"])
        == f"✗ no measurement: Careless in Arabic; Hasty in German {FLAG}: no training set."
    )
    assert "Careless, Hasty" in "".join(texts("ranks", context, {"teachers": frames["teachers"]}))
    assert flag_line(context).endswith("German.")
    complete, unflagged = frames_of("complete")
    assert flag_line(unflagged) == ""
    assert hole_line(unflagged, complete["cells"], "pg_signsafe", complete["holes"]) == ""


def test_markers_of_flagged_languages_are_hollow() -> None:
    import matplotlib.pyplot as plt

    frames, context = frames_of("hole and flag")
    figure = study_figures.pg_score(context, frames["cells"], frames["teachers"], frames["gaps"], frames["holes"])
    faces = {
        axes.get_title().split("\n")[0]: {line.get_markerfacecolor() for line in axes.lines if line.get_marker() == "o"}
        for axes in figure.axes
    }
    plt.close(figure)
    assert faces[f"German {FLAG}"] == {"white"}
    assert "white" not in faces["Arabic"]


def test_ten_things_differ_in_more_than_colour() -> None:
    found = looks(map(str, range(10)))
    assert len({look.marker for look in found.values()}) == 10


def test_labels_are_moved_apart_but_no_further() -> None:
    assert spread([0.0, 5.0], 1.0) == [0.0, 5.0]
    assert spread([1.0, 1.0, 1.0], 2.0) == pytest.approx([-1.0, 1.0, 3.0])
    placed = sorted(spread([0.3, 0.1, 0.2, 4.0], 1.0))
    assert min(np.diff(placed)) == pytest.approx(1.0)
