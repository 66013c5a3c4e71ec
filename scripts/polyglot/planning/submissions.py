"""Jobs that share a submission: which they are, and how many, so that one stays within the site's limit."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from polyglot.engines import ENGINES
from polyglot.planning.demands import Demands
from polyglot.planning.work import work

GROUPS = {
    "synthesize": "answers-{teacher}",
    "synthesize_further": "further-{teacher}",
    "synthesize_build": "build-{teacher}",
    "synthesize_translated": "translated-{teacher}",
    "synthesize_assigned": "assigned-{teacher}",
    "reward": "reward-{teacher}",
    "nearest_questions": "nearest-{teacher}",
    "nearest_to_further": "nearest-further-{teacher}",
    "nearest_to_translated": "nearest-translated-{teacher}",
    "nearest_to_build": "nearest-build-{teacher}",
    "diversity": "diversity-{teacher}",
    "perplexity": "perplexity-{base}-{teacher}",
    "evaluate_student": "evaluation-{base}-{teacher}",
    "evaluate_anchor": "anchors-{model}",
    "judge_student": "judged-{base}-{teacher}",
    "judge_anchor": "judged-{model}",
}
"""Rule to the group of its jobs: jobs of one group run one model, or students of one base, and none of them waits for another."""
SHARING_ONLY = {"synthesize", "synthesize_further", "synthesize_build", "synthesize_translated", "synthesize_assigned"}
"""Rules whose jobs are long: each is a submission of its own where they share no engine."""
JUDGING = {"reward", "judge_student", "judge_anchor"}
"""Rules whose jobs run the study's judge."""
IN_PROCESS = {"perplexity", "evaluate_student", "evaluate_anchor"}
"""Rules whose jobs run a model in a process of their own, whatever its engine."""
Shared = Literal["engine", "libraries"]
"""What a job finds running: an engine with its model, or a process with the libraries by which it loads its own."""
DAY = 24 * 60
"""Minutes of a submission of several jobs where the site names no limit: the longest that any single job asks for."""


@dataclass
class Submissions:
    """How jobs are put together.

    Args:
        demands: what jobs ask for.
        most: group (with its wildcards' names) to the most jobs in a submission, as `group-components` in profiles/slurm says.
        minutes: the most that a submission may ask for; None takes a day.
        share_engines: whether jobs of one model in a submission share an engine, and jobs that need the same libraries a start.
    """

    demands: Demands
    most: Mapping[str, int]
    minutes: int | None = None
    share_engines: bool = True
    _longest: dict[str, float] = field(default_factory=dict)
    _most: dict[str, int] = field(default_factory=dict)

    def group(self, rule: str, wildcards: Mapping[str, str]) -> str | None:
        """A job's group; None for one that is a submission of its own. It counts from then on for the group's size."""
        if rule not in GROUPS or (rule in SHARING_ONLY and self.shares(rule, wildcards) != "engine"):
            return None
        name, most = GROUPS[rule].format(**wildcards), self.most.get(GROUPS[rule], 1)
        runtime = self.demands.of(rule, wildcards, 1).runtime
        if runtime * most > (self.minutes or DAY):
            name += "-long"  # by themselves, so that they leave submissions of shorter jobs as they are
        self._longest[name], self._most[name] = max(self._longest.get(name, 0), runtime), most
        return name

    def shares(self, rule: str, wildcards: Mapping[str, str]) -> Shared | None:
        """What a job shares with the others of its group; None if it starts by itself whatever its group."""
        study, registries = self.demands.study, self.demands.registries
        does = work(rule, wildcards, study, registries) if rule in GROUPS else None
        if not self.share_engines or does is None or does.model is None:
            return None
        engine = registries.models[does.model].engine
        rates = rule in JUDGING and study.intrinsic.reward.kind != "rubric_judge"  # a reward model is run by no engine
        if ENGINES[engine].shared and rule not in IN_PROCESS and not rates:
            return "engine"
        return "libraries" if rule in IN_PROCESS or engine == "transformers" else None

    def size(self, group: str) -> int:
        """Jobs in a submission: as many as the profile allows, and as their time limits together leave within the site's."""
        return max(1, min(self._most[group], math.floor((self.minutes or DAY) / self._longest[group])))
