# What routing is made from: files and names of calibration, routers and routed teachers.
from polyglot.workflow.study_checks import kin, without_kin
from polyglot.routing.teachers import by_strength


def calibration_requests():
    """Every calibration prompt."""
    return expand(
        f"{RESULTS}/requests/{{lang}}/{{method}}/{CALIBRATED_SEED}.parquet",
        lang=STUDY.routed_languages,
        method=STUDY.methods,
    )


def calibration_pairs():
    """(teacher, language) of every file of calibration answers, in their order."""
    return [
        [name, lang] for name in STUDY.routed_among for lang in STUDY.routed_languages
    ]


def calibration_files(pattern):
    """A file of every teacher's calibration answers in every language, and method if the pattern has one."""

    def paths(wildcards):
        methods = STUDY.methods if "{method}" in pattern else [""]
        return [
            f"{RESULTS}/{pattern}".format(
                teacher=teacher,
                lang=lang,
                method=method,
                seed=CALIBRATED_SEED,
                base=wildcards.base,
            )
            for teacher, lang in calibration_pairs()
            for method in methods
        ]

    return paths


def router_model(base):
    """The model that the router of a base starts from."""
    return STUDY.routing.model or base


def strongest_first(name):
    """Teachers that a routed one may call strong, from the strongest down."""
    sizes = {name: REGISTRIES.models[name].size for name in STUDY.routed_among}
    order = by_strength(STUDY.routed_among, sizes, STUDY.routing.strength)
    routed = ROUTED[name]
    if not routed.way.family:
        return order
    related = kin(STUDY, REGISTRIES, routed.base)
    if not related:
        raise WorkflowError(without_kin(STUDY, REGISTRIES, routed))
    return by_strength(related, sizes, order)


def gathered_from(name):
    """(teacher, method) of every file of answers that a routed teacher's are among, in their order."""
    candidates = ROUTED[name].way.candidates(strongest_first(name))
    return [
        (teacher, method)
        for teacher in STUDY.routed_among
        if teacher in candidates
        for method in STUDY.methods
    ]


def gathered_answers(wildcards):
    """Answers that a routed teacher's are among: given to it, or to a study of single teachers."""
    folder = "answers"
    if ROUTED[wildcards.routed].asks:
        folder = f"routing/answers/{wildcards.routed}"
    return [
        f"{RESULTS}/{folder}/{teacher}/{wildcards.lang}/{method}/{wildcards.seed}.parquet"
        for teacher, method in gathered_from(wildcards.routed)
    ]


def assignment_inputs(wildcards):
    """What a routed teacher's choice is made from."""
    routed, lang, seed = ROUTED[wildcards.routed], wildcards.lang, wildcards.seed
    files = {
        "requests": [
            f"{RESULTS}/requests/{lang}/{method}/{seed}.parquet"
            for method in STUDY.methods
        ]
    }
    if routed.needs("router"):
        files["router"] = f"{RESULTS}/routing/routers/{routed.base}/router"
    if routed.needs("calibration"):
        files["calibration"] = (
            f"{RESULTS}/routing/routers/{routed.base}/calibration.parquet"
        )
    if routed.needs("answers"):
        measured = [
            f"{RESULTS}/intrinsic/{ALL_ANSWERS}/{teacher}/{lang}/{seed}"
            for teacher in STUDY.routed_among
        ]
        files["answers"] = [
            f"{RESULTS}/synthetic/{teacher}/{lang}/{method}/{seed}.parquet"
            for teacher in STUDY.routed_among
            for method in STUDY.methods
        ]
        files["quality"] = [f"{folder}/reward.parquet" for folder in measured]
        files["learnability"] = [
            f"{folder}/perplexity/{routed.base}.parquet" for folder in measured
        ]
    return files


def routed_in(experiment):
    """Routed teachers of an experiment."""
    return [name for name in MATRICES[experiment].teachers if name in ROUTED]


def single_teachers(experiment):
    """Its other teachers."""
    return [name for name in MATRICES[experiment].teachers if name not in ROUTED]


def routed_bases(experiment, need=None):
    """Bases that routed teachers of an experiment (or those who need this) choose for."""
    chosen = [ROUTED[name] for name in routed_in(experiment)]
    return [
        *dict.fromkeys(
            routed.base or STUDY.base
            for routed in chosen
            if need is None or routed.needs(need)
        )
    ]


def routed_facts(experiment):
    """What an experiment's routed teachers are: name, strategy, base and the order of strength that they know."""
    return [
        {
            "name": name,
            "strategy": ROUTED[name].strategy,
            "base": ROUTED[name].base or STUDY.base,
            "strength": strongest_first(name),
        }
        for name in routed_in(experiment)
    ]


def assigned_cells(experiment):
    """(routed teacher, language, seed) of every measured cell of an experiment."""
    matrix = MATRICES[experiment]
    cells = dict.fromkeys(
        (cell.teacher, cell.lang) for cell in measured_cells(experiment)
    )
    return [
        [teacher, lang, str(seed)]
        for teacher, lang in cells
        if teacher in ROUTED
        for seed in matrix.seeds
    ]
