# The model hub: each model fetched once, at its revision. Everything else runs offline.
rule hub_model:
    """A model's files; a folder that is there already is taken as it is."""
    output:
        directory(f"{HUB}/models/{{model}}"),
    log:
        f"{HUB}/logs/{{model}}.log",
    wildcard_constraints:
        model=one_of(HUB_MODELS),
    conda:
        "../envs/transformers.yaml"
    params:
        repository=lambda wildcards: REGISTRIES.models[wildcards.model].hub,
        revision=lambda wildcards: REGISTRIES.models[wildcards.model].revision,
        partial=lambda wildcards: f"{HUB}/unfinished/{wildcards.model}",
    message:
        "Fetch {wildcards.model} from the hub"
    script:
        "../scripts/hub_model.py"


rule hub_lock:
    """What a model's folder holds: the commit that its revision stood for, and a hash of every file."""
    input:
        f"{HUB}/models/{{model}}",
    output:
        f"{HUB}/locks/{{model}}.json",
    log:
        f"{HUB}/logs/lock_{{model}}.log",
    wildcard_constraints:
        model=one_of(HUB_MODELS),
    conda:
        "../envs/analysis.yaml"
    message:
        "Lock {wildcards.model}"
    script:
        "../scripts/hub_lock.py"
