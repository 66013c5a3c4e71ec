"""Paths that users write in YAML files: in a study's own folder they are seen from there."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, ValidationInfo

STUDY_FILE = "study.yaml"
"""Name of the file of a study with a folder of its own, which has the study's name."""
FOLDER, HEIR, PROJECT = "folder", "heir", "config/"
"""The context's keys; and what paths start with that are the project's, wherever they are written."""


def seen_from(folder: Path | None, heir: Path | None = None) -> dict[str, Any]:
    """The context of a validation (pydantic) in which relative paths are seen from this folder; None: from where one runs.

    Args:
        heir: the own folder of a study that inherits these paths; they become what they are called there.
    """
    return {FOLDER: folder, HEIR: heir}


def placed(path: str, folder: Path | None) -> str:
    """A path as seen from where one runs: relative inside of it, else absolute.

    Args:
        folder: the folder that a relative path is seen from, unless it starts with `config/`.
    """
    if folder is None or os.path.isabs(path) or path.startswith(PROJECT):
        return path
    whole = os.path.abspath(os.path.join(folder, path))
    inside = os.path.relpath(whole)
    return whole if inside.split(os.sep)[0] == os.pardir else inside


def called_in(path: str, folder: Path | None) -> str:
    """What a path as seen from where one runs is called in a folder: the reverse of `placed`."""
    return path if folder is None or os.path.isabs(path) or path.startswith(PROJECT) else os.path.relpath(path, folder)


def _placed(path: str, info: ValidationInfo) -> str:
    context = info.context or {}
    return called_in(placed(path, context.get(FOLDER)), context.get(HEIR))


GivenPath = Annotated[str, AfterValidator(_placed)]
"""A path of a file or folder."""


GENERIC = ("base", "model", "checkpoint", "instruct", "final", "latest", "hf", "weights")
"""Words that folders of models begin with and that name none of them."""


def last_name(place: Path) -> str:
    """The last part of a path; the last two if the last could be that of any model."""
    *before, last = place.parts
    return f"{before[-1]}-{last}" if before and re.split(r"[-_.]", last.lower())[0] in GENERIC else last
