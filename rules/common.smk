# What Snakemake itself must know: the study, wildcard constraints, and target lists from the experiment matrix.
import re

from polyglot.displays import catalogue as displays
from polyglot.engines import behind_network, environment_of
from polyglot.publishing import facts as publishing
from polyglot.replication.published import PUBLISHED_RECIPE
from polyglot.study.configuration import REPLICATION
from polyglot.synthesis.draws import Draw
from polyglot.study.sizes import examples_in, requests_in
from polyglot.study.experiments import MAIN
from polyglot.synthesis.methods.base import METHODS
from polyglot.synthesis.recipes import PEOPLE, TRANSLATED, WHOLE, blocks_needed, parse_recipe
from polyglot.core.files import write_text, yaml_text
from polyglot.models.hub import HubError, is_there
from polyglot.core.errors import ConfigurationError
from polyglot.workflow.loading import choose_study_file, load_study

ROOT = Path(workflow.basedir)
NANO_PROMPTS = "config/prompts/nano"
CHAT_TEMPLATE = "config/chat_templates/chatml.jinja"


def read_study():
    """The study of this command line. A problem ends the run with one message, before any job."""
    settings = workflow.config_settings
    try:
        targets = [arg for arg in sys.argv[1:] if arg.startswith("results/")]
        path = choose_study_file(ROOT, settings.configfiles, targets)
        if not settings.configfiles:
            settings.configfiles.append(
                path.absolute()
            )  # remote jobs read the same file
        return load_study(path, ROOT, settings.config)
    except ConfigurationError as error:
        raise WorkflowError(str(error)) from None


STUDY, REGISTRIES = read_study()
config.clear()
config.update(STUDY.model_dump(mode="json"))
RESULTS = f"results/{STUDY.study}"
MATRICES = STUDY.matrices
TRANSLATE_FROM = STUDY.source_language
TRANSLATOR = STUDY.translation.model
CANDIDATES = STUDY.screen.teachers or STUDY.single_teachers
SCREENED_LANGUAGES = STUDY.screen.languages or STUDY.languages
SCREENED_SEED = f"{STUDY.seeds[0]}-screen"
NANO_MODELS = [
    name for name, model in REGISTRIES.models.items() if model.pretraining is not None
]
GOLD_TUNED_MODELS = [
    name for name, model in REGISTRIES.models.items() if model.gold_tuning is not None
]
HUB = STUDY.hub.rstrip("/")
HUB_MODELS = [
    name for name, model in REGISTRIES.models.items() if model.hub is not None
]
HUB_SOURCES = [
    name for name, source in REGISTRIES.sources.items() if source.hub is not None
]
HUB_BENCHMARKS = [
    name for name, chosen in STUDY.evaluation.benchmarks.items() if chosen.hub
]
NANO_TRANSLATORS = [
    name for name, model in REGISTRIES.models.items() if model.translator_training
]
TEACHERS = [
    *dict.fromkeys(
        name
        for names in (
            *(matrix.teachers for matrix in MATRICES.values()),
            CANDIDATES,
            STUDY.routed_among if STUDY.routed_teachers else [],
            [PEOPLE, TRANSLATOR],
        )
        for name in names
    )
]
ENDPOINT_TEACHERS = [
    name
    for name in TEACHERS
    if name in REGISTRIES.models and behind_network(REGISTRIES.models[name])
]
ROUTED = STUDY.routed_teachers
ASKING = [name for name, routed in ROUTED.items() if routed.asks]
ROUTED_BASES = [*dict.fromkeys(routed.base or STUDY.base for routed in ROUTED.values())]
CALIBRATED_SEED = f"{STUDY.routing.seed}-calibration"
RECIPES = {name for matrix in MATRICES.values() for name in matrix.recipes}
SELECTING = [name for name in sorted(RECIPES) if parse_recipe(name, STUDY.methods).rule]
ALL_REQUESTS = STUDY.synthesis.requests * len(STUDY.methods)
ALL_ANSWERS = (
    WHOLE if ALL_REQUESTS <= STUDY.training.examples else f"{WHOLE}-{ALL_REQUESTS}"
)  # the training set that holds every answer of a teacher that can be used
RECIPES |= {WHOLE} if ROUTED or SELECTING else set()
RECIPES |= {ALL_ANSWERS for routed in ROUTED.values() if routed.strategy == "oracle"}
POOLED = "all"
ENCODER = STUDY.selection.encoder or STUDY.intrinsic.embedding
LOCAL_TEACHERS = [
    name for name in TEACHERS if name not in ENDPOINT_TEACHERS and name not in ROUTED
]
config["operation"] = {
    name: REGISTRIES.models[name].operation for name in REGISTRIES.models
}
FIGURES = displays.figures(STUDY)
REPLICATED = displays.REPLICATED
PUBLISHED_TABLES = sorted(
    path.stem for path in (ROOT / "config/published").glob("*.csv")
)
TABLES = displays.tables(STUDY)


