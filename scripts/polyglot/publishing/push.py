"""Published folders on a model hub: private, unless asked to be public and every licence is stated."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import pyarrow as pa
import yaml

from polyglot.core.errors import WrongInput
from polyglot.core.key_finder import KeyFinder
from polyglot.provenance.archive.contents import UNSEEN, files_in
from polyglot.publishing.cards import NOT_STATED
from polyglot.publishing.confidential import first_key

if TYPE_CHECKING:
    from huggingface_hub.errors import HfHubHTTPError

CARD = "README.md"
AGAIN = "ask for the push again: what has arrived is not sent twice"
PUBLISHED = "published"
"""The folder of what `snakemake publish` makes, in a study's results."""


class PushError(WrongInput):
    """A folder that is not pushed; the message says why, and the remedy."""


class Upload(NamedTuple):
    """What a push uploads.

    Attributes:
        kind: of the repository.
        folders: whose files go to the repository's top: a student's model, and the folder with the card.
        missing: statements of the card that a licence is not stated.
    """

    kind: Literal["model", "dataset"]
    folders: list[Path]
    missing: list[str]

    @property
    def sizes(self) -> dict[str, int]:
        """Bytes of each file, by its path in the repository."""
        return {file.relative_to(one).as_posix(): file.stat().st_size for one in self.folders for file in files_in(one)}


def prepare(folder: Path, *, public: bool = False, keys: Iterable[str] = ()) -> Upload:
    """Check what a push would upload; asks no hub.

    Args:
        folder: results/STUDY/published/data/... or results/STUDY/published/students/...
        public: whether everybody may read it.
        keys: environment variables that hold keys, besides those whose names say so.

    Raises:
        PushError: if the folder has no card; if a file holds a key or is damaged (names it); or if it is to be public while a
            licence is not stated.
    """
    card = read_card(folder)
    missing = without_licence(folder)
    if public and missing:
        raise PushError(_refusal(folder, missing, "it is pushed to a private repository without --public"))
    folders = [*([_weights(folder)] if _is_model(card) else []), folder]
    try:
        held = next(filter(None, (first_key(one, KeyFinder.here(keys)) for one in folders)), None)
    except pa.ArrowInvalid as error:
        raise PushError(f"{error}; run `snakemake publish` again") from None
    if held:
        raise PushError(f"{held}; nothing was pushed. Take it out, or run `snakemake publish` again, and replace the key")
    return Upload("model" if _is_model(card) else "dataset", folders, missing)


def push(folder: Path, repository: str, *, public: bool = False, endpoint: str | None = None, keys: Iterable[str] = ()) -> str:
    """Upload a folder with a card (and for a student its model) to a hub's repository, which is made if there is none.

    A push that was cut off is asked for again: files that the hub has already are not sent twice.

    Args:
        folder, public, keys: see `prepare`.
        repository: owner/name.
        endpoint: the hub's address; None takes huggingface_hub's.

    Returns:
        The address of the repository.

    Raises:
        PushError: see `prepare`; also if the repository is public without being meant to, or the hub does not take it.
    """
    from httpx import TransportError
    from huggingface_hub import HfApi
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, OfflineModeIsEnabled

    kind, folders, missing = prepare(folder, public=public, keys=keys)
    api = HfApi(endpoint=endpoint)
    try:
        made = api.create_repo(repository, repo_type=kind, private=not public, exist_ok=True)
        if not public and not api.repo_info(repository, repo_type=kind).private:
            seen = f"{repository} is public already: name a private repository"
            raise PushError(_refusal(folder, missing, seen) if missing else f"{seen}, or add --public; nothing was pushed")
        for one in folders:
            api.upload_folder(repo_id=repository, repo_type=kind, folder_path=one, ignore_patterns=_unseen())
    except HFValidationError:
        raise PushError(f"--to {repository}: no name of a repository; write OWNER/NAME") from None
    except HfHubHTTPError as error:
        raise PushError(f"{repository}: {_why(error)}") from None
    except (TransportError, OfflineModeIsEnabled) as error:
        raise PushError(f"{repository}: the hub cannot be reached ({str(error).splitlines()[0]}); {AGAIN}") from None
    return str(made)


def summary(upload: Upload, repository: str, *, public: bool) -> list[str]:
    """What a push would do, in lines: where to, how much, and every file with its size."""
    sizes = upload.sizes
    where = f"{'public' if public else 'private'} {upload.kind} {repository}"
    lines = [f"would push {len(sizes)} files, {_size(sum(sizes.values()))}, to the {where}; nothing was sent"]
    lines += [f"  {_size(size):>9}  {name}" for name, size in sorted(sizes.items())]
    return lines + [f"  without a licence, so it must stay private: {one}" for one in upload.missing]


def _size(count: int) -> str:
    """Bytes in words: 12 B, 3.4 kB, 1.2 GB."""
    size, unit = float(count), "B"
    for larger in ("kB", "MB", "GB", "TB"):
        if size < 1000:
            break
        size, unit = size / 1000, larger
    return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"


def _why(error: HfHubHTTPError) -> str:
    """Why the hub did not take a push, and the remedy."""
    remedies = {
        401: "it does not know you: run `hf auth login`, or set HF_TOKEN to a token that may write",
        403: "your token may not write there: take one that may, or a repository of your own",
        404: "it has no such place, or your token may not see it: check OWNER",
    }
    status = error.response.status_code
    return f"the hub said {status}; {remedies.get(status, AGAIN)}"


def _unseen() -> list[str]:
    """Patterns of files that are in no archive and no push."""
    return [pattern for name in sorted(UNSEEN) for pattern in (name, f"{name}/*", f"*/{name}", f"*/{name}/*")]


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
