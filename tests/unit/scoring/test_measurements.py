"""From per-example outcomes to replicates: unbiased, paired, and of the right spread."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from polyglot.evaluation.weights import example_weights
from polyglot.intrinsic.metrics import INTRINSIC, METRICS, PAPER, STANDARD, Metric
from polyglot.scoring.measurements import CellFiles, collect, extrinsic_replicates
from polyglot.scoring.outcomes import paired_se, score_replicates
from polyglot.scoring.resampling import resample_means
from polyglot.scoring.training_sets import intrinsic_replicates, intrinsic_row, read_examples
from tests.simulated import by


def outcomes(correct: list[int], benchmark: str = "mgsm") -> pd.DataFrame:
    frame = pd.DataFrame({"benchmark": benchmark, "lang": "de", "category": "c", "stratum": benchmark, "correct": correct})
    frame["example_id"] = [f"{number:04d}" for number in range(len(correct))]
    return frame.assign(weight=1 / len(correct))


def test_bootstrap_spread_is_the_standard_error() -> None:
    values = np.random.default_rng(1).normal(size=(400, 1))
    drawn = resample_means(values, 4000, np.random.default_rng(2))
    assert drawn.mean() == pytest.approx(values.mean(), abs=0.005)
    assert drawn.std() == pytest.approx(values.std() / 20, rel=0.05)


def test_missing_values_are_left_out_not_zero() -> None:
    values = np.array([[1.0, 4.0], [1.0, np.nan], [1.0, 4.0]])
    drawn = resample_means(values, 50, np.random.default_rng(0))
    assert np.nanmax(np.abs(drawn - [1.0, 4.0])) == pytest.approx(0, abs=1e-12)


def test_diversity_replicates_have_the_spread_of_a_u_statistic() -> None:
    rng = np.random.default_rng(3)
    frame = pd.DataFrame(rng.normal(0.7, 0.1, size=(500, 2)), columns=["prompt_distance", "response_distance"])
    found = intrinsic_replicates([frame.assign(reward=4.0, perplexity=2.0)], 4000, np.random.default_rng(4))
    expected = 2 * frame["prompt_distance"].std(ddof=0) / np.sqrt(500)
    assert found["prompt_diversity"][1:].std() == pytest.approx(expected, rel=0.05)
    assert found["prompt_diversity"][0] == pytest.approx(frame["prompt_distance"].mean())
    assert found["reward"].std() == pytest.approx(0, abs=1e-12)


def examples(n: int, seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    columns = ("prompt_distance", "response_distance", "reward", "perplexity", "nll", "tokens", "distinct_2", "told")
    frame = pd.DataFrame(rng.uniform(1, 5, size=(n, len(columns))), columns=list(columns))
    frame.loc[0, "reward"] = np.nan
    return frame.assign(id=[f"{number}" for number in range(n)], prompt_tokens=7.0, response_tokens=9.0)


def test_a_further_metric_changes_no_bit_of_the_others_and_is_resampled_with_them() -> None:
    seeds = [examples(137, 1), examples(138, 2)]
    further = [METRICS["distinct_2"], Metric("told", "told")]
    alone = intrinsic_replicates(seeds, 200, np.random.default_rng(3), PAPER)
    beside = intrinsic_replicates(seeds, 200, np.random.default_rng(3), [*STANDARD, *further])
    assert list(beside) == [*INTRINSIC, "distinct_2", "told", "perplexity_corpus", "perplexity_median"]
    for name in INTRINSIC:
        np.testing.assert_array_equal(alone[name], beside[name])
    np.testing.assert_array_equal(
        beside["told"], intrinsic_replicates(seeds, 200, np.random.default_rng(3), [*PAPER, further[1]])["told"]
    )
    same = [frame.assign(told=2 * frame["perplexity"] + 1) for frame in seeds]
    paired = intrinsic_replicates(same, 200, np.random.default_rng(3), [*PAPER, further[1]])
    np.testing.assert_allclose(paired["told"], 2 * paired["perplexity"] + 1)


def test_the_intrinsic_table_ends_with_further_metrics_and_their_errors() -> None:
    seeds, metrics = [examples(40, 1), examples(50, 2)], [*STANDARD, Metric("told", "told", replicate="none")]
    found = intrinsic_replicates(seeds, 50, np.random.default_rng(0), [*metrics, METRICS["distinct_2"]])
    whole = pd.concat(seeds)
    row = intrinsic_row(whole, found, [*metrics, METRICS["distinct_2"]])
    assert list(row)[-5:] == ["examples", "rated", "told", "distinct_2", "distinct_2_se"]
    assert row["rated"] == 88
    assert row["told"] == pytest.approx(whole["told"].mean())
    assert list(intrinsic_row(whole, found)) == list(row)[:-3]


def test_a_file_without_the_column_of_a_metric_is_named(tmp_path: Path) -> None:
    paths = {kind: str(tmp_path / f"{kind}.parquet") for kind in ("diversity", "reward", "perplexity")}
    columns = {"diversity": ["prompt_distance", "response_distance"], "reward": ["reward"], "perplexity": ["perplexity"]}
    for kind, path in paths.items():
        examples(3, 0)[["id", *columns[kind]]].to_parquet(path)
    assert len(read_examples(paths, PAPER)) == 3
    with pytest.raises(ValueError, match=r"reward\.parquet: no column 'raw', which the metric 'raw_reward' needs; it has: id"):
        read_examples(paths, [*PAPER, Metric("raw_reward", "raw reward", needs="judge", column="raw")])


def test_a_study_is_collected_with_its_further_metrics(tmp_path: Path) -> None:
    """Files come in flat lists: metrics, then cells, then seeds."""
    cells = [["b", "equal", teacher, "de"] for teacher in ("one", "two")]
    columns = {
        "diversity": ["prompt_distance", "response_distance"],
        "reward": ["reward"],
        "perplexity": ["perplexity", "nll", "tokens", "prompt_tokens", "response_tokens"],
        "distinct_2": ["distinct_2"],
        "told": ["told"],
    }
    files: dict[str, list[str]] = {kind: [] for kind in (*columns, "students", "base", "reference")}
    for place in range(4):
        frame = examples(20, place).assign(distinct_2=place, told=10.0 + place)
        for kind, names in columns.items():
            frame[["id", *names]].to_parquet(tmp_path / f"{kind}{place}")
            files[kind].append(str(tmp_path / f"{kind}{place}"))
        outcomes([1, 0, 1, place % 2] * 5).to_parquet(tmp_path / f"student{place}")
        files["students"].append(str(tmp_path / f"student{place}"))
    for anchor, right in (("base", 0), ("reference", 1)):
        outcomes([1, 0, right, right] * 5).to_parquet(tmp_path / anchor)
        files[anchor].append(str(tmp_path / anchor))
    metrics = [*STANDARD, METRICS["distinct_2"], Metric("told", "told")]
    paths = SimpleNamespace(**files, metrics=files["distinct_2"] + files["told"])
    arranged = CellFiles.arrange(paths, cells, [["b", "de"]], seeds=2, metrics=metrics)
    found = collect(arranged, replicates=5, seed=0, metrics=metrics)
    point = found.measurements.query("replicate == 0").set_index("teacher")
    assert point["distinct_2"].to_dict() == {"one": 0.5, "two": 2.5}
    assert point["told"].to_dict() == {"one": 10.5, "two": 12.5}
    assert list(point.columns[4:12]) == [metric.name for metric in metrics]


def test_bases_share_the_resamples_of_a_training_set_and_recipes_do_not(tmp_path: Path) -> None:
    """Seeds far apart in comparison with their examples: with common draws, a difference of two recipes had no spread left."""
    cells = [["b", "generate", "t", "de"], ["b", "respond", "t", "de"], ["c", "generate", "t", "de"]]
    columns = {
        "diversity": ["prompt_distance", "response_distance"],
        "reward": ["reward"],
        "perplexity": ["perplexity", "nll", "tokens", "prompt_tokens", "response_tokens"],
    }
    files: dict[str, list[str]] = {kind: [] for kind in (*columns, "students", "base", "reference", "metrics")}
    answered = str(tmp_path / "answers")
    outcomes([1, 0] * 10).to_parquet(answered)
    for number, sets in enumerate([(1, 2, 3), (4, 5, 6), (1, 2, 3)]):
        for place in sets:
            frame = examples(30, place)
            frame["reward"] += place
            for kind, names in columns.items():
                path = str(tmp_path / f"{kind}{number}-{place}")
                frame[["id", *names]].to_parquet(path)
                files[kind].append(path)
            files["students"].append(answered)
    for anchor in ("base", "reference"):
        files[anchor] = [answered] * 2
    arranged = CellFiles.arrange(SimpleNamespace(**files), cells, [["b", "de"], ["c", "de"]], seeds=3, metrics=PAPER)
    found = collect(arranged, replicates=400, seed=0, metrics=PAPER).measurements.query("replicate > 0")
    wide = found.pivot(index="replicate", columns=["base", "recipe"], values="reward")
    first, other, again = (wide[cell[0], cell[1]].to_numpy() for cell in cells)
    np.testing.assert_array_equal(first, again)
    assert abs(np.corrcoef(first, other)[0, 1]) < 0.25


def test_equal_models_have_equal_replicates() -> None:
    correct = pd.DataFrame({"one": [1.0, 0, 1, 1], "two": [1.0, 0, 1, 1]})
    items = pd.DataFrame({"example_id": list("abcd"), "stratum": "s", "weight": 0.25})
    found = score_replicates(items, correct, 100, np.random.default_rng(0))
    assert (found[:, 0] == found[:, 1]).all()
    assert found[0, 0] == pytest.approx(0.75)


def test_pairing_makes_the_gain_more_certain() -> None:
    rng = np.random.default_rng(5)
    base = (rng.random(200) < 0.5).astype(int)
    student = np.where(rng.random(200) < 0.1, 1, base)
    items = pd.DataFrame({"stratum": "s", "weight": np.full(200, 1 / 200)})
    unpaired = np.sqrt(base.var() / 200 + student.var() / 200)
    assert paired_se(items, student - base) < unpaired / 2
    assert paired_se(items, np.zeros(200)) == pytest.approx(0.5 / 200)


@pytest.mark.parametrize("sizes", [[1] * 23, [2] * 23, [1] * 10 + [30]])
def test_intervals_of_gains_cover_where_strata_are_small(sizes: list[int]) -> None:
    """As RewardBench's 23 subsets, with few items: resamples of one item do not differ, and those of two have half the variance.
    Where all had one item, 7 % of intervals held the truth, and 84 % where all had two."""
    rng = np.random.default_rng(0)
    stratum = [f"s{place}" for place, size in enumerate(sizes) for _ in range(size)]
    held, ratios = [], []

    def answers(share: float) -> pd.DataFrame:
        return outcomes((rng.random(len(stratum)) < share).astype(int).tolist()).assign(stratum=stratum)

    for study in range(150):
        found, _ = extrinsic_replicates(
            {("equal", "t"): [answers(0.5)]}, answers(0.5), answers(0.9), lang="de", replicates=200, seed=study
        )
        low, high = np.quantile(found["gain"][1:], [0.025, 0.975])
        held.append(low <= 0 <= high)
        ratios.append(found["gain"][1:].std() / found["gain_se"].iloc[0])
    assert 0.91 <= np.mean(held) <= 0.99
    assert np.mean(ratios) == pytest.approx(1, abs=0.03)


def test_items_alone_in_their_strata_keep_the_pairing_of_models() -> None:
    rng = np.random.default_rng(0)
    one = (rng.random(40) < 0.5).astype(float)
    correct = pd.DataFrame({"one": one, "same": one, "near": np.where(np.arange(40) == 7, 1 - one, one), "far": 1 - one})
    items = pd.DataFrame({"stratum": [f"s{place}" for place in range(40)], "weight": 1 / 40})
    found = score_replicates(items, correct, 4000, rng)
    assert (found[:, 0] == found[:, 1]).all()
    for name, place in (("near", 2), ("far", 3)):
        error = paired_se(items, (correct[name] - correct["one"]).to_numpy())
        assert (found[1:, place] - found[1:, 0]).std() == pytest.approx(error, rel=0.05)
    single = score_replicates(items[:1].assign(weight=1.0), correct[:1], 5, rng)
    np.testing.assert_array_equal(single, np.tile(correct[:1], (6, 1)))
    assert paired_se(items[:1].assign(weight=1.0), np.ones(1)) == 0.5


def test_extrinsic_measurements_of_known_outcomes() -> None:
    base, reference = outcomes([1, 0, 0, 0] * 25), outcomes([1, 1, 1, 0] * 25)
    students = {("equal", "good"): [outcomes([1, 1, 0, 0] * 25)], ("equal", "bad"): [outcomes([0, 0, 0, 0] * 25)]}
    measured, scores = extrinsic_replicates(students, base, reference, lang="de", replicates=200, seed=0)
    point = measured[measured["replicate"] == 0].set_index("teacher")
    assert point["student_score"].to_dict() == pytest.approx({"good": 0.5, "bad": 0.0})
    assert point["pgr_released"].to_dict() == pytest.approx({"good": 0.5, "bad": -0.5})
    assert point["gap"].tolist() == pytest.approx([0.5, 0.5])
    assert (scores.set_index("model")["n"] == 100).all()
    drawn = measured[(measured["teacher"] == "good") & (measured["replicate"] > 0)]
    assert drawn["gain"].std() == pytest.approx(point.loc["good", "gain_se"], rel=0.25)


def test_luck_of_a_seed_is_shared_by_its_benchmarks() -> None:
    """Two seeds, one good and one bad on every benchmark: the gain is as uncertain as the seeds are apart, and with one degree of
    freedom its interval is that of Student's t."""
    names = ("a", "b", "c")
    good, bad, base, reference = (
        pd.concat([outcomes(values * 25, name) for name in names])
        for values in ([1, 1, 1, 0], [1, 0, 0, 0], [1, 0, 0, 0], [1, 1, 1, 1])
    )
    measured, _ = extrinsic_replicates({("equal", "t"): [good, bad]}, base, reference, lang="de", replicates=3000, seed=0)
    seeds_alone = 0.25  # standard error of the mean of 0.75 and 0.25
    assert measured["gain_se"].iloc[0] == pytest.approx(seeds_alone, rel=0.1)
    low, high = measured.loc[measured["replicate"] > 0, "gain"].quantile([0.1, 0.9])
    assert (high - low) / 2 == pytest.approx(3.078 * seeds_alone, rel=0.1)


