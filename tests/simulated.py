"""A simulated study's frames, as the files of a real one would hold them, and every table made from them."""

from __future__ import annotations

import io
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

import numpy as np
import pandas as pd

from polyglot.analysis.components import component_regression, principal_components
from polyglot.analysis.generalisation import Fold, fold_table, rule_table, splits
from polyglot.analysis.predictors import Resampling, predictor_table
from polyglot.displays.context import Context
from polyglot.displays.table import Table
from polyglot.displays.tables import analyses as analyses_tables
from polyglot.displays.tables import comparisons as comparisons_tables
from polyglot.displays.tables import generalisation as generalisation_tables
from polyglot.displays.tables import leaderboard as leaderboard_tables
from polyglot.displays.tables import predictors as predictor_tables
from polyglot.displays.tables import recipes as recipes_tables
from polyglot.displays.tables import recommendation as recommendation_tables
from polyglot.displays.tables import spread as spread_tables
from polyglot.displays.tables import study as study_tables
from polyglot.provenance import ledger as costs
from polyglot.scoring.scores import KEYS, gap_flags, rank_teachers, score_cells
from polyglot.scoring.sensitivity import sensitivity
from polyglot.scoring.spread_sources import COLUMNS, DRAWS, TOGETHER, TRAININGS
from polyglot.scoring.statistics import mixed_effects, spearman_matrix

CONFIDENCE = 0.95
REASON = "fewer than two usable answers | 50% & <none>"
MODELS = {
    "good": {"label": "Good & Co_1", "family": "olmo", "size": 32.0},
    "fair": {"label": "Fair", "family": "gemma", "size": 8.0},
    "poor": {"label": "Poor", "family": "llama", "size": None},
    "base": {"label": "Base 7B", "family": "olmo", "size": 7.0},
    "other": {"label": "Other 4B", "family": "gemma", "size": 4.0},
}
SIZES = {"good": 32.0, "fair": 8.0}
LANGUAGES = {
    "de": {"name": "German", "endonym": "Deutsch", "resource_level": 5, "commoncrawl_percent": 6.01},
    "id": {"name": "Indonesian", "endonym": "Bahasa Indonesia", "resource_level": 3, "commoncrawl_percent": 0.95},
    "ar": {"name": "Arabic", "endonym": "العربية", "resource_level": 5, "commoncrawl_percent": 0.65},
}
GAINS = {"good": 0.10, "fair": 0.06, "poor": 0.02}
EASE = {"ar": 0.005, "de": 0.0, "id": -0.005}
"""What a language adds to a gain."""
Hole = tuple[str, str, str, str]


@dataclass(frozen=True)
class Frames:
    """A study's scores, as files would hold them."""

    context: Context
    measurements: pd.DataFrame
    cells: pd.DataFrame
    replicates: pd.DataFrame
    teachers: pd.DataFrame
    gaps: pd.DataFrame
    holes: pd.DataFrame


@dataclass(frozen=True)
class Scenario:
    """What a simulated study is like: in the languages `below` the reference is below the base."""

    teachers: Sequence[str] = ("good", "fair", "poor")
    langs: Sequence[str] = ("ar", "de", "id")
    bases: Sequence[str] = ("base",)
    recipes: Sequence[str] = ("equal",)
    holes: Collection[Hole] = ()
    below: Collection[str] = ("de",)
    replicates: int = 60
    noise: float = 0.004
    """Standard deviation of a resample's intrinsic metrics; that of its gain is `se`."""
    gain: float = 0.0
    se: float = 0.01
    seeds: int = 3
    definition: str = "signsafe"

    @property
    def cells(self) -> Iterator[Hole]:
        """(base, recipe, teacher, language) of every cell."""
        return product(self.bases, self.recipes, self.teachers, self.langs)


