"""The code blocks of README.md, CONTRIBUTING.md and docs/, and how each is tried.

A comment before a block says what stands in the way of running it as it is:

    <!-- dry run -->         it takes long: make and snakemake say what they would do, polyglot how it is used
    <!-- needs: cluster -->  or gpu, hub, endpoint, terminal, archives: its commands and options are checked, not run
    <!-- models.yaml -->     (of YAML) an entry of that registry, or site.yaml's keys; without a comment, part of a study

A block under a line with nothing but `a/path` is that file.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

FENCE = re.compile(r"^(?P<fence>`{3,})(?P<kind>[^\n`]*)\n(?P<text>.*?)^(?P=fence)[ ]*$", re.MULTILINE | re.DOTALL)
MARK = re.compile(r"<!-- (.*?) -->")
NEEDS = ("cluster", "gpu", "hub", "endpoint", "terminal", "archives")


@dataclass(frozen=True)
class Block:
    """A fenced block.

    Args:
        page: its page, seen from the repository.
        line: of its opening fence.
        section: the heading of the second level that it stands under, or empty.
        kind: the word after the fence.
        mark: the comment right before it, or empty.
        before: the last line of prose before it.
    """

    page: Path
    line: int
    section: str
    kind: str
    text: str
    mark: str
    before: str

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"

    @property
    def file(self) -> str:
        """The path of the file that it shows, or empty."""
        named = re.fullmatch(r"`([\w./-]+)`", self.before)
        return named[1] if named else ""

    @property
    def registry(self) -> str:
        """The registry that it is an entry of, or empty."""
        named = re.search(r"`(config/(?:models|benchmarks)\.yaml)`", self.before)
        return named[1] if named else ""

    @property
    def needs(self) -> str:
        """What running it takes that a test does not have, or empty."""
        return self.mark.removeprefix("needs: ") if self.mark.startswith("needs: ") else ""

    @property
    def commands(self) -> list[str]:
        """Its commands: lines that end in a backslash are joined, comments and redirections left out."""
        lines = self.text.replace("\\\n", " ").splitlines()
        return [line for line in (re.sub(r"(^|\s)#\s.*", "", line).strip() for line in lines) if line]


def pages(repository: Path) -> list[Path]:
    """Every page for people, seen from the repository."""
    found = [repository / "README.md", repository / "CONTRIBUTING.md", repository / "config/README.md"]
    for path in sorted((repository / "docs").rglob("*.md")):
        if path.relative_to(repository).parts[1] not in ("_site", "templates"):
            found.append(path)
    return [path.relative_to(repository) for path in found]


def blocks(repository: Path, *kinds: str) -> list[Block]:
    """The blocks of all pages, or those of some kinds."""
    found = [block for page in pages(repository) for block in blocks_of(repository, page)]
    return [block for block in found if not kinds or block.kind in kinds]


def blocks_of(repository: Path, page: Path) -> Iterator[Block]:
    """The blocks of a page, from top to bottom."""
    text = (repository / page).read_text(encoding="utf-8")
    for match in FENCE.finditer(text):
        lines = [line for line in text[: match.start()].splitlines() if line.strip()]
        mark = MARK.fullmatch(lines[-1]) if lines else None
        before = lines[-2] if mark and len(lines) > 1 else lines[-1] if lines else ""
        line = text.count("\n", 0, match.start()) + 1
        sections = re.findall(r"^## (.+)$", text[: match.start()], re.MULTILINE)
        section = sections[-1] if sections else ""
        yield Block(page, line, section, match["kind"].strip(), match["text"], mark[1] if mark else "", before)


def lay_out(shown: Iterable[Block], folder: Path) -> None:
    """Write the files that blocks show, and add their entries to registries, in a folder with a config/."""
    for block in shown:
        if block.file:
            (folder / block.file).parent.mkdir(parents=True, exist_ok=True)
            (folder / block.file).write_text(block.text, encoding="utf-8")
        elif block.registry:
            with (folder / block.registry).open("a", encoding="utf-8") as file:
                file.write(block.text)
