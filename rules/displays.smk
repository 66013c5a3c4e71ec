# Tables and figures: each from small files; polyglot.displays.catalogue says which, and what each shows.
rule table:
    """One table, as CSV, Markdown, LaTeX and a page."""
    input:
        unpack(display_inputs("table")),
    output:
        csv=report(
            "results/{study}/tables/{table}.csv",
            caption="../report/display.rst",
            category=display_field("table", "category"),
            labels=display_labels("table", "CSV"),
        ),
        markdown="results/{study}/tables/{table}.md",
        latex="results/{study}/tables/{table}.tex",
        html=report(
            "results/{study}/tables/{table}.html",
            caption="../report/display.rst",
            category=display_field("table", "category"),
            labels=display_labels("table", "page"),
        ),
    log:
        "results/{study}/logs/table/{table}.log",
    benchmark:
        "results/{study}/benchmarks/table/{table}.tsv"
    conda:
        "../envs/locked/analysis.yaml"
    resources:
        login=1,
    params:
        values=display_params("table"),
        caption=display_caption("table"),
    message:
        "Table: {wildcards.table} ({wildcards.study})"
    script:
        "../scripts/displays/table.py"


rule figure:
    """One figure, as PDF and PNG."""
    input:
        unpack(display_inputs("figure")),
        style="config/figures.mplstyle",
    output:
        pdf="results/{study}/figures/{figure}.pdf",
        png=report(
            "results/{study}/figures/{figure}.png",
            caption="../report/display.rst",
            category=display_field("figure", "category"),
            labels=display_labels("figure", "figure"),
        ),
    log:
        "results/{study}/logs/figure/{figure}.log",
    benchmark:
        "results/{study}/benchmarks/figure/{figure}.tsv"
    conda:
        "../envs/locked/analysis.yaml"
    resources:
        login=1,
    params:
        values=display_params("figure"),
        look=lambda wildcards: FIGURES[wildcards.figure].look(STUDY, wildcards.figure),
        caption=display_caption("figure"),
    message:
        "Figure: {wildcards.figure} ({wildcards.study})"
    script:
        "../scripts/displays/figure.py"