def simulate(**changes: Any) -> Frames:
    """Teachers good, fair and poor by construction, in a scenario with these changes."""
    scenario = Scenario(**changes)
    rng = np.random.default_rng(0)
    rows: list[dict[str, Any]] = []
    for replicate in range(scenario.replicates + 1):
        for cell in scenario.cells:
            key = {"replicate": replicate, **dict(zip(KEYS, cell, strict=True))}
            if cell in scenario.holes:
                rows.append(key)
                continue
            e = rng.normal(scale=[scenario.se, *[scenario.noise] * 4]) if replicate else np.zeros(5)
            rows.append(key | _measured(scenario, cell, [float(value) for value in e]))
    measurements = pd.DataFrame(rows)
    cells, drawn = score_cells(measurements, alpha=0.5, confidence=CONFIDENCE, recipe="equal")
    ranked = rank_teachers(drawn, definition=scenario.definition, confidence=CONFIDENCE)  # type: ignore[arg-type]
    known = cells.dropna(subset=["gap"]).drop_duplicates(["base", "lang"])
    gaps = gap_flags(known[["base", "lang", "base_score", "reference_score", "gap", "gap_se"]].reset_index(drop=True))
    reasons = pd.DataFrame(
        [{**dict(zip(KEYS, hole, strict=True)), "reason": REASON} for hole in scenario.holes], columns=[*KEYS, "reason"]
    )
    named = values(scenario.teachers, scenario.bases, scenario.recipes, scenario.seeds, scenario.definition)
    return Frames(Context.of(named, gaps), measurements, cells, drawn, ranked, gaps, reasons)


def _measured(scenario: Scenario, cell: Hole, e: Sequence[float]) -> dict[str, float]:
    """A cell's measurements, with five deviations."""
    _, recipe, teacher, lang = cell
    gained = GAINS[teacher] + EASE[lang] + scenario.gain - 0.01 * list(scenario.recipes).index(recipe) + e[0]
    gap = -0.05 if lang in scenario.below else 0.2
    return {
        "prompt_diversity": 0.6 + GAINS[teacher] + e[1],
        "response_diversity": 0.6 + GAINS[teacher] + e[2],
        "reward": 3 + 5 * GAINS[teacher] + e[3],
        "perplexity": 4 - 10 * GAINS[teacher] + e[4],
        "student_score": 0.4 + gained,
        "base_score": 0.4,
        "reference_score": 0.4 + gap,
        "gain": gained,
        "gain_se": scenario.se,
        "gap": gap,
        "gap_se": 0.01,
        "pgr_released": gained / gap,
        "pgr_paper": gained / gap,
    }


def values(teachers: Sequence[str], bases: Sequence[str], recipes: Sequence[str], seeds: int, definition: str) -> dict[str, Any]:
    return {
        "function": "x",
        "title": "A title & more",
        "study": "simulated",
        "definition": definition,
        "confidence": CONFIDENCE,
        "alpha": 0.5,
        "recipe": "equal",
        "base": "base",
        "compare": "teachers",
        "teachers": list(teachers),
        "bases": list(bases),
        "recipes": dict.fromkeys(recipes, 10_000),
        "steps": [],
        "seeds": seeds,
        "models": MODELS,
        "languages": LANGUAGES,
    }


def spreads(*sources: str) -> pd.DataFrame:
    """What is known of the spread of students: of draws and of trainings, or of other sources."""
    known = {DRAWS: (9e-4, 5e-4, 24, 12), TRAININGS: (4e-4, 3e-4, 48, 12), TOGETHER: (9e-4, 3e-4, 24, 12)}
    return pd.DataFrame([(source, *known[source]) for source in sources or (TRAININGS, DRAWS)], columns=list(COLUMNS))


def methods(*, students: bool = False) -> pd.DataFrame:
    """Judge's rewards by method: `translate` is best, `respond` not distinguished from it but more usable, `generate` worst."""
    rows: list[dict[str, Any]] = []
    for teacher in GAINS:
        for lang in LANGUAGES:
            for method, reward, usable in (("generate", 3.0, 0.9), ("translate", 4.0, 0.7), ("respond", 3.95, 0.95)):
                row = {"teacher": teacher, "lang": lang, "method": method, "usable_share": usable, "reward": reward}
                rows.append(
                    {
                        **row,
                        "reward_se": 0.05,
                        "examples": 100,
                        "source": "data",
                        "pg": np.nan,
                        "pg_low": np.nan,
                        "pg_high": np.nan,
                    }
                )
                if students:
                    score = 9.0 if method == "generate" else 0.1
                    one = {"source": "students", "pg": score, "pg_low": score - 0.5, "pg_high": score + 0.5}
                    rows.append({**rows[-1], **one, "usable_share": np.nan, "reward_se": np.nan, "examples": 0})
    return pd.DataFrame(rows)


