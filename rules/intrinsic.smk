# Intrinsic metrics of a training set: diversity, reward, perplexity and length.
rule diversity:
    """Each text's mean cosine distance to all others of its training set."""
    input:
        data="results/{study}/sft/{recipe}/{teacher}/{lang}/{seed}.parquet",
        model=model_folder(STUDY.intrinsic.embedding),
    output:
        "results/{study}/intrinsic/{recipe}/{teacher}/{lang}/{seed}/diversity.parquet",
    log:
        "results/{study}/logs/diversity/{recipe}/{teacher}/{lang}/{seed}.log",
    benchmark:
        "results/{study}/benchmarks/diversity/{recipe}/{teacher}/{lang}/{seed}.tsv"
    conda:
        embedding_environment(STUDY.intrinsic.embedding)
    threads: threads_of(embedding)
    resources:
        **asked(embedding),
    params:
        name=STUDY.intrinsic.embedding,
        model=model_entry(STUDY.intrinsic.embedding),
        batch_size=STUDY.intrinsic.embedding_batch_size,
    message:
        "Diversity of {wildcards.recipe}/{wildcards.teacher}/{wildcards.lang}"
    script:
        "../scripts/intrinsic/diversity.py"


rule check_judge:
    """Whether a given judge takes the rubric, or a reward model the chats: its tokenizer, template and context, before a GPU is held."""
    input:
        model=model_folder(STUDY.intrinsic.reward.model),
        chat_template=chat_template_file(STUDY.intrinsic.reward.model),
        rubric=rubric_file(),
    output:
        f"{RESULTS}/checks/judge.json",
    log:
        f"{RESULTS}/logs/check_judge.log",
    benchmark:
        f"{RESULTS}/benchmarks/check_judge.tsv"
    conda:
        "../envs/locked/transformers.yaml"
    threads: threads_of(small)
    resources:
        **asked(small),
    params:
        name=STUDY.intrinsic.reward.model,
        model=model_entry(STUDY.intrinsic.reward.model),
    message:
        "Check the judge {STUDY.intrinsic.reward.model}"
    script:
        "../scripts/intrinsic/check_judge.py"


# A judge behind an endpoint is asked from where there is a network.
JUDGED_HERE = (
    CLUSTER is not None
    and not CLUSTER.network
    and behind_network(REGISTRIES.models[STUDY.intrinsic.reward.model])
)
if JUDGED_HERE:

    localrules:
        reward,
        duels,


rule reward:
    """A rating of every response on a scale of 1 to 5."""
    input:
        data="results/{study}/sft/{recipe}/{teacher}/{lang}/{seed}.parquet",
        model=model_folder(STUDY.intrinsic.reward.model),
        chat_template=chat_template_file(STUDY.intrinsic.reward.model),
        rubric=rubric_file(),
        scale=measured_scale(),
        checked=judge_check(),
    output:
        "results/{study}/intrinsic/{recipe}/{teacher}/{lang}/{seed}/reward.parquet",
    log:
        "results/{study}/logs/reward/{recipe}/{teacher}/{lang}/{seed}.log",
    benchmark:
        "results/{study}/benchmarks/reward/{recipe}/{teacher}/{lang}/{seed}.tsv"
    # Here and not in the profile, because Snakemake submits a group also if its rule is local.
    group:
        "reward-{teacher}" if CLUSTER is not None and not JUDGED_HERE else None
    conda:
        engine_environment(STUDY.intrinsic.reward.model)
    threads: threads_of(judging)
    resources:
        **asked(judging),
    params:
        reward=STUDY.intrinsic.reward.model_dump(mode="json"),
        model=model_entry(STUDY.intrinsic.reward.model),
        side_file=lambda wildcards: (
            f"results/{wildcards.study}/unfinished/reward/{wildcards.recipe}/"
            f"{wildcards.teacher}/{wildcards.lang}/{wildcards.seed}.jsonl"
        ),
        language=lambda wildcards: REGISTRIES.languages[wildcards.lang].name,
    message:
        "Reward of {wildcards.recipe}/{wildcards.teacher}/{wildcards.lang}"
    script:
        "../scripts/intrinsic/reward.py"


rule reward_scale:
    """The raw scores of a reward model that become 1 and 5, where the registry does not name them."""
    input:
        seed=f"{RESULTS}/seed/{TRANSLATE_FROM}.parquet",
        model=model_folder(STUDY.intrinsic.reward.model),
        chat_template=chat_template_file(STUDY.intrinsic.reward.model),
        checked=judge_check(),
    output:
        f"{RESULTS}/reward_scale.json",
    log:
        f"{RESULTS}/logs/reward_scale.log",
    benchmark:
        f"{RESULTS}/benchmarks/reward_scale.tsv"
    conda:
        engine_environment(STUDY.intrinsic.reward.model)
    threads: threads_of(measuring_scale)
    resources:
        **asked(measuring_scale),
    params:
        model=model_entry(STUDY.intrinsic.reward.model),
        batch_size=STUDY.intrinsic.reward.batch_size,
        pairs=STUDY.intrinsic.reward.scale_pairs,
        seed=STUDY.seed_dataset.seed,
    message:
        "Scale of {STUDY.intrinsic.reward.model} on people's pairs"
    script:
        "../scripts/intrinsic/reward_scale.py"


rule perplexity:
    """Perplexity of a base on every response, and lengths in its tokens."""
    input:
        data="results/{study}/sft/{recipe}/{teacher}/{lang}/{seed}.parquet",
        model=lambda wildcards: model_folder(wildcards.base),
        chat_template=lambda wildcards: chat_template_file(wildcards.base),
        checked=check_file("results/{study}/checks/bases/{base}.json", "base"),
    output:
        "results/{study}/intrinsic/{recipe}/{teacher}/{lang}/{seed}/perplexity/{base}.parquet",
    log:
        "results/{study}/logs/perplexity/{base}/{recipe}/{teacher}/{lang}/{seed}.log",
    benchmark:
        "results/{study}/benchmarks/perplexity/{base}/{recipe}/{teacher}/{lang}/{seed}.tsv"
    conda:
        "../envs/locked/transformers.yaml"
    threads: threads_of(reading)
    resources:
        **asked(reading),
    params:
        perplexity=STUDY.intrinsic.perplexity.model_dump(mode="json"),
    message:
        "Perplexity of {wildcards.base} on {wildcards.recipe}/{wildcards.teacher}/{wildcards.lang}"
    script:
        "../scripts/intrinsic/perplexity.py"
