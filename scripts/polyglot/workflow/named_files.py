"""Reads the files that a study names before the first job: whether they are there, and whether every row can be used."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

from polyglot.core.conversations import HISTORY, Turns
from polyglot.core.errors import ConfigurationError, MissingFile, foreseen
from polyglot.core.prompts import PromptTemplates
from polyglot.core.rows import FORMATS
from polyglot.registry import Registries
from polyglot.study import paths
from polyglot.study.configuration import Study
from polyglot.study.reserved import REPLICATION
from polyglot.study.seed_languages import seed_languages
from polyglot.synthesis.methods.base import METHODS
from polyglot.synthesis.recipes import RULES, parse_recipe
from polyglot.workflow.inputs.models import ModelInputs
from polyglot.workflow.inputs.training_sets import TrainingSetInputs
from polyglot.workflow.target_checks import targets_of

WITHOUT_FILES = ("plan", "fetch", "select", REPLICATION)
"""Targets that need none of these files, or read them themselves."""
ASKING = ("--unlock", "--lint", "--report", "--list-rules", "--list-target-rules", "--cleanup-metadata", "--summary")
"""Options of Snakemake with which nothing runs."""


SAMPLE = dict.fromkeys(("id", "lang", "prompt", "response", "source", "methods", HISTORY), "Name a city: Paris, Rome, ...")
"""A seed row to try templates with."""
RATED = dict.fromkeys(("prompt", "response"), SAMPLE["prompt"])
JUDGED = {
    "judge": RATED,
    "rate": {**RATED, "reference": SAMPLE["prompt"], "rubric": SAMPLE["prompt"]},
    "duel": dict.fromkeys(("prompt", "first", "second"), SAMPLE["prompt"]),
}
"""What a judge's templates are filled with, for trial."""


class Named(NamedTuple):
    """A file or folder that a study names.

    Attributes:
        key: where it is named.
        path: the file or folder.
        made: what is made from it, as a pattern of paths: once that is there, the file may be gone.
        read: reads it; raises what is wrong.
    """

    key: str
    path: Path
    made: str
    read: Callable[[Path], object]


def check_named_files(study: Study, registries: Registries, arguments: Sequence[str]) -> None:
    """Read every file that the study names and that nothing is made from yet.

    Args:
        arguments: Snakemake's command line. Nothing is read for what needs none of the files.

    Raises:
        ConfigurationError: all that is wrong, one sentence each: key, file, row and remedy.
    """
    targets = targets_of(arguments)
    planning = ("--logger", "plan") in pairwise(arguments)
    idle = planning or any(option in arguments for option in ASKING)
    if idle or (targets and all(target in WITHOUT_FILES or _of_the_audit(target) for target in targets)):
        return
    found = file_problems(study, registries)
    if found:
        told = "".join(f"\n  {one}" for one in found)
        raise ConfigurationError(f"{study.study}: the study names files that cannot be used:{told}")


def file_problems(study: Study, registries: Registries) -> list[str]:
    """What is wrong with the files and folders that a study names and needs, one sentence each: key, file, row and remedy."""
    return list(dict.fromkeys([*_folders(study), *filter(None, map(_problem, named_files(study, registries)))]))


def _of_the_audit(target: str) -> bool:
    return target.startswith(f"results/{REPLICATION}/")


def _problem(named: Named) -> str | None:
    """What is wrong with a file; None if nothing is, or it is needed no more, or the workflow makes it."""
    if any(Path().glob(named.made)) or (named.path.parts[:1] == ("results",) and not named.path.exists()):
        return None
    try:
        named.read(named.path)
    except Exception as error:
        told = foreseen(error)
        if told is None:
            raise
        return f"{named.key}: {told}"
    return None


def _folders(study: Study) -> Iterator[str]:
    """What is wrong with the folders that the workflow writes into."""
    for key, folder in (("results", Path("results")), ("hub", Path(study.hub))):
        there = next(path for path in (folder, *folder.absolute().parents) if os.path.lexists(path))
        if not there.is_dir():
            yield f"{key}: {there} is a file, where a folder is needed; move it, or name another folder"
        elif key == "results" and not os.access(there, os.W_OK | os.X_OK):
            yield f"{key}: {there.absolute()} cannot be written; give yourself the right to, or run in another folder"


def named_files(study: Study, registries: Registries) -> Iterator[Named]:
    """Every file and folder that a study names, and how it is read."""
    yield from _seed_files(study, registries)
    yield from _templates(study, registries)
    yield from _benchmarks(study, registries)
    yield from _models(study, registries)
    if study.scoring.scale is not None:
        made = paths.CELLS.format(study=study.study, experiment="*")
        yield Named("scoring.scale", Path(study.scoring.scale), made, partial(_read_scale, study=study))
    for race in (matrix for matrix in study.matrices.values() if matrix.compare == "race" and study.race.learn_from):
        made = paths.EARLIER.format(study=study.study, experiment=race.name)
        archives = [Path(archive) for archive in study.race.learn_from]
        read = partial(_read_archives, archives=archives, teachers=race.teachers, study=study.study)
        yield Named("race.learn_from", archives[0], made, read)
    pairs = study.selection.pairs
    rules = [RULES[str(parse_recipe(name, study.methods).rule)] for name in study.selecting]
    if pairs is not None and any("quality" in rule.needs for rule in rules):
        made = f"{paths.RESULTS.format(study=study.study)}/selection/triplets.parquet"
        yield Named("selection.pairs", Path(pairs), made, partial(_read_pairs, study=study))