def prices() -> pd.DataFrame:
    rows = [
        {
            "teacher": teacher,
            "lang": lang,
            "requests": 600,
            "usable": 500,
            "prompt_tokens": 50_000,
            "completion_tokens": 100_000,
            "seconds": 1800.0,
            "gpus": 2,
            "usd": np.nan,
        }
        for teacher in GAINS
        for lang in LANGUAGES
    ]
    return pd.DataFrame(rows)


def statuses() -> pd.DataFrame:
    rows = [
        {"teacher": teacher, "lang": lang, "method": method, "status": status, "count": number, "requests": 100}
        for teacher in GAINS
        for lang in LANGUAGES
        for method in ("generate", "respond")
        for status, number in (("ok", 10 if (teacher, lang) == ("poor", "ar") else 90), ("wrong_language", 10))
    ]
    return pd.DataFrame(rows).assign(share=lambda frame: frame["count"] / frame["requests"])


def intrinsic(frames: Frames) -> pd.DataFrame:
    cells = frames.cells.dropna(subset=["intrinsic"])
    metrics = ["prompt_diversity", "response_diversity", "reward", "perplexity"]
    return cells[[*KEYS, *metrics]].assign(
        **{f"{name}_se": 0.01 for name in metrics},
        perplexity_corpus=62_345.0,
        perplexity_median=2.345,
        prompt_tokens=31.4,
        response_tokens=123.456,
        examples=10_000,
        rated=9_900,
    )


def evaluation(frames: Frames) -> pd.DataFrame:
    rows: list[dict[str, Any]] = []
    for (base, lang), group in frames.cells.dropna(subset=["gain"]).groupby(["base", "lang"]):
        for benchmark in ("mmlu", "mgsm") if lang == "de" else ("mmlu",):
            names = [("", "base", 0.4), ("", "reference", 0.6)]
            names += [(row.recipe, row.teacher, row.student_score) for row in group.itertuples()]  # type: ignore[misc]
            for recipe, model, score in names:
                row = {"benchmark": benchmark, "lang": lang, "recipe": recipe, "model": model, "score": score, "se": 0.012}
                rows.append({**row, "n": 400, "base": base})
    return pd.DataFrame(rows)


def analyses(frames: Frames) -> dict[str, pd.DataFrame]:
    rng = np.random.default_rng(1)
    table = frames.cells.dropna(subset=["gain"]).reset_index(drop=True)
    metrics = ["prompt_diversity", "response_diversity", "reward", "perplexity"]
    table[metrics] += rng.normal(scale=0.05, size=(len(table), 4))
    loadings, variance, _ = principal_components(table, metrics, components=2, resamples=100, confidence=CONFIDENCE, seed=0)
    validation, coefficients, _ = component_regression(
        table, metrics, "gain", components=2, confidence=CONFIDENCE, permutations=50, seed=0
    )
    return {
        "loadings": loadings,
        "variance": variance,
        "validation": validation,
        "coefficients": coefficients,
        "correlations": spearman_matrix(table, [*metrics, "gain", "pg_signsafe"], confidence=CONFIDENCE),
    }


def abilities(frames: Frames) -> tuple[pd.DataFrame, pd.DataFrame]:
    table = frames.cells[["teacher", "lang"]].assign(pg=frames.cells["pg_signsafe"])
    table["size"] = table["teacher"].map(SIZES).astype(float)
    table["ability"] = table["teacher"].map(GAINS) + 0.5 + 0.01 * np.arange(len(table))
    table["log_size"] = np.log(table["size"])
    models = [
        mixed_effects(pd.DataFrame(table), "pg", name, confidence=CONFIDENCE).assign(predictor=name)
        for name in ("log_size", "ability")
    ]
    return pd.concat(models, ignore_index=True), table[["teacher", "lang", "size", "ability", "pg"]]


