# What Snakemake itself must know: the study, wildcard constraints, and target lists from the experiment matrix.
import re

from polyglot.configuration import (
    PUBLISHED_BASE,
    PUBLISHED_RECIPE,
    ConfigurationError,
    choose_study_file,
    load_study,
)
from polyglot.files import write_text, yaml_text

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
TRANSLATE_FROM = STUDY.source_language
NANO_MODELS = [
    name for name, model in REGISTRIES.models.items() if model.pretraining is not None
]
GOLD_TUNED_MODELS = [
    name for name, model in REGISTRIES.models.items() if model.gold_tuning is not None
]
LABELS = {name: model.label or name for name, model in REGISTRIES.models.items()}
FIGURES = ["pg_score", "intrinsic_extrinsic", "gain", "synthesis_yield"]
PUBLISHED_FIGURES = ["pg_score", "intrinsic_extrinsic"]


def one_of(names):
    return "|".join(re.escape(str(name)) for name in names)


wildcard_constraints:
    study=one_of([STUDY.study, "published"]),
    teacher=one_of(STUDY.teachers),
    lang=one_of(REGISTRIES.languages),
    method=one_of(STUDY.methods),
    seed=r"\d+",
    base=one_of([*STUDY.bases, PUBLISHED_BASE]),
    recipe=one_of([*STUDY.recipes, PUBLISHED_RECIPE]),
    model=one_of(REGISTRIES.models),
    benchmark=one_of(REGISTRIES.benchmarks),
    figure=one_of(FIGURES),


def model_folder(name):
    """Where a model's files are: made by the workflow, inside a Python package, or in a local folder."""
    model = REGISTRIES.models[name]
    if model.package is not None:
        return []  # the rule finds it through the package
    return model.folder or f"{RESULTS}/models/{name}"


def model_entry(name):
    """A model's settings that its jobs depend on."""
    return REGISTRIES.models[name].model_dump(
        mode="json", exclude={"label", "description"}
    )


def rubric_file():
    """The rubric, where a chat model judges."""
    judged = STUDY.intrinsic.reward.kind == "rubric_judge"
    return f"{STUDY.synthesis.prompts}/judge.jinja" if judged else []


def benchmark_folder(benchmark, lang):
    folder = STUDY.evaluation.benchmarks[benchmark].folder
    return f"{folder}/{lang}" if folder else f"{RESULTS}/tasks/{benchmark}/{lang}"


def main_scores(file):
    """The scores that figures show: of the study's first base and recipe."""

    def path(wildcards):
        if wildcards.study == "published":
            return (
                f"results/published/scores/{PUBLISHED_BASE}/{PUBLISHED_RECIPE}/{file}"
            )
        return f"results/{wildcards.study}/scores/{STUDY.bases[0]}/{STUDY.recipes[0]}/{file}"

    return path


def known_gaps(wildcards):
    """Gaps between reference and base, where the study knows both."""
    return [] if wildcards.study == "published" else main_scores("gaps.csv")(wildcards)


def scoring(wildcards):
    """How a study is scored: the paper's own definition for its published measurements."""
    if wildcards.study == "published":
        return STUDY.scoring.model_copy(update={"definition": "released", "alpha": 0.5})
    return STUDY.scoring


def figure_labels(wildcards):
    """Names that figures show."""
    languages = {code: language.name for code, language in REGISTRIES.languages.items()}
    return {"teachers": LABELS, "languages": languages}


def synthetic_files():
    """Every answer of every teacher."""
    return expand(
        f"{RESULTS}/synthetic/{{teacher}}/{{lang}}/{{method}}/{{seed}}.parquet",
        teacher=STUDY.teachers,
        lang=STUDY.languages,
        method=STUDY.methods,
        seed=STUDY.seeds,
    )


def figure_files(study, figures):
    return expand(
        "results/{study}/figures/{figure}.{kind}",
        study=study,
        figure=figures,
        kind=["pdf", "png"],
    )


def save_configuration(folder):
    """Save the study with every default and the models it uses, before any job starts."""
    named = {
        *STUDY.teachers,
        *STUDY.bases,
        *(REGISTRIES.models[base].reference for base in STUDY.bases),
        STUDY.intrinsic.embedding,
        STUDY.intrinsic.reward.model,
    }
    models = {
        name: REGISTRIES.models[name].model_dump(mode="json", exclude_none=True)
        for name in sorted(named)
    }
    path = Path(folder) / "config.yaml"
    text = yaml_text({**config, "models": models})
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        write_text(text, path)


def study_targets():
    """Everything a study ends with."""
    tables = ["leaderboard", "synthesis_yield", "evaluation", "truth", "resources"]
    if not has_truth():
        tables.remove("truth")
    return [
        *expand(f"{RESULTS}/tables/{{table}}.csv", table=tables),
        f"{RESULTS}/tables/leaderboard.md",
        *expand(
            f"{RESULTS}/scores/{{base}}/{{recipe}}/teachers.csv",
            base=STUDY.bases,
            recipe=STUDY.recipes,
        ),
        *figure_files(STUDY.study, FIGURES),
    ]


def measured_files():
    """What must be there before the run's cost is added up."""
    return [file for file in study_targets() if Path(file).stem != "resources"]


def published_targets():
    return [
        "results/published/tables/leaderboard.csv",
        *figure_files("published", PUBLISHED_FIGURES),
    ]


def has_truth():
    """Whether the study says what it must find."""
    return bool(STUDY.truth.above or STUDY.truth.above_in)


def benchmark_folders(wildcards):
    return [
        benchmark_folder(name, wildcards.lang) for name in STUDY.evaluation.benchmarks
    ]


def intrinsic_files(kind):
    return expand(
        f"results/{{{{study}}}}/intrinsic/{{{{recipe}}}}/{{teacher}}/{{lang}}/{{seed}}/{kind}.parquet",
        teacher=STUDY.teachers,
        lang=STUDY.languages,
        seed=STUDY.seeds,
    )