def _seed_files(study: Study, registries: Registries) -> Iterator[Named]:
    wanted = seed_languages(study, registries)
    for lang, file in study.seed_dataset.files.items():
        if lang in wanted:
            made = paths.SEED.format(study=study.study, lang=lang)
            read = partial(_read_seeds, lang=lang, known=set(registries.languages), turns=study.seed_dataset.turns)
            yield Named(f"seed_dataset.files.{lang}", Path(file), made, read)
    for source, lang in study.seed_sources:
        folder = registries.sources[source].folder
        if folder is not None:
            made = paths.SOURCE.format(study=study.study, source=source, lang=lang)
            where = f"{registries.sources.file_of(source)}: entry '{source}', folder"
            yield Named(where, Path(folder), made, partial(_is_folder, holds=registries.sources[source].files))


def _templates(study: Study, registries: Registries) -> Iterator[Named]:
    judges = [*ModelInputs(study, registries).every_open_template(), ModelInputs(study, registries).judge_template("judge")]
    judges += [ModelInputs(study, registries).judge_template("duel")] if study.selecting else []
    for lang in study.languages:
        made = paths.REQUESTS.format(study=study.study, lang=lang, method=study.methods[0], seed="*")
        read = partial(_read_template, shots=study.synthesis.shots)
        for file in TrainingSetInputs(study, registries).templates():
            yield Named("synthesis.prompts", Path(file), made, read)
        for file in dict.fromkeys(str(file) for file in judges if file):
            yield Named("synthesis.prompts", Path(file), made, _read_judges_template)


def _benchmarks(study: Study, registries: Registries) -> Iterator[Named]:
    used = dict.fromkeys(lang for matrix in study.matrices.values() for lang in matrix.languages)
    for lang in used:
        for name, settings in study.evaluation.benchmarks_in(lang).items():
            if settings.folder is not None:
                made = paths.ANCHOR_OUTCOMES.format(study=study.study, model=study.base, lang=lang)
                key = f"evaluation.benchmarks.{name}.folder"
                read: Callable[[Path], object] = partial(_read_items, name=name, lang=lang, study=study, registries=registries)
                if settings.task:  # its rows are read where lighteval is at hand
                    made = paths.TASKS.format(study=study.study, benchmark=name, lang=lang)
                    read = partial(_is_folder, holds=[f"**/*{kind}" for kind in FORMATS])
                yield Named(key, Path(settings.folder, lang), made, read)


def _models(study: Study, registries: Registries) -> Iterator[Named]:
    for name in ModelInputs(study, registries).used:
        folder = registries.models[name].folder
        if folder is not None:
            made = paths.CELLS.format(study=study.study, experiment="main")
            where = f"{registries.models.file_of(name)}: entry '{name}', folder"
            yield Named(where, Path(folder), made, partial(_is_folder, holds=["config.json"]))


def _read_seeds(path: Path, *, lang: str, known: set[str], turns: Turns) -> None:
    from polyglot.seeds.seed_files import read_seed_file

    read_seed_file(path, lang, known, turns)


def _is_folder(path: Path, *, holds: Sequence[str]) -> None:
    if not path.is_dir():
        raise MissingFile(f"there is no folder {path}; correct the path")
    if not any(found.is_file() for pattern in holds for found in path.glob(pattern)):
        raise MissingFile(f"{path}: no file there matches {', '.join(holds)}; name the folder that holds them")


def _read_template(path: Path, *, shots: int) -> None:
    _templates_of(path).check(path.stem, _sample_of(path.stem, shots))


def _sample_of(template: str, shots: int) -> dict[str, Any] | None:
    """What a request's template is filled with, for trial; None if its method reads more from a row than a sample has."""
    try:
        fields = METHODS[template].fields([SAMPLE] * shots) if template in METHODS else {}
    except Exception:  # a method of one's own can raise anything
        return None
    return {"language": "German", **fields}


def _read_judges_template(path: Path) -> None:
    _templates_of(path).check(path.stem, {"language": "German", **JUDGED[path.stem]})


def _templates_of(path: Path) -> PromptTemplates:
    if not path.parent.is_dir():
        raise MissingFile(f"there is no folder {path.parent}; correct the path, or take config/prompts/chat")
    return PromptTemplates(path.parent)


def _read_items(path: Path, *, name: str, lang: str, study: Study, registries: Registries) -> None:
    from polyglot.evaluation.items import TEST, holds_items
    from polyglot.evaluation.tasks import Task, questions

    if not holds_items(path):
        raise MissingFile(f"there is no {path}/{TEST}.jsonl; correct the folder, or leave '{lang}' out of its `languages`")
    facts = registries.benchmarks[name]
    settings = study.evaluation.benchmarks[name]
    questions(Task(name, lang, path, settings, facts.weighting, facts.duplicate_options), seed=0)


def _read_scale(path: Path, *, study: Study) -> None:
    from polyglot.core.rows import read_rows
    from polyglot.scoring.scores import check_scale

    check_scale(read_rows(path), study.intrinsic.scored, str(path))


def _read_archives(_: Path, *, archives: Sequence[Path], teachers: Sequence[str], study: str) -> None:
    from polyglot.analysis.earlier import said_of_teachers
    from polyglot.scoring.race_prior import need_shared
    from polyglot.workflow.combine import gains

    need_shared(said_of_teachers(gains(archives, study=study))["teacher"], teachers)


def _read_pairs(path: Path, *, study: Study) -> None:
    from polyglot.selection.pairs import read_pairs

    read_pairs(path, held_out=study.selection.held_out, seed=study.selection.seed)