def held_out(teachers: Sequence[str], langs: Sequence[str]) -> dict[str, pd.DataFrame]:
    """Rules and folds of an experiment that compares generalisation: the score follows the gain, sizes are not known."""
    rng = np.random.default_rng(3)
    folds = []
    for place, (transfer, lang, benchmark) in enumerate(splits(langs, {lang: ["knowledge", "mathematics"] for lang in langs})):
        truth = np.linspace(0.1, -0.1, len(teachers))
        gains = truth + rng.normal(scale=0.02, size=(101, len(teachers)))
        scores = {"pg": truth + rng.normal(scale=0.03, size=len(teachers)), "size": np.full(len(teachers), np.nan)}
        scores |= {"ability": np.roll(truth, place), "random": np.zeros(len(teachers))}
        folds.append(Fold(transfer, lang, benchmark, teachers, gains, scores))
    return {"rules": saved(rule_table(folds, confidence=CONFIDENCE)), "folds": saved(fold_table(folds))}


def predictor_frames(teachers: int = 9) -> dict[str, pd.DataFrame]:
    """An experiment that compares predictors: losses follow the gain, GRACE is not known of every cell."""
    rng = np.random.default_rng(4)
    cells = pd.DataFrame([(f"t{place}", lang) for place in range(teachers) for lang in ("de", "id")], columns=["teacher", "lang"])
    cells["gain"] = rng.normal(size=len(cells))
    for name, noise in (("grace", 0.3), ("perplexity_corpus", 0.5), ("student_loss", 0.1)):
        cells[name] = noise * rng.normal(size=len(cells)) - cells["gain"]
    cells = cells.assign(distinct_pairs=1.0, right=rng.uniform(size=len(cells)), gradient_pairs=400, dimensions=64)
    cells.loc[0, ["grace", "gradient_pairs"]] = [np.nan, 320]
    scores = {"grace": -1, "perplexity_corpus": -1, "student_loss": -1, "distinct_pairs": 1}
    costs = pd.DataFrame({"rule": ["gradients", "student"], "jobs": [8, 8], "cpu_seconds": [5.0, 10.0], "gpu_hours": [0.5, 0.0]})
    table = predictor_table(cells, scores, ["gain", "right"], Resampling(60, 60, confidence=CONFIDENCE))
    return {name: saved(frame) for name, frame in (("predictors", table), ("values", cells), ("costs", costs))}


def outcomes(*, hole: bool = True) -> pd.DataFrame:
    rows: list[dict[str, Any]] = []
    last = np.nan if hole else 0.46
    for step, (label, recipe, score) in enumerate([("base", "", 0.4), ("start", "equal", 0.45), ("more", "equal-2k", last)]):
        for group in ("all", "Reading", "Reasoning"):
            key = {
                "step": step,
                "label": label,
                "base": "base",
                "recipe": recipe,
                "teacher": "good" if step else "",
                "lang": "id",
            }
            ends = {"score": score, "low": score - 0.01, "high": score + 0.01}
            gain = {"gain_over_previous": 0.05, "gain_low": 0.03, "gain_high": 0.07} if step == 1 else {}
            reason = "no training set" if np.isnan(score) else ""
            rows.append({**key, "group": group, **ends, **gain, "examples": 1000 * step, "reason": reason})
    return pd.DataFrame(rows)


def truth_frames() -> dict[str, pd.DataFrame]:
    rows = [
        {"lang": lang, "better": "good", "worse": "poor", "definition": name, "difference": value, "low": low, "high": high,
         "holds": value > 0, "certain": low > 0 or high < 0, "right_better": 0.9, "right_worse": 0.5}
        for lang, value, low, high in (("all", 1.0, 0.5, 1.5), ("de", 0.1, -0.2, 0.4), ("id", np.nan, np.nan, np.nan))
        for name in ("released", "paper", "signsafe")
    ]  # fmt: skip
    return {
        "checks": pd.DataFrame(rows),
        "agreement": pd.DataFrame([{"quantity": "pg_signsafe", "spearman": 0.876, "within": 0.81, "n": 9}]),
    }


