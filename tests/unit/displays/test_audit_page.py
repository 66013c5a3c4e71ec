"""The page of the replication audit: its findings with numbers from claims, and what cannot be told."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from polyglot.displays.page.audit import audit_page, findings
from polyglot.replication.evidence import Audit
from tests.unit.displays.test_page import DOT, HOSTILE, Seen

TEMPLATE = Path(__file__).resolve().parents[3] / "report/page/audit.html.jinja"
TABLE = "A lead.\n\n| | verdict |\n| --- | --- |\n| 1 | **not reproduced** |\n\nA note.\n"


def told(**changes: Any) -> Audit:
    """An audit with one finding about one claim."""
    finding = {
        "title": "Ranks differ",
        "text": "{ranks.within} of {ranks.checked}; {ranks[de]:.2f}, printed {ranks.published[de]:.2f}; {ranks[rho]:.1f}.",
        "claims": {"ranks": "not reproduced"},
        "figure": "dots",
        "files": ["table.csv"],
    }
    return Audit(claims=[], findings=[finding | changes])  # type: ignore[list-item]


def results(claim: str = "Ranks agree") -> tuple[pd.DataFrame, pd.DataFrame]:
    row = {"id": "ranks", "claim": claim, "items": 3, "checked": 2, "within": 1, "verdict": "not reproduced"}
    values = pd.DataFrame({"id": ["ranks"] * 2, "item": ["de", "id"], "published": [0.5, "True"], "recomputed": [0.25, "False"]})
    return pd.DataFrame([row | {"numbers": json.dumps({"rho": -0.56})}]), values


def shown(folder: Path) -> list[dict[str, str]]:
    (folder / "dots.png").write_bytes(DOT)
    named = {"title": "Dots", "category": "8 Replication audit", "caption": "A caption."}
    return [{"kind": "figure", "name": "dots", "path": str(folder / "dots.png"), **named}]


def test_a_finding_has_the_numbers_of_its_claims_and_its_files(tmp_path: Path) -> None:
    text = audit_page(TEMPLATE, told(), *results(), TABLE, shown(tmp_path))
    assert "1 of 2; 0.25, printed 0.50; −0.6." in text
    assert "<code>config/published/table.csv</code>" in text
    seen = Seen(text)
    assert [one["alt"] for one in seen.of("img")] == ["Dots", "Dots. 1 of 2; 0.25, printed 0.50; −0.6."]
    assert text.index("Ranks differ") < text.index("A lead.")
    assert "default-src 'none'" in text


def test_no_text_becomes_markup(tmp_path: Path) -> None:
    text = audit_page(TEMPLATE, told(title=HOSTILE, files=[HOSTILE]), *results(HOSTILE), TABLE, shown(tmp_path))
    seen = Seen(text)
    assert len(seen.of("script")) == 1
    assert all(str(one["src"]).startswith("data:image/png") for one in seen.of("img"))
    assert not [one for one in seen.of("a") if "evil" in str(one.get("href")) or "javascript" in str(one.get("href"))]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"claims": {"ranks": "reproduced"}},
            "claim 'ranks' is reproduced; it is not reproduced: change the finding",
        ),
        ({"text": "{ranks[fr]}"}, "finding 'Ranks differ': no such number: 'fr'"),
        ({"text": "{scores.within}"}, "no such number: 'scores'"),
        ({"text": "{ranks.right}"}, "no such number"),
        ({"figure": "lines"}, "there is no figure 'lines'"),
    ],
)
def test_what_does_not_come_out_is_not_told(changes: dict[str, Any], message: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=message):
        audit_page(TEMPLATE, told(**changes), *results(), TABLE, shown(tmp_path))


def test_a_finding_needs_no_figure() -> None:
    assert findings(told(figure=""), *results(), {})[0].picture is None
