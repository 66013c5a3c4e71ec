# What the targets of the Snakefile are made of: tables and figures, by experiment.
from polyglot.provenance.records import RECORDS, record_code


def figure_files(study, figures):
    return expand(
        "results/{study}/figures/{figure}.{kind}",
        study=study,
        figure=figures,
        kind=["pdf", "png"],
    )


def table_files(study, tables):
    return expand(
        "results/{study}/tables/{table}.{kind}",
        study=study,
        table=tables,
        kind=["csv", "md", "tex", "html"],
    )


def experiment_targets(experiments):
    """The tables and figures of experiments."""
    return [
        *table_files(STUDY.study, displays.of(TABLES, experiments)),
        *figure_files(STUDY.study, displays.of(FIGURES, experiments)),
    ]


def save_configuration(folder):
    """Save the study with every default and the models it uses, before any job starts."""
    models = {
        name: REGISTRIES.models[name].model_dump(mode="json", exclude_none=True)
        for name in used_models()
    }
    path = Path(folder) / "config.yaml"
    text = yaml_text({**STUDY.model_dump(mode="json"), "models": models})
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        write_text(text, path)


def study_targets(experiments):
    """Everything that experiments of a study end with, and what it cost."""
    return [
        *experiment_targets(experiments),
        f"{RESULTS}/tables/resources.csv",
        *hub_locks(),
    ]


def experiments_of(*kinds):
    """Experiments that compare this."""
    return [name for name, matrix in MATRICES.items() if matrix.compare in kinds]


def experiments_but(*kinds):
    """All other experiments."""
    return [name for name in MATRICES if name not in experiments_of(*kinds)]


def default_experiments():
    return STUDY.run or list(MATRICES)


def replication_targets():
    """The audit, and what any study shows that the published numbers can fill."""
    return [
        f"results/{REPLICATION}/claims.csv",
        *table_files(REPLICATION, displays.published(TABLES)),
        *figure_files(REPLICATION, displays.published(FIGURES)),
    ]


def measured_files():
    """What must be there before the run's cost is added up."""
    targets = experiment_targets(default_experiments())
    return [file for file in targets if Path(file).stem not in ("resources", "ledger")]


def screen_targets():
    """The report of a screening."""
    return [
        *table_files(STUDY.study, displays.of(TABLES, ["screen"])),
        *figure_files(STUDY.study, displays.of(FIGURES, ["screen"])),
    ]


def published():
    """The folder of every synthetic set and the card of every student."""
    experiments = default_experiments()
    draws = [
        (cell, seed)
        for name in experiments
        for cell in measured_cells(name)
        for seed in MATRICES[name].seeds
    ]
    sets = dict.fromkeys((cell[1:], seed) for cell, seed in draws)
    return [
        *(
            f"{RESULTS}/published/data/{'/'.join(of_set)}/{seed}/README.md"
            for of_set, seed in sets
        ),
        *(
            f"{RESULTS}/published/students/{'/'.join(cell)}/{seed}/README.md"
            for cell, seed in dict.fromkeys(draws)
        ),
    ]
