"""`polyglot check FILE`: what a file is taken for, what it holds, and what is wrong in it, before any job."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from polyglot.core.errors import ConfigurationError
from polyglot.core.text import printable
from polyglot.workflow.checked import Checked

if TYPE_CHECKING:
    import pandas as pd

    from polyglot.core.conversations import Turns
    from polyglot.core.dialogues import Dialogues
    from polyglot.evaluation.forms import Item
    from polyglot.registry import Registries
    from polyglot.study.configuration import Study

GUESSED, ENOUGH = 300, 1000
"""Most prompts whose language is guessed, and characters of each."""
RARE = 0.1
"""Least share of a guessed language that is told: below it are mostly mistakes with short texts."""
STUDY_ENDINGS = (".yaml", ".yml")


def check(path: Path, root: Path) -> Checked:
    """Take a file for what it is, and check it: a study or a registry, prompts or pairs, benchmark items (a file, or a folder
    with LANG/test.*), corrected responses, or a table of metrics.

    Args:
        root: the folder that holds `config/`.
    """
    path = Path(path)
    if not os.path.exists(path):  # of a name that is too long, Path.exists raises an error
        return Checked(path, "nothing", problems=["there is no such file or folder; correct the path"])
    if path.is_dir():
        return _folder(path, root)
    if path.suffix.lower() in STUDY_ENDINGS:
        return _configuration(path, root)
    if path.name.endswith("archive.zip"):
        return Checked(path, "the archive of a study", ["`polyglot verify` checks it"])
    return _rows(path, root)


def _rows(path: Path, root: Path, kinds: Sequence[type[Item]] = ()) -> Checked:
    """A file with rows (see `_folder`)."""
    from polyglot.core.dialogues import names_in
    from polyglot.core.rows import FileError, read_rows
    from polyglot.evaluation.items import SHOTS, TEST
    from polyglot.workflow.check_items import check_items, form_among, form_of

    try:
        if path.suffix.lower() in (".csv", ".tsv", ".parquet") and (table := _metric_table(path)) is not None:
            return table
        rows = read_rows(path)
    except (FileError, UnicodeDecodeError) as error:
        return Checked(path, "a file that cannot be read", problems=[_without(path, error)])
    named = names_in(rows.columns)
    if set(CORRECTED) <= set(named):
        return _corrected(path)
    form = form_among(named, kinds) if kinds else form_of(set(named), named=path.name.partition(".")[0] in (TEST, SHOTS))
    if form is not None:
        return check_items(path, rows, form)
    return _dialogues(path, root)


def _without(path: Path, error: Exception) -> str:
    """An error's message without the name of the file, in which its control characters are spelt out."""
    return str(error).removeprefix(printable(f"{path}: "))


# Prompts and pairs
def _dialogues(path: Path, root: Path) -> Checked:
    from polyglot.core.dialogues import read_dialogues
    from polyglot.core.rows import FileError
    from polyglot.seeds.seed_files import file_problems

    try:
        found = read_dialogues(path)
    except FileError as error:
        return Checked(path, "a file of no known layout", problems=[_without(path, error)])
    problems = [str(one) for one in file_problems(found, _known_languages(root, found))]
    kind = f"prompts and responses ({found.layout})" if found.answered.any() else f"prompts without responses ({found.layout})"
    return Checked(path, kind, _told(found), problems)


def _known_languages(root: Path, found: Dialogues) -> set[str]:
    """The codes that a column `lang` may hold: those of the registry and standard ones; any where there is no registry."""
    from polyglot.core.yaml_file import read_yaml
    from polyglot.registry.languages import derived

    registry, stated = root / "config/languages.yaml", found.column("lang")
    codes = set() if stated is None else {str(code) for code in stated.dropna()}
    if not registry.is_file():
        return codes
    known = {str(code) for code in read_yaml(registry)}
    return known | {code for code in codes - known if derived(code) is not None}