def drop_job_rate_limit():
    """Start jobs as soon as there are cores, on one machine.

    For its limit of jobs started per second, Snakemake 9.27 looks at all waiting jobs once a second, and once more a second for
    each job that has ended: after hundreds of jobs that takes a core. Where jobs run on this machine its cores are the limit.
    """
    if workflow.local_exec and workflow.scheduler is not None:
        workflow.scheduler.job_rate_limiter = None


def one_of(names):
    """A pattern of these names; of nothing at all where there are none."""
    return "|".join(re.escape(str(name)) for name in names) or "(?!)"


wildcard_constraints:
    study=one_of([STUDY.study, REPLICATION]),
    experiment=one_of(MATRICES),
    teacher=one_of(TEACHERS),
    lang=one_of(REGISTRIES.languages),
    method=one_of([*STUDY.methods, *TRANSLATED]),
    seed=r"\d+(-screen|-calibration|-block\d+)?",
    base=one_of(
        {base for matrix in MATRICES.values() for base in matrix.bases}
        | {*ROUTED_BASES}
    ),
    recipe=one_of(RECIPES),
    pool=one_of([POOLED, *REGISTRIES.languages]),
    routed=one_of(ROUTED),
    model=one_of(REGISTRIES.models),
    source=one_of([*REGISTRIES.sources, *REGISTRIES.benchmarks]),
    benchmark=one_of(REGISTRIES.benchmarks),
    figure=one_of(FIGURES),
    table=one_of(TABLES),


def model_folder(name):
    """Where a model's files are: made by the workflow, inside a Python package, or in a local folder."""
    model = REGISTRIES.models[name]
    if model.package is not None or model.endpoint is not None:
        return []  # inside a Python package, or behind an endpoint
    if model.hub is not None:
        return f"{HUB}/models/{name}"
    return model.folder or f"{RESULTS}/models/{name}"


def used_sources():
    """Every seed source of the study's languages."""
    return sorted({name for name, _ in STUDY.seed_sources})


def hub_locks():
    """A lock file of everything in the study that comes from the hub."""
    models = [name for name in used_models() if name in HUB_MODELS]
    fetched = [downloaded_as(name) for name in used_sources() if name in HUB_SOURCES]
    sources = [*dict.fromkeys(fetched)]
    return [
        *expand("{hub}/locks/models/{name}.json", hub=HUB, name=models),
        *expand(
            "{hub}/locks/datasets/{name}.json", hub=HUB, name=sources + HUB_BENCHMARKS
        ),
    ]


def hub_dataset(name):
    """The registry's entry of a data set from the hub, and the files that are wanted of it."""
    if name in REGISTRIES.sources:
        return REGISTRIES.sources[name], REGISTRIES.sources[name].files
    facts = REGISTRIES.benchmarks[name]
    patterns = [
        pattern.format(name=known)
        for pattern in facts.test + facts.shots
        for known in facts.languages.values()
    ]
    return facts, list(dict.fromkeys(patterns))


def downloaded_as(name):
    """The first source with the same files of the same repository and revision: they are fetched once, for all such sources."""
    origin = {"hub", "revision", "files"}
    wanted = REGISTRIES.sources[name].model_dump(include=origin)
    return next(
        other
        for other, entry in REGISTRIES.sources.items()
        if entry.model_dump(include=origin) == wanted
    )


