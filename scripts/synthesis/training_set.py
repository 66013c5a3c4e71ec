"""A recipe's mix of a teacher's usable answers."""

from polyglot.workflow.job import running

with running(snakemake, environment="analysis"):
    import pandas as pd

    from polyglot.core.files import write_parquet
    from polyglot.synthesis.draws import Draw
    from polyglot.synthesis.mixing import mix, people_wrote
    from polyglot.synthesis.recipes import PUBLIC

    paths = iter(snakemake.input)
    parts = {part: [pd.read_parquet(next(paths)) for _ in range(blocks)] for part, blocks in snakemake.params.parts}
    if PUBLIC in parts:
        parts[PUBLIC] = [people_wrote(frame) for frame in parts[PUBLIC]]
    examples = snakemake.params.examples
    mixed = mix(parts, examples=examples, seed=Draw.parse(snakemake.wildcards.seed).seed)
    print(f"{len(mixed)} of {examples} examples:", mixed["method"].value_counts().to_dict())
    write_parquet(mixed, snakemake.output[0])
