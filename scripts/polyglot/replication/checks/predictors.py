"""Checks of claimed predictors of scores: teacher size and ability, components of metrics, language resources."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from polyglot.analysis.components import principal_components
from polyglot.intrinsic.metrics import INTRINSIC
from polyglot.replication.checks.compare import items, spearman
from polyglot.replication.evidence import Claim, Evidence, Finding
from polyglot.replication.published import RELEASED, RELEASED_SIZES, TEACHERS, sizes
from polyglot.replication.settings import PUBLISHED_BASE
from polyglot.scoring.sensitivity import rank_correlation
from polyglot.scoring.statistics import mixed_effects


def _size_model(evidence: Evidence, known: Mapping[str, float]) -> pd.Series:
    """The effect of log size, with the sizes that are known."""
    table = evidence.cells.assign(log_size=np.log(evidence.cells["teacher"].map(dict(known)).astype(float)))
    return mixed_effects(table, "pg_released", "log_size", confidence=evidence.confidence).iloc[1]


def _as_printed(term: pd.Series) -> dict[str, float]:
    """Coefficient, standard error and Wald's p-value, as table 3 prints them."""
    from scipy.stats import norm

    p = 2 * norm.sf(abs(term["coefficient"]) / term["se"])
    return {"coefficient": float(term["coefficient"]), "se": float(term["se"]), "p": float(p)}


def _term_note(term: pd.Series) -> str:
    rows = f"{int(term['n'])} cells of {int(term['groups'])} teachers"
    return f"{rows}; by Student's t (df {term['df']:.0f}) [{term['low']:.3f}, {term['high']:.3f}], p = {term['p']:.3f}"


def _table3(evidence: Evidence, predictor: str) -> dict[str, float]:
    table = evidence.tables["table03_mixed_effects"]
    row = table[table["predictor"] == predictor].iloc[0]
    return {name: float(row[name]) for name in ("coefficient", "se", "p")}


def size_model(evidence: Evidence, claim: Claim) -> Finding:
    """PG ~ log size with a random intercept a teacher."""
    term = _size_model(evidence, sizes(evidence.tables, claim.arguments["sizes"]))
    return Finding(items(_table3(evidence, "log_size"), _as_printed(term)), _term_note(term))


def ability_model(evidence: Evidence, claim: Claim) -> Finding:
    """PG ~ mean benchmark score with a random intercept a teacher."""
    scores = evidence.tables["released_teacher_benchmarks"].groupby("teacher")["score"].mean()
    table = evidence.cells.assign(ability=evidence.cells["teacher"].map(scores))
    term = mixed_effects(table, "pg_released", "ability", confidence=evidence.confidence).iloc[1]
    absent = ", ".join(sorted(set(evidence.cells["teacher"]) - set(scores.index)))
    return Finding(items(_table3(evidence, "ability"), _as_printed(term)), f"{_term_note(term)}; without {absent}")


def observations(evidence: Evidence, claim: Claim) -> Finding:
    """The number of observations of table 3's models: teachers whose size or benchmark scores are known, by six languages."""
    scored = set(evidence.tables["released_teacher_benchmarks"]["teacher"])
    known = {"log_size": set(sizes(evidence.tables, TEACHERS)), "ability": scored}
    cells = evidence.cells["teacher"]
    found = {name: int(cells.isin(teachers).sum()) for name, teachers in known.items()}
    shown = "; ".join(f"{name}: {cells[cells.isin(teachers)].nunique()} teachers" for name, teachers in known.items())
    return Finding(items(claim.published, found), f"{shown}, in {evidence.cells['lang'].nunique()} languages")


def size_matters(evidence: Evidence, claim: Claim) -> Finding:
    """Whether the interval of the effect of size excludes zero, under each source of sizes."""
    terms = {source: _size_model(evidence, sizes(evidence.tables, source)) for source in (TEACHERS, RELEASED_SIZES)}
    found = {source: bool(term["low"] > 0 or term["high"] < 0) for source, term in terms.items()}
    width = max(float(term["high"]) for term in terms.values())
    note = (
        f"ten teachers cannot show that there is none: an effect of {width:.2f} for each e-fold of size, "
        f"{width * np.log(10):.2f} from 10B to 100B, is inside the interval"
    )
    return Finding(items(dict.fromkeys(found, False), found), note)


def size_sensitivity(evidence: Evidence) -> pd.DataFrame:
    """Table 3's size model under other sizes: those of table 7, those in the authors' code, table 7's with assumed ones.

    Returns:
        sizes, then the columns of `polyglot.scoring.statistics.mixed_effects` for the effect of log size.
    """
    printed = sizes(evidence.tables, TEACHERS)
    sets = {"table 7": printed, "authors' code": sizes(evidence.tables, RELEASED_SIZES)}
    sets |= {f"table 7, {name}": printed | changed for name, changed in evidence.audit.assumed_sizes.items()}
    rows = [{"sizes": name, **_size_model(evidence, known).to_dict()} for name, known in sets.items()]
    return pd.DataFrame(rows).drop(columns="term")


def _rho_note(found: pd.Series, confidence: float) -> str:
    return f"{confidence:.0%} interval [{found['low']:.2f}, {found['high']:.2f}], n = {int(found['n'])}, p = {found['p']:.3f}"


