"""Jobs that share a submission: which, how many within the site's limit, and what the plan saves for it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from polyglot.cluster.site import PROFILE, SITE_FILE
from polyglot.cluster.site import submissions as of_profile
from polyglot.planning.budget import budget, hours
from polyglot.planning.demands import Demands
from polyglot.planning.submissions import DAY, GROUPS, Submissions
from polyglot.planning.work import size_of, work
from polyglot.registry import Registries
from polyglot.study.configuration import Study
from polyglot.workflow.loading import load_study

MOST = dict.fromkeys(GROUPS.values(), 8)
SEEDS = ("0", "1", "2")
LANGS = ("ar", "cs", "de", "es", "id", "ja")


@pytest.fixture(scope="module")
def paper(repository: Path) -> tuple[Study, Registries]:
    return load_study(repository / "config/paper.yaml", repository)


def together(paper: tuple[Study, Registries], **how: Any) -> Submissions:
    return Submissions(Demands(*paper), **({"most": MOST} | how))


def answers(teacher: str) -> list[dict[str, str]]:
    return [{"teacher": teacher, "lang": lang, "seed": seed} for lang in LANGS for seed in SEEDS]


def jobs(rule: str, wildcards: list[dict[str, str]], gpus: int) -> list[dict[str, Any]]:
    asked = {"threads": 1, "gpu": gpus, "gres": None, "mem_mb": 4000, "runtime": 60, "slurm_partition": None}
    return [{"rule": rule, "wildcards": one, **asked} for one in wildcards]


@pytest.mark.parametrize("minutes", [60, 240, 1440, 2880, None])
@pytest.mark.parametrize("teacher", ["llama-3.1-70b-instruct", "gemma-3-4b-it"])
def test_a_submission_stays_within_the_sites_limit(paper: tuple[Study, Registries], teacher: str, minutes: int | None) -> None:
    planned, limit = together(paper, minutes=minutes), minutes or DAY
    (group,) = {planned.group("synthesize", wildcards) for wildcards in answers(teacher)}
    assert group is not None
    size = planned.size(group)
    longest = max(planned.demands.of("synthesize", wildcards, 1).runtime for wildcards in answers(teacher))
    assert size == 1 or size * longest <= limit
    assert size == 8 or (size + 1) * longest > limit


def test_long_jobs_leave_submissions_of_short_ones_as_they_are(paper: tuple[Study, Registries]) -> None:
    planned, named = together(paper), {"teacher": "gemma-3-27b-it", "lang": "de", "seed": "0"}
    short = planned.group("reward", named | {"recipe": "equal-1k"})
    long = planned.group("reward", named | {"recipe": "equal-50k"})
    assert (short, long) == ("reward-gemma-3-27b-it", "reward-gemma-3-27b-it-long")
    assert planned.size("reward-gemma-3-27b-it") == 8
    assert planned.size("reward-gemma-3-27b-it-long") < 8


def test_only_engines_that_can_be_shared_are(paper: tuple[Study, Registries]) -> None:
    """A judge behind an endpoint or a reward model is none; short jobs share a submission all the same."""
    study, registries = paper
    named = {"teacher": "gemma-3-4b-it", "recipe": "equal", "lang": "de", "seed": "0"}
    assert together(paper).shares("reward", named) == "engine"
    assert together(paper).shares("diversity", named) == "engine"
    assert together(paper).shares("student", named | {"base": "olmo-3-7b"}) is None
    for change in ({"kind": "reward_model"}, {"model": "gpt-4o-mini"}):
        reward = study.intrinsic.reward.model_copy(update=change)
        other = study.model_copy(update={"intrinsic": study.intrinsic.model_copy(update={"reward": reward})})
        planned = together((other, registries))
        assert not planned.shares("reward", named)
        assert planned.group("reward", named) == "reward-gemma-3-4b-it"


def test_jobs_with_models_of_their_own_share_their_libraries(paper: tuple[Study, Registries]) -> None:
    """Whatever the model's engine is elsewhere."""
    named = {"teacher": "gemma-3-4b-it", "recipe": "equal", "lang": "de", "seed": "0", "base": "olmo-3-7b"}
    for rule, wildcards in (
        ("perplexity", named),
        ("evaluate_student", named),
        ("evaluate_anchor", {"model": "gemma-3-4b-it"} | named),
    ):
        assert together(paper).shares(rule, wildcards) == "libraries"
        assert together(paper, share_engines=False).shares(rule, wildcards) is None
        assert together(paper, share_engines=False).group(rule, wildcards) is not None


