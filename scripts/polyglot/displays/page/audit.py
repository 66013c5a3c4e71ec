"""The page of the replication audit: findings by weight, then every claim."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from markupsafe import Markup

from polyglot.core.templates import render
from polyglot.displays.page.document import Shown, dress, shown_of
from polyglot.displays.page.markup import Sheet, line, sheet
from polyglot.displays.tables.layout import Row, row_dicts
from polyglot.replication.evidence import Audit, Told
from polyglot.replication.verdicts import VERDICTS

WIDE = 1000
"""Width in pixels from which a picture stands alone in its row."""


@dataclass(frozen=True)
class Shows:
    """A finding on the page: its text with numbers filled in, its claims with their verdicts, its picture."""

    title: str
    text: Markup
    claims: Sequence[tuple[str, str]]
    """(verdict, what the paper says)."""
    files: Sequence[str]
    picture: Shown | None

    @property
    def wide(self) -> bool:
        return self.picture is not None and self.picture.size[0] >= WIDE


class Numbers:
    """The numbers of a claim, for a finding's text: {claim.within}, {claim[item]}, {claim.published[item]}."""

    def __init__(self, claim: Row, values: pd.DataFrame) -> None:
        self.items, self.checked, self.within = (int(claim[name]) for name in ("items", "checked", "within"))
        self.published = _by_item(values, "published")
        self._recomputed: dict[str, float] = {**_by_item(values, "recomputed"), **json.loads(claim["numbers"])}

    def __getitem__(self, item: object) -> float:
        return self._recomputed[str(item)]


def _by_item(values: pd.DataFrame, column: str) -> dict[str, float]:
    numbers = pd.to_numeric(values[column], errors="coerce")
    return dict(zip(values["item"].astype(str), numbers.astype(float), strict=True))


def findings(audit: Audit, claims: pd.DataFrame, values: pd.DataFrame, figures: Mapping[str, Shown]) -> list[Shows]:
    """The findings of an audit, with their numbers.

    Args:
        claims, values: from `polyglot.replication.verdicts.check_claims`, as they are saved.

    Raises:
        ValueError: a finding supposes another verdict than its claim has, or names a number or figure that there is not.
    """
    rows = {row["id"]: row for row in row_dicts(claims)}
    numbers = {name: Numbers(row, values[values["id"] == name]) for name, row in rows.items()}
    return [_shows(told, rows, numbers, figures) for told in audit.findings]


def _shows(told: Told, rows: Mapping[str, Row], numbers: Mapping[str, Numbers], figures: Mapping[str, Shown]) -> Shows:
    for name, verdict in told.claims.items():
        found = rows[name]["verdict"]
        if found != verdict:
            raise ValueError(
                f"config/replication.yaml: finding '{told.title}' supposes that claim '{name}' is {verdict}; it is {found}: "
                "change the finding"
            )
    if told.figure and told.figure not in figures:
        raise ValueError(f"config/replication.yaml: finding '{told.title}': there is no figure '{told.figure}'")
    try:
        text = told.text.format_map(numbers)
    except (KeyError, AttributeError, ValueError) as error:
        raise ValueError(f"config/replication.yaml: finding '{told.title}': no such number: {error}") from None
    rests_on = [(str(rows[name]["verdict"]), str(rows[name]["claim"])) for name in told.claims]
    return Shows(told.title, line(_signed(text)), rests_on, told.files, figures.get(told.figure))


def _signed(text: str) -> str:
    """Negative numbers with a minus sign."""
    return "".join(
        "−" if char == "-" and text[place + 1 : place + 2].isdigit() and text[place - 1 : place] in (" ", "(", "") else char
        for place, char in enumerate(text)
    )


def audit_page(
    template: Path,
    audit: Audit,
    claims: pd.DataFrame,
    values: pd.DataFrame,
    table: str,
    shown: Sequence[Mapping[str, str]],
) -> str:
    """The page of the audit.

    Args:
        template: report/page/audit.html.jinja, with style and scripts beside it.
        claims, values: from `polyglot.replication.verdicts.check_claims`, as they are saved.
        table: the table of all claims in Markdown.
        shown: the audit's tables and figures (see `polyglot.displays.page.document.Files.shown`).
    """
    figures, tables = shown_of(shown, "figure"), shown_of(shown, "table")
    told = findings(audit, claims, values, figures)
    pictured = {one.picture.name for one in told if one.picture}
    counts = claims["verdict"].value_counts()
    every: Sheet = sheet(table, "Every claim of the audit")
    facts: dict[str, Any] = {
        "claims": len(claims),
        "counts": [(int(counts[verdict]), verdict) for verdict in VERDICTS if verdict in counts],
    }
    return render(
        template,
        facts=facts,
        findings=told,
        every=every,
        figures=[one for name, one in figures.items() if name not in pictured],
        tables=list(tables.values()),
        **dress(template),
    )
