"""Jobs that share a submission: which they are, and how many, so that one stays within the site's limit."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from polyglot.engines import ENGINES
from polyglot.planning.demands import Demands
from polyglot.planning.work import work

GROUPS = {
    "synthesize": "answers-{teacher}",
    "synthesize_translated": "translated-{teacher}",
    "synthesize_assigned": "assigned-{teacher}",
    "reward": "reward-{teacher}",
    "diversity": "diversity-{teacher}",
}
"""Rule to the group of its jobs: jobs of one group run one model, and none of them waits for another."""
SHARING_ONLY = {"synthesize", "synthesize_translated", "synthesize_assigned"}
"""Rules whose jobs are long: each is a submission of its own where they share no engine."""
DAY = 24 * 60
"""Minutes of a submission of several jobs where the site names no limit: the longest that any single job asks for."""


@dataclass
class Submissions:
    """How jobs are put together.

    Args:
        demands: what jobs ask for.
        most: group (with its wildcards' names) to the most jobs in a submission, as `group-components` in profiles/slurm says.
        minutes: the most that a submission may ask for; None takes a day.
        share_engines: whether jobs of one model in a submission share an engine.
    """

    demands: Demands
    most: Mapping[str, int]
    minutes: int | None = None
    share_engines: bool = True
    _longest: dict[str, float] = field(default_factory=dict)
    _most: dict[str, int] = field(default_factory=dict)

    def group(self, rule: str, wildcards: Mapping[str, str]) -> str | None:
        """A job's group; None for one that is a submission of its own. It counts from then on for the group's size."""
        if rule not in GROUPS or (rule in SHARING_ONLY and not self.shares(rule, wildcards)):
            return None
        name, most = GROUPS[rule].format(**wildcards), self.most.get(GROUPS[rule], 1)
        runtime = self.demands.of(rule, wildcards, 1).runtime
        if runtime * most > (self.minutes or DAY):
            name += "-long"  # by themselves, so that they leave submissions of shorter jobs as they are
        self._longest[name], self._most[name] = max(self._longest.get(name, 0), runtime), most
        return name

    def shares(self, rule: str, wildcards: Mapping[str, str]) -> bool:
        """Whether a job's engine is also that of the others in its group."""
        study, registries = self.demands.study, self.demands.registries
        if not self.share_engines or rule not in GROUPS:
            return False
        if rule == "reward" and study.intrinsic.reward.kind != "rubric_judge":  # a reward model is run by no engine
            return False
        does = work(rule, wildcards, study, registries)
        return does.model is not None and ENGINES[registries.models[does.model].engine].shared

    def size(self, group: str) -> int:
        """Jobs in a submission: as many as the profile allows, and as their time limits together leave within the site's."""
        return max(1, min(self._most[group], math.floor((self.minutes or DAY) / self._longest[group])))
