"""The ranking of teachers as CSV, Markdown and HTML."""

from polyglot.job import running

with running(snakemake):
    import pandas as pd

    from polyglot.files import write_csv, write_text
    from polyglot.tables import leaderboard, leaderboard_markdown, page

    gaps = pd.read_csv(snakemake.input.gaps) if snakemake.input.gaps else None
    table = leaderboard(
        pd.read_csv(snakemake.input.teachers),
        pd.read_csv(snakemake.input.cells),
        gaps,
        definition=snakemake.params.definition,
        labels=snakemake.params.labels,
    )
    markdown = leaderboard_markdown(table, gaps, confidence=snakemake.params.confidence)
    write_csv(table, snakemake.output.csv)
    write_text(markdown, snakemake.output.markdown)
    write_text(page(markdown, title=f"Leaderboard: {snakemake.wildcards.study}"), snakemake.output.html)
