"""`polyglot check FILE`: what a file is taken for, what it holds, and what is wrong in it, before any job."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from polyglot.core.errors import ConfigurationError

if TYPE_CHECKING:
    import pandas as pd

    from polyglot.core.conversations import Turns
    from polyglot.core.dialogues import Dialogues
    from polyglot.evaluation.forms import Item, Row
    from polyglot.evaluation.readers import Reader
    from polyglot.registry import Registries
    from polyglot.study.configuration import Study

FEW = 10
"""Items from which on it tells something that no first option is correct."""
GUESSED = 300
"""Most prompts whose language is guessed."""
RARE = 0.1
"""Least share of a guessed language that is told: below it are mostly mistakes with short texts."""
SHOWN = 20
"""Most problems that are shown of a file."""
STUDY_ENDINGS = (".yaml", ".yml")


@dataclass(frozen=True)
class Checked:
    """What was found in a file.

    Attributes:
        path: the file or folder.
        kind: what it is taken for.
        facts: what it holds, one sentence each.
        problems: what is wrong, one sentence each; empty if it can be used.
        parts: the files that it names, checked too.
    """

    path: Path
    kind: str
    facts: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    parts: list[Checked] = field(default_factory=list)

    @property
    def good(self) -> bool:
        """Whether nothing is wrong here, nor in what it names."""
        return not self.problems and all(part.good for part in self.parts)

    def lines(self, indent: str = "") -> Iterable[str]:
        """The same for people."""
        yield f"{indent}{self.path}: {self.kind}"
        yield from (f"{indent}  {fact}" for fact in self.facts)
        yield from (f"{indent}  wrong: {problem}" for problem in self.problems[:SHOWN])
        if len(self.problems) > SHOWN:
            yield f"{indent}  and {len(self.problems) - SHOWN:,} more that are wrong"
        for part in self.parts:
            yield from part.lines(f"{indent}  ")


def check(path: Path, root: Path) -> Checked:
    """Take a file for what it is, and check it: a study or a registry, prompts or pairs, benchmark items (a file, or a folder
    with LANG/test.*), corrected responses, or a table of metrics.

    Args:
        root: the folder that holds `config/`.
    """
    path = Path(path)
    if not path.exists():
        return Checked(path, "nothing", problems=["there is no such file or folder; correct the path"])
    if path.is_dir():
        return _folder(path, root)
    if path.suffix.lower() in STUDY_ENDINGS:
        return _configuration(path, root)
    if path.name.endswith("archive.zip"):
        return Checked(path, "the archive of a study", ["`polyglot verify` checks it"])
    return _rows(path, root)


def _rows(path: Path, root: Path) -> Checked:
    """A file with rows."""
    from polyglot.core.dialogues import names_in
    from polyglot.core.rows import FileError, read_rows

    try:
        if path.suffix.lower() in (".csv", ".tsv", ".parquet") and (table := _metric_table(path)) is not None:
            return table
        rows = read_rows(path)
    except (FileError, UnicodeDecodeError) as error:
        return Checked(path, "a file that cannot be read", problems=[_without(path, error)])
    named = names_in(rows.columns)
    if set(CORRECTED) <= set(named):
        return _corrected(path)
    form = _form(set(named))
    if form is not None:
        return _items(path, rows, form)
    return _dialogues(path, root)


def _without(path: Path, error: Exception) -> str:
    """An error's message without the name of the file."""
    return str(error).removeprefix(f"{path}: ")


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
    counts = stated.astype(str).value_counts().sort_index()
    return f"languages: {', '.join(f'{code} {count:,}' for code, count in counts.items())}"


