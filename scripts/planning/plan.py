"""Every job of the study with its estimated cost, from a dry run of everything; that of races, from one of their first rungs."""

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
    from polyglot.planning.racing import planned_races
    from polyglot.workflow.ask_snakemake import ask_snakemake
    from polyglot.workflow.loading import load_study

    root = Path(snakemake.scriptdir).parents[1]
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)

        def ask(name: str, targets: list[str]) -> tuple[Path, Path]:
            """Configuration, and the jobs behind targets."""
            jobs = scratch / f"{name}.jsonl"
            arguments = [*targets, "--dry-run", "--forceall", "--logger", "plan"]
            arguments += ["--profile", snakemake.params.profile] if snakemake.params.profile else []
            variables = {"POLYGLOT_PLAN": str(jobs)}
            return ask_snakemake(arguments, snakemake.config, root=root, scratch=scratch, variables=variables), jobs

        configuration, jobs = ask("all", snakemake.params.targets)
        full = snakemake.params.full_size
        rungs = {name: ask(f"race-{name}", [rung])[1] for name, rung in snakemake.params.races.items()}
        wholes = {name: ask(f"full-{name}", [snakemake.params.races[name], *files])[1] for name, files in full.items()}
        study, registries = load_study(configuration, root)
        shared = submissions(root, Demands(study, registries))
        table = budget(read_jsonl(jobs), study, registries, shared)
        first, whole = (
            {name: budget(read_jsonl(file), study, registries, shared) for name, file in files.items()}
            for files in (rungs, wholes)
        )
    print(table.groupby("rule").size().to_string())
    write_csv(table, snakemake.output.jobs)
    write_csv(expected_power(study, registries), snakemake.output.power)
    write_csv(expected_precision(study, registries, table), snakemake.output.precision)
    write_csv(planned_races(study, registries, first, whole), snakemake.output.races)
