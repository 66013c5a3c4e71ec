"""The replication audit: the paper's published tables, and what its page shows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from polyglot.displays.catalogue.replication import REPLICATION as SHOWN
from polyglot.displays.display import Kind
from polyglot.replication.settings import as_published
from polyglot.study import paths
from polyglot.study.reserved import REPLICATION
from polyglot.workflow.inputs.base import Inputs
from polyglot.workflow.inputs.page import BESIDE, FORMS


@dataclass(frozen=True)
class AuditInputs(Inputs):
    """Inputs of the audit and of its page."""

    beside = BESIDE

    def published(self, root: Path) -> list[str]:
        """Every published table in the repository, and the released files that are kept as they are."""
        patterns = (paths.PUBLISHED_TABLE, paths.RELEASED_FILE)
        found = [pattern.format(name=file.stem) for pattern in patterns for file in root.glob(pattern.format(name="*"))]
        return sorted(found)

    def _displays(self) -> Iterator[tuple[Kind, str, list[str]]]:
        """Kind, name and files of the audit's own tables and figures."""
        for kind, known in SHOWN.items():
            pattern = paths.FIGURE if kind == "figure" else paths.TABLE
            for name in known:
                yield kind, name, [pattern.format(study=REPLICATION, **{kind: name}, form=form) for form in FORMS[kind]]

    def files(self, _: Any = None) -> list[str]:
        """The tables and figures that the page shows."""
        return [path for _, _, files in self._displays() for path in files]

    def shown(self, _: Any = None) -> list[dict[str, str]]:
        """The same with titles and captions (see `polyglot.displays.page.document.Files.shown`)."""
        scoring = as_published(self.study.scoring)
        found = []
        for kind, name, files in self._displays():
            display = SHOWN[kind][name]
            named = {"title": display.title, "category": display.category, "caption": display.caption_for(self.study, scoring)}
            found.append({"kind": kind, "name": name, **named, "path": files[0].removesuffix(".md")})
        return found