def _guessed(texts: Sequence[str]) -> list[str]:
    """The languages of a sample of texts, as a detector guesses them; nothing for texts without letters."""
    from lingua import LanguageDetectorBuilder

    sample = list(texts)[:: max(1, len(texts) // GUESSED)][:GUESSED]
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
@dataclass(frozen=True)
class Form:
    """A form of benchmark items.

    Attributes:
        about: the form in words.
        kind: the kind of item.
        read: a row to the row of an item.
        columns: the columns that it takes.
    """

    about: str
    kind: type[Item]
    read: Callable[[Row], Row]
    columns: tuple[str, ...]


def _form(columns: Collection[str]) -> Form | None:
    """The form of benchmark items with these columns, in small letters; None if they are none. Rows that are plain items come
    before the schemas of published data sets, and those before items that lack something."""
    from polyglot.evaluation.forms import Choice, Expression, Preference, Problem
    from polyglot.evaluation.open_forms import Compared
    from polyglot.evaluation.readers import READERS

    kinds: tuple[type[Item], ...] = (Preference, Problem, Expression, Choice, Compared)
    plain = [Form(kind.stated_as, kind, dict, tuple(kind.schema)) for kind in kinds]
    for form in plain:
        if form.kind.told_by(columns):
            return form
    for name, reader in READERS.items():
        if reader.telling and {field.lower() for field in reader.fields} <= set(columns):
            about = f"{reader.makes.stated_as}, in the schema of {name} (`items: {name}` in config/benchmarks.yaml)"
            return Form(about, reader.makes, partial(_by_reader, reader), reader.fields)
    return next((form for form in plain if any(field in columns for field in form.kind.telling)), None)


def _by_reader(reader: Reader, row: Row) -> Row:
    return reader.read(row, reader.words)


def _items(path: Path, rows: pd.DataFrame, form: Form) -> Checked:
    from polyglot.core.rows import plain
    from polyglot.evaluation.forms import ItemError

    kind, named = f"benchmark items: {form.about}", {str(name) for name in rows.columns}
    wrong = {name: name.strip().lower() for name in named if name.strip().lower() in form.columns and name not in form.columns}
    if wrong:
        renamed = ", ".join(f"'{name}' to '{right}'" for name, right in sorted(wrong.items()))
        return Checked(path, kind, problems=[f"names of columns are in small letters: rename {renamed}"])
    items, problems = [], []
    for place, row in zip(rows.index, rows.to_dict("records"), strict=True):
        stated = {
            str(name): plain(value) for name, value in row.items() if value is None or isinstance(value, list) or value == value
        }
        try:
            items.append(form.kind.from_row(form.read(stated), int(place)))
        except ItemError as error:
            problems.append(f"row {int(place) + 1}: {error}")
    facts = [f"{len(rows):,} items, {len(items):,} of them usable", *_item_facts(items)]
    facts.append(
        "a study takes them from FOLDER/LANG/test.jsonl (or .csv, .parquet), with `folder: FOLDER` (docs/reference/files.md)"
    )
    return Checked(path, kind, facts, problems)


def _item_facts(items: Sequence[Item]) -> list[str]:
    """Options, correct answers, categories and repeated ids."""
    from polyglot.evaluation.forms import Choice, letter

    facts, chosen = [], [item for item in items if isinstance(item, Choice)]
    if chosen:
        sizes, places = Counter(len(item.options) for item in chosen), Counter(item.answer for item in chosen)
        facts.append("options: " + ", ".join(f"{size} in {count:,} items" for size, count in sorted(sizes.items())))
        facts.append("correct: " + ", ".join(f"{letter(place)} {count:,}" for place, count in sorted(places.items())))
        if len(chosen) >= FEW and 0 not in places:
            facts.append("no first option is ever correct: if places are counted from 1, name the field `answer_from_1`")
    categories = Counter(item.category for item in items)
    if len(categories) > 1:
        facts.append("categories: " + ", ".join(f"{name} {count:,}" for name, count in sorted(categories.items())))
    return facts


def _folder(path: Path, root: Path) -> Checked:
    """A benchmark's folder."""
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
    return Checked(path, "a folder of benchmark items", [f"{len(files)} files"], parts=[_rows(file, root) for file in files])


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

    try:
        study, registries = load_study(path, root)
    except ConfigurationError as error:
        head, *rest = str(error).splitlines()
        return Checked(path, "a study", problems=[line.strip() for line in rest] or [_without(path, ConfigurationError(head))])
    facts = [
        f"{len(study.teachers)} teachers, {len(study.languages)} languages, base {study.base}",
        f"experiments: {', '.join(study.matrices)}",
    ]
    return Checked(path, "a study", facts, parts=list(_named_files(study, registries, root)))


def _named_files(study: Study, registries: Registries, root: Path) -> Iterable[Checked]:
    """The user's files that a study names."""
    for lang, file in study.seed_dataset.files.items():
        yield _seeds(Path(file), lang, set(registries.languages), study.seed_dataset.turns)
    for file in study.selection.datasets.values():
        yield _samples(Path(file))
    if study.selection.pairs is not None:
        yield check(Path(study.selection.pairs), root)
    for benchmark in study.evaluation.benchmarks.values():
        if benchmark.as_it_is:
            yield check(Path(str(benchmark.folder)), root)


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


def report(found: Sequence[Checked]) -> str:
    """What was found in several files, for people."""
    return "\n".join(line for one in found for line in one.lines())
