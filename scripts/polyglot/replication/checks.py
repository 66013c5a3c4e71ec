"""The checks of the replication audit, one a kind of claim.

Each sets what is published beside what the same code as any study's makes of the published inputs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

from polyglot.analysis.components import principal_components
from polyglot.intrinsic.metrics import INTRINSIC
from polyglot.replication.evidence import Claim, Evidence, Finding
from polyglot.replication.published import AVERAGE, RELEASED, RELEASED_SIZES, SCORES_TABLE, TEACHERS, sizes
from polyglot.replication.settings import PUBLISHED_BASE
from polyglot.replication.signs import recovered_anchors, sign_audit
from polyglot.scoring.scores import rank_correlation
from polyglot.scoring.statistics import mixed_effects, spearman_matrix


def items(published: Mapping[Any, Any], recomputed: Mapping[Any, Any]) -> pd.DataFrame:
    """Published and recomputed values side by side, by item."""
    rows = [{"item": item, "published": value, "recomputed": recomputed.get(item, np.nan)} for item, value in published.items()]
    return pd.DataFrame(rows, columns=["item", "published", "recomputed"], dtype=object)


def series(frame: pd.DataFrame, keys: list[str], column: str) -> dict[str, float]:
    """A column by its joined keys."""
    names = frame[keys].astype(str).agg(" ".join, axis=1)
    return dict(zip(names, frame[column].astype(float), strict=True))


CELL = ["teacher", "lang"]


def intrinsic_scores(evidence: Evidence, claim: Claim) -> Finding:
    """Intrinsic z-scores from table 11 against those that the authors released."""
    released = evidence.tables[RELEASED]
    own = released[released["base"] == PUBLISHED_BASE]
    return Finding(items(series(own, CELL, "intrinsic"), series(evidence.cells, CELL, "intrinsic")))


def pg_scores(evidence: Evidence, claim: Claim) -> Finding:
    """PG-Scores of all cells from tables 11 and 12 against a printed table."""
    printed = evidence.tables[claim.arguments["table"]]
    printed = printed[printed["lang"] != AVERAGE]
    return Finding(items(series(printed, CELL, "pg_score"), series(evidence.cells, CELL, "pg_released")))


def averages(evidence: Evidence, claim: Claim) -> Finding:
    """Averages over languages against table 1's."""
    printed = evidence.tables["table01_pg_score"]
    printed = printed[printed["lang"] == AVERAGE]
    return Finding(items(series(printed, ["teacher"], "pg_score"), series(evidence.teachers, ["teacher"], "pg_released")))


def ranking(evidence: Evidence, claim: Claim) -> Finding:
    """Ranks of teachers against those of table 1's averages."""
    printed = evidence.tables["table01_pg_score"]
    printed = printed[printed["lang"] == AVERAGE]
    ranks = printed.assign(rank=printed["pg_score"].rank(ascending=False))
    return Finding(items(series(ranks, ["teacher"], "rank"), series(evidence.teachers, ["teacher"], "rank")))


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


def table7_sizes(evidence: Evidence, claim: Claim) -> Finding:
    """Table 7's sizes against those in the authors' code."""
    return Finding(items(sizes(evidence.tables, TEACHERS), sizes(evidence.tables, RELEASED_SIZES)))


def _spearman(frame: pd.DataFrame, a: str, b: str, confidence: float) -> pd.Series:
    found = spearman_matrix(frame, [a, b], confidence=confidence)
    return found[(found["a"] == a) & (found["b"] == b)].iloc[0]


def _rho_note(found: pd.Series, confidence: float) -> str:
    return f"{confidence:.0%} interval [{found['low']:.2f}, {found['high']:.2f}], n = {int(found['n'])}, p = {found['p']:.3f}"


def intrinsic_extrinsic(evidence: Evidence, claim: Claim) -> Finding:
    """Spearman correlation of intrinsic score and PGR over cells; over teachers in the note."""
    confidence = evidence.confidence
    found = _spearman(evidence.cells, "intrinsic", "pgr_released", confidence)
    means = evidence.cells.groupby("teacher")[["intrinsic", "pgr_released"]].mean()
    teachers = _spearman(means, "intrinsic", "pgr_released", confidence)
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
    found = _spearman(table, fact, "pg", evidence.confidence)
    return Finding(
        items(claim.published, {"rho": found["rho"]}), f"{statistic} over teachers; {_rho_note(found, evidence.confidence)}"
    )


