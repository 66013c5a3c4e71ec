# Synthesis: requests, answers, training sets.
rule render_requests:
    """Rendered chat requests of every method: the same for every teacher."""
    input:
        seed="results/{study}/seed/{lang}.parquet",
        source=seeds.of_the_source,
        templates=training_sets.templates(),
    output:
        expand(
            "results/{{study}}/requests/{{lang}}/{method}/{{seed}}.parquet",
            method=STUDY.methods,
        ),
    log:
        "results/{study}/logs/render_requests/{lang}/{seed}.log",
    benchmark:
        "results/{study}/benchmarks/render_requests/{lang}/{seed}.tsv"
    conda:
        "../envs/locked/analysis.yaml"
    threads: threads_of(small)
    resources:
        **asked(small),
    params:
        methods=STUDY.methods,
        templates=training_sets.own_templates(),
        language=lambda wildcards: REGISTRIES.languages[wildcards.lang].name,
        requests=training_sets.requests,
        shots=STUDY.synthesis.shots,
        longest=STUDY.synthesis.longest,
    message:
        "Requests in {wildcards.lang}, seed {wildcards.seed}"
    script:
        "../scripts/synthesis/render_requests.py"


rule check_requests:
    """Every request of an external teacher, rendered and counted with its tokenizer without a GPU."""
    input:
        requests=rules.render_requests.output,
        model=lambda wildcards: models.folder(wildcards.teacher),
        chat_template=lambda wildcards: models.chat_template(wildcards.teacher),
    output:
        "results/{study}/checks/requests/{teacher}/{lang}/{seed}.json",
    log:
        "results/{study}/logs/check_requests/{teacher}/{lang}/{seed}.log",
    benchmark:
        "results/{study}/benchmarks/check_requests/{teacher}/{lang}/{seed}.tsv"
    conda:
        "../envs/locked/transformers.yaml"
    threads: threads_of(small)
    resources:
        **asked(small),
    params:
        teacher=lambda wildcards: models.settings(wildcards.teacher),
    message:
        "Check the requests to {wildcards.teacher} in {wildcards.lang}, seed {wildcards.seed}"
    script:
        "../scripts/synthesis/check_requests.py"


rule synthesize:
    """A teacher's raw answers in a language: all methods in one engine start."""
    input:
        requests=rules.render_requests.output,
        model=lambda wildcards: models.folder(wildcards.teacher),
        chat_template=lambda wildcards: models.chat_template(wildcards.teacher),
        checked=ancient(models.requests_check),
    output:
        expand(
            "results/{{study}}/answers/{{teacher}}/{{lang}}/{method}/{{seed}}.parquet",
            method=STUDY.methods,
        ),
    log:
        "results/{study}/logs/synthesize/{teacher}/{lang}/{seed}.log",
    benchmark:
        "results/{study}/benchmarks/synthesize/{teacher}/{lang}/{seed}.tsv"
    wildcard_constraints:
        teacher=one_of(models.local_teachers),
    conda:
        lambda wildcards: models.engine_environment(wildcards.teacher)
    threads: threads_of("synthesize")
    resources:
        **asked("synthesize"),
    params:
        teacher=lambda wildcards: models.settings(wildcards.teacher),
        batch_size=STUDY.synthesis.batch_size,
        reading=STUDY.synthesis.reading,
        retries=STUDY.synthesis.retries,
        side_file="results/{study}/unfinished/answers/{teacher}/{lang}/{seed}.jsonl",
    message:
        "{wildcards.teacher} writes {wildcards.lang} data, seed {wildcards.seed}"
    script:
        "../scripts/synthesis/synthesize.py"


rule check_answers:
    """Every answer with a status: usable, or why not; and what each filter says of it."""
    input:
        requests=rules.render_requests.output,
        answers=rules.synthesize.output,
        tasks=evaluation.folders,
        seed="results/{study}/seed/{lang}.parquet",
        earlier=training_sets.earlier,
        nearest=training_sets.nearest(paths.NEAREST),
        usual=training_sets.nearest(paths.NEAREST_TO_SEEDS),
    output:
        expand(
            "results/{{study}}/synthetic/{{teacher}}/{{lang}}/{method}/{{seed}}.parquet",
            method=STUDY.methods,
        ),
    log:
        "results/{study}/logs/check_answers/{teacher}/{lang}/{seed}.log",
    benchmark:
        "results/{study}/benchmarks/check_answers/{teacher}/{lang}/{seed}.tsv"
    conda:
        "../envs/locked/transformers.yaml"
    threads: threads_of(small)
    resources:
        **asked(small),
    params:
        languages=training_sets.detected_languages,
        language_confidence=STUDY.synthesis.language_confidence,
        reading=STUDY.synthesis.reading,
        filters=training_sets.filters(),
        script=lambda wildcards: REGISTRIES.languages[wildcards.lang].script,
    message:
        "Check the answers of {wildcards.teacher} in {wildcards.lang}"
    script:
        "../scripts/synthesis/check_answers.py"


