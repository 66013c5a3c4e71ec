# What the jobs of a rule ask for, from their model and their work (polyglot.planning.demands).
def small(wildcards, attempt):
    return demands.small(attempt)


def large(wildcards, attempt):
    """Whole data sets in memory."""
    return demands.small(attempt, mem_mb=16000)


def pretraining(wildcards, attempt):
    return demands.training(REGISTRIES.models[wildcards.model], 0, attempt)


def fine_tuning(wildcards, attempt):
    examples = recipe_size(wildcards) * STUDY.training.epochs
    return demands.training(REGISTRIES.models[wildcards.base], examples, attempt)


def writing(wildcards, attempt):
    examples = STUDY.synthesis.requests * len(STUDY.methods)
    return demands.running(
        REGISTRIES.models[wildcards.teacher], "write", examples, attempt
    )


def translating(wildcards, attempt):
    examples = 2 * STUDY.synthesis.requests
    return demands.running(REGISTRIES.models[TRANSLATOR], "write", examples, attempt)


def embedding(wildcards, attempt):
    model = REGISTRIES.models[STUDY.intrinsic.embedding]
    return demands.running(model, "embed", 2 * recipe_size(wildcards), attempt)


def judging(wildcards, attempt):
    model = REGISTRIES.models[STUDY.intrinsic.reward.model]
    return demands.running(model, "judge", recipe_size(wildcards), attempt)


def measuring_scale(wildcards, attempt):
    reward = STUDY.intrinsic.reward
    model = REGISTRIES.models[reward.model]
    return demands.running(model, "judge", 2 * reward.scale_pairs, attempt)


def reading(wildcards, attempt):
    model = REGISTRIES.models[wildcards.base]
    return demands.running(model, "read", recipe_size(wildcards), attempt)


def evaluating(wildcards, attempt):
    """A model, or a student of the size of its base."""
    name = getattr(wildcards, "model", None) or wildcards.base
    examples = sum(
        chosen.max_items or demands.BENCHMARK_ITEMS
        for chosen in STUDY.evaluation.benchmarks_in(wildcards.lang).values()
    )
    return demands.running(REGISTRIES.models[name], "evaluate", examples, attempt)


def training_router(wildcards, attempt):
    languages = len(STUDY.routed_languages)
    examples = STUDY.routing.calibration * languages * STUDY.routing.epochs
    model = REGISTRIES.models[router_model(wildcards.base)]
    return demands.training(model, examples, attempt)


def assigning(wildcards, attempt):
    """A router reads every prompt; other ways to choose need no model."""
    routed = ROUTED[wildcards.routed]
    if not routed.needs("router"):
        return small(wildcards, attempt)
    examples = STUDY.synthesis.requests * len(STUDY.methods)
    model = REGISTRIES.models[router_model(routed.base)]
    return demands.running(model, "read", examples, attempt)


def tuning_encoder(wildcards, attempt):
    """Each triplet has three texts."""
    examples = 3 * 10_000 * STUDY.selection.epochs
    return demands.training(REGISTRIES.models[ENCODER], examples, attempt)


def scoring_quality(wildcards, attempt):
    examples = 2 * STUDY.training.examples
    return demands.running(REGISTRIES.models[ENCODER], "embed", examples, attempt)


def clustering(wildcards, attempt):
    examples = 10 * STUDY.training.examples
    model = REGISTRIES.models[STUDY.intrinsic.embedding]
    return demands.running(model, "embed", examples, attempt)


def answering(wildcards, attempt):
    model = REGISTRIES.models[wildcards.base]
    return demands.running(model, "write", STUDY.selection.prompts, attempt)


def duelling(wildcards, attempt):
    model = REGISTRIES.models[STUDY.intrinsic.reward.model]
    return demands.running(model, "judge", 2 * STUDY.selection.prompts, attempt)
