"""Checks a study against the registries: every name must be known, and every model suitable for its role."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from polyglot.core.lookup import unknown
from polyglot.engines import ENGINES, engine_problems
from polyglot.evaluation.study_checks import problems as benchmark_problems
from polyglot.intrinsic import metrics
from polyglot.models.thinking import KEYS as THOUGHT_KEYS
from polyglot.nano.settings import COUNTERPARTS
from polyglot.registry import Registries
from polyglot.registry.base import Registry
from polyglot.registry.models import CHAT_TEMPLATES, Model
from polyglot.routing.strategies import STRATEGIES
from polyglot.seeds.settings import needs_response
from polyglot.study.experiments import Matrix
from polyglot.study.seed_languages import seed_languages
from polyglot.synthesis.methods.base import METHODS, template_files
from polyglot.synthesis.recipes import PEOPLE, PUBLIC, RULES, WHOLE, parse_recipe
from polyglot.workflow.build_checks import problems as build_problems
from polyglot.workflow.inputs.models import ModelInputs
from polyglot.workflow.limit_checks import problems as limit_problems
from polyglot.workflow.race_checks import problems as race_problems
from polyglot.workflow.routing_checks import problems as routing_problems
from polyglot.workflow.toy_checks import problems as toy_problems
from polyglot.workflow.toy_checks import real_models

if TYPE_CHECKING:
    from polyglot.study.configuration import Study


def problems(study: Study, registries: Registries) -> Iterable[str]:
    """All problems that prevent a study from running, one sentence each: key, value and what is allowed."""
    from polyglot.displays.study_checks import problems as display_problems

    yield from engine_problems(registries.models, ModelInputs(study, registries).used)
    yield from _sources(study, registries)
    yield from _names(study, registries)
    yield from toy_problems(study, registries, translates=uses_translation(study))
    yield from _data(study, registries)
    yield from _templates(study, registries)
    for matrix in study.matrices.values():
        yield from _experiment(study, matrix, registries)
    yield from metrics.problems(study.intrinsic.scored, "intrinsic.scored", scored=True)
    yield from metrics.problems(study.intrinsic.measured, "intrinsic.measured", scored=False)
    yield from _roles(study, registries)
    yield from limit_problems(study, registries)
    yield from routing_problems(study, registries)
    yield from _selection(study, registries)
    yield from _training(study, registries)
    yield from _thoughts(study, registries)
    yield from _truth(study)
    yield from _missing(study)
    yield from build_problems(study, registries)
    yield from race_problems(study, registries)
    yield from display_problems(study)


def uses_translation(study: Study) -> bool:
    """Whether any recipe needs a machine-translation model."""
    names = {cell.recipe for matrix in study.matrices.values() for cell in matrix.cells}
    return any(method.translated for name in names for method in parse_recipe(name, study.methods).methods)


OTHERS = {
    "language": "; others need no entry if ISO 639 and CLDR know them",
    "benchmark": "; one of lighteval's needs `task: lighteval`, one of yours an entry in a benchmarks.yaml beside the study",
}
"""What else there is than a registry's entries, by kind."""


def _unknown(key: str, names: Iterable[str], registry: Registry[Any], what: str) -> Iterable[str]:
    for name in dict.fromkeys(names):
        if name not in registry:
            yield f"{key}: {unknown(what, name, registry, f'{registry.sources} has')}{OTHERS.get(what, '')}"


def _unknown_teachers(key: str, names: Iterable[str], models: Registry[Model]) -> Iterable[str]:
    for name in dict.fromkeys(names):
        if name not in models:
            yield f"{key}: {unknown('model', name, [*models, *STRATEGIES], f'{models.sources} and routing have')}"


