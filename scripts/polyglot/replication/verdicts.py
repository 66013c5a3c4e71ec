"""The replication audit: each claim of the paper recomputed from published numbers, with a verdict.

A claim (config/replication.yaml) names a check of `polyglot.replication.checks.CHECKS`; the verdict depends only on the check's
result and the tolerance.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import yaml
from pydantic import ValidationError

from polyglot.core.errors import WrongInput
from polyglot.core.lookup import unknown
from polyglot.replication.checks import CHECKS
from polyglot.replication.evidence import Audit, Evidence

REPRODUCED, NOT_REPRODUCED, NOT_CHECKABLE = "reproduced", "not reproduced", "not checkable from published data"
UNSTATED = "reproduced only by an unstated statistic"
VERDICTS = (REPRODUCED, UNSTATED, NOT_REPRODUCED, NOT_CHECKABLE)


def read_audit(path: Path) -> Audit:
    """The claims.

    Raises:
        ValueError: names the file and the key, or the unknown check, or the duplicate id.
    """
    try:
        audit = Audit(**yaml.safe_load(Path(path).read_text(encoding="utf-8")))
    except ValidationError as error:
        first = error.errors()[0]
        raise WrongInput(f"{path}: {'.'.join(map(str, first['loc']))}: {first['msg']}") from None
    ids = [claim.id for claim in audit.claims]
    for claim in audit.claims:
        if claim.check not in CHECKS:
            raise WrongInput(f"{path}: claim '{claim.id}': {unknown('check', claim.check, CHECKS)}")
        if ids.count(claim.id) > 1:
            raise WrongInput(f"{path}: duplicate claim '{claim.id}'")
    for told in audit.findings:
        for name, verdict in told.claims.items():
            if name not in ids:
                raise WrongInput(f"{path}: finding '{told.title}': {unknown('claim', name, ids)}")
            if verdict not in VERDICTS:
                raise WrongInput(f"{path}: finding '{told.title}', claim '{name}': {unknown('verdict', verdict, VERDICTS)}")
    return audit


def check_claims(evidence: Evidence) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Every claim with its verdict.

    A number is reproduced if it is within the tolerance of the published one, a statement if it holds as published. A claim is
    reproduced if all its known items are, and not checkable if none is known. A claim that is reproduced by a statistic that
    nobody states has a verdict of its own.

    Returns:
        (claims, values). `claims`: id, claim, where, items, checked, within (the tolerance), tolerance, largest_difference,
        verdict, note, missing, numbers (further computed numbers by name, as JSON). `values`, one row per item: id, item,
        published, recomputed, difference, within.
    """
    claims, values = [], []
    for claim in evidence.audit.claims:
        finding = CHECKS[claim.check](evidence, claim)
        compared = finding.values.assign(difference=np.nan, within=None)
        known = compared["recomputed"].notna()
        difference = (compared["recomputed"][known].astype(float) - compared["published"][known].astype(float)).abs()
        compared.loc[known, "difference"] = difference
        compared.loc[known, "within"] = (difference <= claim.tolerance + 1e-12).astype(object)
        checked, within = int(known.sum()), int((difference <= claim.tolerance + 1e-12).sum())
        reproduced = UNSTATED if claim.unstated else REPRODUCED
        verdict = NOT_CHECKABLE if not checked else reproduced if within == checked else NOT_REPRODUCED
        claims.append(
            {
                "id": claim.id,
                "claim": claim.claim,
                "where": claim.where,
                "items": len(compared),
                "checked": checked,
                "within": within,
                "tolerance": claim.tolerance,
                "largest_difference": float(difference.max()) if checked else np.nan,
                "verdict": verdict,
                "note": "; ".join(text for text in (claim.unstated, finding.note) if text),
                "missing": finding.missing,
                "numbers": json.dumps({name: float(value) for name, value in finding.numbers.items()}),
            }
        )
        values.append(compared.assign(id=claim.id))
    columns = ["id", "item", "published", "recomputed", "difference", "within"]
    return pd.DataFrame(claims), pd.concat(values, ignore_index=True)[columns]
