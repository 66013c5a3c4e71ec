"""Agreement of people with the judge: by hand, and the coverage of its interval."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from polyglot.__main__ import main
from polyglot.core.errors import WrongInput
from polyglot.displays.explore.agreement import agreement, judged, read_verdicts, report
from polyglot.displays.explore.blind import KEY


def test_kappa_by_hand() -> None:
    """20 of 50 both a, 15 both b, 5 a and b, 10 b and a: kappa is 0.4."""
    verdicts = [("a", "a")] * 20 + [("a", "b")] * 5 + [("b", "a")] * 10 + [("b", "b")] * 15
    one, other = ({str(at): pair[side] for at, pair in enumerate(verdicts)} for side in (0, 1))
    found = agreement(one, other)
    assert (found.pairs, found.same) == (50, 35)
    assert found.kappa[0] == pytest.approx(0.4)
    assert found.share[1] < 0.7 < found.share[2]


@pytest.mark.parametrize("pairs", [30, 100])
@pytest.mark.parametrize("right", [0.6, 0.75, 0.9])
def test_the_interval_of_kappa_covers(pairs: int, right: float) -> None:
    """Two verdicts, equally frequent, so that kappa is 2 right - 1."""
    rng, hits, studies = np.random.default_rng(0), 0, 300
    for _ in range(studies):
        judge = rng.choice(["a", "b"], pairs)
        other = np.where(rng.random(pairs) < right, judge, np.where(judge == "a", "b", "a"))
        _, low, high = agreement(dict(enumerate(map(str, other))), dict(enumerate(map(str, judge)))).kappa  # type: ignore[arg-type]
        hits += low <= 2 * right - 1 <= high
    assert 0.91 <= hits / studies <= 0.99


def test_few_pairs_have_no_interval_and_one_verdict_no_kappa() -> None:
    few = agreement({"1": "a", "2": "b"}, {"1": "a", "2": "b"})
    assert few.kappa[0] == 1
    assert np.isnan(few.kappa[1])
    assert np.isnan(agreement({"1": "a", "2": "a"}, {"1": "a", "2": "b"}).kappa[0])
    assert agreement({"1": "a"}, {"2": "a"}).pairs == 0


def test_equal_ratings_are_a_tie_and_a_missing_one_no_verdict() -> None:
    key = pd.DataFrame({"judge_a": [1.0, 2.0, 3.0, None], "judge_b": [2.0, 2.0, 1.0, 1.0]}, index=list("wxyz"))
    assert judged(key) == {"w": "b", "x": "tie", "y": "a"}


def saved(folder: Path, verdicts: dict[str, str], rater: str = "ab", lang: str = "de") -> Path:
    path = folder / f"{rater}.json"
    rows = [{"pair": pair, "verdict": verdict} for pair, verdict in verdicts.items()]
    path.write_text(json.dumps({"study": "made", "drawn": "x", "lang": lang, "rater": rater, "verdicts": rows}))
    return path


@pytest.fixture
def key(tmp_path: Path) -> Path:
    rows = [(f"p{at}", "de", "respond", f"r{at}", "one", "two", 4.0, 2.0) for at in range(40)]
    path = tmp_path / "key.csv"
    pd.DataFrame(rows, columns=[*KEY]).to_csv(path, index=False)
    return path


def test_the_report_compares_each_with_the_judge_and_people_with_each_other(tmp_path: Path, key: Path) -> None:
    first = saved(tmp_path, {f"p{at}": "a" if at < 30 else "tie" for at in range(40)}, "ab")
    second = saved(tmp_path, {f"p{at}": "a" if at < 20 else "b" for at in range(40)}, "cd")
    lines = report([first, second], key, tmp_path)
    assert lines[0].startswith("de, ab and the judge: 30 of 40 verdicts are the same (75 % [")
    assert "10 pairs are equal to ab" in lines[1]
    assert lines[-1].startswith("de, ab and cd: 20 of 40 verdicts are the same")


def test_a_file_that_is_none_of_verdicts_is_named(tmp_path: Path, key: Path, capsys: pytest.CaptureFixture[str]) -> None:
    wrong = tmp_path / "wrong.json"
    for text in ("[]", "{}", '{"verdicts": [1]}', "not JSON", '{"study": "s", "lang": "de", "verdicts": [{"pair": "p"}]}'):
        wrong.write_text(text)
        with pytest.raises(WrongInput, match="is no file of verdicts"):
            read_verdicts(wrong)
    with pytest.raises(WrongInput, match="'c' is no verdict"):
        read_verdicts(saved(tmp_path, {"p1": "c"}))
    with pytest.raises(WrongInput, match="not in the key"):
        report([saved(tmp_path, {"elsewhere": "a"})], key, tmp_path)
    with pytest.raises(SystemExit, match="there is no key"):
        main(["agree", str(saved(tmp_path, {"p1": "a"})), "--key", str(tmp_path / "none.csv")])