def to_fetch():
    """What has no folder yet. A folder that is there is nobody's output, so that nothing empties it."""
    named = [("models", name, REGISTRIES.models[name], None) for name in HUB_MODELS]
    for name in (*HUB_SOURCES, *HUB_BENCHMARKS):
        named.append(("datasets", name, *hub_dataset(name)))
    try:
        return [
            name
            for kind, name, entry, wanted in named
            if not is_there(Path(HUB, kind, name), entry.hub, entry.revision, wanted)
        ]
    except HubError as error:
        raise WorkflowError(str(error)) from None


def source_folder(name):
    """Where a source's files are: from the hub, or in a local folder."""
    return REGISTRIES.sources[name].folder or f"{HUB}/datasets/{downloaded_as(name)}"


def seed_files(wildcards):
    """What a language's seed dataset is put together from."""
    settings, lang = STUDY.seed_dataset, wildcards.lang
    files = [
        f"{RESULTS}/sources/{name}/{lang}.parquet"
        for name in settings.sources.get(lang, [])
    ]
    if lang in settings.files:
        files.append(settings.files[lang])
    return files or [f"{NANO}/seed/{lang}.parquet"]


def chosen_environment(name):
    """The locked environment of an engine or trainer."""
    return f"../envs/locked/{name}.yaml"


def engine_environment(name):
    """The environment of a model's engine."""
    return chosen_environment(environment_of(REGISTRIES.models[name]))


def embedding_environment(name):
    """The environment of an embedding model's engine."""
    return chosen_environment(environment_of(REGISTRIES.models[name], embeds=True))


def chat_template_file(name):
    """The chat template that the registry gives a model."""
    template = REGISTRIES.models[name].chat_template
    return f"config/chat_templates/{template}" if template else []


def is_pretrained(name):
    """Whether a model is a base to which the registry gives a chat template: it has seen no chats, and is evaluated without."""
    model = REGISTRIES.models[name]
    return model.reference is not None and model.chat_template is not None


def anchor_template(wildcards):
    """The chat template in which a base or reference is evaluated, where it is not its tokenizer's own."""
    name = wildcards.model
    return [] if is_pretrained(name) else chat_template_file(name)


def is_given(name):
    """Whether a model comes from elsewhere, so that its folder is checked before a GPU is held for it."""
    model = REGISTRIES.models[name]
    return model.hub is not None or model.folder is not None


def check_file(pattern, model):
    """A check that must be made before a job of a given model (named by this wildcard). A check that is made again says nothing
    new to the job: it is not run again for it."""

    def file(wildcards):
        made = pattern.format(**dict(wildcards.items()))
        return ancient(made) if is_given(wildcards[model]) else []

    return file


def judge_check():
    """The check that must be made before a judge that comes from elsewhere rates."""
    given = is_given(STUDY.intrinsic.reward.model)
    return ancient(f"{RESULTS}/checks/judge.json") if given else []


def measured_scale():
    """The scale of a reward model that comes without one."""
    reward = STUDY.intrinsic.reward
    model = REGISTRIES.models[reward.model]
    given = reward.kind != "reward_model" or model.gold_tuning or model.scale
    return [] if given else f"{RESULTS}/reward_scale.json"


def used_models():
    """Every model of the study that is in the registry."""
    bases = [base for matrix in MATRICES.values() for base in matrix.bases]
    named = {
        *TEACHERS,
        *bases,
        *ROUTED_BASES,
        *(REGISTRIES.models[base].reference for base in bases),
        *(STUDY.routing.model for _ in ROUTED if STUDY.routing.model),
        *(ENCODER for _ in SELECTING),
        STUDY.intrinsic.embedding,
        STUDY.intrinsic.reward.model,
    }
    return sorted(name for name in named - {PEOPLE} if name in REGISTRIES.models)


def model_entry(name):
    """A model's settings that its jobs depend on."""
    return REGISTRIES.models[name].settings


def rubric_file():
    """The rubric, where a chat model judges."""
    judged = STUDY.intrinsic.reward.kind == "rubric_judge"
    return f"{STUDY.synthesis.prompts}/judge.jinja" if judged else []


