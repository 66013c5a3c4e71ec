"""What earlier studies say of a race's teachers, from archives that verify."""

from polyglot.workflow.job import running

with running(snakemake, environment="analysis"):
    from pathlib import Path

    from polyglot.analysis.earlier import said_of_teachers
    from polyglot.core.files import write_csv
    from polyglot.scoring.race_prior import need_shared
    from polyglot.workflow.combine import gains

    archives = [Path(path) for path in snakemake.input.archives]
    said = said_of_teachers(gains(archives, study=snakemake.wildcards.study))
    need_shared(said["teacher"], snakemake.params.teachers)
    print(said.to_string(index=False))
    write_csv(said, snakemake.output[0])
