"""`polyglot watch`: a study's answers while it runs."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pandas as pd
import pytest

from polyglot.__main__ import main
from polyglot.core.files import write_parquet
from polyglot.core.sidefile import SideFile
from polyglot.engines.base import Answer
from polyglot.engines.batch_files import keep_batch
from polyglot.workflow.watch import lines, table
from polyglot.workflow.watched import Watch


@pytest.fixture
def results(tmp_path: Path) -> Path:
    """One language is checked, one is answered, one is under way, by a teacher that costs money."""
    folder = tmp_path / "results/mine"
    for lang in ("de", "id", "ar"):
        write_parquet(pd.DataFrame({"request_id": range(10)}), folder / f"requests/{lang}/respond/0.parquet")
    statuses = pd.DataFrame({"status": ["ok"] * 8 + ["refused"] * 2, "completion_tokens": 5, "attempts": 1})
    ends = pd.DataFrame({"id": [str(n) for n in range(10)], "finish_reason": ["stop"] * 10, "completion_tokens": 5})
    write_parquet(statuses, folder / "synthetic/api/de/respond/0.parquet")
    write_parquet(ends, folder / "answers/api/de/respond/0.parquet")
    write_parquet(ends, folder / "answers/api/id/respond/0.parquet")
    (folder / "ledger").mkdir()
    (folder / "ledger/api.jsonl").write_text("".join(json.dumps({"id": n, "usd": 0.1}) + "\n" for n in range(24)))
    side(folder).append([Answer(str(n), f"answer {n}", "stop", 1, 5).as_dict() for n in range(4)])
    return folder


def side(folder: Path) -> SideFile:
    return SideFile(folder / "unfinished/answers/api/ar/0.jsonl", "owner")


def test_what_is_done_is_counted_once_wherever_it_is(results: Path) -> None:
    watch = Watch(results)
    assert lines(watch) == [
        "api ar: 4 of 10 (4 stop)",
        "api de: 10 of 10 (8 ok, 2 refused)",
        "api id: 10 of 10 (10 stop)",
        "api: 2.40 USD so far, 3.00 USD expected for all",
    ]
    side(results).append([Answer("9", "the ninth", "length", 1, 50).as_dict()])
    with (results / "unfinished/answers/api/ar/0.jsonl").open("a") as file:
        file.write('{"owner": "owner", "rows": [{"te')  # being written
    found = lines(watch)
    assert found[0].startswith("api ar: 5 of 10, ")
    assert found[0].endswith("tokens/s (4 stop, 1 length)")
    assert watch.last_answers(watch.look())[-1] == "api ar: the ninth"
    os.utime(results / "unfinished/answers/api/ar/0.jsonl", (0, 0))
    assert lines(watch)[-1].startswith("no answer for more than a minute")


def test_thoughts_are_told_apart_from_answers(results: Path) -> None:
    whole = Answer("9", "", "length", 1, 40, thoughts="hm", thought_tokens=30)
    side(results).append([whole.as_dict()])
    thinking = pd.DataFrame({"status": ["ok"], "completion_tokens": 10, "thought_tokens": 4})
    write_parquet(thinking, results / "synthetic/api/de/generate/0.parquet")
    watch = Watch(results)
    assert lines(watch)[:2] == [
        "api ar: 5 of 10, 50% of the tokens are thoughts (4 stop, 1 length)",
        "api de: 11 of 11, 7% of the tokens are thoughts (9 ok, 2 refused)",
    ]
    assert watch.last_answers(watch.look())[-1] == "api ar: (thoughts alone)"


def test_a_batch_that_is_waited_for_is_shown(results: Path) -> None:
    batch = keep_batch(side(results).beside, "owner", {}, ['{"custom_id": "5"}'] * 1200, 0)
    batch.since -= 5400
    batch.status, batch.completed, batch.failed = "in_progress", 900, 1
    batch.write()
    assert lines(Watch(results))[0] == "api ar: 4 of 10 (4 stop; batch in_progress for 1.5 h: 900 of 1,200, 1 failed)"


def test_further_requests_count_as_soon_as_they_are_known(results: Path) -> None:
    """What can be asked besides a draw counts for nobody; what a teacher is asked counts for it."""
    asked = pd.DataFrame({"request_id": range(5)})
    write_parquet(asked, results / "requests/de/respond/0-further.parquet")
    write_parquet(asked.head(3), results / "further/requests/api/de/respond/0.parquet")
    SideFile(results / "unfinished/answers-further/api/de/0.jsonl", "owner").append([Answer("f", "", "stop", 1, 5).as_dict()])
    assert lines(Watch(results))[1] == "api de: 11 of 13 (8 ok, 2 refused, 1 stop)"
    write_parquet(
        pd.DataFrame({"status": ["ok"] * 3, "completion_tokens": 5}), results / "further/synthetic/api/de/respond/0.parquet"
    )
    assert lines(Watch(results))[1] == "api de: 13 of 13 (11 ok, 2 refused)"


def test_the_answers_of_a_build_count_once_whatever_its_sizes(results: Path) -> None:
    """A larger data set's answers hold those of a smaller one, and requests in stock are asked of nobody."""
    asked = pd.DataFrame({"request_id": range(5)})
    write_parquet(asked, results / "requests/de/respond/0-1.parquet")
    for recipe, requests in (("equal-50", 2), ("equal-100", 5)):
        write_parquet(asked.head(requests), results / f"build/requests/{recipe}/api/de/respond.parquet")
        os.utime(results / f"build/requests/{recipe}/api/de/respond.parquet", (requests, requests))
    done = pd.DataFrame({"status": ["ok"] * 2, "completion_tokens": 5})
    write_parquet(done, results / "build/synthetic/equal-50/api/de/respond.parquet")
    answers = [Answer(str(n), "", "stop", 1, 5).as_dict() for n in range(3)]
    SideFile(results / "unfinished/answers-build/api/de/0-build.jsonl", "owner").append(answers)
    assert lines(Watch(results))[1] == "api de: 13 of 15 (8 ok, 3 stop, 2 refused)"
    write_parquet(
        pd.DataFrame({"status": ["ok"] * 5, "completion_tokens": 5}), results / "build/synthetic/equal-100/api/de/respond.parquet"
    )
    assert lines(Watch(results))[1] == "api de: 15 of 15 (13 ok, 2 refused)"


