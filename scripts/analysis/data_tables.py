"""Price and quality of the data, by teacher, language and method."""

from polyglot.workflow.job import running

with running(snakemake, environment="analysis"):
    import pandas as pd

    from polyglot.analysis.tables import method_table, methods_by_students, price_table
    from polyglot.core.files import read_frame, write_csv
    from polyglot.provenance.timings import synthesis_seconds

    params = snakemake.params
    answers = pd.concat([pd.read_parquet(path) for path in snakemake.input.answers], ignore_index=True)
    cells = [cell for cell in params.cells for _ in params.seeds]
    rated = pd.concat(
        pd.read_parquet(data).merge(pd.read_parquet(reward), on="id").assign(teacher=teacher, lang=lang)
        for (_, _, teacher, lang), data, reward in zip(cells, snakemake.input.rated, snakemake.input.reward, strict=True)
    )
    methods = [method_table(answers, rated)]
    if snakemake.input.students:
        methods.append(methods_by_students(read_frame(snakemake.input.students), params.methods, params.definition))
    prices = price_table(answers, synthesis_seconds(*params.benchmarks), params.get("rates"))
    write_csv(prices, snakemake.output.prices)
    write_csv(pd.concat(methods, ignore_index=True), snakemake.output.methods)
