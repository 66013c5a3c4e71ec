"""The command `polyglot init`: answers by options or in a terminal, the folder, its check, its plan, and what to type next."""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from polyglot.core.errors import ConfigurationError
from polyglot.core.files import write_text
from polyglot.core.given_path import STUDY_FILE
from polyglot.engines.addresses import ADDRESSES
from polyglot.engines.manners import PRESETS
from polyglot.registry import Registries, load_registries
from polyglot.workflow.init import answers as given
from polyglot.workflow.init.answers import Answers, Prompts, Taken, Wrong
from polyglot.workflow.init.asking import NoAnswer, ask, ask_maybe, ask_more
from polyglot.workflow.init.options import ALONE, ASKED_MODEL, BENCHMARK, NEEDED, OWN_FILES
from polyglot.workflow.init.texts import copied, files
from polyglot.workflow.loading import load_study
from polyglot.workflow.planned import NotPlanned, plan_tables

T = TypeVar("T")


def run(options: argparse.Namespace, root: Path) -> None:
    """Write, check and plan a study.

    Raises:
        SystemExit: with one message, if an answer is wrong or lacking, a file is there, or the study cannot be run.
    """
    try:
        registries = load_registries(root / "config")
        answers = _answers(options, registries, root)
        folder: Path = options.to or root / "config" / answers.name
        _write(answers, registries, folder, force=options.force)
    except (Wrong, ValueError) as error:
        raise SystemExit(f"init: {error}") from None
    except NoAnswer as error:
        raise SystemExit(f"\ninit: no answer to: {error}; nothing was written") from None
    place = Path(os.path.relpath(folder, root) if folder.resolve().is_relative_to(root.resolve()) else folder.resolve())
    study = place / STUDY_FILE
    print(f"wrote {place}: {', '.join(sorted(path.name for path in folder.iterdir()))}")
    try:
        _, whole = load_study(study, root)
    except ConfigurationError as error:
        remedy = f"correct the files in {place}, then go on with the commands in docs/howto/init.md"
        raise SystemExit(f"init: {remedy}\n{error}") from None
    print("checked: the study can be run")
    if not options.no_plan:
        print(_plan(study, root))
    print(_next(study, answers, whole))


def _answers(options: argparse.Namespace, registries: Registries, root: Path) -> Answers:
    """All answers: those of the options, and where there is a terminal, those to questions about what is lacking."""
    if options.to is not None:
        if options.name not in (None, options.to.resolve().name):
            raise Wrong(f"the study has its folder's name: {options.to.resolve().name}, not {options.name}")
        options.name = options.to.resolve().name
    lacking = [name for name in NEEDED if getattr(options, name) is None]
    if options.base == ALONE and "benchmark" in lacking:
        lacking.remove("benchmark")
    if lacking and not sys.stdin.isatty():
        named = ", ".join(name if name == "name" else f"--{name}" for name in lacking)
        raise Wrong(f"not said: {named}. Run it in a terminal to be asked, or see polyglot init --help")

    def one(option: str, question: str, understand: Callable[[str], T]) -> T:
        known = getattr(options, option)
        return ask(question, understand) if known is None else understand(known)

    def several(option: str, question: str, understand: Callable[[str], T]) -> list[T]:
        known: Sequence[str] | None = getattr(options, option)
        return ask_more(question, understand) if known is None else [understand(text) for text in known]

    taken = Taken(registries)
    name = one("name", "Name of the study", lambda text: given.study_name(text, root, folder=options.to, force=options.force))
    languages = several("languages", "Language (its code, such as sw)", lambda text: given.language(text, registries))
    codes = [language.name for language in languages]
    prompts = _prompts(options, codes, registries)
    whole = described if sys.stdin.isatty() else str
    asked = f"Teacher ({ASKED_MODEL})"
    teachers = several("teacher", asked, lambda text: taken.model(whole(text), "teacher"))
    asked = f"Judge of the responses ({ASKED_MODEL}; or `{ALONE}`, if you rank by the data alone)"
    judge = one("judge", asked, lambda text: None if text == ALONE else taken.model(whole(text), "judge"))
    embedding = one("embedding", f"Embedding model ({OWN_FILES})", lambda text: taken.model(text, "embedding"))
    asked = f"Base of the students ({OWN_FILES}, with reference=...; or `{ALONE}`: rank by the data alone)"
    base = one("base", asked, lambda text: None if text == ALONE else taken.model(text, "base"))
    if base is not None and judge is None:
        raise Wrong("students of a base need a judge of the data that they learn from; `none` is for a ranking by the data alone")
    asked = f"Benchmark ({BENCHMARK})"
    wanted = base is not None or options.benchmark
    benchmarks = several("benchmark", asked, lambda text: given.benchmark(text, codes, registries)) if wanted else []
    if benchmarks and base is None:
        raise Wrong("--benchmark: it measures students, and without a base there are none; leave it out, or name a --base")
    asked = "Most that all endpoints together may cost, in USD"
    budget = given.dollars(options.budget) if options.budget else ask_maybe(asked, given.dollars) if lacking else None
    copies = not options.reference_prompts
    requests = given.whole(options.requests, "requests") if options.requests else None
    return Answers(name, languages, prompts, teachers, judge, embedding, base, benchmarks, budget, copies, requests)


