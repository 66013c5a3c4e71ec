"""Write what the workflow knows of lighteval's tasks: its list for studies, and the page of multilingual tasks by language.

    python docs/lighteval_tasks.py

Reads the installed lighteval with its extra `multilingual` (see requirements.txt). The list is needed because a study is checked
without lighteval, whose import takes seconds.
"""

from __future__ import annotations

import importlib
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
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
INTRODUCTION = """\
# Tasks of lighteval
lighteval 0.13 ships {count} tasks and sets of tasks. A study names any of them in one line;
[Any benchmark of lighteval](../howto/benchmarks.md) says how. Below are its multilingual tasks in the {languages} languages with
most speakers (after CLDR). It has some in these languages too:
{others}.

- **Formulations**: the name ends in `_mcf` (options have letters, the model chooses a letter), `_cf` (options are not shown, the
  likelihood of each is compared) or `_hybrid` (options are shown, the likelihood of their texts is compared). Small base models
  seldom know what to do with letters: take `_cf` for them.
- **First metric**: it counts unless the study names another.
- **Parts**: a set of so many tasks. Its name alone takes all of them with equal weights; `SET:PART` takes one.
- **Items and licence** are stated for data sets that most languages share, as their cards on the hub say. lighteval says neither:
  where they are missing, see the data set's page.
- Tasks whose model writes (F1, exact match) need the packages of `lighteval[multilingual]`."""
FORMULATIONS = ("mcf", "cf", "hybrid")
CARDS = {
    "CohereForAI/Global-MMLU": (14_042, "Apache-2.0"),
    "facebook/belebele": (900, "CC-BY-SA-4.0"),
    "google/xquad": (1_190, "CC-BY-SA-4.0"),
    "juletxara/mgsm": (250, "CC-BY-SA-4.0"),
    "openai/MMMLU": (14_042, "MIT"),
    "xcopa": (500, "CC-BY-4.0"),
}
"""Data sets to the items that a task has in a language, all parts together, and their licence, as their cards on the hub say.
Those of MMLU's translations say that they are its whole test set."""
PARTIAL = ("global_mmlu_ca_", "global_mmlu_cs_", "global_mmlu_unk_")
"""Tasks that take some of their data set's items."""


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


def page(tasks: Sequence[Listed]) -> str:
    """The multilingual tasks of the languages with most speakers, a table each."""
    by_language: dict[str, list[Listed]] = defaultdict(list)
    for task in tasks:
        if task.lang and MULTILINGUAL in task.module and task.metrics:
            by_language[task.lang].append(task)
    chosen = sorted(by_language, key=lambda lang: (-spoken(lang), lang))[:LANGUAGES]
    others = sorted(set(by_language) - set(chosen))
    lines = [INTRODUCTION.format(count=len(tasks), languages=LANGUAGES, others=", ".join(f"`{lang}`" for lang in others))]
    for lang in sorted(chosen):
        known = derived(lang)
        lines += ["", f"## {known.name if known else lang} (`{lang}`)", "", *_table(by_language[lang])]
    return "\n".join([*lines, ""])


def _table(tasks: Sequence[Listed]) -> Iterator[str]:
    stems: dict[str, list[Listed]] = defaultdict(list)
    for task in tasks:
        stems[task.name.removesuffix(f"_{task.formulation}") if task.formulation else task.name].append(task)
    yield "| task | formulations | the model | first metric | parts | items | data | licence |"
    yield "| --- | --- | --- | --- | --- | --- | --- | --- |"
    for stem, alike in sorted(stems.items()):
        first = alike[0]
        known = [one.formulation for one in alike if one.formulation]
        name = f"{stem}_..." if known else stem
        metrics = list(dict.fromkeys(one.metrics[0] for one in alike))
        data = first.repository.replace(" ", ", ")
        shown = [", ".join(known), "writes" if first.writes else "chooses", ", ".join(f"`{one}`" for one in metrics)]
        count, licence = CARDS.get(first.repository, (0, ""))
        items = f"{count:,}" if count and not stem.startswith(PARTIAL) else ""
        yield f"| `{name}` | {' | '.join(shown)} | {len(first.parts) or ''} | {items} | {data} | {licence} |"


def main() -> None:
    found = every()
    write_text(listed_text(found), FILE)
    write_text(page(found), PAGE)
    print(f"{FILE}: {len(found)} tasks; {PAGE}")


if __name__ == "__main__":
    main()
