"""A local conda channel: the Python that runs the tests, under conda's name for it, and packages made from wheels.

Packages are written as .tar.bz2 and indexed by hand: neither conda-build nor conda-index is on PyPI.
"""

from __future__ import annotations

import configparser
import hashlib
import io
import json
import os
import platform
import sys
import tarfile
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

SUBDIRS = ("linux-64", "noarch")
VERSION = platform.python_version()
SITE = f"lib/python{'.'.join(VERSION.split('.')[:2])}/site-packages"
EXECUTABLE = ("bin/", "python-scripts/")


@dataclass(frozen=True)
class Package:
    """A conda package: its record in the channel's index, its files and links, and how `noarch` files are placed."""

    name: str
    version: str
    files: dict[str, bytes]
    links: dict[str, str] = field(default_factory=dict)
    depends: tuple[str, ...] = ()
    noarch: str | None = None
    entry_points: tuple[str, ...] = ()
    extra: dict[str, str] = field(default_factory=dict)

    @property
    def subdir(self) -> str:
        return "noarch" if self.noarch else "linux-64"

    @property
    def file_name(self) -> str:
        return f"{self.name}-{self.version}-0.tar.bz2"

    @property
    def index(self) -> dict[str, Any]:
        known = {"name": self.name, "version": self.version, "build": "0", "build_number": 0, "depends": list(self.depends)}
        return known | {"subdir": self.subdir, **({"noarch": self.noarch} if self.noarch else {}), **self.extra}

    def archive(self) -> bytes:
        """The package as conda unpacks it."""
        listed = [
            {"_path": path, "path_type": "hardlink", "sha256": _sha256(content), "size_in_bytes": len(content)}
            for path, content in self.files.items()
        ]
        listed += [{"_path": p, "path_type": "softlink", "sha256": _sha256(b""), "size_in_bytes": 0} for p in self.links]
        about: dict[str, Any] = {"index.json": self.index, "paths.json": {"paths_version": 1, "paths": listed}, "about.json": {}}
        if self.noarch:
            noarch = {"type": self.noarch, **({"entry_points": list(self.entry_points)} if self.entry_points else {})}
            about["link.json"] = {"noarch": noarch, "package_metadata_version": 1}
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w:bz2") as archive:
            for name, content in about.items():
                _add(archive, f"info/{name}", json.dumps(content).encode())
            _add(archive, "info/files", "".join(f"{entry['_path']}\n" for entry in listed).encode())
            for path, content in self.files.items():
                _add(archive, path, content)
            for path, target in self.links.items():
                _add(archive, path, link=target)
        return buffer.getvalue()


def host_python(depends: tuple[str, ...] = ()) -> Package:
    """The Python that runs the tests, as conda's `python`: links to it, and a configuration that makes the prefix its own."""
    executable = os.path.realpath(sys.executable)
    short = ".".join(VERSION.split(".")[:2])
    configuration = f"home = {os.path.dirname(executable)}\ninclude-system-site-packages = false\nversion = {VERSION}\n"
    links = {f"bin/python{short}": executable, "bin/python3": f"python{short}", "bin/python": f"python{short}"}
    files = {"pyvenv.cfg": configuration.encode()}
    return Package("python", VERSION, files, links, depends, extra={"python_site_packages_path": SITE})


def from_wheel(path: Path) -> Package:
    """A pure Python wheel as a conda package, with its scripts."""
    name, version = path.name.split("-")[:2]
    scripts: tuple[str, ...] = ()
    with zipfile.ZipFile(path) as wheel:
        files = {f"site-packages/{member}": wheel.read(member) for member in wheel.namelist() if not member.endswith("/")}
    for member, content in files.items():
        if member.endswith(".dist-info/entry_points.txt"):
            points = configparser.ConfigParser(delimiters=("=",), interpolation=None)
            points.read_string(content.decode())
            scripts = tuple(f"{key} = {value}" for key, value in points["console_scripts"].items())
    return Package(name.lower().replace("_", "-"), version, files, depends=("python",), noarch="python", entry_points=scripts)


def write_channel(folder: Path, packages: list[Package]) -> None:
    """Packages and their index, as a channel's folder."""
    records: dict[str, dict[str, Any]] = {subdir: {} for subdir in SUBDIRS}
    for package in packages:
        content = package.archive()
        (folder / package.subdir).mkdir(parents=True, exist_ok=True)
        (folder / package.subdir / package.file_name).write_bytes(content)
        records[package.subdir][package.file_name] = package.index | {"sha256": _sha256(content), "size": len(content)}
    for subdir, found in records.items():
        (folder / subdir).mkdir(parents=True, exist_ok=True)
        index = {"info": {"subdir": subdir}, "packages": found, "packages.conda": {}, "repodata_version": 1}
        (folder / subdir / "repodata.json").write_text(json.dumps(index), encoding="utf-8")


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _add(archive: tarfile.TarFile, path: str, content: bytes = b"", link: str | None = None) -> None:
    member = tarfile.TarInfo(path)
    if link is not None:
        member.type, member.linkname = tarfile.SYMTYPE, link
    member.size, member.mode = len(content), 0o755 if path.startswith(EXECUTABLE) else 0o644
    archive.addfile(member, io.BytesIO(content))
