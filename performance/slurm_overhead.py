"""What a job costs on Slurm apart from its work: `true` through profiles/slurm, one alone, a chain, and a thousand side by side.

    tests/slurm/cluster.sh run python performance/slurm_overhead.py [--jobs 1000] [--grouped 1 50] [--seconds 1 2 5 40]

`--seconds` are values of slurm-init-seconds-before-status-checks, `--grouped` values of group-components.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

PROFILE = Path(__file__).resolve().parent.parent / "profiles/slurm"
CHAIN = 5
WORKFLOW = """
from polyglot.cluster.slurm import ask_in_step_with_the_jobs, outlast_the_controller, start_snakemake_once
from polyglot.cluster.snakemake_inside import slurm_executor

onstart:
    executor = slurm_executor(workflow)
    outlast_the_controller(executor)
    ask_in_step_with_the_jobs(executor)
    start_snakemake_once(executor)

rule side_by_side:
    input: expand("side/{n}", n=range(int(config.get("jobs", 0))))

rule side:
    output: touch("side/{n}")
    group: "side"
    resources: mem_mb=500, runtime=5, in_group=1
    shell: "true"

rule chain:
    input: lambda wildcards: f"chain/{int(wildcards.n) - 1}" if int(wildcards.n) else []
    output: touch("chain/{n}")
    resources: mem_mb=500, runtime=5
    shell: "true"
"""


def run(target: str, *arguments: str) -> tuple[float, float]:
    """Seconds, and CPU seconds of Snakemake itself, that a target takes in a folder of its own."""
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as name:
        folder = Path(name)
        (folder / "Snakefile").write_text(WORKFLOW)
        snakemake = Path(sys.executable).with_name("snakemake")
        command = [str(snakemake), target, "--profile", str(PROFILE), "--quiet", "all", *arguments]
        used, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
        subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        seconds, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
        return seconds, after.ru_utime + after.ru_stime - used.ru_utime - used.ru_stime


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--jobs", type=int, default=1000)
    parser.add_argument("--grouped", type=int, nargs="+", default=[1, 50])
    parser.add_argument("--seconds", type=int, nargs="+", default=[1, 2, 5, 40])
    arguments = parser.parse_args()
    print(f"{os.cpu_count()} cores", flush=True)
    print(f"| first status check after (s) | one job (s) | each of a chain of {CHAIN} (s) |\n| --- | --- | --- |", flush=True)
    for seconds in arguments.seconds:
        setting = ("--slurm-init-seconds-before-status-checks", str(seconds))
        alone, _ = run("chain/0", *setting)
        chain, _ = run(f"chain/{CHAIN - 1}", *setting)
        print(f"| {seconds} | {alone:.1f} | {chain / CHAIN:.1f} |", flush=True)
    print(
        "\n| jobs | in a submission | seconds | a job (s) | CPU seconds of Snakemake |\n| --- | --- | --- | --- | --- |",
        flush=True,
    )
    for grouped in arguments.grouped:
        config = ("--config", f"jobs={arguments.jobs}", "--group-components", f"side={grouped}")
        seconds_taken, cpu = run("side_by_side", *config)
        print(
            f"| {arguments.jobs} | {grouped} | {seconds_taken:.0f} | {seconds_taken / arguments.jobs:.2f} | {cpu:.0f} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
