"""The study's page: what it shows, of this run and of earlier ones, and what it says of the study."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from polyglot.core.hashing import file_hash
from polyglot.core.text import restructured
from polyglot.displays import catalogue
from polyglot.displays.catalogue import files
from polyglot.displays.display import Display, Kind
from polyglot.study import paths
from polyglot.study.experiments import Comparison
from polyglot.study.reserved import MAIN
from polyglot.study.sizes import examples_in
from polyglot.workflow.inputs.base import Inputs

COMPARED: Mapping[str, Comparison] = {"race": "race", "route": "routing", "select": "selection"}
"""Targets of their own (`snakemake race`) to what the experiments behind them compare."""
WITH_OWN_TARGETS = tuple(COMPARED.values())
ALONE = ("rank", "screen")
"""Targets that show small samples, and nothing of a study's students."""
COST = "resources"
"""The table of what a run took. Every run makes it, but one for the targets above."""
FRAMES = {
    "leaderboard": "tables/leaderboard.csv",
    "recommendation": "tables/recommendation.csv",
    "cells": files.CELLS.format(experiment=MAIN),
    "gaps": files.GAPS.format(experiment=MAIN),
    "holes": files.HOLES.format(experiment=MAIN),
    "yields": "analysis/synthesis_yield.csv",
    "prices": "analysis/prices.csv",
    "ledger": "analysis/ledger.csv",
}
"""The measurements of the main experiment that the page is made from, below results/STUDY."""
FORMS: dict[Kind, tuple[str, ...]] = {"table": ("md", "csv"), "figure": ("png",)}
"""The forms of a table or figure that a page reads."""
BESIDE = [f"report/page/{name}" for name in ("parts.html.jinja", "page.css", "page.js", "sortable.min.js")]
"""What pages have in common: parts of the template, style and scripts."""