def _by_base(evidence: Evidence, source: str) -> pd.DataFrame:
    """PG-Scores of teachers (rows) by base (columns), averaged over figure 2's languages."""
    if source == "figure02_base_models":
        return evidence.tables[source].pivot(index="teacher", columns="base", values="pg_score")
    bases = evidence.tables["figure02_base_models"]["base"].unique()
    langs = evidence.tables[RELEASED].groupby("base")["lang"].unique()
    shared = set.intersection(*(set(langs[base]) for base in bases))
    scores = {base: evidence.scores(base) for base in bases}
    return pd.DataFrame(
        {base: frame[frame["lang"].isin(shared)].groupby("teacher")["pg"].mean() for base, frame in scores.items()}
    )


def base_pairs(evidence: Evidence, claim: Claim) -> Finding:
    """Spearman correlations between bases' rankings of teachers."""
    wide = _by_base(evidence, claim.arguments["source"])
    printed = evidence.tables["figure02_spearman"]
    rho = wide.corr(method="spearman")
    found = {f"{a} {b}": float(rho.loc[a, b]) for a, b in zip(printed["a"], printed["b"], strict=True)}
    return Finding(items(series(printed, ["a", "b"], "rho"), found), f"n = {len(wide)} teachers a pair")


def base_range(evidence: Evidence, claim: Claim) -> Finding:
    """Least and largest correlation between two bases."""
    rho = _by_base(evidence, claim.arguments["source"]).corr(method="spearman")
    values = rho.to_numpy()[np.triu_indices(len(rho), 1)]
    return Finding(items(claim.published, {"least": float(values.min()), "largest": float(values.max())}))


def base_scores(evidence: Evidence, claim: Claim) -> Finding:
    """Figure 2's scores against the averages of the released cells."""
    wide = _by_base(evidence, RELEASED)
    printed = evidence.tables["figure02_base_models"]
    long = wide.melt(var_name="base", value_name="pg", ignore_index=False).rename_axis("teacher").reset_index()
    return Finding(items(series(printed, ["teacher", "base"], "pg_score"), series(long, ["teacher", "base"], "pg")))


def family_match(evidence: Evidence, claim: Claim) -> Finding:
    """Table 14's increases (percent of the absolute score with the main base)."""
    wide = _by_base(evidence, claim.arguments["source"])
    printed = evidence.tables["table14_family_match"]
    main = wide[PUBLISHED_BASE]
    found = {
        f"{teacher} {base}": 100 * (wide.loc[teacher, base] - main[teacher]) / abs(main[teacher])
        for teacher, base in zip(printed["teacher"], printed["base"], strict=True)
    }
    return Finding(items(series(printed, ["teacher", "base"], "percent_increase"), found))


def top_teacher(evidence: Evidence, claim: Claim) -> Finding:
    """Whether a teacher is among the first few for every base."""
    ranks = _by_base(evidence, claim.arguments["source"]).rank(ascending=False).loc[claim.arguments["teacher"]]
    found = {base: bool(rank <= claim.arguments["top"]) for base, rank in ranks.items()}
    note = "ranks " + ", ".join(f"{rank:.0f} ({base})" for base, rank in ranks.items())
    return Finding(items(dict.fromkeys(found, True), found), note)


def seed_totals(evidence: Evidence, claim: Claim) -> Finding:
    """Totals of table 6's columns."""
    sums = evidence.tables["table06_seed_sizes"].groupby("lang")["instances"].sum()
    rows = evidence.tables["table06_seed_sizes"].groupby("lang").size()
    note = "; ".join(f"{lang}: sum of {rows[lang]} rows" for lang in claim.published)
    return Finding(items(claim.published, {lang: float(sums[lang]) for lang in claim.published}), note)


def _table16(evidence: Evidence) -> tuple[pd.Series, pd.Series]:
    table = evidence.tables["table16_student_32b"].pivot(index="teacher", columns="lang", values="pg_score")
    return table[AVERAGE], table.drop(columns=AVERAGE).mean(axis=1)


def large_student_averages(evidence: Evidence, claim: Claim) -> Finding:
    """Averages of table 16."""
    printed, found = _table16(evidence)
    return Finding(items(printed.to_dict(), found.to_dict()))


def large_student_ranking(evidence: Evidence, claim: Claim) -> Finding:
    """Ranking of the 32B student's teachers, and as that of table 1 among the same teachers."""
    printed, found = _table16(evidence)
    main = evidence.teachers.set_index("teacher")["pg_released"].reindex(found.index)
    same = list(main.sort_values().index) == list(found.sort_values().index)
    note = f"{'the same' if same else 'another'} order as with the 7B student; {len(found)} teachers"
    return Finding(items(printed.rank(ascending=False).to_dict(), found.rank(ascending=False).to_dict()), note)


