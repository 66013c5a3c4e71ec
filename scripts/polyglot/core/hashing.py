"""Seeds and fingerprints that are the same in every process and on every machine."""

from __future__ import annotations

import hashlib
from pathlib import Path


def stable_seed(*parts: object) -> int:
    """A 63-bit seed that depends only on the parts."""
    digest = hashlib.sha256("\x1f".join(map(str, parts)).encode()).digest()
    return int.from_bytes(digest[:8], "big") >> 1


def stable_share(*parts: object) -> float:
    """A number in [0, 1) that depends only on the parts."""
    return stable_seed(*parts) / 2**63


def content_id(*parts: str) -> str:
    """16 hexadecimal digits that depend only on the parts."""
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:16]


def text_hash(text: str) -> str:
    """SHA-256 of a text in UTF-8."""
    return hashlib.sha256(text.encode()).hexdigest()


def file_hash(path: Path) -> str:
    """SHA-256 of a file's content."""
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def folder_fingerprint(folder: Path) -> str:
    """Fingerprint of a folder (or of one file) from names, sizes and modification times, not contents; it changes when a file is
    rewritten."""
    digest, folder = hashlib.sha256(), Path(folder)
    for path in sorted(folder.rglob("*")) if folder.is_dir() else [folder]:
        if path.is_file():
            stat = path.stat()
            digest.update(f"{path.relative_to(folder)}\0{stat.st_size}\0{stat.st_mtime_ns}\n".encode())
    return digest.hexdigest()[:16]