def _sources(study: Study, registries: Registries) -> Iterable[str]:
    """Check that methods named by the study's seed sources are known, and that the sources have the fields they need."""
    used = {name for names in study.seed_dataset.sources.values() for name in names}
    limited = study.seed_dataset.max_per_source
    for name, most in limited.items() if isinstance(limited, dict) else ():
        if name not in registries.sources:
            known = registries.sources
            yield f"seed_dataset.max_per_source: {unknown('source', name, known, f'{known.sources} has')}"
            continue
        langs = registries.sources[name].languages
        for lang in most if isinstance(most, dict) else ():
            if lang not in langs:
                yield f"seed_dataset.max_per_source.{name}: {unknown('language', lang, langs, 'the source has')}"
    for name, source in registries.sources.items():
        if name not in used:
            continue
        where = f"{registries.sources.file_of(name)}: entry '{name}'"
        strange = [method for method in source.methods if method not in METHODS]
        for method in strange:
            yield f"{where}, key 'methods': {METHODS.unknown(method)}"
        if not strange and needs_response(source) and source.response is None and source.prefer is None:
            method = next(method for method in source.methods if METHODS[method].needs_response)
            yield f"{where} is for `{method}` and has no field of the response"


def _templates(study: Study, registries: Registries) -> Iterable[str]:
    """Check that a folder of templates, if it is there, has those that are needed."""
    folder, models = Path(study.synthesis.prompts), ModelInputs(study, registries)
    needed = [*template_files(str(folder), study.methods), models.judge_template("judge")]
    needed += [models.judge_template("duel")] if study.selecting else []
    for file in needed if folder.is_dir() else ():
        if isinstance(file, str) and file and not Path(file).is_file():
            yield f"synthesis.prompts: there is no {file}; write it, or copy that of config/prompts/chat and word it your way"


def _names(study: Study, registries: Registries) -> Iterable[str]:
    models, languages = registries.models, registries.languages
    yield from _unknown("languages", study.languages, languages, "language")
    yield from _unknown("source_language", [study.source_language], languages, "language")
    yield from _unknown("nano.languages", study.nano.languages, languages, "language")
    yield from _unknown("seed_dataset.files", study.seed_dataset.files, languages, "language")
    yield from _unknown("seed_dataset.sources", study.seed_dataset.sources, languages, "language")
    for lang, names in study.seed_dataset.sources.items():
        yield from _unknown(f"seed_dataset.sources.{lang}", names, registries.sources, "source")
        for name in names:
            if name in registries.sources and lang not in registries.sources[name].languages:
                has = ", ".join(registries.sources[name].languages)
                where = registries.sources.file_of(name)
                yield f"seed_dataset.sources.{lang}: '{name}' has no rows in '{lang}'; {where} gives it: {has}"
    yield from _unknown("synthesis.detected_languages", study.synthesis.detected_languages, languages, "language")
    yield from _unknown_teachers("teachers", [name for name in study.teachers if study.routed(name) is None], models)
    yield from _unknown("screen.teachers", study.screen.teachers or [], models, "model")
    yield from _unknown("base", [study.base] if study.base else [], models, "model")
    yield from _unknown("screen.base", [study.screen.base] if study.screen.base else [], models, "model")
    yield from _unknown("intrinsic.embedding", [study.intrinsic.embedding], models, "model")
    yield from _unknown("intrinsic.reward.model", [study.intrinsic.reward.model], models, "model")
    yield from _unknown("evaluation.benchmarks", study.evaluation.benchmarks, registries.benchmarks, "benchmark")
    if uses_translation(study):
        yield from _unknown("translation.model", [study.translation.model], models, "model")
    for group, names in study.evaluation.groups.items():
        for name in names:
            if name not in study.evaluation.benchmarks:
                known = unknown("benchmark", name, study.evaluation.benchmarks, "evaluation.benchmarks has")
                yield f"evaluation.groups.{group}: {known}"


