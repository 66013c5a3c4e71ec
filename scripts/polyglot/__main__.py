"""Small commands: `python -m polyglot --help`."""

from __future__ import annotations

import argparse
from pathlib import Path

from polyglot.files import write_text


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m polyglot", description="Small commands beside the workflow.")
    commands = parser.add_subparsers(dest="command", required=True)
    reference = commands.add_parser("reference", help="write the reference of all configuration keys to config/README.md")
    reference.add_argument("--to", type=Path, default=None, help="write to this file instead")
    arguments = parser.parse_args()
    if arguments.command == "reference":
        from polyglot.reference import REFERENCE_FILE
        from polyglot.reference import reference as text

        write_text(text(), arguments.to or Path(REFERENCE_FILE))


if __name__ == "__main__":
    main()
