"""Published folders on a model hub: private, unless asked to be public and every licence is stated."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

from polyglot.core.errors import WrongInput
from polyglot.core.key_finder import KeyFinder
from polyglot.publishing.cards import NOT_STATED
from polyglot.publishing.confidential import first_key

CARD = "README.md"
PUBLISHED = "published"
"""The folder of what `snakemake publish` makes, in a study's results."""


class PushError(WrongInput):
    """A folder that is not pushed; the message says why, and the remedy."""


def push(folder: Path, repository: str, *, public: bool = False, endpoint: str | None = None, keys: Iterable[str] = ()) -> str:
    """Upload a folder with a card (and for a student its model) to a hub's repository, which is made if there is none.

    Args:
        folder: results/STUDY/published/data/... or results/STUDY/published/students/...
        repository: owner/name.
        public: whether everybody may read it.
        endpoint: the hub's address; None takes huggingface_hub's.
        keys: environment variables that hold keys, besides those whose names say so.

    Returns:
        The address of the repository.

    Raises:
        PushError: if the folder has no card; if a file holds a key (names it); or if the repository would be, or is, public
            while a licence is not stated.
    """
    from huggingface_hub import HfApi

    card = read_card(folder)
    missing = without_licence(folder)
    if public and missing:
        raise PushError(_refusal(folder, missing, "it is pushed to a private repository without --public"))
    place = [_weights(folder)] if _is_model(card) else []
    held = next(filter(None, (first_key(one, KeyFinder.here(keys)) for one in [*place, folder])), None)
    if held:
        raise PushError(f"{held}; nothing was pushed. Take it out, or run `snakemake publish` again, and replace the key")
    kind = "model" if _is_model(card) else "dataset"
    api = HfApi(endpoint=endpoint)
    made = api.create_repo(repository, repo_type=kind, private=not public, exist_ok=True)
    if missing and not api.repo_info(repository, repo_type=kind).private:
        raise PushError(_refusal(folder, missing, f"{repository} is public already: name a private repository"))
    for one in [*place, folder]:
        api.upload_folder(repo_id=repository, repo_type=kind, folder_path=one)
    return str(made)


def _is_model(card: Mapping[str, Any]) -> bool:
    return "base_model" in card or "model_name" in card


def read_card(folder: Path) -> dict[str, Any]:
    """The front matter of a folder's card.

    Raises:
        PushError: if there is none.
    """
    path = folder / CARD
    parts = path.read_text(encoding="utf-8").split("---\n", 2) if path.is_file() else []
    if len(parts) < 3 or parts[0]:
        raise PushError(f"{path}: no card; `snakemake publish` makes the folders with cards in results/STUDY/{PUBLISHED}")
    return dict(yaml.safe_load(parts[1]))


def without_licence(folder: Path) -> list[str]:
    """The statements of a card that a licence is not stated.

    Raises:
        PushError: if there is no card.
    """
    stated = NOT_STATED in str(read_card(folder).get("license_name", ""))
    lines = (folder / CARD).read_text(encoding="utf-8").splitlines() if stated else []
    return [line.removeprefix("- ") for line in lines if line.startswith("- ") and NOT_STATED in line]


def _refusal(folder: Path, missing: list[str], otherwise: str) -> str:
    said = "\n  ".join(missing)
    remedy = (
        "State them (`licence` in config/models.yaml and config/sources.yaml, `seed_dataset.licence` in the study) and run "
        f"`snakemake publish` again; or {otherwise}"
    )
    return f"{folder}: not pushed, because what is public needs stated licences:\n  {said}\n{remedy}"


def _weights(folder: Path) -> Path:
    """The folder of a student's model, for that of its card.

    Raises:
        PushError: if it is not there.
    """
    parts = folder.resolve().parts
    place = len(parts) - 1 - parts[::-1].index(PUBLISHED) if PUBLISHED in parts else len(parts)
    model = Path(*parts[:place], *parts[place + 1 :])
    if not (model / "config.json").is_file():
        raise PushError(f"{folder}: there is no model at {model}; name a folder in results/STUDY/{PUBLISHED}/students")
    return model
