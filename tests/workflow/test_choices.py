"""Choices that are one line of configuration: who judges, whose prompts, how many seeds."""

from __future__ import annotations

import json
import shutil
import threading
from pathlib import Path

import pandas as pd
import pytest

from polyglot.displays.catalogue.replication import REPLICATION
from polyglot.replication.published import read_published
from polyglot.replication.verdicts import VERDICTS, read_audit

from ..batch_endpoint import serving_batches
from ..endpoint import KEY, Server, cut, garbage, serving, status
from ..patience import wait_until
from .conftest import SHARED_KEY, Workplace, share_the_world

pytestmark = pytest.mark.slow


@pytest.fixture
def copy(tiny: Workplace, tmp_path: Path) -> Workplace:
    shutil.copytree(tiny.folder, tmp_path / "copy", symlinks=True, copy_function=shutil.copy2)
    return Workplace(tmp_path / "copy")


def test_a_chat_model_with_a_rubric_may_judge(copy: Workplace) -> None:
    """A nano model is no judge: what it says can hardly be read as a rating, and is missing then, never a 1."""
    target = "results/demo/intrinsic/equal/hasty/de/0/reward.parquet"
    copy.snakemake(target, "--config", "intrinsic={reward: {kind: rubric_judge, model: hasty}}")
    rated = pd.read_parquet(copy.folder / target)
    training = pd.read_parquet(copy.folder / "results/demo/sft/equal/hasty/de/0.parquet")
    assert list(rated["id"]) == list(training["id"])
    assert rated["text"].notna().all()
    assert rated["reward"].isna().any()
    assert not (copy.folder / "results/demo/unfinished/reward/equal/hasty/de/0.jsonl").exists()