def _data(study: Study, registries: Registries) -> Iterable[str]:
    used = [lang for matrix in study.matrices.values() for lang in matrix.languages]
    shared = not real_models(study, registries)  # the micro-world's
    for lang in seed_languages(study, registries) if shared else ():
        if not any(lang in named for named in (study.seed_dataset.files, study.seed_dataset.sources, study.nano.languages)):
            yield (
                f"languages: '{lang}' has no seed dataset: name a file in seed_dataset.files or sources in "
                f"seed_dataset.sources, or choose from the micro-world's languages: {', '.join(study.nano.languages)}"
            )
    for name, benchmark in study.evaluation.benchmarks.items():
        known = registries.benchmarks.get(name)
        if known:
            yield from benchmark_problems(name, benchmark, known, registries.benchmarks.file_of(name))
        if known and shared and benchmark.of_the_world and name not in COUNTERPARTS:
            yield f"evaluation.benchmarks.{name}: the micro-world has no such items; take them from the `hub`, or name a `folder`"
        asked = sorted(set(used) & set(benchmark.languages or used))
        for lang in sorted(set(benchmark.languages or ()) - set(used)):
            known_languages = unknown("language", lang, dict.fromkeys(used), "there are students in")
            yield f"evaluation.benchmarks.{name}.languages: {known_languages}"
        if known and benchmark.hub and known.hub is None:
            where = registries.benchmarks.file_of(name)
            yield f"evaluation.benchmarks.{name}.hub: {where} names no repository for it; add one, or name a folder"
        has = set(known.languages) if known and benchmark.hub else set(study.nano.languages)
        if benchmark.folder is None and (shared or benchmark.hub):
            for lang in sorted(set(asked) - has):
                yield f"evaluation.benchmarks.{name}: no data for language '{lang}'; name a folder, or its `languages` without it"
    for lang in dict.fromkeys(used if study.base else ()):
        if not study.evaluation.benchmarks_in(lang):
            yield f"evaluation.benchmarks: none is used in '{lang}'; add it to the `languages` of one"
        elif not any(one.scored for one in study.evaluation.benchmarks_in(lang).values()):
            yield f"evaluation.benchmarks: none in '{lang}' is `scored`; students there would have no gain"
    if uses_translation(study):
        for lang in seed_languages(study, registries):
            if lang in registries.languages and registries.languages[lang].flores is None:
                source = registries.languages.file_of(lang)
                yield (
                    f"languages: '{lang}' has no FLORES-200 code for machine translation; give it `flores` in {source}, or in a "
                    "languages.yaml of the study's own"
                )


def _experiment(study: Study, matrix: Matrix, registries: Registries) -> Iterable[str]:
    models, key = registries.models, f"experiments.{matrix.name}"
    authors = [name for name in matrix.teachers if name != PEOPLE and study.routed(name) is None]
    if matrix.name != "main":  # what comes from the study itself is named there
        own = [name for name in authors if name not in (study.translation.model, *study.teachers)]
        yield from _unknown_teachers(f"{key}.teachers", own, models)
        yield from _unknown(f"{key}.bases", [name for name in matrix.bases if name != study.base], models, "model")
        languages = [lang for lang in matrix.languages if lang not in study.languages]
        yield from _unknown(f"{key}.languages", languages, registries.languages, "language")
    recipes = [parse_recipe(name, study.methods) for name in matrix.recipes]
    needs_english = any(method.seeds == "source" for recipe in recipes for method in recipe.methods)
    if needs_english and study.source_language in matrix.languages:
        yield f"{key}.languages: '{study.source_language}' is the language that translation starts from (source_language)"
    if any(part == "" for part in matrix.teachers):
        others = [f"`{name}`" for name, method in METHODS.items() if method.written_by != "teacher"]
        yield f"{key}.steps: each step needs a teacher, unless its recipe is {' or '.join([f'`{PUBLIC}`', *others])}"
    for base in filter(None, matrix.bases):
        entry = models.get(base)
        if entry and (entry.reference is None or entry.reference not in models):
            yield f"{key}.bases: '{base}' needs a `reference` in {models.file_of(base)} that is a model there"
    for name in dict.fromkeys((*authors, *filter(None, matrix.bases))):
        model = models.get(name)
        if model and model.package is not None:
            yield f"{name}: a model inside a package ({models.file_of(name)}) can be used for embedding only"
        trained_on = set(model.pretraining.languages) if model and model.pretraining else set()
        for lang in sorted(trained_on - set(study.nano.languages)):
            yield f"nano.languages: '{lang}' is missing; {models.file_of(name)} trains '{name}' on it"


