"""Targets: a study's final files by experiment, and the configuration saved beside its results."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from polyglot.core.errors import ConfigurationError
from polyglot.core.files import write_text, yaml_text
from polyglot.displays import catalogue
from polyglot.displays.display import Display
from polyglot.study import paths
from polyglot.study.reserved import REPLICATION
from polyglot.synthesis.draws import Draw
from polyglot.workflow.inputs.base import Inputs
from polyglot.workflow.inputs.displays import DisplayInputs
from polyglot.workflow.inputs.experiments import ExperimentInputs
from polyglot.workflow.inputs.hub import HubInputs
from polyglot.workflow.inputs.models import ModelInputs
from polyglot.workflow.inputs.page import COMPARED, COST, PageInputs
from polyglot.workflow.inputs.selection import SelectionInputs
from polyglot.workflow.target_checks import check_targets, targets_of

FIGURE_FORMS, TABLE_FORMS = ("pdf", "png"), ("csv", "md", "tex", "html")


def figure_files(study: str, figures: Iterable[str]) -> list[str]:
    """The files of figures."""
    return [paths.FIGURE.format(study=study, figure=name, form=form) for name in figures for form in FIGURE_FORMS]


def table_files(study: str, tables: Iterable[str]) -> list[str]:
    """The files of tables."""
    return [paths.TABLE.format(study=study, table=name, form=form) for name in tables for form in TABLE_FORMS]


@dataclass(frozen=True)
class Targets(Inputs):
    """Target lists of a study."""

    @property
    def _shown(self) -> tuple[Mapping[str, Display], Mapping[str, Display]]:
        inputs = DisplayInputs(self.study, self.registries)
        return inputs.tables, inputs.figures

    def of(self, experiments: Iterable[str]) -> list[str]:
        """The tables and figures of experiments."""
        tables, figures = self._shown
        chosen = set(experiments)
        return [
            *table_files(self.study.study, catalogue.of(tables, chosen)),
            *figure_files(self.study.study, catalogue.of(figures, chosen)),
        ]

    def whole(self, experiments: Iterable[str]) -> list[str]:
        """All final files of a study's experiments, the cost, and the page."""
        cost = paths.TABLE.format(study=self.study.study, table=COST, form="csv")
        return [*self.of(experiments), cost, *HubInputs(self.study, self.registries).locks(), self.at(paths.PAGE)]

    def all(self) -> list[str]:
        """The experiments of this run; of a study without a base, the ranking."""
        return self.asked_by("all") if self.study.base else self.ranking()

    def asked_by(self, target: str) -> list[str]:
        """The final files of `snakemake TARGET`: all, experiments, race, route or select."""
        return self.whole(PageInputs(self.study, self.registries).experiments_of(target))

    def selecting(self) -> list[str]:
        """The experiments that compare selections, and what is selected from a user's own data; nothing else of the study where
        it has only such data."""
        own = SelectionInputs(self.study, self.registries).own_files()
        compared = any(matrix.compare == "selection" for matrix in self.study.matrices.values())
        return [*(self.asked_by("select") if compared or not own else []), *own]

    def measured(self) -> list[str]:
        """Files needed before the run's cost is summed."""
        shown = self.of(self.study.default_experiments)
        return [file for file in shown if Path(file).stem not in (COST, "ledger")]

    def ranking(self) -> list[str]:
        """The table and figure of a ranking by the data alone, and the page."""
        return [*self.of(["rank"]), self.at(paths.PAGE)]

    def screening(self) -> list[str]:
        """The table and figure of a screening, and the page."""
        return [*self.of(["screen"]), self.at(paths.PAGE)]

    def plan(self) -> list[str]:
        """The tables of the budget."""
        return self.of(["plan"])

    def first_rungs(self) -> dict[str, str]:
        """The first rung's file of every race: all that is certain of it."""
        races = [name for name, matrix in self.study.matrices.items() if matrix.compare == "race"]
        return {name: self.at(paths.RUNG, experiment=name, rung=0 if self.study.race.small else 1) for name in races}

    def of_full_size(self) -> dict[str, list[str]]:
        """Outcomes of everyone's first student of the full size, by race; of races that do not start with it."""
        inputs = ExperimentInputs(self.study, self.registries)
        return {name: inputs.outcomes({"experiment": name}) for name in (self.first_rungs() if self.study.race.small else ())}

    def replication(self) -> list[str]:
        """The audit with its page, and the tables and figures of a study that published numbers can fill."""
        tables, figures = self._shown
        return [
            paths.CLAIMS.format(study=REPLICATION),
            paths.AUDIT_PAGE.format(study=REPLICATION),
            *table_files(REPLICATION, catalogue.published(tables)),
            *figure_files(REPLICATION, catalogue.published(figures)),
        ]

    def publishing(self) -> list[str]:
        """The folder of every synthetic set and the card of every student."""
        students = dict.fromkeys(
            (cell, student)
            for name in self.study.default_experiments
            for cell in self.study.measured[name]
            for student in self.study.matrices[name].students
        )
        sets = dict.fromkeys((cell.recipe, cell.teacher, cell.lang, Draw.parse(name).data) for cell, name in students)
        return [
            *(
                self.at(paths.DATA_CARD, recipe=recipe, teacher=teacher, lang=lang, seed=seed)
                for recipe, teacher, lang, seed in sets
            ),
            *(self.at(paths.MODEL_CARD, **cell._asdict(), seed=name) for cell, name in students),
        ]

    def check(self, arguments: Sequence[str], makes: Callable[[str], bool]) -> None:
        """Check that every target of Snakemake's command line can be made (see `polyglot.workflow.target_checks`).

        Args:
            makes: whether a rule makes a target.
        """
        self._check_compared(targets_of(arguments))
        known = self.whole(self.study.matrices)
        check_targets(targets_of(arguments), self.study.study, makes, known, self.registries.models.source.parent)

    def _check_compared(self, targets: Sequence[str]) -> None:
        """Check that the study has the experiments that a target is for."""
        for target in [one for one in targets if one in COMPARED]:
            own = target == "select" and SelectionInputs(self.study, self.registries).own_files()
            if not own and not PageInputs(self.study, self.registries).experiments_of(target):
                raise ConfigurationError(
                    f"{target}: no experiment of '{self.study.study}' compares {COMPARED[target]}; add one to its file "
                    f"(experiments: {{{COMPARED[target]}: {{compare: {COMPARED[target]}}}}})"
                )

    def save_configuration(self) -> None:
        """Save the study with every default and the models it uses, before any job starts."""
        models = {
            name: self.registries.models[name].model_dump(mode="json", exclude_none=True)
            for name in ModelInputs(self.study, self.registries).used
        }
        path = Path(self.at(paths.CONFIGURATION))
        text = yaml_text({**self.study.model_dump(mode="json"), "models": models})
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            write_text(text, path)