def test_a_terminal_gets_a_table_with_the_last_answers(results: Path) -> None:
    from rich.console import Console

    console = Console(width=120, record=True)
    console.print(table(Watch(results)))
    shown = console.export_text()
    assert "8 ok  2 refused" in shown
    assert "api ar: answer 3" in shown
    assert "3.00 USD expected" in shown
    console.print(table(Watch(results), height=12))
    assert re.search(r"api +│ all 3 +│ +24 │ 30 ", console.export_text())


def test_the_command_prints_lines_where_there_is_no_terminal(
    results: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(results.parent.parent)
    main(["watch", "mine", "--once"])
    assert "api de: 10 of 10" in capsys.readouterr().out
    with pytest.raises(SystemExit, match="there is no study 'other' in results"):
        main(["watch", "other", "--once"])


def test_a_folder_that_is_no_study_is_not_watched(
    results: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(results.parent.parent)
    (results / "tables").mkdir()
    Path("mine").mkdir()
    for named in ("", ".", "results", "results/mine/tables", "/"):
        with pytest.raises(SystemExit, match=f"there is no study '{named}' in results; run it, or name its folder"):
            main(["watch", named, "--once"])
    for named in ("mine", "results/mine", str(results)):
        main(["watch", named, "--once"])
        assert "api de: 10 of 10" in capsys.readouterr().out


@pytest.fixture
def begun(results: Path) -> Path:
    """The same study, whose run has saved what it will do: two teachers, two languages; requests in Czech are not written yet."""
    study = {"teachers": ["api", "other", "persyn"], "languages": ["de", "cs"], "methods": ["respond"], "seeds": [0]}
    models: dict[str, dict[str, str]] = {"api": {}, "other": {}}
    (results / "config.yaml").write_text(json.dumps(study | {"models": models, "synthesis": {"requests": 20, "budget": 4.5}}))
    return results


def test_what_has_not_begun_is_shown_and_counts_for_the_expected_money(begun: Path) -> None:
    found = lines(Watch(begun))
    assert found[:4] == ["api de: 10 of 10 (8 ok, 2 refused)", "api cs: 0 of 20", "other de: 0 of 10", "other cs: 0 of 20"]
    assert found[-2:] == [
        "api: 2.40 USD so far, 5.00 USD expected for all",
        "together: 2.40 USD so far, 5.00 USD expected for all; ceiling 4.50 USD (synthesis.budget)",
    ]


def test_a_request_that_is_asked_again_counts_once(results: Path) -> None:
    side(results).append([Answer("3~1", "again", "stop", 1, 5).as_dict()])
    frame = pd.DataFrame({"status": ["ok"] * 10, "completion_tokens": 5, "attempts": [1] * 8 + [3] * 2})
    write_parquet(frame, results / "synthetic/api/id/respond/0.parquet")
    assert lines(Watch(results))[::2][:2] == [
        "api ar: 4 of 10 (4 stop, 1 asked again)",
        "api id: 10 of 10 (10 ok, 4 asked again)",
    ]


def test_killed_jobs_other_owners_and_files_that_go_are_no_errors(results: Path) -> None:
    """A row that a kill has torn; answers to other settings; a job that ends between two looks."""
    path, watch = results / "unfinished/answers/api/ar/0.jsonl", Watch(results)
    lines(watch)
    with path.open("a") as file:
        file.write('{"owner": "owner", "rows": [{"te\n')
    side(results).append([Answer("5", "\x1b[2Jfive", "stop", 1, 5).as_dict()])
    assert lines(watch)[0].startswith("api ar: 5 of 10")
    SideFile(path, "changed").append([Answer("0", "new", "stop", 1, 5).as_dict()])
    assert lines(watch)[0].startswith("api ar: 1 of 10")
    with (results / "ledger/api.jsonl").open("a") as file:
        file.write('{"id": 9, "us')
    path.unlink()
    (results / "answers/api/id/respond/0.parquet").unlink()
    assert lines(watch) == ["api de: 10 of 10 (8 ok, 2 refused)", "api: 2.40 USD so far"]
    assert watch.last_answers(watch.look()) == []


def test_an_answer_moves_no_cursor(results: Path) -> None:
    side(results).append([Answer("5", "\x1b[2Jfive\n\tsix", "stop", 1, 5).as_dict()])
    watch = Watch(results)
    assert watch.last_answers(watch.look())[-1] == "api ar: \\x1b[2Jfive six"


def asked_anew(folder: Path, owner: str, numbers: range) -> None:
    """Answers that have come with these settings, and their price."""
    SideFile(folder / "unfinished/answers/api/ar/0.jsonl", owner).append(
        [Answer(f"r{n}", "", "stop", 1, 5).as_dict() for n in numbers]
    )
    with (folder / "ledger/api.jsonl").open("a") as file:
        file.writelines(json.dumps({"id": f"r{n}", "usd": 0.01}) + "\n" for n in numbers)


@pytest.fixture
def only(tmp_path: Path) -> Path:
    """A study of 1,000 requests in one language."""
    folder = tmp_path / "results/only"
    (folder / "ledger").mkdir(parents=True)
    study = {"teachers": ["api"], "languages": ["ar"], "methods": ["respond"], "seeds": [0], "models": {"api": {}}}
    (folder / "config.yaml").write_text(json.dumps(study | {"synthesis": {"requests": 1000}}))
    return folder


def test_answers_that_are_kept_of_a_smaller_study_count(only: Path) -> None:
    asked_anew(only, "a", range(900))
    SideFile(only / "unfinished/answers/api/ar/0.jsonl", "a").finish()
    asked_anew(only, "a", range(900, 950))
    assert lines(Watch(only)) == ["api ar: 950 of 1,000 (950 stop)", "api: 9.50 USD so far, 10.00 USD expected for all"]


def test_answers_count_again_when_their_settings_come_back(only: Path) -> None:
    """Also where one look sees each change; what other answers have cost is no part of the price of what is left."""
    watch = Watch(only)
    for owner, numbers in (("a", range(600)), ("b", range(10)), ("a", range(600, 650))):
        asked_anew(only, owner, numbers)
        watch.look()
    for found in (lines(watch), lines(Watch(only))):
        assert re.match(r"api ar: 650 of 1,000.* \(650 stop\)", found[0])
        assert found[1] == "api: 6.60 USD so far, 10.15 USD expected for all"


def test_other_settings_leave_the_price_of_a_request_as_it_is(only: Path) -> None:
    asked_anew(only, "a", range(900))
    asked_anew(only, "b", range(50))
    assert lines(Watch(only)) == ["api ar: 50 of 1,000 (50 stop)", "api: 9.50 USD so far, 19.53 USD expected for all"]