rule further_requests:
    """As many further requests to a teacher as its training sets lack usable answers."""
    input:
        answers=rules.check_answers.output,
        stock=expand(
            "results/{{study}}/requests/{{lang}}/{method}/{{seed}}-further.parquet",
            method=STUDY.methods,
        ),
    output:
        expand(
            "results/{{study}}/further/requests/{{teacher}}/{{lang}}/{method}/{{seed}}.parquet",
            method=STUDY.methods,
        ),
    log:
        "results/{study}/logs/further_requests/{teacher}/{lang}/{seed}.log",
    benchmark:
        "results/{study}/benchmarks/further_requests/{teacher}/{lang}/{seed}.tsv"
    conda:
        "../envs/locked/analysis.yaml"
    threads: threads_of(small)
    resources:
        **asked(small),
    params:
        methods=STUDY.methods,
        wants=training_sets.wants,
        most=training_sets.most_further,
    message:
        "What {wildcards.teacher} is asked further in {wildcards.lang}, seed {wildcards.seed}"
    script:
        "../scripts/synthesis/further_requests.py"


use rule synthesize as synthesize_further with:
    input:
        requests=rules.further_requests.output,
        model=lambda wildcards: models.folder(wildcards.teacher),
        chat_template=lambda wildcards: models.chat_template(wildcards.teacher),
        checked=ancient(models.further_requests_check),
    output:
        expand(
            "results/{{study}}/further/answers/{{teacher}}/{{lang}}/{method}/{{seed}}.parquet",
            method=STUDY.methods,
        ),
    log:
        "results/{study}/logs/synthesize_further/{teacher}/{lang}/{seed}.log",
    benchmark:
        "results/{study}/benchmarks/synthesize_further/{teacher}/{lang}/{seed}.tsv"
    threads: threads_of("synthesize_further")
    resources:
        **asked("synthesize_further"),
    params:
        teacher=lambda wildcards: models.settings(wildcards.teacher),
        batch_size=STUDY.synthesis.batch_size,
        reading=STUDY.synthesis.reading,
        retries=STUDY.synthesis.retries,
        side_file="results/{study}/unfinished/answers-further/{teacher}/{lang}/{seed}.jsonl",
    message:
        "{wildcards.teacher} writes further {wildcards.lang} data, seed {wildcards.seed}"


use rule check_answers as check_further with:
    input:
        requests=rules.further_requests.output,
        answers=rules.synthesize_further.output,
        tasks=evaluation.folders,
        seed="results/{study}/seed/{lang}.parquet",
        earlier=training_sets.earlier_than_further,
        nearest=training_sets.nearest(paths.NEAREST_TO_FURTHER),
        usual=training_sets.nearest(paths.NEAREST_TO_SEEDS),
    output:
        expand(
            "results/{{study}}/further/synthetic/{{teacher}}/{{lang}}/{method}/{{seed}}.parquet",
            method=STUDY.methods,
        ),
    log:
        "results/{study}/logs/check_further/{teacher}/{lang}/{seed}.log",
    benchmark:
        "results/{study}/benchmarks/check_further/{teacher}/{lang}/{seed}.tsv"
    message:
        "Check the further answers of {wildcards.teacher} in {wildcards.lang}"


rule training_set:
    """A recipe's mix of a teacher's usable answers."""
    input:
        training_sets.files,
    output:
        "results/{study}/sft/{recipe}/{teacher}/{lang}/{seed}.parquet",
    log:
        "results/{study}/logs/training_set/{recipe}/{teacher}/{lang}/{seed}.log",
    benchmark:
        "results/{study}/benchmarks/training_set/{recipe}/{teacher}/{lang}/{seed}.tsv"
    wildcard_constraints:
        recipe=one_of(training_sets.mixed),
    conda:
        "../envs/locked/analysis.yaml"
    threads: threads_of("training_set")
    resources:
        **asked("training_set"),
    params:
        parts=training_sets.parts,
        examples=training_sets.size,
        shortfall=STUDY.synthesis.shortfall,
    message:
        "Training set {wildcards.recipe} of {wildcards.teacher} in {wildcards.lang}"
    script:
        "../scripts/synthesis/training_set.py"


