"""Checks of the students' benchmark scores: whose they are, what they tell apart, and how they go with the PG-Score."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

import numpy as np
import pandas as pd

from polyglot.replication.checks.compare import items, spearman
from polyglot.replication.evidence import Claim, Evidence, Finding
from polyglot.replication.parts import counted, part_error, reward_bench_parts, weighted_error
from polyglot.replication.published import RELEASED
from polyglot.replication.settings import PUBLISHED_BASE


def parts_of_claim(evidence: Evidence, check: str) -> pd.DataFrame:
    """The parts behind the claim with this check (see `polyglot.replication.parts`); empty if there is none."""
    claim = next((claim for claim in evidence.audit.claims if claim.check == check), None)
    if claim is None:
        return pd.DataFrame(columns=["lang", "constant", "alike"])
    return _parts(evidence, claim, map(float, claim.published))


def _parts(evidence: Evidence, claim: Claim, constants: Iterable[float]) -> pd.DataFrame:
    return reward_bench_parts(evidence.tables[RELEASED], counted(claim.arguments["others"]), constants)


def student_means(evidence: Evidence) -> pd.DataFrame:
    """Mean student score and mean PG-Score of each teacher with the main base: teacher, student_score, pg."""
    return evidence.scores(PUBLISHED_BASE).groupby("teacher")[["student_score", "pg"]].mean().reset_index()


def files_differ(evidence: Evidence, claim: Claim) -> Finding:
    """Whether two released files differ."""
    names = claim.arguments["files"]
    first, second = (evidence.files[name] for name in names)
    same = first == second
    digest = hashlib.sha256(first).hexdigest()
    alike = f"both have {len(first):,} bytes and the SHA-256 {digest[:16]}…" if same else "they have different bytes"
    return Finding(
        items({"the files differ": True}, {"the files differ": not same}),
        f"{names[0]} and {names[1]}: {alike}",
        numbers={"bytes": len(first)},
    )


def constant_answers(evidence: Evidence, claim: Claim) -> Finding:
    """Students whose M-RewardBench part has one of two constant values."""
    parts = _parts(evidence, claim, map(float, claim.published))
    found = {value: int((parts["constant"] == float(value)).sum()) for value in claim.published}
    by_language = parts[parts["constant"].notna()].groupby("lang").size()
    shown = ", ".join(f"{lang} {count}" for lang, count in by_language.items())
    total = int(parts["constant"].notna().sum())
    note = f"{total} of {len(parts)} students ({shown}); one letter for every pair would give a constant"
    return Finding(items(claim.published, found), note, numbers={"total": total, "students": len(parts)})


def shared_parts(evidence: Evidence, claim: Claim) -> Finding:
    """Students whose M-RewardBench part is, to ten digits, that of another student of the language."""
    parts = _parts(evidence, claim, [])
    shared = parts["alike"] > 1
    by_language = shared.groupby(parts["lang"]).agg(["sum", "size"])
    shown = ", ".join(f"{lang} {row['sum']} of {row['size']}" for lang, row in by_language.iterrows())
    found = {"sharing": int(shared.sum())}
    return Finding(items(claim.published, found), f"by language: {shown}", numbers={"students": len(parts)})


def part_errors(evidence: Evidence, claim: Claim) -> Finding:
    """The standard error of M-RewardBench that released standard errors imply, and the one of its items."""
    arguments = claim.arguments
    value = float(arguments["value"])
    errors = part_error(_parts(evidence, claim, [value]), counted(arguments["others"])[0].items)
    count = sum(sum(subsets) for subsets in arguments["categories"])
    pooled = float(np.sqrt(value * (1 - value) / count))
    implied = {"standard error": float(errors.mean())}
    spread = float(errors.max() - errors.min())
    note = (
        f"implied by {len(errors)} released standard errors, which agree to {spread:.0e}; recomputed from {count:,} items with "
        f"RewardBench's weights; {pooled:.4f} if all items weighed the same"
    )
    found = {"standard error": weighted_error(value, arguments["categories"])}
    return Finding(items(implied, found), note, numbers={"students": len(errors), "pooled": pooled, "items": count})


def students_agree(evidence: Evidence, claim: Claim) -> Finding:
    """Whether teachers whose students score higher have higher PG-Scores."""
    own, means = evidence.scores(PUBLISHED_BASE), student_means(evidence)
    teachers, cells = (spearman(frame, "student_score", "pg", evidence.confidence) for frame in (means, own))
    item = "teachers with better students have a higher PG-Score"
    note = (
        f"Spearman {teachers['rho']:.2f} over {len(means)} teachers [{teachers['low']:.2f}, {teachers['high']:.2f}], "
        f"{cells['rho']:.2f} over {len(own)} cells"
    )
    numbers = {"teachers": float(teachers["rho"]), "cells": float(cells["rho"]), "n": len(means)}
    return Finding(items({item: True}, {item: bool(teachers["rho"] > 0)}), note, numbers=numbers)


def own_perplexity(evidence: Evidence, claim: Claim) -> Finding:
    """Whether the intrinsic score, of which perplexity is a part, differs between bases."""
    released = evidence.tables[RELEASED]
    wide = released.pivot(index=["teacher", "lang"], columns="base", values="intrinsic")
    others = wide.drop(columns=PUBLISHED_BASE)
    apart = others.sub(wide[PUBLISHED_BASE], axis=0).abs()
    found = {str(base): bool(apart[base].max() > claim.arguments["same"]) for base in others}
    cells, largest = int(others.notna().sum().sum()), float(apart.max().max())
    note = f"intrinsic z-scores of {cells} cells against {PUBLISHED_BASE}'s: largest difference {largest}"
    return Finding(items(dict.fromkeys(found, True), found), note, numbers={"cells": cells, "largest": largest})
