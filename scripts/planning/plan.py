"""Every job of the study with its estimated cost, from a dry run of everything."""

from polyglot.workflow.job import running

with running(snakemake):
    import tempfile
    from pathlib import Path

    from polyglot.cluster.site import submissions
    from polyglot.core.files import read_jsonl, write_csv
    from polyglot.planning.budget import budget
    from polyglot.planning.demands import Demands
    from polyglot.planning.power import expected_power
    from polyglot.planning.precision import expected_precision
    from polyglot.workflow.ask_snakemake import ask_snakemake
    from polyglot.workflow.loading import load_study

    root = Path(snakemake.scriptdir).parents[1]
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        jobs = scratch / "jobs.jsonl"
        arguments = [*snakemake.params.targets, "--dry-run", "--forceall", "--logger", "plan"]
        arguments += ["--profile", snakemake.params.profile] if snakemake.params.profile else []
        configuration = ask_snakemake(
            arguments, snakemake.config, root=root, scratch=scratch, variables={"POLYGLOT_PLAN": str(jobs)}
        )
        study, registries = load_study(configuration, root)
        table = budget(read_jsonl(jobs), study, registries, submissions(root, Demands(study, registries)))
    print(table.groupby("rule").size().to_string())
    write_csv(table, snakemake.output.jobs)
    write_csv(expected_power(study, registries), snakemake.output.power)
    write_csv(expected_precision(study, registries, table), snakemake.output.precision)
