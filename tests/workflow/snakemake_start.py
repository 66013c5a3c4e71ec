"""Snakemake, in a fork of a process that has imported it: of a short run, most is its start.

    python snakemake_start.py ARGUMENTS...

is `snakemake ARGUMENTS...`. `POLYGLOT_TEST_SNAKEMAKE` names the process with which the imported Snakemake ends, and its folder;
`POLYGLOT_SHARED_STARTS` does so for jobs. This project's code is imported anew in each run, from where the run takes place.
"""

import os
import sys

SNAKEMAKE, JOBS = "POLYGLOT_TEST_SNAKEMAKE", "POLYGLOT_SHARED_STARTS"
IMPORTED = (
    *("snakemake.cli", "snakemake.benchmark", "snakemake.profiles", "snakemake.report.html_reporter"),
    *("jinja2", "nbformat", "smart_open"),
)
"""What a run imports, at once or later."""
KEPT = "POLYGLOT_TEST_JOBS"
"""Keeps what jobs are told of their starts, which a fork is told otherwise."""


def fork() -> None:
    """Go on in the fork; return where there is none."""
    from polyglot.workflow import shared_starts

    os.environ[KEPT] = os.environ.get(JOBS, "")
    os.environ[JOBS] = os.environ.pop(SNAKEMAKE)
    shared_starts.LIBRARIES = {"snakemake": IMPORTED}
    shared_starts.PASSING |= set(os.environ)  # one for all
    print(shared_starts.hand_over("snakemake"), file=sys.stderr)
    for name in [name for name in sys.modules if name.partition(".")[0] == "polyglot"]:
        del sys.modules[name]


def main() -> None:
    """Run Snakemake with this process's arguments, as its own command does."""
    if SNAKEMAKE in os.environ:
        fork()
    if KEPT in os.environ:
        os.environ[JOBS] = os.environ.pop(KEPT)
        if not os.environ[JOBS]:
            del os.environ[JOBS]
    from snakemake.cli import main

    sys.path.pop(0)  # this file's folder
    sys.argv[0] = "snakemake"
    main()


if __name__ == "__main__":
    main()