# Machine translation of the seed dataset: prompts for teachers to answer, or prompts and responses.
rule translate_seed:
    """Machine translations of the seed prompts for `translate`, and of their responses."""
    input:
        requests="results/{study}/requests/{lang}/translate/{seed}.parquet",
        source=f"results/{{study}}/seed/{STUDY.source_language}.parquet",
        model=lambda wildcards: models.folder(models.translator),
        templates=training_sets.templates("respond"),
    output:
        respond="results/{study}/requests/{lang}/nllb-respond/{seed}.parquet",
        both="results/{study}/requests/{lang}/nllb-both/{seed}.parquet",
        answers=f"results/{{study}}/answers/{models.translator}/{{lang}}/nllb-both/{{seed}}.parquet",
    log:
        "results/{study}/logs/translate_seed/{lang}/{seed}.log",
    benchmark:
        "results/{study}/benchmarks/translate_seed/{lang}/{seed}.tsv"
    conda:
        "../envs/locked/transformers.yaml"
    threads: threads_of("translate_seed")
    resources:
        **asked("translate_seed"),
    params:
        language=lambda wildcards: REGISTRIES.languages[wildcards.lang].name,
        source_code=REGISTRIES.languages[STUDY.source_language].flores,
        target_code=lambda wildcards: REGISTRIES.languages[wildcards.lang].flores,
        translation=STUDY.translation.model_dump(mode="json"),
        side_file="results/{study}/unfinished/translations/{lang}/{seed}.jsonl",
    message:
        "Translate seed prompts and responses into {wildcards.lang}"
    script:
        "../scripts/synthesis/translate_seed.py"


use rule check_requests as check_translated_requests with:
    input:
        requests=["results/{study}/requests/{lang}/nllb-respond/{seed}.parquet"],
        model=lambda wildcards: models.folder(wildcards.teacher),
        chat_template=lambda wildcards: models.chat_template(wildcards.teacher),
    output:
        "results/{study}/checks/translated_requests/{teacher}/{lang}/{seed}.json",
    log:
        "results/{study}/logs/check_translated_requests/{teacher}/{lang}/{seed}.log",
    benchmark:
        "results/{study}/benchmarks/check_translated_requests/{teacher}/{lang}/{seed}.tsv"
    message:
        "Check the translated requests to {wildcards.teacher} in {wildcards.lang}"


use rule synthesize as synthesize_translated with:
    input:
        requests=["results/{study}/requests/{lang}/nllb-respond/{seed}.parquet"],
        model=lambda wildcards: models.folder(wildcards.teacher),
        chat_template=lambda wildcards: models.chat_template(wildcards.teacher),
        checked=ancient(models.translated_requests_check),
    output:
        ["results/{study}/answers/{teacher}/{lang}/nllb-respond/{seed}.parquet"],
    log:
        "results/{study}/logs/synthesize_translated/{teacher}/{lang}/{seed}.log",
    benchmark:
        "results/{study}/benchmarks/synthesize_translated/{teacher}/{lang}/{seed}.tsv"
    threads: threads_of("synthesize_translated")
    resources:
        **asked("synthesize_translated"),
    params:
        teacher=lambda wildcards: models.settings(wildcards.teacher),
        batch_size=STUDY.synthesis.batch_size,
        reading=STUDY.synthesis.reading,
        retries=STUDY.synthesis.retries,
        side_file="results/{study}/unfinished/answers-translated/{teacher}/{lang}/{seed}.jsonl",
    message:
        "{wildcards.teacher} responds to translated prompts in {wildcards.lang}"


# Endpoints are asked on a machine with network access.
use rule synthesize as ask_endpoint with:
    wildcard_constraints:
        teacher=one_of(models.endpoint_teachers),


use rule synthesize_translated as ask_endpoint_translated with:
    wildcard_constraints:
        teacher=one_of(models.endpoint_teachers),


use rule synthesize_further as ask_endpoint_further with:
    wildcard_constraints:
        teacher=one_of(models.endpoint_teachers),


if ASKED_HERE:

    localrules:
        ask_endpoint,
        ask_endpoint_further,
        ask_endpoint_translated,


use rule check_answers as check_translated with:
    input:
        requests=["results/{study}/requests/{lang}/{method}/{seed}.parquet"],
        answers=["results/{study}/answers/{teacher}/{lang}/{method}/{seed}.parquet"],
        tasks=evaluation.folders,
        seed="results/{study}/seed/{lang}.parquet",
        nearest=training_sets.nearest(paths.NEAREST_TO_TRANSLATED),
        usual=training_sets.nearest(paths.NEAREST_TO_SEEDS),
    output:
        ["results/{study}/synthetic/{teacher}/{lang}/{method}/{seed}.parquet"],
    log:
        "results/{study}/logs/check_translated/{teacher}/{lang}/{method}/{seed}.log",
    benchmark:
        "results/{study}/benchmarks/check_translated/{teacher}/{lang}/{method}/{seed}.tsv"
    wildcard_constraints:
        method=one_of(TRANSLATED),
    message:
        "Check the translated data of {wildcards.teacher} in {wildcards.lang}"
