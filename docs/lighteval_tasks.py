"""Write what the workflow knows of lighteval's tasks: its list for studies, and the page of multilingual tasks by language.

    python docs/lighteval_tasks.py

Reads the installed lighteval with its extra `multilingual` (see requirements.txt). The list is needed because a study is checked
without lighteval, whose import takes seconds.
"""

from __future__ import annotations

import csv
import importlib
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from polyglot.core.files import write_text
from polyglot.evaluation.lighteval_list import FILE, PAIRS, Listed, listed_text
from polyglot.evaluation.lighteval_tasks import metrics_of
from polyglot.registry.languages import derived

DOWNLOADS = {"tiny_benchmarks"}
"""Modules that download a file when they are imported."""
FLORES = "flores200"
WRITTEN = re.compile(r"(?<![a-z])([a-z]{3}_[A-Z][a-z]{3})(?![a-z])")
MULTILINGUAL = ".multilingual."
LANGUAGES = 40
PAGE = Path(__file__).parent / "reference/lighteval.md"
FACTS = Path(__file__).parent / "lighteval_data.csv"
"""What is known of the tasks' data sets. lighteval does not say how many items a task has, nor under which licence."""
NOT_STATED = "not stated"
INTRODUCTION = """\
# Tasks of lighteval
lighteval 0.13 ships {count:,} tasks and sets of tasks. A study names any of them in one line;
[Any benchmark of lighteval](../howto/benchmarks.md) says how. Below are its multilingual tasks in the {languages} languages with
most speakers (after CLDR). Their items are stated for {items} of {tasks} tasks, their licence for {licences}; the rest is
"{not_stated}".

- **Formulations**: the name ends in `_mcf` (options have letters, the model chooses a letter), `_cf` (options are not shown, the
  likelihood of each is compared) or `_hybrid` (options are shown, the likelihood of their texts is compared). Small base models
  seldom know what to do with letters: take `_cf` for them.
- **Items**: in one language, all parts together, in the split that lighteval takes. "at most" where lighteval leaves some out.
- **Licence** of the data. [Data sets](#data-sets) has the source of each count and licence. Read the licence itself before you
  publish.
- **First metric**: it counts unless the study names another.
- **Parts**: a set of so many tasks. Its name alone takes all of them with equal weights; `SET:PART` takes one.
- **`tydiqa_...`**: lighteval takes the questions in all languages, whatever language the name says.
- Tasks whose model writes (F1, exact match) need the packages of `lighteval[multilingual]`.

lighteval has some tasks in these languages too: {others}."""
DATA_SETS = """
## Data sets
Items without a task or language before them are the same for all.

| data | items in a language | licence | source |
| --- | --- | --- | --- |"""
FORMULATIONS = ("mcf", "cf", "hybrid")


def modules() -> Iterator[tuple[str, ModuleType]]:
    """Every module of tasks by name, as far as it can be imported here; files, and folders with a `main.py`."""
    for package in ("lighteval.tasks.multilingual.tasks", "lighteval.tasks.tasks"):
        folder = Path(next(iter(importlib.import_module(package).__path__)))
        files = [file.stem for file in folder.glob("*.py") if file.stem != "__init__"]
        for found in sorted({*files, *(f"{file.parent.name}.main" for file in folder.glob("*/main.py"))} - DOWNLOADS):
            name = f"{package}.{found}"
            try:
                yield name, importlib.import_module(name)
            except ImportError as error:
                print(f"left out: {name} ({error})")


def listed(name: str, module: ModuleType) -> Iterator[Listed]:
    """The tasks of a module; tasks of several parts (`NAME:PART`) as one."""
    sets: dict[str, list[Any]] = defaultdict(list)
    for config in getattr(module, "TASKS_TABLE", []):
        sets[config.name.partition(":")[0]].append(config)
    for task, configs in sets.items():
        repositories = sorted({config.hf_repo for config in configs})
        common = list(dict.fromkeys(one for one in metrics_of(configs[0]) if all(one in metrics_of(other) for other in configs)))
        first, parts = configs[0], [config.name.partition(":")[2] for config in configs]
        sizes = [config.generation_size for config in configs if config.generation_size and config.generation_size > 0]
        written = {metrics_of(first)[metric].category.name for metric in common}
        yield Listed(
            name=task,
            module=name,
            repository=" ".join(repositories),
            revision=first.hf_revision or "",
            lang=language_of(task, module),
            formulation=next((one for one in FORMULATIONS if task.endswith(f"_{one}")), ""),
            metrics=tuple(common),
            writes="GENERATIVE" in written,
            tokens=max(sizes, default=0),
            splits=tuple(first.evaluation_splits),
            parts=_pairs(parts) if task == FLORES else tuple(sorted(filter(None, parts))),
        )


