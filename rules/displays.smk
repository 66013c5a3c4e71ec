# Tables and figures: each from small files, as listed in polyglot.displays.catalogue.
from polyglot.workflow.inputs.explore import ExploreInputs

explorer = ExploreInputs(STUDY, REGISTRIES)


rule table:
    """One table, as CSV, Markdown, LaTeX and a page."""
    input:
        unpack(displays.files("table")),
    output:
        csv=report(
            "results/{study}/tables/{table}.csv",
            caption="../report/display.rst",
            category=displays.category("table"),
            labels=displays.labels("table", "CSV"),
        ),
        markdown="results/{study}/tables/{table}.md",
        latex="results/{study}/tables/{table}.tex",
        html=report(
            "results/{study}/tables/{table}.html",
            caption="../report/display.rst",
            category=displays.category("table"),
            labels=displays.labels("table", "page"),
        ),
    log:
        "results/{study}/logs/table/{table}.log",
    benchmark:
        "results/{study}/benchmarks/table/{table}.tsv"
    localrule: True
    conda:
        "../envs/locked/analysis.yaml"
    resources:
        login=1,
    params:
        values=displays.values("table"),
        caption=displays.caption("table"),
    message:
        "Table: {wildcards.table} ({wildcards.study})"
    script:
        "../scripts/displays/table.py"


rule figure:
    """One figure, as PDF and PNG."""
    input:
        unpack(displays.files("figure")),
        style="config/figures.mplstyle",
    output:
        pdf="results/{study}/figures/{figure}.pdf",
        png=report(
            "results/{study}/figures/{figure}.png",
            caption="../report/display.rst",
            category=displays.category("figure"),
            labels=displays.labels("figure", "figure"),
        ),
    log:
        "results/{study}/logs/figure/{figure}.log",
    benchmark:
        "results/{study}/benchmarks/figure/{figure}.tsv"
    localrule: True
    conda:
        "../envs/locked/analysis.yaml"
    resources:
        login=1,
    params:
        values=displays.values("figure"),
        look=displays.look,
        caption=displays.caption("figure"),
    message:
        "Figure: {wildcards.figure} ({wildcards.study})"
    script:
        "../scripts/displays/figure.py"


rule page:
    """The study's page: the answer first, then teachers, languages, figures, tables and costs, in one file."""
    input:
        page.files,
        template="report/page/page.html.jinja",
        beside=page.beside,
    output:
        f"{RESULTS}/index.html",
    log:
        f"{RESULTS}/logs/page.log",
    benchmark:
        f"{RESULTS}/benchmarks/page.tsv"
    localrule: True
    conda:
        "../envs/locked/analysis.yaml"
    resources:
        login=1,
    params:
        files=page.shown,
        earlier=page.earlier,
        values=page.values,
        facts=page.facts,
    message:
        "Page ({STUDY.study})"
    script:
        "../scripts/displays/page.py"


rule explore:
    """The page to look at the data: every request with all teachers' answers, in one folder that opens from a disk."""
    input:
        explorer.files,
        template="report/explore/index.html.jinja",
        beside=explorer.beside,
    output:
        page=f"{RESULTS}/explore/index.html",
        blind=f"{RESULTS}/explore/blind.html",
        key=f"{RESULTS}/explore/key.csv",
        data=directory(f"{RESULTS}/explore/data"),
    log:
        f"{RESULTS}/logs/explore.log",
    benchmark:
        f"{RESULTS}/benchmarks/explore.tsv"
    localrule: True
    conda:
        "../envs/locked/analysis.yaml"
    resources:
        login=1,
    params:
        sets=explorer.sets,
        looked=explorer.looked,
        variables=REGISTRIES.keys,
    message:
        "Page to look at the data ({STUDY.study})"
    script:
        "../scripts/displays/explore.py"
