"""The model hub: models and data sets are fetched once, at a revision; everything else runs offline.

A folder's lock file pins its commit: fetching the same revision again uses that commit. Snakemake removes a lock only just before
it rewrites it from the folder, so the lock exists when the folder is fetched.
An existing folder is used as it is (a cluster without network, your own model). An interrupted download resumes, and a killed one
keeps its complete files. Files are collected in a folder beside the final one, which appears when all are complete.
"""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from polyglot.core.errors import Foreseen
from polyglot.core.files import read_json, write_json
from polyglot.core.hashing import file_hash

if TYPE_CHECKING:
    from huggingface_hub.errors import HfHubHTTPError

Kind = Literal["model", "dataset"]
SOURCE = "hub_source.json"
"""File in a fetched folder: its origin, and the commit of the revision."""
UNWANTED = [
    "*.bin",
    "*.pth",
    "*.pt",
    "*.gguf",
    "*.onnx",
    "*.h5",
    "*.msgpack",
    "original/*",
    "consolidated*",
    "onnx/*",
    "openvino/*",
]
"""Weights in formats other than safetensors."""
LOADED = ("*.safetensors", "*.bin")
"""Weight formats that transformers loads, preferred one first."""
FULL = (errno.ENOSPC, errno.EDQUOT)
INVALID_TOKEN = "Invalid credentials in Authorization header"
"""The hub's message for a wrong token; its other 401 means a missing or private repository."""
SPARE = 1.05
"""Free disk space required for a download, as a multiple of its size."""


class HubError(Foreseen, RuntimeError):
    """A failed request to the hub; the message gives the remedy and never contains the token."""


def unwanted(files: Iterable[str]) -> list[str]:
    """Patterns of a model's files to skip: weights in other formats than the repository's preferred one."""
    from huggingface_hub.utils import filter_repo_objects  # type: ignore[attr-defined]

    files = list(files)
    for form in LOADED:
        others = [pattern for pattern in UNWANTED if pattern != form]
        if any(filter_repo_objects(files, allow_patterns=form, ignore_patterns=others)):
            return others
    return []


def fetch(
    kind: Kind,
    repository: str,
    revision: str,
    folder: Path,
    *,
    partial: Path,
    wanted: Sequence[str] | None = None,
    licence: str | None = None,
    locked: Path | None = None,
) -> dict[str, Any]:
    """Fetch a repository at a revision into a folder.

    Args:
        locked: a lock file (see `lock`); if it matches this repository and revision, its commit is fetched.
        wanted: patterns of the files to fetch (a leading `**/` matches any folder or none); None fetches all but a model's
            `unwanted`.
        partial: folder for files until all are complete; a later call resumes from it.
        licence: the registry's name for it, used in the message about accepting it.

    Returns:
        kind, repository, revision, commit, bytes, and the patterns wanted; also in the folder as `SOURCE`.

    Raises:
        HubError: names the repository and the remedy: accept a licence, set a token, correct the revision or name, free disk
            space, connect the network.
    """
    import httpx

    pinned = locked_commit(locked, repository, revision) if locked else None
    asked = _Asked(kind, repository, revision, pinned, licence)
    try:
        commit, size = _download(asked, partial, wanted)
    except (OSError, RuntimeError, httpx.TransportError) as error:
        explained = _explained(error, asked, locked=locked, folder=folder, partial=partial)
        if explained is None:
            raise
        raise explained from None
    source: dict[str, Any] = {"kind": kind, "repository": repository, "revision": revision, "commit": commit, "bytes": size}
    source |= {"wanted": list(wanted)} if wanted else {}
    shutil.rmtree(partial / ".cache", ignore_errors=True)
    write_json(source, partial / SOURCE)
    Path(folder).parent.mkdir(parents=True, exist_ok=True)
    os.replace(partial, folder)
    return source


@dataclass(frozen=True)
class _Asked:
    """A request to the hub; `pinned` is the commit from a lock file."""

    kind: Kind
    repository: str
    revision: str
    pinned: str | None
    licence: str | None

    @property
    def page(self) -> str:
        return f"{_address()}/{'datasets/' if self.kind == 'dataset' else ''}{self.repository}"


def _address() -> str:
    return os.environ.get("HF_ENDPOINT", "https://huggingface.co")


def _download(asked: _Asked, partial: Path, wanted: Sequence[str] | None) -> tuple[str, int]:
    """Download the wanted files into the folder `partial`; returns their commit and size in bytes."""
    from huggingface_hub import HfApi, snapshot_download
    from huggingface_hub.utils import filter_repo_objects  # type: ignore[attr-defined]

    hub = HfApi()
    found = (hub.dataset_info if asked.kind == "dataset" else hub.model_info)(
        asked.repository, revision=asked.pinned or asked.revision, files_metadata=True
    )
    sizes = {file.rfilename: int(file.size or 0) for file in found.siblings or []}
    patterns: dict[str, Any] = {
        "allow_patterns": [*wanted, *(pattern.removeprefix("**/") for pattern in wanted)] if wanted else None,
        "ignore_patterns": unwanted(sizes) if asked.kind == "model" else None,
    }
    files = list(filter_repo_objects(sizes, **patterns))
    if not files:
        raise HubError(
            f"{asked.repository} has no file that matches {', '.join(wanted or [])}: correct `files` in the registry "
            f"({asked.page})"
        )
    _room(partial, sum(sizes[file] for file in files if not (partial / file).exists()), asked.repository)
    snapshot_download(asked.repository, repo_type=asked.kind, revision=found.sha, local_dir=partial, **patterns)
    return str(found.sha), sum(sizes[file] for file in files)


