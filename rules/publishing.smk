# Publishing: synthetic sets and students with their cards; and `build`, from the study's verdict to a data set of the wanted size.
from polyglot.publishing.facts import TRAIN, build_facts, set_facts, student_facts


rule data_set:
    """A synthetic set as a folder for `datasets.load_dataset`, with its data card."""
    input:
        data="results/{study}/sft/{recipe}/{teacher}/{lang}/{seed}.parquet",
        answers=training_sets.files,
        diversity="results/{study}/intrinsic/{recipe}/{teacher}/{lang}/{seed}/diversity.parquet",
        reward=publishing.rewards,
        metrics=metrics.of_set,
        cells=publishing.scored(paths.CELLS, "recipe", "teacher", "lang"),
        gaps=publishing.scored(paths.GAPS, "recipe", "teacher", "lang"),
        template="report/data_card.md.jinja",
    output:
        data=f"results/{{study}}/published/data/{{recipe}}/{{teacher}}/{{lang}}/{{seed}}/{TRAIN}",
        card="results/{study}/published/data/{recipe}/{teacher}/{lang}/{seed}/README.md",
    log:
        "results/{study}/logs/data_set/{recipe}/{teacher}/{lang}/{seed}.log",
    benchmark:
        "results/{study}/benchmarks/data_set/{recipe}/{teacher}/{lang}/{seed}.tsv"
    localrule: True
    conda:
        "../envs/locked/transformers.yaml"
    resources:
        login=1,
    params:
        facts=lambda wildcards: set_facts(
            STUDY, REGISTRIES, **publishing.of_set(wildcards)
        ),
        variables=REGISTRIES.keys,
    message:
        "Publish {wildcards.recipe}/{wildcards.teacher}/{wildcards.lang}, seed {wildcards.seed}"
    script:
        "../scripts/publishing/data_set.py"


rule model_card:
    """The model card of a student."""
    input:
        model="results/{study}/students/{base}/{recipe}/{teacher}/{lang}/{seed}",
        outcomes=publishing.outcomes,
        base=publishing.base_outcomes,
        reference=publishing.reference_outcomes,
        cells=publishing.scored(paths.CELLS, "base", "recipe", "teacher", "lang"),
        gaps=publishing.scored(paths.GAPS, "base", "recipe", "teacher", "lang"),
        template="report/model_card.md.jinja",
    output:
        "results/{study}/published/students/{base}/{recipe}/{teacher}/{lang}/{seed}/README.md",
    log:
        "results/{study}/logs/model_card/{base}/{recipe}/{teacher}/{lang}/{seed}.log",
    benchmark:
        "results/{study}/benchmarks/model_card/{base}/{recipe}/{teacher}/{lang}/{seed}.tsv"
    localrule: True
    conda:
        "../envs/locked/transformers.yaml"
    resources:
        login=1,
    params:
        facts=lambda wildcards: student_facts(
            STUDY, REGISTRIES, **publishing.of_student(wildcards)
        ),
        variables=REGISTRIES.keys,
    message:
        "Model card of {wildcards.base} on {wildcards.recipe}/{wildcards.teacher}/{wildcards.lang}"
    script:
        "../scripts/publishing/model_card.py"


rule publish:
    input:
        targets.publishing(),
        racing.cards(rung_file),


# A file of every choice, once the choices are made.
of_the_choice = lambda pattern, single=False: lambda wildcards: building.of_choices(
    pattern, checkpoints.build_choice.get().output[0], single=single
)


checkpoint build_choice:
    """Who writes each language's data, and how, with every number behind it."""
    input:
        verdicts=building.verdicts(),
        measurements=building.measurements(),
    output:
        f"{RESULTS}/build/choice.json",
    log:
        f"{RESULTS}/logs/build_choice.log",
    localrule: True
    conda:
        "../envs/locked/analysis.yaml"
    resources:
        login=1,
    params:
        facts=lambda wildcards: building.facts(),
    message:
        "What {STUDY.study} chooses"
    script:
        "../scripts/publishing/choose.py"


