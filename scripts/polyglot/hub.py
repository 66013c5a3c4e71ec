"""The model hub: models and data sets fetched once, at a revision, into folders; everything else runs offline.

A folder that is there already is taken as it is (a cluster without network, a model of one's own). A broken connection goes on
where it broke; a killed download keeps the files that are whole: they gather in a folder beside the final one, which appears when
all of them are there.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from polyglot.files import read_json, write_json
from polyglot.hashing import file_hash

Kind = Literal["model", "dataset"]
SOURCE = "hub_source.json"
"""In a fetched folder: what it is, and the commit that the revision stood for."""
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
"""Other forms of the weights that are there as safetensors."""
SPARE = 1.05
"""The free space that a download asks for, in terms of its size."""


class HubError(RuntimeError):
    """What the hub will not give; the message says what to do and holds no token."""


def fetch(
    kind: Kind, repository: str, revision: str, folder: Path, *, partial: Path, wanted: Sequence[str] | None = None
) -> dict[str, Any]:
    """Fetch a repository at a revision into a folder.

    Args:
        wanted: patterns of the files to fetch; None fetches all but `UNWANTED`.
        partial: where files gather until all are there; a later call goes on with what it finds.

    Returns:
        repository, revision, commit, bytes; also in the folder as `SOURCE`.

    Raises:
        HubError: names the repository and the remedy: a licence to accept, a token to set, a revision or name that does not
            exist, space to free.
    """
    from huggingface_hub import HfApi, snapshot_download
    from huggingface_hub.errors import (
        GatedRepoError,
        HfHubHTTPError,
        LocalTokenNotFoundError,
        RepositoryNotFoundError,
        RevisionNotFoundError,
    )
    from huggingface_hub.utils import filter_repo_objects  # type: ignore[attr-defined]

    patterns: dict[str, Any] = {
        "allow_patterns": list(wanted) if wanted else None,
        "ignore_patterns": UNWANTED if kind == "model" else None,
    }
    page = f"{os.environ.get('HF_ENDPOINT', 'https://huggingface.co')}/{'datasets/' if kind == 'dataset' else ''}{repository}"
    try:
        hub = HfApi()
        found = (hub.dataset_info if kind == "dataset" else hub.model_info)(repository, revision=revision, files_metadata=True)
        sizes = {file.rfilename: int(file.size or 0) for file in found.siblings or []}
        files = list(filter_repo_objects(sizes, **patterns))
        if not files:
            raise HubError(
                f"{repository} has no file that matches {', '.join(wanted or [])}: correct `files` in the registry ({page})"
            )
        size = sum(sizes[file] for file in files)
        _room(partial, sum(sizes[file] for file in files if not (partial / file).exists()), repository)
        snapshot_download(repository, repo_type=kind, revision=found.sha, local_dir=partial, **patterns)
    except GatedRepoError:
        token = "" if os.environ.get("HF_TOKEN") else " Then set HF_TOKEN to a token of that account."
        raise HubError(f"{repository} asks for its licence to be accepted: do so at {page}, logged in.{token}") from None
    except RevisionNotFoundError:
        raise HubError(f"{repository} has no revision '{revision}': correct `revision` in the registry ({page})") from None
    except (RepositoryNotFoundError, LocalTokenNotFoundError):
        token = "the token in HF_TOKEN may not see it" if os.environ.get("HF_TOKEN") else "private ones need a token in HF_TOKEN"
        raise HubError(f"the hub shows no {kind} '{repository}': the name is wrong, or it is private ({token})") from None
    except HfHubHTTPError as error:
        status = error.response.status_code if error.response is not None else 0
        if status == 401:
            raise HubError("the hub refuses the token in HF_TOKEN: make a new one with the right to read") from None
        raise HubError(f"{repository}: the hub answers HTTP {status}; run again later, the download goes on") from None
    source = {"kind": kind, "repository": repository, "revision": revision, "commit": found.sha, "bytes": size}
    shutil.rmtree(partial / ".cache", ignore_errors=True)
    write_json(source, partial / SOURCE)
    Path(folder).parent.mkdir(parents=True, exist_ok=True)
    os.replace(partial, folder)
    return source


def _room(folder: Path, size: int, repository: str) -> None:
    """Raises HubError if the disk has no room."""
    folder.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(folder).free
    if free < size * SPARE:
        raise HubError(
            f"{repository} needs {size * SPARE / 1e9:,.1f} GB, and {folder.resolve().parent} has {free / 1e9:,.1f} GB free: "
            "make room, or set `hub` to a folder on another disk"
        )


def lock(folder: Path) -> dict[str, Any]:
    """What is in a folder: where it came from and the SHA-256 and size of every file.

    Returns:
        source (None for a folder that was there already), files: path to sha256 and bytes.
    """
    source = read_json(folder / SOURCE) if (folder / SOURCE).exists() else None
    files = {}
    for path in sorted(Path(folder).rglob("*")):
        if path.is_file() and path.name != SOURCE and ".cache" not in path.parts:
            files[str(path.relative_to(folder))] = {"sha256": file_hash(path), "bytes": path.stat().st_size}
    return {"source": source, "files": files}