def test_a_teacher_behind_an_endpoint_answers_through_faults_and_its_key_stays_secret(
    copy: Workplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A whole run asks a server that fails in every way; no file and no log of it holds the key."""
    target = "results/demo/synthetic/api/de/respond/0.parquet"
    with serving() as server:
        endpoint = {"url": server.url, "model": "m", "api_key": SHARED_KEY, "timeout": 2}
        entry = {"engine": "openai", "endpoint": endpoint, "price": {"prompt": 1, "completion": 2}}
        copy.configure("models.yaml", lambda models: models.update(api=entry))
        copy.configure("demo.yaml", lambda study: share_the_world(study | {"teachers": ["hasty", "api"]}))
        requests = pd.read_parquet(copy.folder / "results/demo/requests/de/respond/0.parquet")
        asked = [row[-1]["content"] for row in requests["messages"]]
        server.faults = {asked[0]: [status(429, {"Retry-After": "0.1"})], asked[1]: [garbage], asked[2]: [cut]}
        refused = copy.snakemake(target, "--config", "synthesis={requests: 24, batch_size: 4, budget: 1.0e-6}", check=False)
        assert refused.returncode
        assert "ceiling" in refused.stdout + refused.stderr
        copy.snakemake(target)
        assert copy.planned(target, "--config", "synthesis={requests: 24, batch_size: 4, budget: 9}") == {}
        copy.configure("models.yaml", lambda models: models["api"]["endpoint"].update(concurrency=2, timeout=5))
        assert copy.planned(target) == {}
        nothing_is_paid_twice(copy, monkeypatch, server, target)
    answers = pd.read_parquet(copy.folder / target)
    assert list(answers["request_id"]) == list(requests["request_id"])
    ledger = [json.loads(line) for line in (copy.folder / "results/demo/ledger/api.jsonl").read_text().splitlines()]
    # all methods in one engine start, at two temperatures; the body that cannot be read may be paid for, too
    assert len(ledger) == 2 * 3 * 24 + 1
    assert len({row["id"] for row in ledger}) == 3 * 24
    for path in copy.folder.rglob("*"):
        assert not path.is_file() or KEY.encode() not in path.read_bytes(), path


def nothing_is_paid_twice(copy: Workplace, monkeypatch: pytest.MonkeyPatch, server: Server, target: str) -> None:
    """A setting is changed and changed back; then it is changed while the key is missing."""
    first, asked = (copy.folder / target).read_bytes(), server.asked.total()

    def at(**sampling: float) -> None:
        copy.configure("models.yaml", lambda models: models["api"].update(sampling=sampling))

    at(temperature=0.9)
    copy.snakemake(target)
    assert server.asked.total() == asked + 3 * 24
    at()
    monkeypatch.delenv(SHARED_KEY)
    copy.snakemake(target)
    assert server.asked.total() == asked + 3 * 24
    assert (copy.folder / target).read_bytes() == first
    for temperature in (0.3, 0.9):  # nobody has answered at the first; at the other, all that was kept is gone
        if temperature == 0.9:
            shutil.rmtree(copy.folder / "results/demo/unfinished")  # as in a study of an earlier version
        at(temperature=temperature)
        refused = copy.snakemake(target, check=False)
        output = refused.stdout + refused.stderr
        assert refused.returncode
        assert output.count(f"needs a key: set the environment variable {SHARED_KEY}") == 1
        assert 'File "' not in output
        assert (copy.folder / target).read_bytes() == first
        assert len([*(copy.folder / "results/demo/answers/api/de").glob("*/0.parquet")]) == 3


def test_jobs_that_wait_for_batches_take_no_core(copy: Workplace) -> None:
    """Two of them wait at a time on one core."""
    with serving_batches() as server:
        server.states = ("in_progress",) * 100_000

        def answer_when_both_wait() -> None:
            wait_until(lambda: len(server.batches) == 2, copy.folder / "results")
            server.states = ()

        threading.Thread(target=answer_when_both_wait, daemon=True).start()
        endpoint = {"url": server.url, "model": "m", "api_key": SHARED_KEY, "batch": {"poll": 0.1}}
        price = {"prompt": 1, "completion": 2, "batch": {"prompt": 0.5, "completion": 1}}
        entry = {"engine": "openai", "endpoint": endpoint, "price": price}
        copy.configure("models.yaml", lambda models: models.update(api=entry))
        copy.configure("demo.yaml", lambda study: share_the_world(study | {"teachers": ["hasty", "api"], "seeds": [0, 1]}))
        copy.snakemake("-c", "1", *(f"results/demo/answers/api/de/respond/{seed}.parquet" for seed in (0, 1)))
    assert set(server.submitted.values()) == {1}
    paid = [json.loads(line)["usd"] for line in (copy.folder / "results/demo/ledger/api.jsonl").read_text().splitlines()]
    assert paid == pytest.approx([(10 * 0.5 + 4 * 1) / 1e6] * len(server.submitted))
    assert not [*copy.folder.glob("results/demo/unfinished/answers/api/**/*.batches")]


def test_prompts_are_compared_with_benchmarks_by_meaning_where_the_study_says_so(copy: Workplace) -> None:
    """Beside what the other filters said, and another limit embeds nothing again."""
    target = "results/demo/synthetic/hasty/de/respond/0.parquet"
    before = pd.read_parquet(copy.folder / target)
    assert copy.planned(target) == {}

    def filters(**settings: float) -> tuple[str, str]:
        chain = {"duplicates": {"action": "mark"}, "semantic_contamination": {"action": "mark", **settings}}
        return "--config", f"filters={json.dumps(chain)}"

    compared = {"question_embeddings": 1, "nearest_to_seeds": 1, "nearest_questions": 1, "check_answers": 1}
    assert copy.planned(target, *filters()) == compared
    copy.snakemake(target, *filters())
    nearest = pd.read_parquet(copy.folder / "results/demo/nearest/answers/hasty/de/0.parquet").set_index("id")
    usual = pd.read_parquet(copy.folder / "results/demo/nearest/seed/de.parquet")["similarity"]
    after = pd.read_parquet(copy.folder / target)
    usable = after[after["status"] == "ok"]
    assert len(usual) < 100, "with fewer, no seed prompt is to be found"
    assert list(after["status"]) == list(before["status"])
    assert set(nearest["lang"]) == {"de"}
    assert set(nearest["benchmark"]) <= {"global-mmlu-lite", "m-rewardbench", "mgsm"}
    for name, decisions in zip(usable["request_id"], usable["decisions"], strict=True):
        assert [one["filter"] for one in decisions[:-1]] == ["control_tokens", "contamination", "personal", "duplicates"]
        assert decisions[-1]["score"] == pytest.approx(nearest.loc[name, "similarity"])
        assert decisions[-1]["decision"] == ("mark" if decisions[-1]["score"] > usual.max() else "keep")
    assert copy.planned(target, *filters(similarity=0.9)) == {"check_answers": 1}


def test_a_users_own_prompts_reach_the_teachers(copy: Workplace) -> None:
    rows = [{"prompt": f"Was ist {number} und 1?", "response": str(number + 1)} for number in range(30)]
    (copy.folder / "mine.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    target = "results/demo/requests/de/respond/0.parquet"
    copy.snakemake(target, "--config", "seed_dataset={files: {de: mine.jsonl}, max_prompts: 10}")
    asked = pd.read_parquet(copy.folder / target)
    assert set(asked["prompt"]) <= {row["prompt"] for row in rows}
    assert asked["prompt"].nunique() == 10


def test_a_source_of_ones_own_takes_three_lines_and_reaches_the_teachers(copy: Workplace) -> None:
    rows: list[dict[str, str | None]] = [
        {"frage": f"Was ist {number} und 1?", "antwort": str(number + 1), "sprache": "deutsch"} for number in range(30)
    ]
    rows += [{"frage": "What?", "antwort": "That.", "sprache": "english"}, {"frage": None, "antwort": "x", "sprache": "deutsch"}]
    (copy.folder / "data").mkdir()
    (copy.folder / "data/mine.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    entry = {"folder": "data", "files": ["*.jsonl"], "prompt": "frage", "response": "antwort", "language": "sprache"}
    copy.configure("sources.yaml", lambda sources: sources.update(mine={**entry, "languages": {"de": ["deutsch"]}}))
    target = "results/demo/requests/de/respond/0.parquet"
    chosen = ("--config", "seed_dataset={sources: {de: [mine]}, max_per_source: 12}")
    copy.snakemake(target, "results/demo/tables/seed_sources.csv", *chosen)
    counts = pd.read_csv(copy.folder / "results/demo/sources/mine/de.csv").set_index("outcome")["rows"]
    assert counts.to_dict() == {"no prompt": 1, "not sampled": 18, "other language": 1, "taken": 12}
    (shown,) = pd.read_csv(copy.folder / "results/demo/tables/seed_sources.csv").to_dict("records")
    assert [shown[key] for key in ("source", "lang", "read", "kept", "sampled")] == ["mine", "de", 32, 30, 12]
    log = (copy.folder / "results/demo/logs/source/mine/de.log").read_text(encoding="utf-8")
    assert "32 rows read; left out: 1 no prompt, 1 other language; 30 kept, 12 sampled; table 6: no such row" in log
    asked = pd.read_parquet(copy.folder / target)
    assert set(asked["prompt"]) <= {row["frage"] for row in rows}
    assert asked["prompt"].nunique() == 12


def test_the_replication_audit_ends_with_claims_tables_and_figures(copy: Workplace, repository: Path) -> None:
    """The rules of the replication, from the published numbers to its figures."""
    copy.snakemake("replication")
    results = copy.folder / "results/replication"
    claims = pd.read_csv(results / "claims.csv")
    assert set(claims["verdict"]) == set(VERDICTS)
    assert (results / "claims.md").read_text(encoding="utf-8").count("|") > 7 * len(claims)
    board = pd.read_csv(results / "tables/leaderboard.csv").set_index("teacher")
    printed = read_published(repository / "config/published")["table01_pg_score"]
    means = printed[printed["lang"] == "average"].set_index("teacher")["pg_score"]
    assert list(board.index) == list(means.sort_values(ascending=False).index)
    assert set(board["flagged"]) == {"unknown"}
    for name in ("pg_score", "weights", "language_resources", *REPLICATION["figure"]):
        assert (results / f"figures/{name}.pdf").exists()
    page = (results / "report.html").read_text(encoding="utf-8")
    assert page.count("<h3>") >= len(read_audit(repository / "config/replication.yaml").findings)
    assert all(f'id="figure-{name}"' in page for name in REPLICATION["figure"])
    copy.configure("replication.yaml", lambda audit: audit["claims"].pop(0))
    assert copy.planned("replication") == {"audit": 1, "audit_page": 1, "figure": 7, "replication": 1, "table": 2}


def test_a_wrong_published_cell_stops_the_audit_and_is_named(copy: Workplace) -> None:
    path = copy.folder / "config/published/table06_seed_sizes.csv"
    path.write_text(path.read_text().replace("Aya Dataset,de,241", "Aya Dataset,de,few"))
    done = copy.snakemake("results/replication/claims.csv", check=False)
    assert done.returncode
    assert "table06_seed_sizes.csv: row 2: column 'instances' holds 'few'" in done.stdout + done.stderr