def benchmark_folder(benchmark, lang):
    folder = STUDY.evaluation.benchmarks[benchmark].folder
    return f"{folder}/{lang}" if folder else f"{RESULTS}/tasks/{benchmark}/{lang}"


def benchmark_folders(wildcards):
    return [
        benchmark_folder(name, wildcards.lang)
        for name in STUDY.evaluation.benchmarks_in(wildcards.lang)
    ]


def benchmark_settings(wildcards):
    """What a language's outcomes depend on."""
    chosen = STUDY.evaluation.benchmarks_in(wildcards.lang)
    return {
        "benchmarks": {
            name: settings.model_dump(mode="json", exclude={"languages", "hub"})
            for name, settings in chosen.items()
        },
        "batch_size": STUDY.evaluation.batch_size,
    }


def recipe_parts(wildcards):
    """What a recipe mixes: (part, how many blocks of it)."""
    recipe = parse_recipe(wildcards.recipe, STUDY.methods)
    blocks = blocks_needed(
        recipe,
        examples=STUDY.training.examples,
        requests=STUDY.synthesis.requests,
    )
    return [[part, 1 if part == "public" else blocks] for part in recipe.parts]


def recipe_files(wildcards):
    """The answers that a recipe mixes, block by block."""
    files = []
    for part, blocks in recipe_parts(wildcards):
        if part == "public":
            files.append(f"{RESULTS}/seed/{wildcards.lang}.parquet")
            continue
        written_by = METHODS[part].written_by
        teacher = TRANSLATOR if written_by == "translator" else wildcards.teacher
        for block in range(1, blocks + 1):
            draw = wildcards.seed if block == 1 else f"{wildcards.seed}-block{block}"
            files.append(
                f"{RESULTS}/synthetic/{teacher}/{wildcards.lang}/{part}/{draw}.parquet"
            )
    return files


def recipe_size(wildcards):
    return examples_in(wildcards.recipe, wildcards.seed, STUDY)


def measured_cells(experiment):
    """An experiment's cells, without those given up."""
    return [cell for cell in MATRICES[experiment].cells if STUDY.hole(cell) is None]


def cells_given_up(experiment):
    holes = {cell: STUDY.hole(cell) for cell in MATRICES[experiment].cells}
    return [[*cell, reason] for cell, reason in holes.items() if reason is not None]


def cell_files(pattern):
    """Files of every cell and seed of an experiment, by a path pattern."""

    def paths(wildcards):
        return [
            f"{RESULTS}/{pattern}".format(**cell._asdict(), seed=seed)
            for cell in measured_cells(wildcards.experiment)
            for seed in MATRICES[wildcards.experiment].seeds
        ]

    return paths


def anchor_files(kind):
    """Outcomes of every base of an experiment, or of its reference, by language."""

    def paths(wildcards):
        models = REGISTRIES.models
        return [
            f"{RESULTS}/evaluation/anchors/"
            f"{base if kind == 'base' else models[base].reference}/{lang}.parquet"
            for base, lang in MATRICES[wildcards.experiment].anchors
        ]

    return paths


def published_files():
    return [f"config/published/{name}.csv" for name in PUBLISHED_TABLES]


def main_recipe(wildcards):
    """The recipe whose cells are the scale of z-scores."""
    return PUBLISHED_RECIPE if wildcards.study == REPLICATION else STUDY.recipe


def scoring(wildcards):
    """How a study is scored: the paper's own definition for its published measurements."""
    return replication_scoring() if wildcards.study == REPLICATION else STUDY.scoring


def replication_scoring():
    update = {"definition": "released", "alpha": 0.5, "scale": None}
    return STUDY.scoring.model_copy(update=update)


def frozen_scale(wildcards):
    return scoring(wildcards).scale or []


def display_inputs(kind):
    """What a table or figure is made from: names and files, in the order in which its function takes them."""

    def files(wildcards):
        known = TABLES if kind == "table" else FIGURES
        chosen = known[wildcards[kind]]
        return {
            name: f"results/{wildcards.study}/{path}"
            for name, path in chosen.inputs.items()
            if wildcards.study != REPLICATION or name in chosen.published
        }

    return files