@dataclass(frozen=True)
class PageInputs(Inputs):
    """Inputs of a study's page.

    A page shows what this run makes, which are its inputs, and what earlier runs left in the study's folder, which it takes as it
    is: a page is no reason to run an experiment again.
    """

    beside = BESIDE
    asked: Sequence[str] = ()
    """The words of the command line: targets among them say which experiments this run makes."""

    def experiments_of(self, target: str) -> list[str]:
        """The experiments behind a target; none for other words."""
        matrices = self.study.matrices.items()
        if target == "all" and self.study.base:
            return self.study.default_experiments
        if target == "experiments":
            return [name for name, matrix in matrices if matrix.compare not in WITH_OWN_TARGETS]
        if target in COMPARED:
            return [name for name, matrix in matrices if matrix.compare == COMPARED[target]]
        if target == "all" and not self.study.base:
            return ["rank"]
        return [target] if target in ALONE else []

    @cached_property
    def made(self) -> list[str]:
        """The experiments that this run makes: ranking and screening stand alone, all else comes with the default ones' cost."""
        found = dict.fromkeys(name for word in self.asked for name in self.experiments_of(word))
        if found and found.keys() <= set(ALONE):
            return [*found]
        return list(dict.fromkeys([*(self.study.default_experiments or ["rank"]), *found]))

    @cached_property
    def _displays(self) -> list[tuple[Kind, str, Display]]:
        study = self.study
        kinds: list[tuple[Kind, Mapping[str, Display]]] = [
            ("table", catalogue.tables(study)),
            ("figure", catalogue.figures(study)),
        ]
        return [(kind, name, display) for kind, known in kinds for name, display in known.items()]

    def _forms(self, kind: Kind, name: str) -> list[str]:
        """The files of a display that the page reads."""
        pattern = paths.FIGURE if kind == "figure" else paths.TABLE
        return [self.at(pattern, **{kind: name}, form=form) for form in FORMS[kind]]

    def _samples(self) -> Iterator[tuple[str, str, str]]:
        """(teacher, language, path) of the training sets of the main experiment's first seed."""
        seed = self.study.seeds[0]
        for cell in self.study.measured[MAIN]:
            named = {"recipe": cell.recipe, "teacher": cell.teacher, "lang": cell.lang, "seed": seed}
            yield cell.teacher, cell.lang, self.at(paths.TRAINING_SET, **named)

    def _frames(self) -> dict[str, str]:
        return {name: self.at(f"{paths.RESULTS}/{path}") for name, path in FRAMES.items()}

    def files(self, _: Any = None) -> list[str]:
        """What this run makes of the page."""
        with_cost = not {*self.made} <= {*ALONE}
        found = [
            path
            for kind, name, display in self._displays
            if display.experiment in self.made or (with_cost and name == COST)
            for path in self._forms(kind, name)
        ]
        if MAIN in self.made:
            found += [*self._frames().values(), *(path for *_, path in self._samples())]
        return list(dict.fromkeys(found))

    @cached_property
    def _own(self) -> frozenset[str]:
        return frozenset(self.files())

    def _there(self, *needed: str) -> bool:
        """Whether files are made by this run or lie there from an earlier one."""
        return all(path in self._own or Path(path).exists() for path in needed)

    def shown(self, _: Any = None) -> dict[str, Any]:
        """The arguments of `polyglot.displays.page.document.Files`."""
        shown = []
        for kind, name, display in self._displays:
            forms = self._forms(kind, name)
            if self._there(*forms):
                caption = display.caption_for(self.study, self.study.scoring)
                path = forms[0].removesuffix(".md")
                named = {"title": display.title, "category": display.category, "caption": caption}
                if kind == "figure":
                    named["scale"] = f"{display.look(self.study, name).scale:g}"
                shown.append({"kind": kind, "name": name, **named, "path": path})
        frames = {name: path for name, path in self._frames().items() if self._there(path)}
        return {"shown": shown, "frames": frames, "samples": [one for one in self._samples() if self._there(one[2])]}

    def earlier(self, _: Any = None) -> dict[str, str]:
        """The files that earlier runs left, with their hashes."""
        found = [path for kind, name, _ in self._displays for path in self._forms(kind, name)]
        found += [*self._frames().values(), *(path for *_, path in self._samples())]
        return {path: file_hash(Path(path)) for path in dict.fromkeys(found) if path not in self._own and Path(path).exists()}

    def values(self, _: Any = None) -> dict[str, Any]:
        """What the page's tables depend on besides their files: see `polyglot.displays.context.Context`."""
        study = self.study
        display = catalogue.TABLES["leaderboard"].within(MAIN, "")
        return display.values(study, self.registries, study.scoring, name=study.study)

    def facts(self, _: Any = None) -> dict[str, Any]:
        """What was asked, how it was done, and what is still open."""
        study = self.study
        model, language = self.registries.models, self.registries.languages
        names = [model[name].label or name if name in model else name for name in study.teachers]
        langs = [language[code].name for code in study.languages]
        base = model[study.base].label or study.base if study.base else ""
        whose = f"students of {base}" if base else "no students"
        there = {
            display.experiment for kind, name, display in self._displays if name != COST and self._there(*self._forms(kind, name))
        }
        earlier = sorted(there - {*self.made})
        return {
            "name": study.study,
            "description": study.description,
            "line": f"{_counted(names, 'teacher')}, {_counted(langs, 'language')}, {whose}.",
            "how": [
                ("teachers", ", ".join(names)),
                ("languages", ", ".join(langs)),
                ("methods", ", ".join(study.methods)),
                *(self._trained(base) if base else self._sampled()),
                ("intervals", f"{study.scoring.confidence:.0%}, from {study.scoring.bootstrap:,} bootstrap resamples"),
            ],
            "seeds": len(study.seeds),
            "unrun": [name for name in study.matrices if name not in there] if base else [],
            "trains": bool(base),
            "earlier": earlier,
        }

    def _trained(self, base: str) -> list[tuple[str, str]]:
        """How the students of a study came about."""
        study = self.study
        size = examples_in(study.recipe, str(study.seeds[0]), study)
        return [
            ("requests", f"{study.synthesis.requests:,} of each teacher, language, method and seed"),
            ("seeds", ", ".join(map(str, study.seeds))),
            ("student base", base),
            ("training set", f"recipe {study.recipe}, {size:,} examples, {study.training.epochs:g} epochs"),
            ("benchmarks", ", ".join(study.evaluation.benchmarks)),
            ("PG-Score", f"definition {study.scoring.definition}, α = {study.scoring.alpha:g}"),
        ]

    def _sampled(self) -> list[tuple[str, str]]:
        """How the samples of a ranking came about."""
        study = self.study
        likely = study.likelihood_base
        return [
            ("requests", f"{study.screen.requests:,} of each teacher and language, over all methods"),
            ("judge", study.intrinsic.reward.model if study.intrinsic.judged else "none: reward is left out"),
            ("embedding model", study.intrinsic.embedding),
            ("perplexity", f"of {likely}" if likely else "left out: no base is named"),
        ]

    def in_report(self) -> dict[str, Any]:
        """Question, result, and the experiments that have been run with theirs, for the first page of Snakemake's report, escaped
        for its markup."""
        from polyglot.displays.page.summary import summary

        found = summary(Path(self.at(paths.RESULTS)))
        run = {
            name: restructured(experiment.question)
            for name, experiment in self.study.experiments.items()
            if any(display.experiment == name and self._there(*self._forms(kind, one)) for kind, one, display in self._displays)
        }
        lines = [restructured(line) for line in (found.lead, *found.top, found.verdict) if line]
        return {"description": restructured(self.study.description), "lines": lines, "experiments": run}


def _counted(things: Sequence[str], name: str) -> str:
    return f"{len(things)} {name}{'s' * (len(things) > 1)}"
