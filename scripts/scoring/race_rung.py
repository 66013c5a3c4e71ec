"""One rung of a race: who is trained again, and why the others are not."""

from polyglot.workflow.job import running

with running(snakemake, environment="analysis"):
    import pandas as pd

    from polyglot.core.files import read_frame, write_csv
    from polyglot.scoring.outcomes import read_scored
    from polyglot.scoring.race_rungs import Beliefs, rung_table
    from polyglot.scoring.race_small import SmallSets
    from polyglot.scoring.race_value import doubt
    from polyglot.scoring.racing import Price, Terms

    params = snakemake.params
    before = read_frame(snakemake.input.before[0]) if len(snakemake.input.before) else None
    earlier = read_frame(snakemake.input.earlier[0]) if len(snakemake.input.earlier) else None
    students: dict[tuple[str, str], list[pd.DataFrame]] = {}
    for (teacher, lang), path in zip(params.trained, snakemake.input.students, strict=True):
        students.setdefault((teacher, lang), []).append(read_scored(path, params.unscored))
    prices = {lang: Price(**taken) for lang, taken in params.prices.items()}
    beliefs = Beliefs(**params.beliefs, earlier=earlier)
    small = None
    if params.small:
        said = dict(params.small)
        cells = [(teacher, lang) for teacher, lang in said.pop("trained")]
        frames = [read_scored(path, params.unscored) for path in snakemake.input.small]
        said["prices"] = {lang: Price(**taken) for lang, taken in said["prices"].items()}
        small = SmallSets(dict(zip(cells, frames, strict=True)), **said)
    table = rung_table(students, before, Terms(**params.terms), beliefs, params.seed, prices, small)
    table["doubt"] = doubt(table)
    print(table.drop(columns="doubt").to_string(index=False), table["doubt"].iloc[0], sep="\n")
    write_csv(table, snakemake.output[0])
