"""Files of metrics of texts alone, and the metric settings that jobs depend on."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from polyglot.core.hashing import file_hash
from polyglot.intrinsic.metrics import METRICS, PAPER, of_texts
from polyglot.study import paths
from polyglot.study.reserved import REPLICATION
from polyglot.workflow.inputs.base import Inputs, Wildcards
from polyglot.workflow.inputs.experiments import ExperimentInputs
from polyglot.workflow.inputs.screening import ScreeningInputs


@dataclass(frozen=True)
class MetricInputs(Inputs):
    """Inputs that follow from the study's metrics. Files are listed one metric after another."""

    @property
    def of_texts(self) -> list[str]:
        """Names of the metrics that have their own file."""
        return [metric.name for metric in of_texts(self.study.intrinsic.metrics)]

    @property
    def _patterns(self) -> list[str]:
        return [paths.METRIC.replace("{metric}", name) for name in self.of_texts]

    def of_set(self, wildcards: Wildcards) -> list[str]:
        """Files of one training set."""
        return [self.at(pattern, **dict(wildcards.items())) for pattern in self._patterns]

    def of_cells(self, wildcards: Wildcards) -> list[str]:
        """Files of an experiment's measured cells, in the order of the cells, then seeds."""
        experiments = ExperimentInputs(self.study, self.registries)
        return [file for pattern in self._patterns for file in experiments.files(pattern)(wildcards)]

    def of_samples(self) -> list[str]:
        """Files of the candidates' screening samples, in the order of the candidates, then languages."""
        screening = ScreeningInputs(self.study, self.registries)
        return [file for pattern in self._patterns for file in screening.files(pattern)]

    def facts(self, wildcards: Wildcards) -> dict[str, Any]:
        """The dependencies of a metric's own file."""
        return next(metric.facts for metric in self.study.intrinsic.metrics if metric.name == wildcards["metric"])

    def code(self, wildcards: Wildcards) -> str:
        """Fingerprint of the file of a metric's function, so that an edited metric is measured again."""
        measure = METRICS[wildcards["metric"]].measure
        file = inspect.getsourcefile(inspect.unwrap(measure)) if measure is not None else None
        return file_hash(Path(file)) if file else ""

    def measured(self) -> list[dict[str, Any]]:
        """All measured metrics, as plain values."""
        return [metric.facts for metric in self.study.intrinsic.metrics]

    def scored(self, wildcards: Wildcards) -> list[dict[str, Any]]:
        """The metrics in the PG-Score, as plain values; the paper's four for its published measurements."""
        chosen = PAPER if wildcards["study"] == REPLICATION else self.study.intrinsic.scored_metrics
        return [metric.facts for metric in chosen]
