"""The page on which a study's data can be looked at: the first draw of the main experiment, or a ranking's sample."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import PurePosixPath
from typing import Any

from polyglot.displays.explore.sets import Measured, TeacherSet
from polyglot.intrinsic.metrics import Metric
from polyglot.study import paths
from polyglot.study.reserved import MAIN
from polyglot.workflow.inputs.base import Inputs
from polyglot.workflow.inputs.training_sets import TrainingSetInputs

BESIDE = [f"report/explore/{name}" for name in ("blind.html.jinja", "explore.css", "loading.js", "index.js", "blind.js")]
"""What the page's template stands beside."""


@dataclass(frozen=True)
class ExploreInputs(Inputs):
    """Inputs of the page."""

    beside = BESIDE

    @property
    def _draw(self) -> str:
        return str(self.study.seeds[0]) if self.study.base else self.study.screening_draw

    @property
    def _cells(self) -> list[tuple[str, str]]:
        """(teacher, language) of every training set that is shown."""
        study = self.study
        if not study.base:
            return [(teacher, lang) for teacher in study.screened_teachers for lang in study.screened_languages]
        cells = (cell for cell in study.measured[MAIN] if cell.recipe == study.recipe)
        return list(dict.fromkeys((cell.teacher, cell.lang) for cell in cells))

    @cached_property
    def teacher_sets(self) -> list[TeacherSet]:
        """The sets with their files; what a translator has written in a teacher's place is not the teacher's."""
        sets = TrainingSetInputs(self.study, self.registries)
        found = []
        for teacher, lang in self._cells:
            named = {"recipe": self.study.recipe, "teacher": teacher, "lang": lang, "seed": self._draw}
            written = {path: PurePosixPath(path).parts for path in sets.files(named)}
            answers = {path: parts[-2] for path, parts in written.items() if parts[-4] == teacher}
            measured = [metric for one in self.study.intrinsic.metrics if (metric := self._measured(one, named)) is not None]
            embedded = self.study.explore.neighbours == "embedding"
            embeddings = self.at(paths.EMBEDDINGS, teacher=teacher, lang=lang, seed=self._draw) if embedded else ""
            found.append(TeacherSet(teacher, lang, answers, self.at(paths.TRAINING_SET, **named), measured, embeddings))
        return found

    def _measured(self, metric: Metric, named: dict[str, str]) -> Measured | None:
        """A metric with the file that has it; None where a ranking has no base or no judge."""
        base = self.study.base or self.study.likelihood_base
        if (metric.needs == "base" and not base) or (metric.needs == "judge" and not self.study.intrinsic.judged):
            return None
        folder = PurePosixPath(self.at(paths.METRIC, **named, metric="any")).parent
        path = f"{folder}/{metric.file.format(base=base)}"
        return Measured(metric.name, metric.title, metric.digits, metric.better, path, metric.values)

    def requests(self) -> dict[str, list[str]]:
        """Files of requests by `LANG/METHOD`."""
        found: dict[str, dict[str, None]] = {}
        for one in self.teacher_sets:
            for path, method in one.answers.items():
                pattern = paths.FURTHER_REQUESTS if "/further/" in path else paths.REQUESTS
                named = {"teacher": one.teacher, "lang": one.lang, "method": method, "seed": PurePosixPath(path).stem}
                found.setdefault(f"{one.lang}/{method}", {})[self.at(pattern, **named)] = None
        return {name: [*files] for name, files in found.items()}

    def files(self, _: Any = None) -> list[str]:
        """Every file that the page is made from."""
        found = [
            path for one in self.teacher_sets for path in (*one.answers, one.training, *(each.path for each in one.measured))
        ]
        found += [one.embeddings for one in self.teacher_sets if one.embeddings]
        return list(dict.fromkeys([*found, *(path for files in self.requests().values() for path in files)]))

    def sets(self, _: Any = None) -> list[dict[str, Any]]:
        """The sets as plain values."""
        return [asdict(one) for one in self.teacher_sets]

    def looked(self, _: Any = None) -> dict[str, Any]:
        """The other arguments of `polyglot.displays.explore.page.Looked`."""
        study, models, languages = self.study, self.registries.models, self.registries.languages
        teachers = dict.fromkeys(teacher for teacher, _ in self._cells)
        langs = dict.fromkeys(lang for _, lang in self._cells)
        return {
            "study": study.study,
            "requests": self.requests(),
            "names": {
                "teachers": {name: (models[name].label if name in models else "") or name for name in teachers},
                "languages": {code: languages[code].name for code in langs},
            },
            "most": study.explore.examples,
            "pairs": study.explore.pairs,
            "judge": "reward" if study.intrinsic.judged else "",
            "seed": study.scoring.seed,
        }