def _pairs(parts: Sequence[str]) -> tuple[str, ...]:
    """Thousands of pairs of languages, by their languages alone."""
    return PAIRS, *sorted({language for part in parts for language in part.split("-")})


def language_of(task: str, module: ModuleType) -> str:
    """The code of a task's language: from its name, else its module's only one; "" if several are possible."""
    from lighteval.utils.language import Language

    named = WRITTEN.search(task)
    if named:
        return code_of_flores(named[1])
    known = {language.value for language in Language}
    tokens = [token for token in re.split(r"[_.\-]", task) if token in known]
    if tokens:
        return code(tokens[-1])
    told = re.search(r"languages:\n(.*?)\n\n", module.__doc__ or "", re.DOTALL)
    names = [one.strip() for one in told[1].replace("\n", " ").split(",")] if told else []
    return code_of(names[0]) if len(names) == 1 else ""


def code(tag: str) -> str:
    """A language's code as studies write it: the shortest, with the script only where it is not the usual one."""
    import langcodes

    found = langcodes.Language.get(langcodes.standardize_tag(tag, macro=True))
    usual = langcodes.Language.get(found.language).assume_script().script
    short = found.language if found.script in (None, usual) else found.to_tag()
    return {"fil": "tl", "hti": "ht"}.get(str(short), str(short)).lower()


def code_of_flores(written: str) -> str:
    """A study's code of a language and script as FLORES-200 writes them, `swh_Latn`."""
    language, _, script = written.partition("_")
    short = code(language)
    known = derived(short)
    return short if known and known.flores == written else f"{short}-{script.lower()}"


def code_of(name: str) -> str:
    import langcodes

    try:
        return code(langcodes.find(name).to_tag())
    except LookupError:
        return ""


def every() -> list[Listed]:
    found = [one for name, module in modules() for one in listed(name, module)]
    twice = [name for name, count in Counter(one.name for one in found).items() if count > 1]
    if twice:
        print(f"in two modules, the last counts: {', '.join(twice)}")
    return sorted({one.name: one for one in found}.values(), key=lambda one: one.name)


def spoken(code: str) -> int:
    """How many people speak a language, after CLDR."""
    import langcodes

    return langcodes.Language.get(code).speaking_population()


@dataclass(frozen=True)
class Fact:
    """A row of lighteval_data.csv.

    Attributes:
        data: the data set on the hub, as lighteval names it.
        task: what names of tasks begin with, "" for all of the data set.
        lang: code of a language, "" for all.
        items: of a task in a language, all parts together; 0 if not stated.
        at_most: lighteval leaves out some of the items, such as pairs that are neutral or questions without an answer.
        licence: an SPDX identifier, or in words; "" if not stated.
        source: addresses, with spaces between.
    """

    data: str
    task: str
    lang: str
    items: int
    at_most: bool
    licence: str
    source: str

    def of(self, task: Listed) -> bool:
        return self.data == task.repository and task.name.startswith(self.task) and self.lang in ("", task.lang)

    @property
    def counted(self) -> str:
        return f"{'at most ' if self.at_most else ''}{self.items:,}" if self.items else NOT_STATED


def facts() -> list[Fact]:
    """What lighteval_data.csv states; a row that says more of a task or language than another comes later."""
    with FACTS.open(encoding="utf-8", newline="") as file:
        rows = [
            Fact(**{**row, "items": int(row["items"] or 0), "at_most": row["at_most"] == "yes"})  # type: ignore[arg-type]
            for row in csv.DictReader(file)
        ]
    return sorted(rows, key=lambda one: bool(one.task) + bool(one.lang))


def stated(task: Listed, known: Sequence[Fact]) -> tuple[str, str]:
    """A task's items and licence, as the page shows them."""
    own = [one for one in known if one.of(task)]
    items = next((one.counted for one in reversed(own) if one.items), NOT_STATED)
    return items, next((one.licence for one in reversed(own) if one.licence), NOT_STATED)