def display_params(kind):
    """Everything else that a table or figure depends on."""

    def values(wildcards):
        known = TABLES if kind == "table" else FIGURES
        return known[wildcards[kind]].values(
            STUDY, REGISTRIES, scoring(wildcards), name=wildcards.study
        )

    return values


def display_field(kind, field):
    def value(wildcards):
        return getattr((TABLES if kind == "table" else FIGURES)[wildcards[kind]], field)

    return value


def display_caption(kind):
    def value(wildcards):
        known = TABLES if kind == "table" else FIGURES
        return known[wildcards[kind]].caption_for(STUDY, scoring(wildcards))

    return value


def display_labels(kind, form):
    def labels(wildcards):
        return {"what": display_field(kind, "title")(wildcards), "format": form}

    return labels


def synthetic_files():
    """Every answer of every measured cell of the main experiment."""
    return [
        f"{RESULTS}/synthetic/{cell.teacher}/{cell.lang}/{method}/{seed}.parquet"
        for cell in measured_cells(MAIN)
        for method in STUDY.methods
        for seed in STUDY.seeds
    ]


def main_data_files(folder, file):
    """A file of every training set of the main experiment."""
    return [
        f"{RESULTS}/{folder}/{cell.recipe}/{cell.teacher}/{cell.lang}/{file}".format(
            seed=seed
        )
        for cell in measured_cells(MAIN)
        for seed in MATRICES[MAIN].seeds
    ]


def one_method_recipes():
    """Recipes that take one method alone, with that method."""
    recipes = {recipe for matrix in MATRICES.values() for recipe in matrix.recipes}
    parsed = [parse_recipe(name, STUDY.methods) for name in sorted(recipes)]
    return {
        recipe.name: recipe.parts[0]
        for recipe in parsed
        if len(recipe.parts) == 1 and recipe.parts[0] in STUDY.methods
    }


def method_scores():
    """The scores of the first experiment of this run that trains students on single methods."""
    single = one_method_recipes()
    for name in default_experiments():
        matrix = MATRICES[name]
        if matrix.compare == "recipes" and len(set(matrix.recipes) & set(single)) > 1:
            return f"{RESULTS}/scores/{name}/cells.csv"
    return []


def experiment_steps(experiment):
    """(label, base, recipe, teacher) of every step."""
    return [list(step) for step in MATRICES[experiment].steps]


def teacher_languages(experiment):
    """(teacher, language) of every measured cell whose teacher is one model."""
    pairs = dict.fromkeys(
        (cell.teacher, cell.lang) for cell in measured_cells(experiment)
    )
    return [list(pair) for pair in pairs if pair[0] not in {PEOPLE, *ROUTED}]


def screen_files(kind):
    """A file of every candidate's screening sample."""
    return [
        f"{RESULTS}/intrinsic/{STUDY.recipe}/{teacher}/{lang}/{SCREENED_SEED}/{kind}.parquet"
        for teacher in CANDIDATES
        for lang in SCREENED_LANGUAGES
    ]


def detected_languages(wildcards):
    """Languages among which an answer's language is detected; those of other cells are not among them, so that adding a
    language to a study re-makes nothing."""
    return sorted({*STUDY.synthesis.detected_languages, wildcards.lang, TRANSLATE_FROM})


def cell_of(wildcards, *keys):
    return {key: wildcards[key] for key in keys}


def scored(file, *keys):
    """A file of the scores of the first experiment that has a cell with these of its keys."""

    def path(wildcards):
        wanted = cell_of(wildcards, *keys)
        for name in default_experiments():
            cells = [cell._asdict() for cell in measured_cells(name)]
            if any(wanted.items() <= cell.items() for cell in cells):
                return f"{RESULTS}/scores/{name}/{file}"
        raise ValueError(f"{wanted}: no experiment of this run has such a cell")

    return path


def anchor_file(kind):
    """Outcomes of a student's base, or of its reference."""

    def path(wildcards):
        reference = REGISTRIES.models[wildcards.base].reference
        model = wildcards.base if kind == "base" else reference
        return f"{RESULTS}/evaluation/anchors/{model}/{wildcards.lang}.parquet"

    return path
