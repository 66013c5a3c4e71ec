"""Strategies: a project's own is one object, and goes everywhere by its name."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, get_args

import numpy as np
import pandas as pd
import pytest

from polyglot.displays.tables.routing import routing
from polyglot.routing import evidence
from polyglot.routing.comparison import Routings, compare
from polyglot.routing.evidence import informed, prompts_of
from polyglot.routing.strategies import STRATEGIES, Known, Need, Strategy, there
from polyglot.routing.teachers import parse_routed
from tests.simulated import GAINS, simulate

TEACHERS = list(GAINS)
STRENGTH = ["good", "fair", "poor"]


def second(known: Known) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """The second strongest is best for every prompt."""
    wanted = [float(name == known.strength[1]) for name in known.teachers]
    return np.tile(wanted, (len(known.prompts), 1))


@pytest.fixture
def second_strongest() -> Iterator[Strategy]:
    """A strategy of a project's own, as its plugin adds it."""
    added = Strategy("second", "the second strongest teacher", second, candidates=lambda strength: strength[1:2])
    STRATEGIES.add(added.name, added)
    yield added
    STRATEGIES._known.pop(added.name)


def prompts(count: int, lang: str = "de") -> pd.DataFrame:
    names = [f"{lang}{place}" for place in range(count)]
    return pd.DataFrame({"request_id": names, "lang": lang, "method": "respond", "prompt": "Wer?"})


def calibration(count: int = 20) -> pd.DataFrame:
    """Every teacher's answer to prompts that judge; the second strongest has the highest reward."""
    reward = {"good": 0.5, "fair": 0.9, "poor": 0.1}
    frames = [prompts(count).assign(teacher=name, reward=reward[name], usable=True, seed=0, fold="judge") for name in TEACHERS]
    return pd.concat(frames, ignore_index=True)


def test_a_strategy_of_ones_own_is_a_teachers_name(second_strongest: Strategy) -> None:
    routed = parse_routed("second", "base")
    assert routed is not None
    assert (routed.way, routed.base, routed.asks) == (second_strongest, None, False)
    assert parse_routed("second-for-other", "base") is None, "it does not depend on a base"


def test_it_needs_nothing_and_only_its_teachers_answers_are_gathered(second_strongest: Strategy) -> None:
    routed = parse_routed("second", "base")
    assert routed is not None
    assert not any(routed.needs(need) for need in ("router", "calibration", "answers"))
    assert list(routed.way.candidates(STRENGTH)) == ["fair"]


def test_it_chooses(second_strongest: Strategy) -> None:
    assert second_strongest.choose(Known(prompts(3), TEACHERS, STRENGTH)) == ["fair"] * 3


def test_it_is_measured_and_explained_in_the_table(second_strongest: Strategy) -> None:
    asked = prompts(6)
    chosen = asked.assign(seed=0, teacher=second_strongest.choose(Known(asked, TEACHERS, STRENGTH)))
    found = Routings(
        routed=[{"name": "second", "strategy": "second", "base": "base", "strength": STRENGTH}],
        single=TEACHERS,
        teachers=TEACHERS,
        calibrations={"base": calibration()},
        scores={},
        assigned={("second", "de", "0"): chosen},
    )
    tables = compare(found, replicates=20, confidence=0.95, seed=0)
    assert tables["quality"]["hit_1"].tolist() == [1.0]
    assert tables["generations"].set_index("teacher")["total"].to_dict() == dict.fromkeys(["second", *TEACHERS], 6)
    assert tables["shares"].query("lang == 'de'").set_index("teacher")["share"].to_dict() == {"good": 0, "fair": 1, "poor": 0}
    frames = simulate()
    renamed = [frame.replace({"teacher": {"good": "second"}}) for frame in (frames.replicates, frames.measurements)]
    text = routing(frames.context, *renamed, **tables).markdown()
    assert "`second`: the second strongest teacher." in text
    assert "`oracle`" not in text


NEEDS: dict[str, tuple[Need, ...]] = {name: (name,) for name in get_args(Need)}