def _told(found: Dialogues) -> list[str]:
    """Counts and languages of prompts and pairs."""
    answered, texts = found.answered, found.prompt[found.prompt.str.strip().astype(bool)]
    shown = [found.prompt, found.response, *([] if found.history is None else [found.history])]
    together = [*zip(*(one[texts.index] for one in shown), strict=True)]
    facts = [
        f"{len(found.rows):,} rows, {int(answered.sum()):,} with a response, {len(together) - len(set(together)):,} duplicates",
        _languages(found.column("lang")),
        *_guessed(list(texts)),
        *found.notes,
    ]
    if not answered.any():
        facts.append(
            "as a seed dataset: `respond` and `translate` use it as it is; `generate` has no shots and shows prompts alone; "
            "`back-translation` and the recipe `public` need responses"
        )
    return facts


def _languages(stated: pd.Series | None) -> str:
    if stated is None:
        return "no column `lang`: all rows are taken for the language that the study names the file for"
    counts = Counter(map(str, stated))
    return f"languages: {', '.join(f'{code} {count:,}' for code, count in sorted(counts.items()))}"


def _guessed(texts: Sequence[str]) -> list[str]:
    """The languages of a sample of texts, as a detector guesses them; nothing for texts without letters."""
    from lingua import LanguageDetectorBuilder

    sample = [text[:ENOUGH] for text in texts[:: max(1, len(texts) // GUESSED)][:GUESSED]]
    detector = LanguageDetectorBuilder.from_all_languages().with_low_accuracy_mode().build()
    found = Counter(one.iso_code_639_1.name.lower() for one in detector.detect_languages_in_parallel_of(sample) if one)
    common = [f"{code} {count / len(sample):.0%}" for code, count in found.most_common(3) if count >= RARE * len(sample)]
    return [f"languages by a quick guess from {len(sample):,} prompts: {', '.join(common)}"] if common else []


CORRECTED = ("instruction", "revised", "original")


def _corrected(path: Path) -> Checked:
    """Responses that an expert revised."""
    from polyglot.core.rows import FileError
    from polyglot.selection.pairs import read_pairs

    kind = "revised responses (instruction, revised, original), for selection.pairs"
    try:
        found = read_pairs(path, held_out=0.2, seed=0)
    except FileError as error:
        return Checked(path, kind, problems=[_without(path, error)])
    return Checked(path, kind, [f"{len(found):,} triplets, {int(found['held_out'].sum()):,} of them to be held out"])


# Benchmarks
def _folder(path: Path, root: Path, kinds: Sequence[type[Item]] = ()) -> Checked:
    """A benchmark's folder.

    Args:
        kinds: of which its items are, if a study says so.
    """
    from polyglot.core.rows import FileError, rows_file
    from polyglot.evaluation.items import SHOTS, TEST

    folders = [path, *sorted(found for found in path.iterdir() if found.is_dir())]
    try:
        files = [file for folder in folders for name in (TEST, SHOTS) if (file := rows_file(folder, name)) is not None]
    except FileError as error:
        return Checked(path, "a folder of benchmark items", problems=[str(error)])
    if not files:
        lacks = "no LANG/test.jsonl, test.csv or test.parquet in it, as a benchmark has; name a file, or the benchmark's folder"
        return Checked(path, "a folder", problems=[lacks])
    return Checked(
        path, "a folder of benchmark items", [f"{len(files)} files"], parts=[_rows(file, root, kinds) for file in files]
    )


# Tables of metrics
def _metric_table(path: Path) -> Checked | None:
    """A table of metrics, for `polyglot score`; None if it is none."""
    from polyglot.scoring.metric_tables import CELL, columns_of, read_measurements

    try:
        found = columns_of(path)
    except (ValueError, OSError):
        return None
    if not set(CELL) <= set(found.read) or len(found.read) == len(CELL):
        return None
    kind = "a table of metrics, for `polyglot score`"
    facts = [found.sentence]
    try:
        measured = read_measurements([path])
    except ValueError as error:
        return Checked(path, kind, facts, [_without(path, error)])
    first = measured[measured["replicate"] == 0]
    facts.append(f"{len(first):,} cells of {first['teacher'].nunique()} teachers in {first['lang'].nunique()} languages")
    return Checked(path, kind, facts)


# Studies and registries
def _configuration(path: Path, root: Path) -> Checked:
    import yaml

    from polyglot.core.yaml_file import read_yaml
    from polyglot.registry import load_registries
    from polyglot.registry.base import RegistryError

    try:
        raw = read_yaml(path)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        return Checked(path, "YAML that cannot be read", problems=[str(error)])
    registries = ("models", "languages", "benchmarks", "sources", "licences")
    if path.stem in registries and not (isinstance(raw, dict) and "study" in raw):
        kind = f"a registry of {path.stem}"
        try:
            own = None if path.parent.resolve() == (root / "config").resolve() else path.parent
            found = load_registries(root / "config", own)
        except RegistryError as error:
            return Checked(path, kind, problems=str(error).splitlines())
        return Checked(path, kind, [f"{len(getattr(found, path.stem))} entries"])
    if not isinstance(raw, dict) or not {"study", "extends"} & raw.keys():
        return Checked(
            path, "YAML", problems=["no key `study`: neither a study nor a registry of config/; name the study's file"]
        )
    return _study(path, root)


def _study(path: Path, root: Path) -> Checked:
    from polyglot.workflow.loading import load_study
    from polyglot.workflow.named_files import file_problems

    try:
        study, registries = load_study(path, root)
    except ConfigurationError as error:
        head, *rest = str(error).splitlines()
        return Checked(path, "a study", problems=[line.strip() for line in rest] or [_without(path, ConfigurationError(head))])
    facts = [
        f"{len(study.teachers)} teachers, {len(study.languages)} languages, base {study.base}",
        f"experiments: {', '.join(study.matrices)}",
    ]
    parts = list(_named_files(study, registries, root))
    problems = file_problems(study, registries) if all(part.good for part in parts) else []
    return Checked(path, "a study", facts, problems, parts)


def _named_files(study: Study, registries: Registries, root: Path) -> Iterable[Checked]:
    """The user's files that a study names."""
    from polyglot.evaluation.formulations import FORMULATIONS

    for lang, file in study.seed_dataset.files.items():
        yield _seeds(Path(file), lang, set(registries.languages), study.seed_dataset.turns)
    for file in study.selection.datasets.values():
        yield _samples(Path(file))
    if study.selection.pairs is not None:
        yield check(Path(study.selection.pairs), root)
    for benchmark in study.evaluation.benchmarks.values():
        if benchmark.as_it_is:
            folder = Path(str(benchmark.folder))
            yield _folder(folder, root, FORMULATIONS[benchmark.formulation].takes) if folder.is_dir() else check(folder, root)


def _seeds(path: Path, lang: str, known: set[str], turns: Turns) -> Checked:
    from polyglot.core.dialogues import read_dialogues
    from polyglot.core.rows import FileError
    from polyglot.seeds.seed_files import file_problems, seeds_of

    kind = f"seed dataset of {lang}"
    try:
        found = read_dialogues(path, turns)
        problems = [str(one) for one in file_problems(found, known)]
        if not problems:
            seeds_of(found, lang, known)
    except FileError as error:
        return Checked(path, kind, problems=[_without(path, error)])
    return Checked(path, f"{kind} ({found.layout})", _told(found), problems)


def _samples(path: Path) -> Checked:
    from polyglot.core.rows import FileError
    from polyglot.selection.own import read_samples

    try:
        found = read_samples(path)
    except FileError as error:
        return Checked(path, "data to select from", problems=[_without(path, error)])
    return Checked(path, "data to select from", [f"{len(found.data):,} samples", *found.read()[1:]])
