"""Small commands: `python -m polyglot --help`."""

from __future__ import annotations

import argparse
import os
import subprocess
from pathlib import Path

from polyglot.files import write_text


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m polyglot", description="Small commands beside the workflow.")
    commands = parser.add_subparsers(dest="command", required=True)
    reference = commands.add_parser("reference", help="write the reference of all configuration keys to config/README.md")
    reference.add_argument("--to", type=Path, default=None, help="write to this file instead")
    commands.add_parser("unlock", help="free this folder if a killed run has left it locked and no other run is going on")
    arguments = parser.parse_args()
    if arguments.command == "reference":
        from polyglot.reference import REFERENCE_FILE
        from polyglot.reference import reference as text

        write_text(text(), arguments.to or Path(REFERENCE_FILE))
    if arguments.command == "unlock":
        unlock(Path.cwd())


def unlock(folder: Path) -> None:
    """Remove the lock that a killed Snakemake run has left in a folder.

    Raises:
        SystemExit: if a run is going on there (names its process).
    """
    import psutil

    own = {os.getpid(), *(process.pid for process in psutil.Process().parents())}
    for process in psutil.process_iter(["pid", "cmdline", "cwd"]):
        words = [Path(word).name for word in (process.info["cmdline"] or [])[:3]]
        if "snakemake" in words and process.info["cwd"] == str(folder) and process.info["pid"] not in own:
            raise SystemExit(f"another run is going on in this folder (process {process.info['pid']}); wait for it or stop it")
    if any((folder / ".snakemake/locks").glob("*")):
        subprocess.run(["snakemake", "--unlock", "--quiet", "all"], cwd=folder, check=True)


if __name__ == "__main__":
    main()