def test_evaluations_stay_within_the_sites_limit(paper: tuple[Study, Registries]) -> None:
    named = {"teacher": "gemma-3-4b-it", "recipe": "equal", "lang": "de", "seed": "0", "base": "olmo-3-7b"}
    for minutes in (60, 200, None):
        planned = together(paper, minutes=minutes)
        group = planned.group("evaluate_student", named)
        assert group is not None
        asked = planned.demands.of("evaluate_student", named, 1).runtime
        assert planned.size(group) == max(1, min(8, (minutes or DAY) // asked))


def test_without_shared_engines_long_jobs_are_submitted_one_by_one(paper: tuple[Study, Registries]) -> None:
    planned = together(paper, share_engines=False)
    assert {planned.group("synthesize", wildcards) for wildcards in answers("gemma-3-4b-it")} == {None}
    assert together(paper).group("synthesize", {"teacher": "gpt-4o-mini", "lang": "de", "seed": "0"}) is None


def test_the_plan_counts_a_start_once_a_submission(paper: tuple[Study, Registries]) -> None:
    """Eighteen jobs, eight at a time: three starts; every other hour stays."""
    named, (study, registries) = answers("gemma-3-4b-it"), paper
    alone = budget(jobs("synthesize", named, 1), *paper)
    shared = budget(jobs("synthesize", named, 1), *paper, together(paper))
    assert (alone["engine_start"].sum(), shared["engine_start"].sum()) == (18, 3)
    model, does = registries.models["gemma-3-4b-it"], work("synthesize", named[0], *paper)
    start = hours(study.plan, model, does, 1) - hours(study.plan, model, does, 1, "engine")
    assert start == pytest.approx((study.plan.start_minutes + 4 * study.plan.start_minutes_per_billion) / 60, rel=0.1)
    assert alone["gpu_hours"].sum() - shared["gpu_hours"].sum() == pytest.approx(15 * start)
    less = ["engine_start", "gpu_hours", "usd", "gpu_hours_most", "usd_most"]
    assert alone.drop(columns=less).equals(shared.drop(columns=less))


def test_a_job_that_shares_its_libraries_still_pays_for_its_weights(paper: tuple[Study, Registries]) -> None:
    named = [{"base": "olmo-3-7b", "recipe": "equal", **one} for one in answers("gemma-3-4b-it")]
    alone = budget(jobs("perplexity", named, 1), *paper)
    shared = budget(jobs("perplexity", named, 1), *paper, together(paper))
    assert shared["engine_start"].sum() == 3
    assert alone["gpu_hours"].sum() - shared["gpu_hours"].sum() == pytest.approx(15 * paper[0].plan.start_minutes / 60)
    model, does = paper[1].models["olmo-3-7b"], work("perplexity", named[0], *paper)
    loads = hours(paper[0].plan, model, does, 1, "libraries") - hours(paper[0].plan, model, does, 1, "engine")
    assert loads == pytest.approx(paper[0].plan.start_minutes_per_billion * size_of(model) / 60)


def test_jobs_that_are_submitted_by_themselves_have_each_their_start(paper: tuple[Study, Registries]) -> None:
    apart: list[dict[str, Any]] = [{"share_engines": False}, {"most": {}}]
    for how in apart:
        shared = budget(jobs("synthesize", answers("gemma-3-4b-it"), 1), *paper, together(paper, **how))
        assert shared["engine_start"].all()


def test_sizes_are_those_of_the_profile(repository: Path, tmp_path: Path, paper: tuple[Study, Registries]) -> None:
    found = of_profile(repository, Demands(*paper))
    assert set(GROUPS.values()) <= set(found.most)
    assert found.share_engines
    for file in (PROFILE, SITE_FILE):
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).write_text((repository / file).read_text())
    (tmp_path / SITE_FILE).write_text("limits: {minutes: 100}\nshare_engines: false\n")
    limited = of_profile(tmp_path, Demands(*paper))
    assert (limited.minutes, limited.share_engines) == (100, False)
