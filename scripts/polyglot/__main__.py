"""Small commands: `python -m polyglot --help`."""

from __future__ import annotations

import argparse
import os
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from polyglot.core.files import write_text

if TYPE_CHECKING:
    from polyglot.scoring.scores import Definition


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m polyglot", description="Small commands beside the workflow.")
    commands = parser.add_subparsers(dest="command", required=True)
    reference = commands.add_parser("reference", help="write the reference of all configuration keys to config/README.md")
    reference.add_argument("--to", type=Path, default=None, help="write to this file instead")
    scoring = commands.add_parser(
        "score",
        help="score metric tables from anywhere (CSV or Parquet, a row a teacher and language) to cells.csv and teachers.csv",
    )
    scoring.add_argument("tables", nargs="+", type=Path, help="tables that together have the four intrinsic metrics")
    scoring.add_argument("--to", type=Path, required=True, help="folder of cells.csv and teachers.csv")
    scoring.add_argument("--alpha", type=float, default=0.5, help="weight of the intrinsic score (default: %(default)s)")
    scoring.add_argument("--confidence", type=float, default=0.95, help="coverage of intervals (default: %(default)s)")
    scoring.add_argument(
        "--definition",
        choices=["released", "paper", "signsafe"],
        help="what teachers are ranked by (default: signsafe if it can be)",
    )
    verifying = commands.add_parser("verify", help="say whether an archive proves its tables: hashes, and scores made again")
    verifying.add_argument("archive", type=Path, help="archive.zip, or the folder that it was unpacked to")
    tracing = commands.add_parser("trace", help="print the files and jobs behind a cell of a table, from the study's archive")
    tracing.add_argument("table", type=Path, help="such as results/demo/tables/leaderboard.csv")
    tracing.add_argument("words", nargs="*", help="values that choose rows, such as a teacher, and columns")
    tracing.add_argument("--archive", type=Path, help="archive.zip, or a folder (default: that of the table's study)")
    commands.add_parser("unlock", help="free this folder if a killed run has left it locked and no other run is going on")
    arguments = parser.parse_args()
    if arguments.command == "reference":
        from polyglot.workflow.reference import REFERENCE_FILE
        from polyglot.workflow.reference import reference as text

        write_text(text(), arguments.to or Path(REFERENCE_FILE))
    if arguments.command == "score":
        try:
            score(arguments.tables, arguments.to, arguments.alpha, arguments.confidence, arguments.definition)
        except (ValueError, OSError) as error:
            raise SystemExit(f"score: {error}") from None
    if arguments.command == "verify":
        from polyglot.provenance.archive.reading import ArchiveError
        from polyglot.provenance.archive.verifying import verify

        try:
            print(verify(arguments.archive).sentence(arguments.archive))
        except ArchiveError as error:
            raise SystemExit(f"{arguments.archive} does not prove its tables: {error}") from None
    if arguments.command == "trace":
        from polyglot.provenance.archive.reading import ArchiveError, open_archive
        from polyglot.provenance.archive.tracing import trace

        archive = arguments.archive or arguments.table.parent.parent / "archive.zip"
        try:
            with open_archive(archive) as opened:
                print(*trace(opened, arguments.table, arguments.words), sep="\n")
        except ArchiveError as error:
            raise SystemExit(f"trace: {error}") from None
    if arguments.command == "unlock":
        unlock(Path.cwd())


def score(tables: Sequence[Path], folder: Path, alpha: float, confidence: float, definition: Definition | None) -> None:
    """Score metric tables (see `polyglot.scoring.metric_tables.read_measurements`), print the ranking, write cells.csv and
    teachers.csv.

    Raises:
        ValueError: names file, row and column, or the definition that the tables do not suffice for.
    """
    from polyglot.core.files import write_csv
    from polyglot.scoring.metric_tables import read_measurements
    from polyglot.scoring.scores import DEFINITIONS, rank_teachers, score_cells

    cells, replicates = score_cells(read_measurements(tables), alpha=alpha, confidence=confidence)
    possible = [name for name in reversed(DEFINITIONS) if cells[f"pg_{name}"].notna().any()]
    if not possible:
        raise ValueError("no PG-Score follows from these columns: add pgr, or student_score, base_score and reference_score")
    if definition and definition not in possible:
        raise ValueError(f"'{definition}' does not follow from these columns; possible: {', '.join(possible)}")
    chosen = definition or possible[0]
    teachers = rank_teachers(replicates, definition=chosen, confidence=confidence)
    write_csv(cells, folder / "cells.csv")
    write_csv(teachers, folder / "teachers.csv")
    shown = teachers[["rank", "teacher", "languages", f"pg_{chosen}", f"pg_{chosen}_low", f"pg_{chosen}_high", "intrinsic"]]
    print(shown.to_string(index=False, float_format="{:.3f}".format, na_rep="-"))
    print(f"definition: {chosen} (alpha {alpha}); tables: {folder / 'cells.csv'}, {folder / 'teachers.csv'}")


JOB_OF_A_RUN = "--target-jobs"
"""How Snakemake calls itself for a job on a cluster's node."""


def unlock(folder: Path) -> None:
    """Remove the lock that a killed Snakemake run has left in a folder.

    Jobs that it has left in a cluster's queue may be running on this machine; the next run cancels them.

    Raises:
        SystemExit: if a run is going on there (names its process).
    """
    import psutil

    own = {os.getpid(), *(process.pid for process in psutil.Process().parents())}
    for process in psutil.process_iter(["pid", "cmdline", "cwd"]):
        command = process.info["cmdline"] or []
        words = [Path(word).name for word in command[:3]]
        if JOB_OF_A_RUN in command:
            continue
        if "snakemake" in words and process.info["cwd"] == str(folder) and process.info["pid"] not in own:
            raise SystemExit(f"another run is going on in this folder (process {process.info['pid']}); wait for it or stop it")
    if any((folder / ".snakemake/locks").glob("*")):
        subprocess.run(["snakemake", "--unlock", "--quiet", "all"], cwd=folder, check=True)


if __name__ == "__main__":
    main()