def _roles(study: Study, registries: Registries) -> Iterable[str]:
    models, reward = registries.models, study.intrinsic.reward
    matrices = study.matrices.values()
    teachers = {name for matrix in matrices for name in matrix.teachers} - {PEOPLE, study.translation.model}
    teachers -= set(study.routed_teachers)
    routed_bases = sorted({routed.base for routed in study.routed_teachers.values() if routed.base is not None})
    uses = [
        ("teachers", sorted(teachers | set(study.screen.teachers or [])), ("chat",)),
        ("routing.teachers", study.routing.teachers or [], ("chat",)),
        ("teachers that route for a base", routed_bases, ("chat",)),
        ("bases", sorted({*study.bases, *filter(None, [study.likelihood_base])}), ("chat",)),
        ("intrinsic.embedding", [study.intrinsic.embedding], ("embedding",)),
        (
            "intrinsic.reward.model",
            [reward.model] if study.intrinsic.judged else [],
            ("reward",) if reward.kind == "reward_model" else ("chat",),
        ),
        ("translation.model", [study.translation.model] if uses_translation(study) else [], ("translation",)),
    ]
    for key, names, roles in uses:
        for name in names:
            if name in models and models[name].role not in roles:
                yield f"{key}: '{name}' is a model for {models[name].role}; here: {' or '.join(roles)}"


def _selection(study: Study, registries: Registries) -> Iterable[str]:
    models, selection = registries.models, study.selection
    recipes = {name for matrix in study.matrices.values() for name in matrix.recipes}
    selecting = [name for name in sorted(recipes) if parse_recipe(name, study.methods).rule]
    if selection.encoder is not None:
        yield from _unknown("selection.encoder", [selection.encoder], models, "model")
    if not selecting and not selection.datasets:
        return
    encoder = selection.encoder or study.intrinsic.embedding
    if encoder in models and (selecting or "quality" in RULES[selection.rule].needs):
        given = models[encoder]
        if given.role != "embedding":
            yield f"selection.encoder: '{encoder}' is a model for {given.role}; here: embedding"
        elif given.engine in ENGINES and not ENGINES[given.engine].tunes_encoders:
            tuning = ", ".join(name for name, kind in ENGINES.items() if kind.tunes_encoders)
            told = f"'{encoder}' is run by {given.engine}, and the quality model is trained with sentence-transformers; name a "
            told += f"smaller multilingual encoder whose `engine` can be ({tuning}; {models.file_of(encoder)})"
            yield f"selection.encoder: {told}"
    if selection.datasets and "rewards" in RULES[selection.rule].needs:
        yield f"selection.rule: '{selection.rule}' needs the judge's rewards, which only data of the study have"
    for name in selecting:
        if "rewards" in RULES[parse_recipe(name, study.methods).rule or ""].needs and not study.intrinsic.judged:
            yield f"recipe '{name}': it needs the judge's rewards, and this study has no judge (intrinsic.reward)"
        size = parse_recipe(name, study.methods).examples or selection.examples
        if size > study.training.examples:
            yield f"recipe '{name}': {size} examples of the {study.training.examples} that `{WHOLE}` has (training.examples)"
    for matrix in study.matrices.values():
        if matrix.compare != "selection":
            continue
        if WHOLE not in matrix.recipes:
            yield f"experiments.{matrix.name}.recipes: `{WHOLE}` must be there, the whole set that selections are compared with"
        for name in (name for name in matrix.recipes if not parse_recipe(name, study.methods).rule and name != WHOLE):
            yield f"experiments.{matrix.name}.recipes: '{name}' is no part of `{WHOLE}`; here: {', '.join([WHOLE, *RULES])}"