def multilingual(tasks: Sequence[Listed]) -> dict[str, list[Listed]]:
    """The multilingual tasks by language."""
    by_language: dict[str, list[Listed]] = defaultdict(list)
    for task in tasks:
        if task.lang and MULTILINGUAL in task.module and task.metrics:
            by_language[task.lang].append(task)
    return by_language


def chosen_languages(by_language: Mapping[str, Sequence[Listed]]) -> list[str]:
    """The languages of the page."""
    return sorted(sorted(by_language, key=lambda lang: (-spoken(lang), lang))[:LANGUAGES])


def page(tasks: Sequence[Listed]) -> str:
    """The multilingual tasks of the languages with most speakers, a table each, and what is known of their data."""
    by_language, known = multilingual(tasks), facts()
    chosen = chosen_languages(by_language)
    shown = {lang: list(_alike(by_language[lang])) for lang in chosen}
    told = [stated(alike[0], known) for rows in shown.values() for _, alike in rows]
    introduction = INTRODUCTION.format(
        count=len(tasks),
        languages=LANGUAGES,
        items=sum(items != NOT_STATED for items, _ in told),
        licences=sum(licence != NOT_STATED for _, licence in told),
        tasks=len(told),
        not_stated=NOT_STATED,
        others=", ".join(f"`{lang}`" for lang in sorted(set(by_language) - set(chosen))),
    )
    lines = [introduction]
    for lang in chosen:
        name = derived(lang)
        lines += ["", f"## {name.name if name else lang} (`{lang}`)", "", *_table(shown[lang], known)]
    repositories = sorted({alike[0].repository for rows in shown.values() for _, alike in rows}, key=str.lower)
    rows_of = {one: [fact for fact in known if fact.data == one and fact.source] for one in repositories}
    lines += [DATA_SETS, *(_data_set(one, own) for one, own in rows_of.items() if own)]
    unknown = [_hub(one) for one, own in rows_of.items() if not own]
    lines += ["", f"Neither is stated for {len(unknown)} data sets: {', '.join(unknown)}."]
    return "\n".join([*lines, ""])


def _alike(tasks: Sequence[Listed]) -> Iterator[tuple[str, list[Listed]]]:
    """Tasks that differ in their formulation alone, by what their names have in common."""
    stems: dict[str, list[Listed]] = defaultdict(list)
    for task in tasks:
        stems[task.name.removesuffix(f"_{task.formulation}") if task.formulation else task.name].append(task)
    yield from sorted(stems.items())


def _table(rows: Sequence[tuple[str, list[Listed]]], known: Sequence[Fact]) -> Iterator[str]:
    yield "| task | items | licence | formulations | data | the model | first metric | parts |"
    yield "| --- | --- | --- | --- | --- | --- | --- | --- |"
    for stem, alike in rows:
        first = alike[0]
        forms = [one.formulation for one in alike if one.formulation]
        name = f"{stem}_..." if forms else stem
        metrics = list(dict.fromkeys(one.metrics[0] for one in alike))
        cells = [
            f"`{name}`",
            *stated(first, known),
            ", ".join(forms),
            first.repository.replace(" ", ", "),
            "writes" if first.writes else "chooses",
            ", ".join(f"`{one}`" for one in metrics),
            str(len(first.parts) or ""),
        ]
        yield f"| {' | '.join(cells)} |"


def _data_set(repository: str, known: Sequence[Fact]) -> str:
    """A row of the table of data sets."""
    counts = [f"{_scope(one)}{one.counted}" for one in known if one.items]
    licences = [f"{_scope(one)}{one.licence}" for one in known if one.licence]
    sources = dict.fromkeys(address for one in known for address in one.source.split())
    links = ", ".join(f"[{_host(address)}]({address})" for address in sources)
    return f"| {_hub(repository)} | {'; '.join(counts) or NOT_STATED} | {'; '.join(licences) or NOT_STATED} | {links} |"


def _hub(repository: str) -> str:
    return ", ".join(f"[{one}](https://huggingface.co/datasets/{one})" for one in repository.split())


def _scope(fact: Fact) -> str:
    of = [f"`{part}`" for part in (fact.task.rstrip("_"), fact.lang) if part]
    return f"{' '.join(of)}: " if of else ""


def _host(address: str) -> str:
    return "the hub" if "//huggingface.co/" in address else "GitHub" if "//github.com/" in address else address


def main() -> None:
    found = every()
    write_text(listed_text(found), FILE)
    write_text(page(found), PAGE)
    print(f"{FILE}: {len(found)} tasks; {PAGE}")


if __name__ == "__main__":
    main()
