"""The effective configuration, with every default."""

from polyglot.job import running

with running(snakemake):
    from polyglot.files import write_yaml

    write_yaml(dict(snakemake.params.study), snakemake.output[0])
