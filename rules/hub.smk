# The hub: each model and data set fetched once, at its revision. Everything else runs offline.
rule hub_model:
    """A model's files."""
    output:
        directory(f"{hub.folder}/models/{{model}}"),
    log:
        f"{hub.folder}/logs/{{model}}.log",
    wildcard_constraints:
        model=one_of(plainly(hub.models_to_fetch)),
    localrule: True
    conda:
        "../envs/locked/transformers.yaml"
    resources:
        login=1,
    params:
        repository=lambda wildcards: REGISTRIES.models[wildcards.model].hub,
        revision=lambda wildcards: REGISTRIES.models[wildcards.model].revision,
        licence=lambda wildcards: REGISTRIES.models[wildcards.model].licence,
        partial=lambda wildcards: f"{hub.folder}/unfinished/{wildcards.model}",
    message:
        "Fetch {wildcards.model} from the hub (`snakemake fetch` does so beforehand)"
    script:
        "../scripts/hub/hub_model.py"


rule hub_dataset:
    """A data set's files."""
    output:
        directory(f"{hub.folder}/datasets/{{source}}"),
    log:
        f"{hub.folder}/logs/{{source}}.log",
    wildcard_constraints:
        source=one_of(plainly(hub.data_to_fetch)),
    localrule: True
    conda:
        "../envs/locked/transformers.yaml"
    resources:
        login=1,
    params:
        repository=lambda wildcards: hub.entry(wildcards.source).hub,
        revision=lambda wildcards: hub.entry(wildcards.source).revision,
        licence=lambda wildcards: hub.entry(wildcards.source).licence,
        partial=lambda wildcards: f"{hub.folder}/unfinished/{wildcards.source}",
        wanted=lambda wildcards: hub.wanted(wildcards.source),
    message:
        "Fetch {wildcards.source} from the hub (`snakemake fetch` does so beforehand)"
    script:
        "../scripts/hub/hub_dataset.py"


rule hub_lock:
    """Lock file of a folder from the hub: the commit of its revision, and a hash of every file."""
    input:
        f"{hub.folder}/{{kind}}/{{name}}",
    output:
        f"{hub.folder}/locks/{{kind}}/{{name}}.json",
    log:
        f"{hub.folder}/logs/lock/{{kind}}/{{name}}.log",
    wildcard_constraints:
        kind="models|datasets",
        name=one_of([*hub.models, *hub.data]),
    localrule: True
    conda:
        "../envs/locked/analysis.yaml"
    resources:
        login=1,
    message:
        "Lock {wildcards.name}"
    script:
        "../scripts/hub/hub_lock.py"


rule fetch:
    input:
        hub.locks(),
