# Intrinsic metrics of a training set: diversity, reward, perplexity and length, and further ones of its texts alone.
rule diversity:
    """Each text's mean cosine distance to all others of its training set."""
    input:
        data="results/{study}/sft/{recipe}/{teacher}/{lang}/{seed}.parquet",
        model=models.folder(models.embedder),
    output:
        "results/{study}/intrinsic/{recipe}/{teacher}/{lang}/{seed}/diversity.parquet",
    log:
        "results/{study}/logs/diversity/{recipe}/{teacher}/{lang}/{seed}.log",
    benchmark:
        "results/{study}/benchmarks/diversity/{recipe}/{teacher}/{lang}/{seed}.tsv"
    conda:
        models.embedding_environment(models.embedder)
    threads: threads_of("diversity")
    resources:
        **asked("diversity"),
    params:
        name=models.embedder,
        model=models.settings(models.embedder),
        batch_size=STUDY.intrinsic.embedding_batch_size,
        side_file="results/{study}/unfinished/diversity/{recipe}/{teacher}/{lang}/{seed}.parquet",
    message:
        "Diversity of {wildcards.recipe}/{wildcards.teacher}/{wildcards.lang}"
    script:
        "../scripts/intrinsic/diversity.py"


rule check_judge:
    """Whether an external judge accepts its input (rubric or chats): tokenizer, template and context, checked without a GPU."""
    input:
        model=models.folder(models.judge),
        chat_template=models.chat_template(models.judge),
        rubric=models.judge_template("judge"),
        templates=models.every_open_template(),
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
        model=models.settings(models.judge),
    message:
        "Check the judge {STUDY.intrinsic.reward.model}"
    script:
        "../scripts/intrinsic/check_judge.py"


rule reward:
    """A rating of every response on a scale of 1 to 5."""
    input:
        data="results/{study}/sft/{recipe}/{teacher}/{lang}/{seed}.parquet",
        model=models.folder(models.judge),
        chat_template=models.chat_template(models.judge),
        rubric=models.judge_template("judge"),
        scale=models.measured_scale(),
        checked=ancient(models.judge_check()),
    output:
        "results/{study}/intrinsic/{recipe}/{teacher}/{lang}/{seed}/reward.parquet",
    log:
        "results/{study}/logs/reward/{recipe}/{teacher}/{lang}/{seed}.log",
    benchmark:
        "results/{study}/benchmarks/reward/{recipe}/{teacher}/{lang}/{seed}.tsv"
    localrule: JUDGED_HERE
    conda:
        models.engine_environment(models.judge)
    threads: threads_of("reward")
    resources:
        **asked("reward"),
    params:
        reward=STUDY.intrinsic.reward.model_dump(mode="json"),
        model=models.settings(models.judge),
        side_file="results/{study}/unfinished/reward/{recipe}/{teacher}/{lang}/{seed}."
        + models.ratings_kept_as(),
        language=lambda wildcards: REGISTRIES.languages[wildcards.lang].name,
    message:
        "Reward of {wildcards.recipe}/{wildcards.teacher}/{wildcards.lang}"
    script:
        "../scripts/intrinsic/reward.py"


rule reward_scale:
    """The raw scores of a reward model that map to 1 and 5, if the registry does not give them."""
    input:
        seed=f"{RESULTS}/seed/{STUDY.source_language}.parquet",
        model=models.folder(models.judge),
        chat_template=models.chat_template(models.judge),
        checked=ancient(models.judge_check()),
    output:
        f"{RESULTS}/reward_scale.json",
    log:
        f"{RESULTS}/logs/reward_scale.log",
    benchmark:
        f"{RESULTS}/benchmarks/reward_scale.tsv"
    conda:
        models.engine_environment(models.judge)
    threads: threads_of("reward_scale")
    resources:
        **asked("reward_scale"),
    params:
        model=models.settings(models.judge),
        batch_size=STUDY.intrinsic.reward.batch_size,
        pairs=STUDY.intrinsic.reward.scale_pairs,
        seed=STUDY.seed_dataset.seed,
    message:
        "Scale of {STUDY.intrinsic.reward.model} on human-written pairs"
    script:
        "../scripts/intrinsic/reward_scale.py"


