"""`polyglot try` on real sockets: answers side by side, nothing asked twice, no key shown."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from polyglot.__main__ import main
from polyglot.core.sidefile import SideFile
from polyglot.engines.base import owner_of
from polyglot.study import paths
from polyglot.workflow.loading import load_study
from polyglot.workflow.trial import Trial
from polyglot.workflow.trial_shown import cut
from tests.endpoint import KEY, Server, completion, serving

Try = Callable[..., str]


def writes(text: str) -> Callable[[dict[str, Any]], tuple[int, Any]]:
    """A teacher that answers each request alike, as an object where one is asked for."""

    def answer(body: dict[str, Any]) -> tuple[int, Any]:
        pair = "JSON" in body["messages"][-1]["content"]
        return 200, completion(json.dumps({"prompt": "Habari yako leo?", "response": text}) if pair else text)

    return answer


@pytest.fixture
def servers() -> Iterator[tuple[Server, Server]]:
    with ExitStack() as stack:
        good, english = (stack.enter_context(serving()) for _ in range(2))
        good.behave = writes("Watoto wanapenda kwenda shuleni kila siku asubuhi. [bold]\x1b[31m")
        english.behave = writes("The children like to go to school every morning of the week.")
        yield good, english


@pytest.fixture
def study(servers: tuple[Server, Server], repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file of a study made by `polyglot init`, with prompts alone and neither judge nor base."""
    (tmp_path / "sw.txt").write_text("".join(f"Swali la {number} kuhusu shule?\n" for number in range(20)), encoding="utf-8")
    (tmp_path / "config").symlink_to(repository / "config")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OUR_KEY", KEY)
    named = [
        f"url={server.url},model=m,name={name},key=OUR_KEY" for server, name in zip(servers, ("good", "english"), strict=True)
    ]
    teachers = ["--teacher", f"{named[0]},price=1/2", "--teacher", named[1]]
    options = ["--languages", "sw", "--prompts", "sw.txt", "--judge", "none", "--embedding", "minilm", "--base", "none"]
    main(["init", "--to", "mine", *options, *teachers, "--no-plan"])
    return Path("mine/study.yaml")


@pytest.fixture
def ask(study: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Try:
    monkeypatch.setenv("COLUMNS", "160")

    def run(*more: str) -> str:
        capsys.readouterr()
        main(["try", "--configfile", str(study), *more])
        return capsys.readouterr().out

    return run


def test_teachers_are_shown_side_by_side_with_status_tokens_and_price(ask: Try, servers: tuple[Server, Server]) -> None:
    shown = ask()
    assert "5 of 5" in shown
    assert "0 of 5" in shown
    assert "wrong_language" in shown
    assert f"{5 * (10 * 1 + 4 * 2) / 1e6:.5f}" in shown  # tokens of tests.endpoint.completion
    assert "price 0" in shown  # of a server on this machine, as the registry says
    assert "Watoto wanapenda" in shown
    assert "[bold]" in shown  # no markup
    assert "\x1b[31m" not in shown
    assert KEY not in shown
    assert [sum(server.asked.values()) for server in servers] == [5, 5]


def test_nothing_is_asked_twice_and_the_jobs_find_the_answers(
    ask: Try, servers: tuple[Server, Server], study: Path, repository: Path
) -> None:
    ask()
    assert "asked now: 0 answers; kept from earlier: 10" in ask()
    assert "asked now: 4 answers" in ask("--requests", "7")
    assert [sum(server.asked.values()) for server in servers] == [7, 7]
    trial = Trial(*load_study(study, repository))
    requests = set(trial.requests("sw", 7)["request_id"])
    owner = owner_of(trial.registries.models["good"], None)
    for draw in ("0", "0-screen"):
        side = SideFile(Path(paths.ANSWERS_SIDE_FILE.format(study="mine", teacher="good", lang="sw", seed=draw)), owner)
        assert {row["id"] for row in side.rows()} == requests
        assert not side.path.exists()  # a job that runs meanwhile has its own


def test_a_teacher_that_cannot_answer_says_why_and_the_others_go_on(
    ask: Try, monkeypatch: pytest.MonkeyPatch, servers: tuple[Server, Server]
) -> None:
    servers[1].behave = lambda body: (404, {"error": {"message": "no such model"}})
    shown = ask()
    assert "english: not asked:" in shown
    assert "no such model" in " ".join(shown.split())
    assert "5 of 5" in shown


def test_a_local_teacher_says_what_it_needs(study: Path, ask: Try) -> None:
    models = study.parent / "models.yaml"
    local = "big: {folder: nowhere, gpus: 8, sampling: {max_new_tokens: 10}}\n"
    models.write_text(models.read_text(encoding="utf-8") + local, encoding="utf-8")
    text = study.read_text(encoding="utf-8")
    study.write_text(text.replace("teachers: [good", "teachers: [big, good"), encoding="utf-8")
    assert "big: not asked: a local model that needs 8 GPUs; here: none" in ask()


def test_a_wrong_name_is_said_before_anything_is_asked(ask: Try, servers: tuple[Server, Server]) -> None:
    with pytest.raises(SystemExit, match="try: unknown teacher 'god'; did you mean 'good'"):
        ask("--teacher", "god")
    with pytest.raises(SystemExit, match="unknown language 'de'"):
        ask("--lang", "de")
    assert [sum(server.asked.values()) for server in servers] == [0, 0]


def test_long_texts_are_cut_and_say_so() -> None:
    assert cut("abcdef", 3) == "abc… (6 characters)"
    assert cut("abcdef", None) == "abcdef"