def cost() -> pd.DataFrame:
    row = {"rule": "student", "jobs": 9, "seconds": 3600.0, "seconds_mean": 400.0, "seconds_max": 500.0}
    return pd.DataFrame([{**row, "cpu_seconds": np.nan, "memory_mb": 1234.5}])


def ledger() -> pd.DataFrame:
    """As `polyglot.provenance.ledger.ledger_table` makes it."""
    rows = [("student", "good", 9, 10, 2.0, 8.0, 0, 0, 16.0), ("figure", "", 4, 4, 0.01, 0.0, 0, 0, 0.0)]
    return pd.DataFrame(rows, columns=[*costs.KEYS, *costs.SUMS])


def by(frame: pd.DataFrame, *keys: str) -> dict[Any, dict[str, Any]]:
    """Rows by one column, or by several."""
    rows = [{str(name): value for name, value in row.items()} for row in frame.to_dict("records")]
    return {row[keys[0]] if len(keys) == 1 else tuple(row[key] for key in keys): row for row in rows}


def saved(frame: pd.DataFrame) -> pd.DataFrame:
    """As it comes back from a CSV file."""
    return pd.read_csv(io.StringIO(frame.to_csv(index=False)))


def changes(frames: Frames) -> pd.DataFrame:
    few = frames.measurements[frames.measurements["replicate"] <= 5]
    return sensitivity(few, alpha=0.5, definition=frames.context.definition, confidence=CONFIDENCE, recipe="equal")


def every_table(frames: Frames) -> dict[str, Table]:
    """All tables that a study with these scores has, but `sensitivity`."""
    context, holes = frames.context, saved(frames.holes)
    cells, teachers, gaps = saved(frames.cells), saved(frames.teachers), saved(frames.gaps)
    found = analyses(frames)
    models, ability = abilities(frames)
    several = {"replicates": frames.replicates, "measurements": frames.measurements, "holes": holes}
    stepping = replace(context, steps=["start", "more", "never run"])
    return {
        "leaderboard": leaderboard_tables.leaderboard(context, teachers, cells, gaps, holes),
        "pg_score": leaderboard_tables.pg_score(context, cells, teachers, gaps, holes),
        "recommendation": recommendation_tables.recommendation(
            context, cells, frames.replicates, gaps, holes, prices(), methods()
        ),
        "evaluation": study_tables.evaluation(context, saved(evaluation(frames)), gaps, holes),
        "spread": spread_tables.spread(context, spreads()),
        "pgr": study_tables.pgr(context, cells, frames.measurements, gaps, holes),
        "intrinsic": study_tables.intrinsic(context, intrinsic(frames), holes),
        "synthesis_yield": study_tables.synthesis_yield(context, statuses()),
        "pca": analyses_tables.pca(context, saved(found["loadings"]), saved(found["variance"])),
        "regression": analyses_tables.regression(context, saved(found["validation"]), saved(found["coefficients"])),
        "spearman": analyses_tables.spearman(context, saved(found["correlations"])),
        "language_resources": analyses_tables.language_resources(context, cells, frames.replicates, gaps),
        "truth": analyses_tables.truth(context, gaps=gaps, **{name: saved(frame) for name, frame in truth_frames().items()}),
        "resources": study_tables.resources(context, cost()),
        "ledger": study_tables.ledger(context, saved(ledger())),
        "bases": comparisons_tables.bases(context, teachers, holes),
        "base_agreement": comparisons_tables.base_agreement(context, frames.replicates),
        "family_match": comparisons_tables.family_match(context, frames.replicates),
        "recipes": recipes_tables.recipes(context, **several),
        "recipes_by_language": recipes_tables.recipes_by_language(context, cells, gaps, holes),
        "steps": recipes_tables.steps(stepping, saved(outcomes())),
        "generalisation": generalisation_tables.generalisation(context, **held_out(list(GAINS), ["de", "id"])),
        "predictors": predictor_tables.predictors(context, **predictor_frames()),
        "abilities": comparisons_tables.abilities(context, saved(models), saved(ability)),
    }