def written(folder: Path, **frames: list[pd.DataFrame]) -> SimpleNamespace:
    """Frames as files, as a job's inputs name them."""
    named: dict[str, list[str]] = {name: [] for name in frames}
    for name, several in frames.items():
        for place, frame in enumerate(several):
            frame.to_parquet(folder / f"{name}{place}.parquet")
            named[name].append(str(folder / f"{name}{place}.parquet"))
    return SimpleNamespace(**named)


def test_what_a_strategy_needs_is_read_from_files(tmp_path: Path) -> None:
    asked = pd.DataFrame({"request_id": ["p", "q"], "lang": "de", "method": "respond", "messages": [[{"content": "Wer?"}]] * 2})
    known = Known(prompts_of(asked), TEACHERS, STRENGTH)
    assert known.prompts["prompt"].tolist() == ["Wer?", "Wer?"]
    better = {"good": [0.0, 9.0], "fair": [5.0, 5.0], "poor": [1.0, 1.0]}
    keys = asked.drop(columns="messages").assign(seed=0)
    files = written(
        tmp_path,
        answers=[keys.assign(teacher=name, status="ok") for name in TEACHERS],
        quality=[pd.DataFrame({"id": ["p", "q"], "reward": better[name]}) for name in TEACHERS],
        learnability=[pd.DataFrame({"id": ["p", "q"], "nll": 1.0, "tokens": 1}) for name in TEACHERS],
    )
    cells = [(name, "de") for name in TEACHERS]
    read = informed(known, NEEDS["answers"], files, alpha=0.0, batch_size=1, measured=cells)
    assert STRATEGIES["oracle"].choose(read) == ["fair", "good"]
    calibration().assign(fold="train").to_parquet(tmp_path / "calibration.parquet")
    files = SimpleNamespace(calibration=tmp_path / "calibration.parquet")
    read = informed(known, NEEDS["calibration"], files, alpha=0.0, batch_size=1, measured=[])
    assert STRATEGIES["car"].choose(read) == ["fair", "fair"]
    assert read.router is None


def test_a_routers_scores_are_put_in_the_order_of_the_teachers(monkeypatch: pytest.MonkeyPatch) -> None:
    class Fake:
        teachers = ("poor", "good", "fair")

        def __init__(self, folder: Path, batch_size: int, gpus: int) -> None:
            assert (folder, batch_size, gpus) == (Path("router"), 7, 2)

        def score(self, texts: list[str]) -> Any:
            return np.array([[3.0, 1.0, 2.0]] * len(texts))

    monkeypatch.setattr(evidence, "Router", Fake)
    known = Known(prompts(2), TEACHERS, STRENGTH)
    read = informed(known, NEEDS["router"], SimpleNamespace(router="router"), alpha=0.0, batch_size=7, measured=[], gpus=2)
    assert there(read.router, "router").tolist() == [[1.0, 2.0, 3.0]] * 2
    assert STRATEGIES["persyn"].choose(read) == ["poor", "poor"]


def test_every_strategy_has_its_own_name() -> None:
    assert {name: strategy.name for name, strategy in STRATEGIES.items()} == {name: name for name in STRATEGIES}


def test_what_is_made_for_a_base_needs_one() -> None:
    with pytest.raises(ValueError, match="strategy 'mine': router depends on a base: set for_base"):
        Strategy("mine", "mine", second, needs=("router",))


def test_what_a_strategy_did_not_say_it_needs_is_named() -> None:
    undeclared = Strategy("mine", "mine", lambda known: there(known.router, "router"))
    with pytest.raises(ValueError, match="router is missing; name it in the `needs`"):
        undeclared.choose(Known(prompts(1), TEACHERS, STRENGTH))


def test_the_names_of_strategies_are_read_without_pandas(repository: Path) -> None:
    code = "import sys, polyglot.routing.teachers as teachers; teachers.parse_routed('persyn', 'b')"
    code += "; print({'numpy', 'pandas'} & {*sys.modules})"
    done = subprocess.run(
        [sys.executable, "-c", code], env={"PYTHONPATH": str(repository / "scripts")}, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "set()"