def intrinsic_extrinsic(evidence: Evidence, claim: Claim) -> Finding:
    """Spearman correlation of intrinsic score and PGR over cells; over teachers in the note."""
    confidence = evidence.confidence
    found = spearman(evidence.cells, "intrinsic", "pgr_released", confidence)
    means = evidence.cells.groupby("teacher")[["intrinsic", "pgr_released"]].mean()
    teachers = spearman(means, "intrinsic", "pgr_released", confidence)
    note = f"{_rho_note(found, confidence)}; over the {int(teachers['n'])} teachers' averages {teachers['rho']:.2f}"
    return Finding(items(claim.published, {"rho": found["rho"]}), note)


def weights(evidence: Evidence, claim: Claim) -> Finding:
    """Whether rankings at other weights agree with that at the chosen one, over cells."""
    cells, alpha = evidence.cells, evidence.alpha

    def blended(weight: float) -> np.ndarray[Any, Any]:
        return (weight * cells["intrinsic"] + (1 - weight) * cells["pgr_released"]).to_numpy(dtype=float)[None, :]

    found = {str(weight): float(rank_correlation(blended(alpha), blended(weight))[0]) for weight in (0, 0.25, 0.75, 1)}
    least = claim.arguments["least"]
    shown = ", ".join(f"{rho:.2f} at {weight}" for weight, rho in found.items())
    stable = {weight: rho >= least for weight, rho in found.items() if weight in claim.published}
    note = f"ρ over cells with α = {alpha}: {shown}; 'stable' is read as ρ ≥ {least}"
    return Finding(items(claim.published, stable), note)


def language_resources(evidence: Evidence, claim: Claim) -> Finding:
    """Spearman correlation of the languages' PG-Scores with a fact about them."""
    fact, statistic = claim.arguments["fact"], claim.arguments["statistic"]
    by_language = evidence.cells.groupby("lang")["pg_released"].agg(statistic).rename("pg")
    table = evidence.tables["table08_languages"].set_index("lang").join(by_language)
    found = spearman(table, fact, "pg", evidence.confidence)
    note = f"{statistic} over teachers; {_rho_note(found, evidence.confidence)}"
    return Finding(items(claim.published, {"rho": found["rho"]}), note, numbers={"p": float(found["p"])})


def component_shares(evidence: Evidence, claim: Claim) -> Finding:
    """Principal components of the printed metrics: four of the six."""
    table = evidence.cells.dropna(subset=list(INTRINSIC))
    settings = evidence.audit
    _, raw, _ = principal_components(
        table, list(INTRINSIC), components=4, resamples=settings.resamples, confidence=evidence.confidence, seed=settings.seed
    )
    logged = table.assign(perplexity=np.log(table["perplexity"]))
    _, log, _ = principal_components(
        logged, list(INTRINSIC), components=4, resamples=settings.resamples, confidence=evidence.confidence, seed=settings.seed
    )
    printed = evidence.tables["table04_pca_variance"].set_index("component")["share"]

    def shown(variance: pd.DataFrame) -> str:
        rows = zip(variance["share"], variance["low"], variance["high"], strict=True)
        return ", ".join(f"{100 * share:.0f} [{100 * low:.0f}, {100 * high:.0f}]" for share, low, high in rows)

    note = (
        f"shares in percent with intervals: of the four printed metrics {shown(raw)}, with log perplexity {shown(log)}; of the "
        f"paper's six {', '.join(f'{share:.0f}' for share in printed)}; four components of four metrics hold everything"
    )
    published = {name: float(share) for name, share in printed.items()}
    return Finding(items(published, {}), note, missing="prompt and response lengths of every cell (two of the six metrics)")


def component_sums(evidence: Evidence, claim: Claim) -> Finding:
    """Whether table 4 adds up and figure 3's loadings are those of perpendicular unit vectors."""
    variance = evidence.tables["table04_pca_variance"].set_index("component")
    sums = variance["share"].cumsum()
    loadings = evidence.tables["figure03_pca_loadings"].pivot(index="metric", columns="component", values="loading")
    published = {f"cumulative {name}": float(value) / 100 for name, value in variance["cumulative"].items()}
    found = {f"cumulative {name}": float(value) / 100 for name, value in sums.items()}
    vectors = loadings.to_numpy(dtype=float).T
    for (a, b), product in np.ndenumerate(vectors @ vectors.T):
        if a <= b:
            item = f"{loadings.columns[a]}·{loadings.columns[b]}"
            published[item], found[item] = float(a == b), float(product)
    return Finding(items(published, found))


def regression_outcome(evidence: Evidence, claim: Claim) -> Finding:
    """The standard deviation of the regression's outcome implied by R2 and RMSE, compared with the students' scores."""
    r2, rmse = claim.arguments["r2"], claim.arguments["rmse"]
    implied = rmse / np.sqrt(1 - r2)
    released = evidence.tables[RELEASED]
    own = released[released["base"] == PUBLISHED_BASE]
    spread = {
        "students' benchmark scores": float(own["student_score"].std(ddof=0)),
        "PGR": float(own["pgr"].std(ddof=0)),
        "PG-Score": float(evidence.scores(PUBLISHED_BASE)["pg"].std(ddof=0)),
    }
    shown = ", ".join(f"{name} {value:.3f}" for name, value in spread.items())
    nearest = min(spread, key=lambda name: abs(spread[name] - implied))
    note = (
        f"R² {r2} and RMSE {rmse} imply an outcome with standard deviation {implied:.3f}; standard deviations over cells: "
        f"{shown}. Nearest is {nearest}" + (", which itself holds four of the six predictors" if nearest == "PG-Score" else "")
    )
    return Finding(items({"standard deviation": implied}, {"standard deviation": spread["students' benchmark scores"]}), note)