def _training(study: Study, registries: Registries) -> Iterable[str]:
    update = study.training.batch_size * study.training.gradient_accumulation
    for base in sorted(study.bases):
        gpus = registries.models[base].training_gpus if base in registries.models else 0
        if gpus > 1 and update % gpus:
            yield (
                f"training: batch_size x gradient_accumulation is {update}, which the {gpus} GPUs of '{base}' (training_gpus in "
                f"{registries.models.file_of(base)}) cannot share evenly; make it a multiple of {gpus}"
            )


def _thoughts(study: Study, registries: Registries) -> Iterable[str]:
    """Whether there are thoughts to keep, and whether each base's chat template writes them, as far as it can be read by now."""
    if study.training.thoughts == "drop":
        return
    recipes = [parse_recipe(name, study.methods) for name in study.recipes]
    if not any(method.thinks_of_the_response for recipe in recipes for method in recipe.methods):
        fitting = ", ".join(name for name, method in METHODS.items() if method.thinks_of_the_response)
        yield (
            "training.thoughts: 'keep' has nothing to keep: in no recipe of the study does a teacher think of a response "
            f"(methods that do: {fitting}); thoughts about writing an example are not the example's"
        )
    for base in (name for name in study.bases if name in registries.models):
        text = template_text(registries.models[base], base, study, registries)
        if text is not None and not any(key in text for key in THOUGHT_KEYS):
            yield (
                f"training.thoughts: 'keep', and the chat template of the base '{base}' writes no thoughts; name a file of "
                f"config/chat_templates that does (such as qwen3_with_thinking.jinja, for ChatML) as its `chat_template` in "
                f"{registries.models.source}, or leave training.thoughts at 'drop'"
            )


NANO_TEMPLATE = "chatml.jinja"
"""Of the models that the workflow pre-trains."""


def template_text(model: Model, name: str, study: Study, registries: Registries) -> str | None:
    """The chat template of a base, as its entry or its folder has it; None if it cannot be read yet."""
    named = model.chat_template or (NANO_TEMPLATE if model.pretraining or model.gold_tuning else None)
    if named is not None:
        return (registries.models.source.parent / CHAT_TEMPLATES / named).read_text(encoding="utf-8")
    folder = Path(model.folder or (Path(study.hub) / "models" / name if model.hub else ""))
    for file in (folder / "chat_template.jinja", folder / "tokenizer_config.json"):
        if (model.folder or model.hub) and file.exists():
            text = file.read_text(encoding="utf-8")
            if file.suffix == ".jinja" or "chat_template" in text:
                return text
    return None


def _truth(study: Study) -> Iterable[str]:
    for lang, pairs in {"": study.truth.above, **study.truth.above_in}.items():
        if lang and lang not in study.languages:
            yield f"truth.above_in: {unknown('language', lang, study.languages, 'the study has')}"
        for name in {name for pair in pairs for name in pair} - set(study.teachers):
            yield f"truth: {unknown('teacher', name, study.teachers, 'the study has')}"
        key, stated = f"truth.above_in.{lang}" if lang else "truth.above", [tuple(pair) for pair in pairs]
        for first, second in stated:
            if first == second or (second, first) in stated:
                yield f"{key}: '{first}' above '{second}' cannot hold beside the others; correct one of the pairs"


def _missing(study: Study) -> Iterable[str]:
    cells = {cell for matrix in study.matrices.values() for cell in matrix.cells}
    for gap in study.missing:
        if not any(gap.covers(cell) for cell in cells):
            where = f"teacher '{gap.teacher}' and language '{gap.lang}'"
            yield f"missing: no cell has {where} (with that base and recipe); correct the entry"
    for matrix in study.matrices.values():
        if study.missing and all(any(gap.covers(cell) for gap in study.missing) for cell in matrix.cells):
            yield f"missing: it leaves no cell of the experiment '{matrix.name}'; leave the experiment or some entries out"