rule perplexity:
    """Perplexity of a base on every response, and lengths in its tokens."""
    input:
        data="results/{study}/sft/{recipe}/{teacher}/{lang}/{seed}.parquet",
        model=lambda wildcards: models.folder(wildcards.base),
        chat_template=lambda wildcards: models.chat_template(wildcards.base),
        checked=ancient(models.base_check),
    output:
        "results/{study}/intrinsic/{recipe}/{teacher}/{lang}/{seed}/perplexity/{base}.parquet",
    log:
        "results/{study}/logs/perplexity/{base}/{recipe}/{teacher}/{lang}/{seed}.log",
    benchmark:
        "results/{study}/benchmarks/perplexity/{base}/{recipe}/{teacher}/{lang}/{seed}.tsv"
    conda:
        "../envs/locked/transformers.yaml"
    threads: threads_of("perplexity")
    resources:
        **asked("perplexity"),
    params:
        perplexity=STUDY.intrinsic.perplexity.recorded,
        side_file="results/{study}/unfinished/perplexity/{base}/{recipe}/{teacher}/{lang}/{seed}.parquet",
    message:
        "Perplexity of {wildcards.base} on {wildcards.recipe}/{wildcards.teacher}/{wildcards.lang}"
    script:
        "../scripts/intrinsic/perplexity.py"


rule gradients:
    """What a base's gradients on a part of a training set tell: scores of others that choose a teacher without training."""
    input:
        data="results/{study}/sft/{recipe}/{teacher}/{lang}/{seed}.parquet",
        model=lambda wildcards: models.folder(wildcards.base),
        chat_template=lambda wildcards: models.chat_template(wildcards.base),
        checked=ancient(models.base_check),
    output:
        "results/{study}/intrinsic/{recipe}/{teacher}/{lang}/{seed}/gradients/{base}.parquet",
    log:
        "results/{study}/logs/gradients/{base}/{recipe}/{teacher}/{lang}/{seed}.log",
    benchmark:
        "results/{study}/benchmarks/gradients/{base}/{recipe}/{teacher}/{lang}/{seed}.tsv"
    conda:
        "../envs/locked/transformers.yaml"
    threads: threads_of("gradients")
    resources:
        **asked("gradients"),
    params:
        gradients=STUDY.intrinsic.gradients.model_dump(mode="json"),
        chat_template=STUDY.intrinsic.perplexity.chat_template,
        side_file="results/{study}/unfinished/gradients/{base}/{recipe}/{teacher}/{lang}/{seed}.parquet",
    message:
        "Gradients of {wildcards.base} on {wildcards.recipe}/{wildcards.teacher}/{wildcards.lang}"
    script:
        "../scripts/intrinsic/gradients.py"


rule metric:
    """A metric of the texts of a training set alone, without a model."""
    input:
        data="results/{study}/sft/{recipe}/{teacher}/{lang}/{seed}.parquet",
    output:
        "results/{study}/intrinsic/{recipe}/{teacher}/{lang}/{seed}/{metric}.parquet",
    log:
        "results/{study}/logs/metric/{metric}/{recipe}/{teacher}/{lang}/{seed}.log",
    benchmark:
        "results/{study}/benchmarks/metric/{metric}/{recipe}/{teacher}/{lang}/{seed}.tsv"
    wildcard_constraints:
        metric=one_of(metrics.of_texts),
    conda:
        "../envs/locked/analysis.yaml"
    threads: threads_of(small)
    resources:
        **asked(small),
    params:
        metric=metrics.facts,
        code=metrics.code,
    message:
        "Metric {wildcards.metric} of {wildcards.recipe}/{wildcards.teacher}/{wildcards.lang}"
    script:
        "../scripts/intrinsic/metric.py"


