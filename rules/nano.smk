# The embedded study's world and the nano models that learn it.
NANO = f"{RESULTS}/nano"


rule nano_corpora:
    """Pre-training text and a tokenizer from the templated micro-world."""
    input:
        lexicons=expand("config/nano_world/{lang}.yaml", lang=STUDY.nano.languages),
        chat_template="config/chat_templates/chatml.jinja",
        prompts=expand(
            "config/prompts/nano/{template}.jinja",
            template=["system", "generate", "translate", "respond"],
        ),
    output:
        corpora=expand(f"{NANO}/corpus/{{lang}}.parquet", lang=STUDY.nano.languages),
        tokenizer=directory(f"{NANO}/tokenizer"),
    log:
        f"{RESULTS}/logs/nano_corpora.log",
    benchmark:
        f"{RESULTS}/benchmarks/nano_corpora.tsv"
    conda:
        "../envs/locked/transformers.yaml"
    threads: threads_of(small)
    resources:
        **asked(small),
    params:
        languages=STUDY.nano.languages,
        names={lang: REGISTRIES.languages[lang].name for lang in STUDY.nano.languages},
        corpus_size=STUDY.nano.corpus_size,
        vocabulary=STUDY.nano.vocabulary,
        seed=STUDY.nano.seed,
    message:
        "Build the micro-world's corpora and tokenizer"
    script:
        "../scripts/nano/nano_corpora.py"


rule nano_datasets:
    """Seed dataset and benchmarks from the templated micro-world."""
    input:
        lexicons=expand("config/nano_world/{lang}.yaml", lang=STUDY.nano.languages),
    output:
        seeds=expand(f"{NANO}/seed/{{lang}}.parquet", lang=STUDY.nano.languages),
        tasks=directory(evaluation.world_folders()),
    log:
        f"{RESULTS}/logs/nano_datasets.log",
    benchmark:
        f"{RESULTS}/benchmarks/nano_datasets.tsv"
    conda:
        "../envs/locked/transformers.yaml"
    threads: threads_of(small)
    resources:
        **asked(small),
    params:
        languages=STUDY.nano.languages,
        seed_items=STUDY.nano.seed_items,
        benchmark_items=STUDY.nano.benchmark_items,
        seed=STUDY.nano.seed,
    message:
        "Build the micro-world's seed dataset and benchmarks"
    script:
        "../scripts/nano/nano_datasets.py"


rule nano_pretrain:
    """A nano model trained from scratch on the micro-world."""
    input:
        corpora=rules.nano_corpora.output.corpora,
        tokenizer=rules.nano_corpora.output.tokenizer,
    output:
        directory(f"{RESULTS}/models/{{model}}"),
    log:
        f"{RESULTS}/logs/nano_pretrain/{{model}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/nano_pretrain/{{model}}.tsv"
    wildcard_constraints:
        model=one_of(models.of_origin("pretraining")),
    priority: 10
    conda:
        "../envs/locked/transformers.yaml"
    threads: threads_of("nano_pretrain")
    resources:
        **asked("nano_pretrain"),
    params:
        languages=STUDY.nano.languages,
        pretraining=lambda wildcards: models.settings(wildcards.model)["pretraining"],
        checkpoints=f"{RESULTS}/unfinished/models/{{model}}",
    message:
        "Pre-train {wildcards.model}"
    script:
        "../scripts/nano/nano_pretrain.py"


rule nano_gold_tune:
    """A nano model fine-tuned on correct answers: the reference, or the reward model."""
    input:
        lexicons=rules.nano_corpora.input.lexicons,
        start=lambda wildcards: models.folder(
            REGISTRIES.models[wildcards.model].gold_tuning.start
        ),
    output:
        directory(f"{RESULTS}/models/{{model}}"),
    log:
        f"{RESULTS}/logs/nano_gold_tune/{{model}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/nano_gold_tune/{{model}}.tsv"
    wildcard_constraints:
        model=one_of(models.of_origin("gold_tuning")),
    priority: 5
    conda:
        "../envs/locked/trl.yaml"
    threads: threads_of("nano_gold_tune")
    resources:
        **asked("nano_gold_tune"),
    params:
        languages=STUDY.nano.languages,
        model=lambda wildcards: models.settings(wildcards.model),
        checkpoints=f"{RESULTS}/unfinished/models/{{model}}",
    message:
        "Tune {wildcards.model} on gold answers"
    script:
        "../scripts/nano/nano_gold_tune.py"


rule nano_translator:
    """A nano translation model, trained from scratch on the micro-world's parallel sentences."""
    input:
        lexicons=rules.nano_corpora.input.lexicons,
    output:
        directory(f"{RESULTS}/models/{{model}}"),
    log:
        f"{RESULTS}/logs/nano_translator/{{model}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/nano_translator/{{model}}.tsv"
    wildcard_constraints:
        model=one_of(models.of_origin("translator_training")),
    priority: 10
    conda:
        "../envs/locked/transformers.yaml"
    threads: threads_of("nano_translator")
    resources:
        **asked("nano_translator"),
    params:
        codes={lang: REGISTRIES.languages[lang].flores for lang in STUDY.nano.languages},
        source=STUDY.source_language,
        training=lambda wildcards: models.settings(wildcards.model)[
            "translator_training"
        ],
        checkpoints=f"{RESULTS}/unfinished/models/{{model}}",
    message:
        "Train {wildcards.model} to translate"
    script:
        "../scripts/nano/nano_translator.py"


rule nano_oracle:
    """The share of each teacher's pairs that are correct, by the micro-world's answers."""
    input:
        lexicons=rules.nano_corpora.input.lexicons,
        synthetic=experiments.main_answers(),
    output:
        f"{RESULTS}/analysis/oracle.csv",
    log:
        f"{RESULTS}/logs/nano_oracle.log",
    benchmark:
        f"{RESULTS}/benchmarks/nano_oracle.tsv"
    conda:
        "../envs/locked/analysis.yaml"
    threads: threads_of(small)
    resources:
        **asked(small),
    params:
        languages=STUDY.nano.languages,
    message:
        "Grade every synthetic pair by the micro-world's answers"
    script:
        "../scripts/nano/nano_oracle.py"