def described(text: str) -> str:
    """A model's description; of a preset or an address alone, what else is needed is asked for."""
    if text not in PRESETS and not text.startswith(("http://", "https://")):
        return text
    parts = [f"preset={text}" if text in PRESETS else f"url={text}"]
    known = ADDRESSES.get(text)
    if text in PRESETS and known is None:
        parts.append(f"url={ask('  its address', str)}")
    parts.append(f"model={ask('  the name of the model there', str)}")
    key = ask("  the environment variable with its key, or none", given.variable, default=(known and known.api_key) or "none")
    price = ask_maybe("  USD per million tokens, PROMPT/COMPLETION such as 0.4/1.6", given.price)
    return ",".join([*parts, f"key={key}", *([f"price={price}"] if price else [])])


def _prompts(options: argparse.Namespace, codes: Sequence[str], registries: Registries) -> list[Prompts]:
    """Prompts of each language, and of English where it is named."""
    if options.prompts is not None:
        found = [given.prompts(text, codes, registries) for text in options.prompts]
        lacking = [code for code in codes if code not in {one.lang for one in found}]
        if lacking:
            raise Wrong(f"--prompts: none in {', '.join(lacking)}; add {lacking[0]}=FILE")
        return found
    return [
        ask(f"Prompts in {registries.languages[code].name} (a file, or sources joined by +)", _in(code, codes, registries))
        for code in codes
    ]


def _in(code: str, codes: Sequence[str], registries: Registries) -> Callable[[str], Prompts]:
    return lambda text: given.prompts(text if text.startswith(f"{code}=") else f"{code}={text}", codes, registries)


def _write(answers: Answers, registries: Registries, folder: Path, *, force: bool) -> None:
    """Write the folder; nothing at all if a file is there that is not to be written over."""
    texts = files(answers, registries, folder)
    copies = {copied(one): one.file for one in answers.prompts if one.file is not None and answers.copy}
    if folder.exists() and not folder.is_dir():
        raise Wrong(f"{folder} is a file; name another folder after --to")
    there = [name for name in (*texts, *copies) if (folder / name).exists()]
    if there and not force:
        raise Wrong(f"{folder} has {', '.join(there)} already; --force writes over them")
    for name, file in copies.items():
        if file.resolve() != (folder / name).resolve():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, folder / name)
    for name, text in texts.items():
        write_text(text, folder / name)


def _plan(study: Path, root: Path) -> str:
    """The budget's tables (`snakemake plan`), or why there are none."""
    print("working out what it will take (snakemake plan) ...", file=sys.stderr)
    try:
        tables = plan_tables(study, study.parent.name, root)
    except NotPlanned as error:
        return f"the plan could not be made:\n{error}"
    whole, teachers = (_rows(tables / f"{name}.md") for name in ("plan", "plan_teachers"))
    needed = ", ".join(f"{what}: {much}" for what, much in zip(whole[0][1:], whole[-1][1:], strict=True) if much != NOTHING)
    lines = ["it will take (a plan, by assumed speeds and the prices that you gave):", f"  {needed}"]
    of_teachers = zip(*(row for row in teachers), strict=True)
    named = {column[0]: column[1:] for column in of_teachers}
    for place, teacher in enumerate(named["teacher"][:-1]):
        lines.append(f"  {teacher}: {named['USD'][place]} USD, {named['written (M)'][place]} million tokens written")
    return "\n".join([*lines, f"  in full: {tables.relative_to(root)}/plan*.md"])


NOTHING = "–"
"""How the plan's tables show what a job does not need."""


def _rows(table: Path) -> list[list[str]]:
    """The cells of a Markdown table, its header first."""
    lines = [
        line for line in table.read_text(encoding="utf-8").splitlines() if line.startswith("|") and not line.startswith("|:")
    ]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def _next(study: Path, answers: Answers, registries: Registries) -> str:
    """What to type next, keys first."""
    named = [registries.models[chosen.name] for chosen in (*answers.teachers, *filter(None, [answers.judge]))]
    endpoints = [model.endpoint for model in named if model.endpoint is not None]
    keys = sorted({name for endpoint in endpoints for name in endpoint.secrets} - os.environ.keys())
    lines = ["next:", *(f"  export {key}=...   # the key, in this terminal only" for key in keys)]
    if endpoints:
        lines.append(f"  polyglot teachers check --configfile {study}   # asks each endpoint: does it work?")
        lines.append(f"  polyglot try --configfile {study}   # five requests a teacher, side by side")
    lines.append(f"  snakemake {'' if answers.base else 'rank '}--configfile {study}")
    return "\n".join(lines)