def test_an_item_that_is_there_twice_is_refused() -> None:
    twice = pd.concat([outcomes([1, 0]), outcomes([1])])
    with pytest.raises(ValueError, match="duplicate item"):
        extrinsic_replicates({("equal", "t"): [twice]}, twice, twice, lang="de", replicates=5, seed=0)


def test_another_teacher_does_not_change_the_draws() -> None:
    base, reference = outcomes([1, 0] * 20), outcomes([1, 1] * 20)
    one = {("equal", "a"): [outcomes([1, 0] * 20)]}
    two = one | {("equal", "b"): [outcomes([0, 1] * 20)]}
    alone, _ = extrinsic_replicates(one, base, reference, lang="de", replicates=50, seed=0)
    beside, _ = extrinsic_replicates(two, base, reference, lang="de", replicates=50, seed=0)
    pd.testing.assert_frame_equal(alone, beside[beside["teacher"] == "a"].reset_index(drop=True))


def test_models_must_be_evaluated_on_the_same_items() -> None:
    student = {("equal", "a"): [outcomes([1, 0])]}
    with pytest.raises(ValueError, match="same items"):
        extrinsic_replicates(student, outcomes([1, 0, 1]), outcomes([1, 1, 1]), lang="de", replicates=5, seed=0)


def test_reward_bench_weights_by_subset_then_category() -> None:
    frame = pd.DataFrame(
        {
            "category": ["Chat"] * 3 + ["Reasoning"] * 4,
            "subset": ["easy", "easy", "hard", "math-prm", "math-prm", "code", "code"],
        }
    )
    weights = example_weights("rewardbench", frame)
    assert weights.sum() == pytest.approx(1)
    assert weights.groupby(frame["category"]).sum().to_dict() == pytest.approx({"Chat": 0.5, "Reasoning": 0.5})
    assert weights[:3].nunique() == 1  # subsets of a category by their number of examples
    share = weights[frame["subset"] == "math-prm"].sum() / 0.5
    assert share == pytest.approx(984 / (984 + 2))


