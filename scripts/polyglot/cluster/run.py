"""A run of the workflow: on this machine, or with jobs that are submitted to a cluster."""

from __future__ import annotations

import logging
import os
import sys
import tempfile
import time
from collections.abc import Callable, Container, Mapping
from dataclasses import replace
from pathlib import Path
from subprocess import CalledProcessError
from typing import Any

from polyglot.cluster import slurm, snakemake_inside
from polyglot.cluster.environment_modules import with_modules
from polyglot.cluster.failures import failures_in_words
from polyglot.cluster.leftovers import RunElsewhereError, cancel_leftovers, register_run
from polyglot.cluster.site import SITE_FILE, Site, read_site
from polyglot.core.errors import ConfigurationError, Foreseen
from polyglot.core.progress import EXPECTED, FOLLOWED, TOLD_AT_END
from polyglot.core.starter import begin
from polyglot.core.submission import Submission
from polyglot.core.upstream import warn
from polyglot.planning.demands import Demand, Demands
from polyglot.planning.expectation import expected_seconds
from polyglot.planning.submissions import GROUPS, Submissions

Resource = int | str | None


class RunError(Foreseen):
    """A run that cannot start; the message gives the cause and the remedy."""


class Run:
    """This run, by Snakemake's `workflow`.

    Args:
        workflow: Snakemake's.
        root: the repository.
        demands: resource requests of jobs.

    Attributes:
        site: the cluster that jobs are submitted to; None if they run on this machine.

    Raises:
        ConfigurationError: if jobs are submitted and the site file cannot be used.
    """

    def __init__(self, workflow: Any, root: Path, demands: Demands) -> None:
        self._workflow, self._demands = workflow, demands
        self._started = time.time()
        self._words: dict[int, slurm.Word] = {}
        self.site: Site | None = None
        if snakemake_inside.submits(workflow):
            self.site = read_site(root / SITE_FILE)
            snakemake_inside.take_threads_of_the_nodes(workflow)
            self._announce_submission(self.site, snakemake_inside.jobs_of_a_submission(workflow, sys.argv))

    def _announce_submission(self, site: Site, rules: list[str]) -> None:
        """Let the jobs of this submission know of each other, if it has several.

        This process is that of the submission; each of them is one that it starts, or a step of Slurm's.
        """
        if len(rules) < 2:
            return
        folder = Path(tempfile.gettempdir()) / f"polyglot-{os.getuid()}-{os.getpid()}"
        logs = Path("results", self._demands.study.study, "logs/servers").absolute()
        submission = Submission(os.getpid(), str(folder), str(logs), site.share_engines)
        try:
            if submission.sharing:
                begin(submission)
        except OSError as error:
            print(f"Warning: jobs of this submission share no start and no engine: {error}", file=sys.stderr)
            submission = replace(submission, sharing=False)
        submission.announce()

    def group_jobs(self, *, apart: Container[str] = ()) -> None:
        """Let jobs share submissions, once all rules are known.

        Args:
            apart: rules whose jobs run where Snakemake does.
        """
        if self.site is None:
            return
        planned = Submissions(self._demands, {}, self.site.limits.minutes, self.site.share_engines)

        def grouped(rule: str) -> Callable[[Any], str | None]:
            def group(wildcards: Any) -> str | None:
                components = snakemake_inside.group_components(self._workflow)
                planned.most = planned.most or dict(components)
                name = planned.group(rule, wildcards)
                if name is not None:
                    components[name] = planned.size(name)
                return name

            return group

        for rule in GROUPS:
            if rule not in apart:
                snakemake_inside.group_jobs(self._workflow, rule, grouped(rule))

    def resources(self, demand: Demand) -> dict[str, Resource]:
        """A resource request in the syntax of Snakemake and the cluster."""
        if self.site is None:
            return {"gpu": demand.gpu, "mem_mb": demand.mem_mb, "runtime": demand.runtime}
        return self.site.resources(demand) | {"in_group": 1}

    def asked(self, rule: str | None) -> dict[str, Callable[[Any, int], Resource]]:
        """Resources of a rule (None: one that runs no model), each a function of wildcards and attempt that Snakemake calls."""
        demand = self._demands.by(rule)

        def resource(name: str) -> Callable[[Any, int], Resource]:
            def value(wildcards: Any, attempt: int) -> Resource:
                return self.resources(demand(wildcards, attempt))[name]

            return value

        return {name: resource(name) for name in self.resources(self._demands.of(None, {}, 1))}

    def threads(self, rule: str | None) -> Callable[[Any, int], int]:
        """Threads of a rule, a function that Snakemake calls."""
        demand = self._demands.by(rule)

        def threads(wildcards: Any, attempt: int) -> int:
            return demand(wildcards, attempt).threads

        return threads

    def prepare(self) -> None:
        """Prepare a run. On a cluster: load modules, cancel jobs of earlier runs that write the same files, and set up waiting
        for the controller.

        Raises:
            RunError: if modules cannot be loaded, or conflicting jobs of an earlier run cannot be cancelled.
        """
        snakemake_inside.SNAKEMAKE.check_version()
        snakemake_inside.drop_job_rate_limit(self._workflow)
        os.environ.pop(TOLD_AT_END, None)  # of a run that this one is a part of
        if FOLLOWED in os.environ:
            self._announce()
        elif self.site is None:
            os.environ[TOLD_AT_END] = "1"
        if self.site is None or not snakemake_inside.has_jobs_to_submit(self._workflow):
            return
        executor = snakemake_inside.slurm_executor(self._workflow)
        try:
            if self.site.modules:
                os.environ.update(with_modules(self.site.modules))
            if executor is not None:
                slurm.PLUGIN.check_version()
                self._register(executor)
            cancelled = cancel_leftovers(Path.cwd())
        except (ConfigurationError, CalledProcessError, TimeoutError, RunElsewhereError) as error:
            raise RunError(str(error)) from None
        if executor is not None:
            self._words = slurm.remember_failures(executor, self._started)
            slurm.remove_side_files(executor)
            slurm.cancel_every_job(executor)
            slurm.outlast_the_controller(executor)
            slurm.ask_in_step_with_the_jobs(executor)
            slurm.start_snakemake_once(executor)
            if self.site.limits.minutes is not None:
                snakemake_inside.keep_groups_within(executor, self.site.limits.minutes)
        for run, count in cancelled.items():
            left = f"Cancelled {count} jobs that an earlier run left in the queue ({run}); what they had done is kept."
            print(left, file=sys.stderr)

    def _announce(self) -> None:
        """Name every job behind the targets, with the time that it is expected to take, to whoever follows this run."""
        study, registries = self._demands.study, self._demands.registries

        def expect(rule: str, wildcards: Mapping[str, str]) -> tuple[float, int]:
            asked = self._demands.of(rule, wildcards, 1)
            return expected_seconds(rule, wildcards, study, registries, asked.gpu), asked.threads

        try:
            jobs = snakemake_inside.expected_jobs(self._workflow, expect)
        except Exception as error:  # an estimate is not worth a run
            warn(f"how long is left cannot be said ({type(error).__name__}: {error}).")
            return
        done = sum(job.done for job in jobs)
        said = f"{len(jobs)} jobs behind the targets, {done} of them done."
        logging.getLogger("snakemake.logging").info(said, extra={EXPECTED: jobs})

    def _register(self, executor: Any) -> None:
        lost = "another run in this folder may take the jobs of this one for leftovers and cancel them"
        if slurm.PLUGIN.has(executor, "run_uuid", lost=lost):
            register_run(Path.cwd(), executor.run_uuid)

    def failures(self) -> str:
        """The failures of this run, and how to resume."""
        seen = FOLLOWED in os.environ and self.site is None
        return failures_in_words(snakemake_inside.failures(self._workflow, self._words, self._started), seen=seen)
