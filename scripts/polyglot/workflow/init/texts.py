"""The files of a study's folder: nothing that is a default, and a comment where a choice was made for the user."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from polyglot.registry import Registries
from polyglot.workflow.init.answers import Answers, Chosen, Prompts

STUDY = """\
# Made by `polyglot init`. Relative paths are seen from this folder, but for those that start with config/.
# All keys and their defaults: config/README.md
study: {name}
description: {description}
languages: {languages}
teachers: {teachers}
{methods}{base}seed_dataset:
{prompts}synthesis:
  prompts: config/prompts/chat # templates of the requests; to word them your way, copy the folder here and name the copy
{budget}intrinsic:
  embedding: {embedding} # diversity is measured with it: it should know the languages
  reward: {reward}
{screen}{training}"""
METHODS = """\
methods: [generate, respond] # `translate` as well, once seed_dataset.files.{source} names prompts to translate
"""
TRAINING = """\
training: # usual values for real weights; {examples} examples a student are the default
  learning_rate: 2.0e-5
  max_length: {length} # tokens{context}
evaluation:
  benchmarks:
{benchmarks}"""
HEADS = {
    "models": "Models of this study, beside those of config/models.yaml. Keys are in environment variables, never here.\n"
    "# A server of your own has price 0; state another (USD per million tokens) to count what it costs.",
    "benchmarks": "Benchmarks of this study, beside those of config/benchmarks.yaml.",
    "sources": "Sources of prompts of this study, beside those of config/sources.yaml. A source of your own takes three lines:\n"
    '# my-prompts: {folder: data, files: ["*.jsonl"], prompt: question, languages: {LANG: []}}',
    "languages": "Languages of this study that neither ISO 639 and CLDR nor config/languages.yaml know.",
}
LENGTH = 2048
"""Usual longest example, in tokens."""
IGNORED = """\
# keys stay in the environment; should a file hold some, git leaves it out
.env
*.env
"""


def files(answers: Answers, registries: Registries, folder: Path) -> dict[str, str]:
    """Name of each file in the study's folder to its text.

    Args:
        folder: where they will be.
    """
    models = [*answers.teachers, *filter(None, [answers.judge, answers.embedding, answers.base])]
    own = {
        "models": _entries(models),
        "benchmarks": {name: entry for _, _, entries in answers.benchmarks for name, entry in entries.items()},
        "sources": {},
        "languages": _entries(answers.languages),
    }
    written = {f"{kind}.yaml": _registry(kind, entries) for kind, entries in own.items() if entries or kind != "languages"}
    return {"study.yaml": study(answers, registries, folder), **written, ".gitignore": IGNORED}


def study(answers: Answers, registries: Registries, folder: Path) -> str:
    """The text of study.yaml."""
    from polyglot.study.configuration import Study
    from polyglot.training.settings import Training

    codes = [language.name for language in answers.languages]
    source = Study.model_fields["source_language"].default
    translates = any(one.lang == source for one in answers.prompts) and source not in codes
    names = [registries.languages[code].name for code in codes]
    benchmarks = [f"    {_flow(name)}: {_flow(_seen(settings, folder))}\n" for name, settings, _ in answers.benchmarks]
    context = _context(answers.base)
    training = TRAINING.format(
        examples=Training.model_fields["examples"].default,
        benchmarks="".join(benchmarks),
        length=min(LENGTH, context or LENGTH),
        context=", the base's context" if context and context <= LENGTH else "",
    )
    return STUDY.format(
        name=_flow(answers.name),
        description=_flow(f"Which teacher writes the best fine-tuning data for {_listed(names)}?"),
        languages=_flow(codes),
        teachers=_flow([teacher.name for teacher in answers.teachers]),
        methods="" if translates else METHODS.format(source=source),
        base=f"base: {_flow(answers.base.name)}\n" if answers.base else "",
        prompts=_prompts(answers, folder),
        budget=f"  budget: {answers.budget:g} # USD, for all endpoints together\n" if answers.budget else "",
        embedding=_flow(answers.embedding.name),
        reward=_flow(_reward(answers.judge, registries)),
        screen=f"screen: {{requests: {answers.requests}}}\n" if answers.requests else "",
        training=training if answers.base else "",
    )


def _context(base: Chosen | None) -> int | None:
    """The context of a base in tokens, if its files are here and say so."""
    from polyglot.models.checks import model_context

    folder = base.entries.get(base.name, {}).get("folder") if base else None
    return model_context(Path(folder)) if folder else None


def _reward(judge: Chosen | None, registries: Registries) -> dict[str, str]:
    """What the study says of its judge."""
    if judge is None:
        return {"kind": "none"}
    entry = judge.entries.get(judge.name) or registries.models[judge.name].model_dump()
    return {"model": judge.name} if entry.get("role") == "reward" else {"kind": "rubric_judge", "model": judge.name}


def copied(prompts: Prompts) -> str:
    """The path of a copied file of prompts, in the study's folder."""
    assert prompts.file is not None
    return f"prompts/{prompts.lang}{''.join(prompts.file.suffixes[-2:]) if prompts.file.suffix == '.gz' else prompts.file.suffix}"


def _prompts(answers: Answers, folder: Path) -> str:
    """The files and sources of prompts, by language."""
    files = [one for one in answers.prompts if one.file is not None]
    lines = []
    if files:
        lines.append(f"  files: # {'copied here' if answers.copy else 'where they are'}; they decide what is run again")
        for one in files:
            place = copied(one) if answers.copy else _place(str(one.file), folder)
            lines.append(f"    {_flow(one.lang)}: {_flow(place)}")
    sources = [one for one in answers.prompts if one.sources]
    if sources:
        lines.append("  sources:")
        lines += [f"    {_flow(one.lang)}: {_flow(list(one.sources))}" for one in sources]
    return "".join(f"{line}\n" for line in lines)


def _seen(settings: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """A benchmark's settings, with its folder as seen from the study's."""
    return {key: _place(value, folder) if key == "folder" else value for key, value in settings.items()}


def _place(path: str, folder: Path) -> str:
    """A path as seen from the study's folder: relative where both are below the folder that one runs in, else absolute."""
    here, whole = Path.cwd().resolve(), Path(path).resolve()
    below = whole.is_relative_to(here) and folder.resolve().is_relative_to(here)
    return os.path.relpath(whole, folder.resolve()) if below else str(whole)


def _entries(chosen: Sequence[Chosen]) -> dict[str, Any]:
    return {name: entry for one in chosen for name, entry in one.entries.items()}


def _registry(kind: str, entries: Mapping[str, Any]) -> str:
    return f"# {HEADS[kind]}\n" + "".join(f"{_flow(name)}: {_flow(entry)}\n" for name, entry in entries.items())


def _flow(value: Any) -> str:
    """A value on one line of YAML; a word such as `no`, which YAML takes for something else, in quotes."""
    text = yaml.safe_dump(value, default_flow_style=True, sort_keys=False, allow_unicode=True, width=float("inf"))
    return text.removesuffix("\n").removesuffix("\n...").strip()


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
