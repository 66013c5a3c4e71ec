"""A recipe's mix of a teacher's usable answers."""

from polyglot.workflow.job import running

with running(snakemake, environment="analysis"):
    import pandas as pd

    from polyglot.core.files import write_parquet
    from polyglot.synthesis.draws import Draw
    from polyglot.synthesis.filters.chain import without_finds
    from polyglot.synthesis.mixing import mix, people_wrote
    from polyglot.synthesis.recipes import PUBLIC

    paths = iter(snakemake.input)
    parts, more = {}, {}
    for part, blocks, further, *marked in snakemake.params.parts:
        left_out = marked[0] if marked else []
        read = [without_finds(pd.read_parquet(next(paths)), left_out) for _ in range(blocks + further)]
        parts[part], more[part] = read[:blocks], read[blocks:]
    if PUBLIC in parts:
        parts[PUBLIC] = [people_wrote(frame) for frame in parts[PUBLIC]]
    examples, seed = snakemake.params.examples, Draw.parse(snakemake.wildcards.seed).seed
    mixed = mix(parts, examples=examples, seed=seed, shortfall=snakemake.params.shortfall, further=more)
    print(f"{len(mixed)} of {examples} examples:", mixed["method"].value_counts().to_dict())
    write_parquet(mixed, snakemake.output[0])
