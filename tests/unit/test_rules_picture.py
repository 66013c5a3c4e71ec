"""The picture of the rules shows those that there are."""

from __future__ import annotations

import re
from pathlib import Path

WORDS = {"rank", "screen", "route", "plan", "publish", "rehearse", "replication", "fetch", "build", "race"}
"""Rules that only gather others' files."""
LEFT_OUT = {
    "hub": {"hub_model", "hub_dataset", "hub_lock"},
    "replication": {"published_measurements", "audit", "audit_page"},
    "checks before use": {"check_anchor", "check_base", "check_judge", "check_requests"},
    "needed once the choice is made": {"build_requests"},
    "not in the embedded study": {
        "benchmark",
        "lighteval_task",
        "source",
        "seed_sources",
        "reward_scale",
        "metric",
        "race_earlier",
        "question_embeddings",
        "nearest_questions",
    },
}
"""What docs/explanation/workflow.md says is not shown, and what the embedded study has no need of."""


def test_every_rule_is_in_the_picture_or_left_out_for_a_reason(repository: Path) -> None:
    shown = set(re.findall(r"<title>(\w+)</title>", (repository / "docs/images/rules.svg").read_text(encoding="utf-8")))
    texts = [path.read_text(encoding="utf-8") for path in (repository / "rules").glob("*.smk")]
    rules = {name for text in texts for name in re.findall(r"^(?:rule|checkpoint) (\w+):", text, re.MULTILINE)}
    missing = rules - shown - WORDS - set().union(*LEFT_OUT.values())
    assert not missing, f"{sorted(missing)}: draw them by `python docs/rules.py`"
    gone = {name for name in shown if not name.startswith("cluster_")} - rules - {"rules"}
    assert not gone