def _explained(error: Exception, asked: _Asked, *, locked: Path | None, folder: Path, partial: Path) -> HubError | None:
    """A download error with its remedy; None if the hub, the network and the disk are not the cause."""
    import httpx
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError, LocalTokenNotFoundError, OfflineModeIsEnabled

    if isinstance(error, LocalTokenNotFoundError):
        return _not_shown(asked)
    if isinstance(error, HfHubHTTPError):
        return _refused(error, asked, locked)
    if isinstance(error, httpx.TransportError | LocalEntryNotFoundError | OfflineModeIsEnabled):
        stated = " (HF_ENDPOINT)" if "HF_ENDPOINT" in os.environ else ""
        return HubError(
            f"{asked.repository}: {_address()}{stated} cannot be reached ({type(error).__name__}): check the network, and "
            f"HTTPS_PROXY where there is a proxy, and run again to resume; or put the files at {folder} yourself"
        )
    # hf-xet has no specific error for a full disk
    if getattr(error, "errno", None) in FULL or os.strerror(errno.ENOSPC) in str(error):
        return HubError(
            f"{asked.repository}: the disk of {partial} is full: free space and run again to resume; or set `hub` to "
            "a folder on another disk"
        )
    return None


def _refused(error: HfHubHTTPError, asked: _Asked, locked: Path | None) -> HubError:
    """An error response of the hub, with its remedy."""
    from huggingface_hub.errors import GatedRepoError, RepositoryNotFoundError, RevisionNotFoundError

    name = asked.repository
    if isinstance(error, GatedRepoError):
        named = f" ({asked.licence})" if asked.licence else ""
        token = "" if os.environ.get("HF_TOKEN") else " Then set HF_TOKEN to a token of that account."
        return HubError(f"{name} asks for its licence{named} to be accepted: do so at {asked.page}, logged in.{token}")
    if isinstance(error, RevisionNotFoundError):
        if asked.pinned:
            newest = f"remove that file to fetch the newest of '{asked.revision}'"
            return HubError(f"{name} no longer has the commit {asked.pinned} of {locked}: {newest}")
        return HubError(f"{name} has no revision '{asked.revision}': correct `revision` in the registry ({asked.page})")
    status, said = error.response.status_code, error.response.headers.get("X-Error-Message")
    if isinstance(error, RepositoryNotFoundError) or (status == 401 and said != INVALID_TOKEN):
        return _not_shown(asked)
    if status == 401:
        return HubError("the hub refuses the token in HF_TOKEN: create a new one with read permission")
    because = f" ({said})" if said else ""
    return HubError(f"{name}: the hub answers HTTP {status}{because}; run again later to resume")


def is_there(folder: Path, repository: str | None, revision: str | None, wanted: Sequence[str] | None = None) -> bool:
    """Whether a folder needs no fetching: it is the user's own, or was fetched as the registry specifies.

    Snakemake deletes a job's outputs before it runs, and reruns jobs whose scripts are newer than their outputs. So an existing
    folder must not be the output of any job.

    Raises:
        HubError: if the folder's content differs from the registry entry.
    """
    if not folder.is_dir():
        return False
    if (folder / SOURCE).exists():
        asked = {"repository": repository, "revision": revision, "wanted": list(wanted) if wanted else None}
        source = read_json(folder / SOURCE)
        for key, value in asked.items():
            if source.get(key, value) != value:
                raise HubError(f"{folder} holds {key} {source[key]}, and the registry says {value}: remove or rename the folder")
    return True


def lock_file(folder: Path) -> Path:
    """The lock file of a folder from the hub: `hub/locks/models/NAME.json` of `hub/models/NAME`."""
    return folder.parents[1] / "locks" / folder.parent.name / f"{folder.name}.json"


def locked_commit(path: Path, repository: str, revision: str) -> str | None:
    """The commit in a lock file of this repository and revision; None if there is none."""
    source = (read_json(path)["source"] if path.exists() else None) or {}
    return source["commit"] if (source.get("repository"), source.get("revision")) == (repository, revision) else None


def _not_shown(asked: _Asked) -> HubError:
    token = "the token in HF_TOKEN may not see it" if os.environ.get("HF_TOKEN") else "private ones need a token in HF_TOKEN"
    return HubError(f"the hub shows no {asked.kind} '{asked.repository}': the name is wrong, or it is private ({token})")


def _room(folder: Path, size: int, repository: str) -> None:
    """Raises HubError if the disk has no room."""
    folder.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(folder).free
    if free < size * SPARE:
        raise HubError(
            f"{repository} needs {size * SPARE / 1e9:,.1f} GB, and {folder.resolve().parent} has {free / 1e9:,.1f} GB free: "
            "free space, or set `hub` to a folder on another disk"
        )


def lock(folder: Path) -> dict[str, Any]:
    """A folder's content: its origin, and the SHA-256 and size of every file.

    Returns:
        source (None for a folder that already existed), files: path to sha256 and bytes.
    """
    source = read_json(folder / SOURCE) if (folder / SOURCE).exists() else None
    files = {}
    for path in sorted(Path(folder).rglob("*")):
        if path.is_file() and path.name != SOURCE and ".cache" not in path.parts:
            files[str(path.relative_to(folder))] = {"sha256": file_hash(path), "bytes": path.stat().st_size}
    return {"source": source, "files": files}
