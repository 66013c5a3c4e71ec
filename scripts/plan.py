"""Every job of the study with what it will take, from a dry run of everything."""

from polyglot.job import running

with running(snakemake):
    import os
    import subprocess
    import sys
    import tempfile
    from pathlib import Path

    from polyglot.budget import budget
    from polyglot.files import read_jsonl, write_csv, yaml_text
    from polyglot.loading import load_study

    root = Path(snakemake.scriptdir).parent
    settings = {key: value for key, value in snakemake.config.items() if key != "operation"}
    with tempfile.TemporaryDirectory() as scratch:
        configuration, jobs = Path(scratch) / f"{settings['study']}.yaml", Path(scratch) / "jobs.jsonl"
        configuration.write_text(yaml_text(settings), encoding="utf-8")
        command = [sys.executable, "-m", "snakemake", *snakemake.params.targets, "--dry-run", "--forceall", "--logger", "plan"]
        command += ["--profile", snakemake.params.profile] if snakemake.params.profile else []
        paths = [str(root / "plugins"), os.environ.get("PYTHONPATH", "")]
        environment = os.environ | {"POLYGLOT_PLAN": str(jobs), "PYTHONPATH": os.pathsep.join(filter(None, paths))}
        subprocess.run([*command, "--configfile", str(configuration)], check=True, env=environment, stdout=subprocess.DEVNULL)
        study, registries = load_study(configuration, root)
        table = budget(read_jsonl(jobs), study, registries)
    print(table.groupby("rule").size().to_string())
    write_csv(table, snakemake.output[0])