rule build_requests:
    """Requests to a teacher for what the wanted size needs beside the answers that are there."""
    input:
        answers=building.answers_that_are_there,
        stock=building.requests_in_stock,
    output:
        expand(
            "results/{{study}}/build/requests/{{recipe}}/{{teacher}}/{{lang}}/{method}.parquet",
            method=STUDY.methods,
        ),
    log:
        "results/{study}/logs/build_requests/{recipe}/{teacher}/{lang}.log",
    benchmark:
        "results/{study}/benchmarks/build_requests/{recipe}/{teacher}/{lang}.tsv"
    wildcard_constraints:
        recipe=one_of(building.recipes),
    conda:
        "../envs/locked/analysis.yaml"
    threads: threads_of(small)
    resources:
        **asked(small),
    params:
        methods=STUDY.methods,
        wanted=building.wanted,
        size=building.size,
        left_out=STUDY.build.leave_out,
    message:
        "What {wildcards.teacher} is still to be asked in {wildcards.lang}"
    script:
        "../scripts/publishing/build_requests.py"


rule build_plan:
    """What is added for the wanted size, and its price, before any of it is asked."""
    input:
        choice=rules.build_choice.output[0],
        requests=of_the_choice(paths.BUILD_REQUESTS, single=True),
        prices=lambda wildcards: building.prices(),
    output:
        expand(f"{RESULTS}/build/plan.{{form}}", form=["csv", "md"]),
    log:
        f"{RESULTS}/logs/build_plan.log",
    localrule: True
    conda:
        "../envs/locked/analysis.yaml"
    resources:
        login=1,
    params:
        methods=STUDY.methods,
        rates=lambda wildcards: models.rates(models.teachers),
        usual=[STUDY.plan.request_tokens, STUDY.plan.answer_tokens],
        usd_per_gpu_hour=STUDY.plan.usd_per_gpu_hour,
        routed=lambda wildcards: building.routed_requests(),
    message:
        "What the build of {STUDY.study} adds"
    script:
        "../scripts/publishing/build_plan.py"


use rule synthesize as synthesize_build with:
    input:
        requests=rules.build_requests.output,
        model=lambda wildcards: models.folder(wildcards.teacher),
        chat_template=lambda wildcards: models.chat_template(wildcards.teacher),
        checked=ancient(building.requests_check),
        plan=ancient(rules.build_plan.output),
    output:
        expand(
            "results/{{study}}/build/answers/{{recipe}}/{{teacher}}/{{lang}}/{method}.parquet",
            method=STUDY.methods,
        ),
    log:
        "results/{study}/logs/synthesize_build/{recipe}/{teacher}/{lang}.log",
    benchmark:
        "results/{study}/benchmarks/synthesize_build/{recipe}/{teacher}/{lang}.tsv"
    threads: threads_of("synthesize_build")
    resources:
        **asked("synthesize_build"),
    params:
        teacher=lambda wildcards: models.settings(wildcards.teacher),
        batch_size=STUDY.synthesis.batch_size,
        reading=STUDY.synthesis.reading,
        retries=STUDY.synthesis.retries,
        # of all sizes: what was answered for a smaller set is kept there, and is not asked again for a larger one
        side_file=f"results/{{study}}/unfinished/answers-build/{{teacher}}/{{lang}}/{building.draw}.jsonl",
    message:
        "{wildcards.teacher} writes {wildcards.lang} data for the build"


use rule synthesize_build as ask_endpoint_build with:
    wildcard_constraints:
        teacher=one_of(models.endpoint_teachers),


if ASKED_HERE:

    localrules:
        ask_endpoint_build,