# What filters by meaning compare with; of no use to a study without one.
rule question_embeddings:
    """An embedding of every question of the benchmarks of a language."""
    input:
        tasks=evaluation.folders,
        model=models.folder(models.embedder),
    output:
        "results/{study}/nearest/questions/{lang}.parquet",
    log:
        "results/{study}/logs/question_embeddings/{lang}.log",
    benchmark:
        "results/{study}/benchmarks/question_embeddings/{lang}.tsv"
    conda:
        models.embedding_environment(models.embedder)
    threads: threads_of("question_embeddings")
    resources:
        **asked("question_embeddings"),
    params:
        name=models.embedder,
        model=models.settings(models.embedder),
        batch_size=STUDY.intrinsic.embedding_batch_size,
    message:
        "Embed the benchmarks' questions in {wildcards.lang}"
    script:
        "../scripts/intrinsic/question_embeddings.py"


rule nearest_questions:
    """The benchmark question that is nearest in meaning to each prompt of usable answers, in any language of the study."""
    input:
        requests=rules.render_requests.output,
        answers=rules.synthesize.output,
        questions=training_sets.questions(),
        model=models.folder(models.embedder),
    output:
        "results/{study}/nearest/answers/{teacher}/{lang}/{seed}.parquet",
    log:
        "results/{study}/logs/nearest_questions/{teacher}/{lang}/{seed}.log",
    benchmark:
        "results/{study}/benchmarks/nearest_questions/{teacher}/{lang}/{seed}.tsv"
    conda:
        models.embedding_environment(models.embedder)
    threads: threads_of("nearest_questions")
    resources:
        **asked("nearest_questions"),
    params:
        name=models.embedder,
        model=models.settings(models.embedder),
        batch_size=STUDY.intrinsic.embedding_batch_size,
        reading=STUDY.synthesis.reading,
    message:
        "Nearest questions of {wildcards.teacher}'s prompts in {wildcards.lang}, seed {wildcards.seed}"
    script:
        "../scripts/intrinsic/nearest_questions.py"


use rule nearest_questions as nearest_to_seeds with:
    input:
        seed="results/{study}/seed/{lang}.parquet",
        questions=training_sets.questions(),
        model=models.folder(models.embedder),
    output:
        "results/{study}/nearest/seed/{lang}.parquet",
    log:
        "results/{study}/logs/nearest_to_seeds/{lang}.log",
    benchmark:
        "results/{study}/benchmarks/nearest_to_seeds/{lang}.tsv"
    threads: threads_of("nearest_to_seeds")
    resources:
        **asked("nearest_to_seeds"),
    message:
        "Nearest questions of the seed prompts in {wildcards.lang}"


use rule nearest_questions as nearest_to_further with:
    input:
        requests=rules.further_requests.output,
        answers=rules.synthesize_further.output,
        questions=training_sets.questions(),
        model=models.folder(models.embedder),
    output:
        "results/{study}/further/nearest/{teacher}/{lang}/{seed}.parquet",
    log:
        "results/{study}/logs/nearest_to_further/{teacher}/{lang}/{seed}.log",
    benchmark:
        "results/{study}/benchmarks/nearest_to_further/{teacher}/{lang}/{seed}.tsv"
    threads: threads_of("nearest_to_further")
    resources:
        **asked("nearest_to_further"),
    message:
        "Nearest questions of {wildcards.teacher}'s further prompts in {wildcards.lang}"


use rule nearest_questions as nearest_to_translated with:
    input:
        requests=["results/{study}/requests/{lang}/{method}/{seed}.parquet"],
        answers=["results/{study}/answers/{teacher}/{lang}/{method}/{seed}.parquet"],
        questions=training_sets.questions(),
        model=models.folder(models.embedder),
    output:
        "results/{study}/nearest/translated/{teacher}/{lang}/{method}/{seed}.parquet",
    log:
        "results/{study}/logs/nearest_to_translated/{teacher}/{lang}/{method}/{seed}.log",
    benchmark:
        "results/{study}/benchmarks/nearest_to_translated/{teacher}/{lang}/{method}/{seed}.tsv"
    wildcard_constraints:
        method=one_of(TRANSLATED),
    threads: threads_of("nearest_to_translated")
    resources:
        **asked("nearest_to_translated"),
    message:
        "Nearest questions of {wildcards.teacher}'s translated prompts in {wildcards.lang}"
