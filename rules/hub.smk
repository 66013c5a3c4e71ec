# The hub: each model and data set fetched once, at its revision. Everything else runs offline.
TO_FETCH = to_fetch()


rule hub_model:
    """A model's files."""
    output:
        directory(f"{HUB}/models/{{model}}"),
    log:
        f"{HUB}/logs/{{model}}.log",
    wildcard_constraints:
        model=one_of([name for name in HUB_MODELS if name in TO_FETCH]),
    conda:
        "../envs/locked/transformers.yaml"
    resources:
        login=1,
    params:
        repository=lambda wildcards: REGISTRIES.models[wildcards.model].hub,
        revision=lambda wildcards: REGISTRIES.models[wildcards.model].revision,
        licence=lambda wildcards: REGISTRIES.models[wildcards.model].licence,
        partial=lambda wildcards: f"{HUB}/unfinished/{wildcards.model}",
    message:
        "Fetch {wildcards.model} from the hub"
    script:
        "../scripts/hub/hub_model.py"


rule hub_dataset:
    """A data set's files."""
    output:
        directory(f"{HUB}/datasets/{{source}}"),
    log:
        f"{HUB}/logs/{{source}}.log",
    wildcard_constraints:
        source=one_of(
            [name for name in (*HUB_SOURCES, *HUB_BENCHMARKS) if name in TO_FETCH]
        ),
    conda:
        "../envs/locked/transformers.yaml"
    resources:
        login=1,
    params:
        repository=lambda wildcards: hub_dataset(wildcards.source)[0].hub,
        revision=lambda wildcards: hub_dataset(wildcards.source)[0].revision,
        licence=lambda wildcards: hub_dataset(wildcards.source)[0].licence,
        partial=lambda wildcards: f"{HUB}/unfinished/{wildcards.source}",
        wanted=lambda wildcards: hub_dataset(wildcards.source)[1],
    message:
        "Fetch {wildcards.source} from the hub"
    script:
        "../scripts/hub/hub_dataset.py"


rule hub_lock:
    """What a folder from the hub holds: the commit that its revision stood for, and a hash of every file."""
    input:
        f"{HUB}/{{kind}}/{{name}}",
    output:
        f"{HUB}/locks/{{kind}}/{{name}}.json",
    log:
        f"{HUB}/logs/lock/{{kind}}/{{name}}.log",
    wildcard_constraints:
        kind="models|datasets",
        name=one_of([*HUB_MODELS, *HUB_SOURCES, *HUB_BENCHMARKS]),
    conda:
        "../envs/locked/analysis.yaml"
    resources:
        login=1,
    message:
        "Lock {wildcards.name}"
    script:
        "../scripts/hub/hub_lock.py"
