"""Checks of a study's tables and figures: names that are given twice, and looks of what there is not."""

from __future__ import annotations

from collections.abc import Iterable

from polyglot.core.lookup import unknown
from polyglot.displays import catalogue
from polyglot.study.configuration import Study
from polyglot.study.figures import ALL
from polyglot.synthesis.recipes import WHOLE


def problems(study: Study) -> Iterable[str]:
    """What keeps a study's tables, figures and page of the data from being made, one sentence each."""
    if study.explore.neighbours == "embedding" and study.recipe != WHOLE:
        yield f"explore.neighbours: 'embedding' needs recipe {WHOLE}, whose examples are embedded (recipe: {study.recipe})"
    try:
        catalogue.tables(study)
        figures = catalogue.figures(study)
    except catalogue.NameClash as error:
        yield str(error)
        return
    teachers = dict.fromkeys(name for matrix in study.matrices.values() for name in (*matrix.teachers, *matrix.bases) if name)
    coloured = [*dict.fromkeys([*study.teachers, *teachers, *study.named_languages])]
    for name, look in study.figures.items():
        if name not in (ALL, *figures):
            yield f"figures: {unknown('figure', name, [ALL, *figures])}"
        for one in look.colours:
            if one not in coloured:
                yield f"figures.{name}.colours: {unknown('teacher or language', one, coloured)}"
