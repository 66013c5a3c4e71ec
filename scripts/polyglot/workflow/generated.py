"""The pages that are generated from the code, written into the repository."""

from __future__ import annotations

import argparse
from pathlib import Path

from polyglot.core.errors import MissingFile
from polyglot.core.files import write_text
from polyglot.workflow.commands_page import COMMANDS_PAGE, commands_page
from polyglot.workflow.deviations_page import (
    BUDGETS_FILE,
    DEVIATIONS_FILE,
    DEVIATIONS_PAGE,
    budgets,
    budgets_text,
    deviations_page,
)
from polyglot.workflow.files_page import FILES_PAGE, files_page
from polyglot.workflow.reference import REFERENCE_FILE, reference

READ = ("Snakefile", "Makefile", DEVIATIONS_FILE)
"""Files of the repository that pages are made from."""


def write_pages(parser: argparse.ArgumentParser, root: Path, *, plan: bool) -> None:
    """Write all pages.

    Args:
        parser: of the command `polyglot`.
        root: the repository.
        plan: whether to plan the published study anew first.

    Raises:
        MissingFile: it is another folder; nothing is written.
    """
    for name in READ:
        if not (root / name).is_file():
            told = "run this in the workflow's folder, which has a Snakefile and config/, or name a file after --to"
            raise MissingFile(f"{root / name} is not there; {told}")
    if plan:
        write_text(budgets_text(budgets(root)), root / BUDGETS_FILE)
    pages = {
        REFERENCE_FILE: reference(),
        FILES_PAGE: files_page(),
        COMMANDS_PAGE: commands_page(parser, root),
        DEVIATIONS_PAGE: deviations_page(root),
    }
    for name, text in pages.items():
        write_text(text, root / name)
