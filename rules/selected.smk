# What selection is made from: pools of samples, and the students that meet in duels.
from polyglot.selection.rules import rule_of


def pool_of(lang):
    """The pool that a language's samples are selected from: its own, or that of all languages."""
    return POOLED if STUDY.selection.pooled else lang


def pool_languages(pool, teacher):
    """Languages of a teacher's pool: of the common one, all in which a recipe selects from its data."""
    if pool != POOLED:
        return [pool]
    cells = (cell for name in MATRICES for cell in measured_cells(name))
    chosen = (c for c in cells if c.recipe in SELECTING and c.teacher == teacher)
    return [*dict.fromkeys(cell.lang for cell in chosen)]


def pool_files(pattern):
    """A file of the whole set of every language in a pool: the one that is asked for, or the one that a language selects from."""

    def paths(wildcards):
        pool = wildcards.get("pool") or pool_of(wildcards.lang)
        return [
            f"{RESULTS}/{pattern}".format(
                recipe=WHOLE, teacher=wildcards.teacher, lang=lang, seed=wildcards.seed
            )
            for lang in pool_languages(pool, wildcards.teacher)
        ]

    return paths


def if_needed(need, files):
    """The files of what a recipe's rule needs to know of the samples; none if it needs to know nothing of the kind."""

    def paths(wildcards):
        return files(wildcards) if need in rule_of(wildcards.recipe).needs else []

    return paths


def clusters_of_cells(wildcards):
    """The clusters that every cell of an experiment is looked at by."""
    return [
        f"{RESULTS}/selection/clusters/{cell.teacher}/{pool_of(cell.lang)}/{seed}.parquet"
        for cell in measured_cells(wildcards.experiment)
        for seed in MATRICES[wildcards.experiment].seeds
    ]


def duelling_cells(experiment):
    """(base, recipe, teacher, language, seed) of every student of an experiment whose data were selected."""
    return [
        [*cell, str(seed)]
        for cell in measured_cells(experiment)
        for seed in MATRICES[experiment].seeds
        if cell.recipe in SELECTING
    ]


def duelling_sets(lang):
    """The whole training sets of a language whose students, or those of parts of them, meet in duels."""
    cells = dict.fromkeys(
        (cell[2], cell[4])
        for name in MATRICES
        for cell in duelling_cells(name)
        if cell[3] == lang
    )
    return [
        f"{RESULTS}/sft/{WHOLE}/{teacher}/{lang}/{seed}.parquet"
        for teacher, seed in cells
    ]


def duel_template():
    """What a chat model is asked in a duel."""
    judged = STUDY.intrinsic.reward.kind == "rubric_judge"
    return f"{STUDY.synthesis.prompts}/duel.jinja" if judged else []