use rule nearest_questions as nearest_to_build with:
    input:
        requests=rules.build_requests.output,
        answers=rules.synthesize_build.output,
        questions=training_sets.questions(),
        model=models.folder(models.embedder),
    output:
        "results/{study}/build/nearest/{recipe}/{teacher}/{lang}.parquet",
    log:
        "results/{study}/logs/nearest_to_build/{recipe}/{teacher}/{lang}.log",
    benchmark:
        "results/{study}/benchmarks/nearest_to_build/{recipe}/{teacher}/{lang}.tsv"
    threads: threads_of("nearest_to_build")
    resources:
        **asked("nearest_to_build"),
    message:
        "Nearest questions of the build's answers of {wildcards.teacher} in {wildcards.lang}"


use rule check_answers as check_build with:
    input:
        requests=rules.build_requests.output,
        answers=rules.synthesize_build.output,
        tasks=evaluation.folders,
        seed="results/{study}/seed/{lang}.parquet",
        earlier=building.answers_that_are_there,
        nearest=training_sets.nearest(paths.NEAREST_TO_BUILD),
        usual=training_sets.nearest(paths.NEAREST_TO_SEEDS),
    output:
        expand(
            "results/{{study}}/build/synthetic/{{recipe}}/{{teacher}}/{{lang}}/{method}.parquet",
            method=STUDY.methods,
        ),
    log:
        "results/{study}/logs/check_build/{recipe}/{teacher}/{lang}.log",
    benchmark:
        "results/{study}/benchmarks/check_build/{recipe}/{teacher}/{lang}.tsv"
    message:
        "Check the build's answers of {wildcards.teacher} in {wildcards.lang}"


rule build_comparison:
    """The build's students beside base, reference and the study's students."""
    input:
        choice=rules.build_choice.output[0],
        built=lambda wildcards: building.outcomes_of_choices(
            checkpoints.build_choice.get().output[0]
        ),
        students=building.files_of_students(),
        base=building.files_of_anchors("base"),
        reference=building.files_of_anchors("reference"),
    output:
        f"{RESULTS}/build/comparison.csv",
    log:
        f"{RESULTS}/logs/build_comparison.log",
    conda:
        "../envs/locked/analysis.yaml"
    threads: threads_of(small)
    resources:
        **asked(small),
    params:
        students=building.compared_students(),
        unscored=STUDY.evaluation.unscored,
        replicates=STUDY.scoring.bootstrap,
        confidence=STUDY.scoring.confidence,
        seed=STUDY.scoring.seed,
    message:
        "The build of {STUDY.study} beside the study"
    script:
        "../scripts/publishing/compare_build.py"


rule build_folder:
    """The folder to publish: the data set of all languages with its card, the choice, and the students with theirs."""
    input:
        choice=rules.build_choice.output[0],
        plan=rules.build_plan.output,
        data=of_the_choice(paths.DATA_CARD.replace("README.md", TRAIN)),
        cards=of_the_choice(paths.DATA_CARD),
        models=of_the_choice(paths.STUDENT) if STUDY.base else [],
        model_cards=of_the_choice(paths.MODEL_CARD) if STUDY.base else [],
        comparison=rules.build_comparison.output[0] if STUDY.base else [],
        template="report/build_card.md.jinja",
    output:
        card=f"{RESULTS}/build/published/README.md",
        data=directory(f"{RESULTS}/build/published/data"),
        students=directory(f"{RESULTS}/build/published/students"),
        numbers=directory(f"{RESULTS}/build/published/numbers"),
    log:
        f"{RESULTS}/logs/build_folder.log",
    localrule: True
    conda:
        "../envs/locked/transformers.yaml"
    resources:
        login=1,
    params:
        facts=lambda wildcards: build_facts(STUDY, REGISTRIES, building.languages),
        variables=REGISTRIES.keys,
    message:
        "The folder to publish of {STUDY.study}"
    script:
        "../scripts/publishing/build_folder.py"


rule build:
    input:
        rules.build_folder.output,