def test_the_interval_of_a_gain_agrees_with_its_error_where_student_and_base_answer_alike() -> None:
    base, reference = outcomes([1, 0, 0, 1] * 3), outcomes([1, 1, 1, 0] * 3)
    students = {("equal", "same"): [base], ("equal", "other"): [outcomes([1, 1, 0, 0] * 3)]}
    found, _ = extrinsic_replicates(students, base, reference, lang="de", replicates=4000, seed=0)
    for teacher in ("same", "other"):
        gain, error = (found.loc[found["teacher"] == teacher, name].to_numpy() for name in ("gain", "gain_se"))
        assert gain[1:].std() == pytest.approx(error[0], rel=0.07)
    same = found.loc[found["teacher"] == "same", "gain"].to_numpy()
    assert same[0] == 0
    low, high = np.quantile(same[1:], [0.025, 0.975])
    assert (low, high) == pytest.approx((-1.96 * 0.5 / 12, 1.96 * 0.5 / 12), rel=0.07)


def test_what_models_answered_is_kept_beside_their_scores() -> None:
    base = outcomes([1, 0, 0, 1] * 3).assign(answer=["A", "B", "B", "C"] * 3, chance=1 / 3)
    stuck = base.assign(answer=["A"] * 11 + ["B"])
    plain = outcomes([1, 0, 0, 1] * 3, "written").assign(answer=[f"{number}" for number in range(12)], chance=0.0)
    models = {"base": base, "same": base, "stuck": stuck}
    frames = {name: pd.concat([frame, plain.assign(answer=plain["answer"] + name)]) for name, frame in models.items()}
    students: dict[tuple[str, str], list[pd.DataFrame]] = {("equal", name): [frames[name]] for name in ("same", "stuck")}
    _, scores = extrinsic_replicates(students, frames["base"], frames["base"], lang="de", replicates=10, seed=0)
    found = by(scores, "benchmark", "model")
    same = found["mgsm", "same"]
    assert (same["differs"], same["option_share"], same["chance"]) == pytest.approx((0, 0.5, 1 / 3))
    assert found["mgsm", "stuck"]["option"] == "A"
    assert found["mgsm", "stuck"]["option_share"] == pytest.approx(11 / 12)
    assert found["written", "stuck"]["differs"] == 1
    assert found["written", "stuck"]["option"] == ""
    old = {student: [frame.drop(columns=["answer", "chance"]) for frame in seeds] for student, seeds in students.items()}
    bare = frames["base"].drop(columns=["answer", "chance"])
    _, scores = extrinsic_replicates(old, bare, bare, lang="de", replicates=10, seed=0)
    assert scores[["differs", "option_share", "chance"]].isna().all().all()


def test_examples_that_no_student_was_trained_on_are_counted() -> None:
    base, reference = outcomes([0] * 10), outcomes([1] * 10)
    students = {("equal", "long"): [outcomes([1, 0] * 5).assign(too_long=12), outcomes([1, 0] * 5).assign(too_long=3)]}
    students["equal", "short"] = [outcomes([1, 0] * 5)] * 2
    _, scores = extrinsic_replicates(students, base, reference, lang="de", replicates=10, seed=0)
    assert scores.dropna(subset=["too_long"]).set_index("model")["too_long"].to_dict() == {"long": 15}
    _, none = extrinsic_replicates(
        {("equal", "short"): students["equal", "short"]}, base, reference, lang="de", replicates=10, seed=0
    )
    assert "too_long" not in none
