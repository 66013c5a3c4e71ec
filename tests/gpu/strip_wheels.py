"""Take out of wheels what no test reads: sandboxes of inspect-ai (29 MB), service descriptions of botocore (15 MB), and what
bitsandbytes brings for other versions of CUDA (39 MB).

    python tests/gpu/strip_wheels.py FOLDER [CUDA]      such as 13.0; without it bitsandbytes stays whole
"""

from __future__ import annotations

import os
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path


def strip(source: Path, drop: Callable[[zipfile.ZipInfo], bool]) -> None:
    """Rewrite a wheel without the files that `drop` names, also in its list of files."""
    small = source.with_suffix(".small")
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(small, "w", zipfile.ZIP_DEFLATED) as new:
        gone = {item.filename for item in old.infolist() if drop(item)}
        for item in old.infolist():
            if item.filename in gone:
                continue
            content = old.read(item.filename)
            if item.filename.endswith(".dist-info/RECORD"):
                lines = content.decode().splitlines(keepends=True)
                content = "".join(line for line in lines if line.split(",")[0] not in gone).encode()
            new.writestr(item, content)
    os.replace(small, source)


def sandbox(item: zipfile.ZipInfo) -> bool:
    return item.file_size > 100_000 and not item.filename.endswith(".py") and ".dist-info" not in item.filename


def service(item: zipfile.ZipInfo) -> bool:
    return item.filename.startswith("botocore/data/") and item.filename.count("/") > 2


def other_than(cuda: str) -> Callable[[zipfile.ZipInfo], bool]:
    """Whether a file is a library for another device."""
    own = f"_cuda{cuda.replace('.', '')}.so"
    return lambda item: item.filename.endswith(".so") and not item.filename.endswith(own)


def main(folder: Path, cuda: str = "") -> None:
    """Strip the wheels of a folder."""
    drops: dict[str, Callable[[zipfile.ZipInfo], bool]] = {"inspect_ai-*.whl": sandbox, "botocore-*.whl": service}
    if cuda:
        drops["bitsandbytes-*.whl"] = other_than(cuda)
    for pattern, drop in drops.items():
        for wheel in folder.glob(pattern):
            strip(wheel, drop)


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])
