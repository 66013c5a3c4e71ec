"""Several cells of a teacher in one submission: their server crashes, the submission is killed, and no answer is asked for twice.

A stand-in is in the place of vLLM's server; what it answers, and to whom, is in a file.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import pandas as pd
import psutil
import pytest

from ..standin import install
from ..workflow.conftest import Workplace
from .conftest import RESULTS, Finished, Record, eventually, records, run_of, running, unanswered_copy

pytestmark = pytest.mark.slow

SEEDS = (0, 1, 2)
CELLS = [f"{RESULTS}/answers/hasty/de/respond/{seed}.parquet" for seed in SEEDS]
SECONDS = 0.04
"""For an answer: a cell takes some seconds."""


def servers(workplace: Workplace) -> list[psutil.Process]:
    found = psutil.process_iter(["cmdline"])
    return [
        one for one in found if "api_server" in (words := " ".join(one.info["cmdline"] or [])) and str(workplace.folder) in words
    ]


def kept(workplace: Workplace) -> set[str]:
    """Requests whose answers are safe."""
    rows: set[str] = set()
    for side in (workplace.folder / RESULTS / "unfinished/answers/hasty/de").glob("*.jsonl"):
        rows |= {row["id"] for line in side.read_text().splitlines() for row in json.loads(line)["rows"]}
    return rows


def requests(workplace: Workplace) -> dict[tuple[str, int], str]:
    """Request by what was asked, and its seed; without the stock that further ones are taken from."""
    found = {}
    for path in (workplace.folder / RESULTS / "requests/de").glob("*/[0-9].parquet"):
        for row in pd.read_parquet(path).to_dict("records"):
            found[row["messages"][-1]["content"], int(row["request_seed"]) % 2**63] = row["request_id"]
    return found


@dataclass(frozen=True)
class Disturbed:
    workplace: Workplace
    output: str
    kept: set[str]

    @property
    def submissions(self) -> list[Record]:
        return [record for record in records(run_of(self.output)) if record.rules.startswith("answers-hasty")]

    @property
    def asked(self) -> list[tuple[int, str]]:
        """Server and request, in the order of the answers."""
        known = requests(self.workplace)
        rows: list[dict[str, Any]] = [json.loads(line) for line in (self.workplace.folder / "asked").read_text().splitlines()]
        return [(row["server"], known[row["body"]["messages"][-1]["content"], row["body"]["seed"]]) for row in rows]


@pytest.fixture(scope="module")
def disturbed(finished: Finished, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Disturbed]:
    """The server is killed in the first cell, the submission cancelled in the second."""
    workplace = unanswered_copy(finished, tmp_path_factory.mktemp("shared") / "copy")
    workplace.configure("models.yaml", lambda models: models["hasty"].update(engine="vllm"))
    workplace.configure("tiny.yaml", lambda study: study.update(seeds=list(SEEDS)))
    asked = workplace.folder / "asked"

    def answered() -> int:
        return len(asked.read_text().splitlines()) if asked.exists() else 0

    with pytest.MonkeyPatch.context() as patch:
        paths = [str(install(workplace.folder / "installed")), os.environ.get("PYTHONPATH", "")]
        patch.setenv("PYTHONPATH", os.pathsep.join(filter(None, paths)))
        patch.setenv("STANDIN_ASKED", str(asked))
        patch.setenv("STANDIN_SECONDS", str(SECONDS))
        cell = 3 * 64
        with running(workplace, target=CELLS) as run:
            run.when(lambda: answered() > cell // 4)
            for server in servers(workplace):
                with suppress(ProcessLookupError):
                    os.kill(server.pid, signal.SIGKILL)
            run.when(lambda: any((workplace.folder / path).exists() for path in CELLS))
            before = answered()
            run.when(lambda: answered() > before + cell // 4)
            subprocess.run(["scancel", run.job("answers-hasty")], check=True)
            run.when(lambda: not servers(workplace))
            safe = kept(workplace)
            assert run.end() == 0, run.output[-6000:]
        eventually(lambda: not servers(workplace))
        yield Disturbed(workplace, run.output, safe)


def test_cells_of_a_teacher_share_a_submission_and_its_server(disturbed: Disturbed) -> None:
    """One for all cells; a further one for each of the two disturbances."""
    assert len({server for server, _ in disturbed.asked}) == 3
    assert [record.fields["JobState"] for record in disturbed.submissions] == ["CANCELLED", "COMPLETED"]


def test_a_crash_of_the_server_loses_no_submission_and_a_killed_submission_no_answer(disturbed: Disturbed) -> None:
    """What was safe is not asked for again, and all else is asked for. Not safe is what came in the last second."""
    last = disturbed.asked[-1][0]
    again = [request for server, request in disturbed.asked if server == last]
    assert len(disturbed.kept) > 3 * 64
    assert not disturbed.kept & set(again)
    assert Counter(again) == Counter(set(requests(disturbed.workplace).values()) - disturbed.kept)
    twice = [request for request, times in Counter(request for _, request in disturbed.asked).items() if times > 1]
    assert len(twice) < 3 / SECONDS


def test_all_cells_are_there_and_their_side_files_are_not(disturbed: Disturbed) -> None:
    for path in CELLS:
        answers = pd.read_parquet(disturbed.workplace.folder / path)
        assert len(answers) == 64
        assert answers["text"].str.startswith("answer to ").all()
    assert kept(disturbed.workplace) == set()


def test_the_servers_log_is_with_the_studys(disturbed: Disturbed) -> None:
    logs = list((disturbed.workplace.folder / RESULTS / "logs/servers").glob("hasty-*.log"))
    assert len(logs) == len(disturbed.submissions)
    assert sum(path.read_text().count("api_server --model") for path in logs) == 3