def recipe_steps(evidence: Evidence, claim: Claim) -> Finding:
    """Whether each model of table 19 scores above the one before it."""
    scores = evidence.tables["table19_tagalog_filbench"].set_index("model")["filbench_score"]
    steps = claim.arguments["steps"]
    absent = [model for model in steps if model not in scores.index]
    if absent:
        raise ValueError(f"claim '{claim.id}': table 19 has no model {', '.join(absent)}")
    gains = {f"{b} over {a}": float(scores[b] - scores[a]) for a, b in pairwise(steps)}
    note = "; ".join(f"{step}: {gain:+.2f}" for step, gain in gains.items()) + "; no standard error or count is printed"
    return Finding(items(dict.fromkeys(gains, True), {step: gain > 0 for step, gain in gains.items()}), note)


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
    """The spread that R2 and RMSE together imply for the regression's outcome, against that of the students' scores."""
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


def seed_deviations(evidence: Evidence, claim: Claim) -> Finding:
    """Table 13's standard deviations."""
    std = evidence.tables[SCORES_TABLE].groupby("lang")["std"]
    ends = "; ".join(
        f"{lang} {low:.4f} to {high:.4f}" for lang, low, high in zip(std.min().index, std.min(), std.max(), strict=True)
    )
    note = f"within a language all teachers have nearly the same one ({ends}), as standard errors of a benchmark would"
    return Finding(items(series(evidence.tables[SCORES_TABLE], CELL, "std"), {}), note, missing="scores of each seed")


def reference_above_base(evidence: Evidence, claim: Claim) -> Finding:
    """Whether the reference is above the base, where released scores tell."""
    audit = sign_audit(evidence.tables).set_index("lang")
    found = {str(lang): np.nan if np.isnan(gap) else bool(gap > 0) for lang, gap in audit["gap"].items()}
    above = int(audit["above_base"].sum())
    students = int(audit.loc[audit["gap"].notna(), "students"].sum())
    unknown = ", ".join(str(lang) for lang, gap in audit["gap"].items() if np.isnan(gap))
    note = (
        "gaps "
        + ", ".join(f"{lang} {gap:+.3f}" for lang, gap in audit["gap"].items() if not np.isnan(gap))
        + f"; {above} of {students} students are above their base"
        + (f"; not known: {unknown}, whose released scores and PGRs do not lie on one line" if unknown else "")
    )
    return Finding(items(dict.fromkeys(found, True), found), note)


def own_anchors(evidence: Evidence, claim: Claim) -> Finding:
    """Whether the other bases' PGRs are taken against a base and reference other than the main base's."""
    anchors = recovered_anchors(evidence.tables[RELEASED])
    main = anchors[anchors["base"] == PUBLISHED_BASE].set_index("lang")
    found: dict[str, Any] = {}
    for row in anchors[(anchors["base"] != PUBLISHED_BASE)].to_dict("records"):
        same = abs(row["base_score"] - main.loc[row["lang"], "base_score"])
        found[f"{row['base']} {row['lang']}"] = bool(same > claim.arguments["same"]) if row["recovered"] else np.nan
    limit = claim.arguments["same"]
    note = f"the base score that PGRs and student scores imply is that of {PUBLISHED_BASE} if they differ by less than {limit}"
    return Finding(items(dict.fromkeys(found, True), found), note)


def distinct_students(evidence: Evidence, claim: Claim) -> Finding:
    """Whether students of different teachers have different scores, by base and language."""
    anchors = recovered_anchors(evidence.tables[RELEASED])
    names = anchors["base"] + " " + anchors["lang"]
    found = dict(zip(names, (anchors["distinct"] == anchors["students"]).map(bool), strict=True))
    few = anchors[anchors["distinct"] < anchors["students"]]
    shown = "; ".join(f"{row['base']} {row['lang']}: {row['distinct']} of {row['students']}" for row in few.to_dict("records"))
    return Finding(items(dict.fromkeys(found, True), found), f"different scores, to ten digits: {shown}" if shown else "")


CHECKS: dict[str, Callable[[Evidence, Claim], Finding]] = {
    check.__name__: check
    for check in (
        ability_model,
        averages,
        base_pairs,
        base_range,
        base_scores,
        component_shares,
        component_sums,
        distinct_students,
        family_match,
        intrinsic_extrinsic,
        intrinsic_scores,
        language_resources,
        large_student_averages,
        large_student_ranking,
        own_anchors,
        pg_scores,
        ranking,
        recipe_steps,
        reference_above_base,
        regression_outcome,
        seed_deviations,
        seed_totals,
        size_matters,
        size_model,
        table7_sizes,
        top_teacher,
        weights,
    )
}
