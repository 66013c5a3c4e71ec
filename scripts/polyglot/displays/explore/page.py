"""The folder of the page: index.html and blind.html with style and scripts in them, data in parts, and the key of the pairs."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from markupsafe import Markup

from polyglot.core.files import write_csv, write_text
from polyglot.core.hashing import content_id
from polyglot.core.key_finder import KeyFinder
from polyglot.core.templates import render
from polyglot.core.text import UNSPACED
from polyglot.displays.explore.answers import groups
from polyglot.displays.explore.blind import Pairs
from polyglot.displays.explore.chunks import Parts
from polyglot.displays.explore.script import write_part
from polyglot.displays.explore.search import LONGEST, PARTS
from polyglot.displays.explore.sets import Measured, TeacherSet
from polyglot.displays.page.document import beside, hash_of


@dataclass(frozen=True)
class Looked:
    """What is looked at.

    Args:
        requests: files of requests by `LANG/METHOD`.
        names: of teachers and languages, as they are shown.
        most: answers in all; of more, a sample is shown.
        pairs: to judge blind, a language.
        judge: the metric that the judge has given, or "".
    """

    study: str
    sets: Sequence[TeacherSet]
    requests: Mapping[str, Sequence[str]]
    names: Mapping[str, Mapping[str, str]]
    most: int
    pairs: int
    judge: str
    seed: int
    metrics: Sequence[Measured] = field(init=False)

    def __post_init__(self) -> None:
        every = {metric.name: metric for one in self.sets for metric in one.measured}
        object.__setattr__(self, "metrics", [*every.values()])


def explore(looked: Looked, templates: Path, folder: Path, keys: KeyFinder) -> None:
    """Write the page.

    Args:
        templates: report/explore.
        folder: with index.html, blind.html, key.csv and data/.
        keys: finds what must not be shown.
    """
    teachers = list(dict.fromkeys(one.teacher for one in looked.sets))
    data = folder / "data"
    shutil.rmtree(data, ignore_errors=True)
    data.mkdir(parents=True)
    parts, pairs = Parts(data, teachers, looked.metrics), Pairs(looked.pairs, looked.judge, looked.seed)
    for group in groups(looked.sets, looked.requests, looked.most, looked.seed, keys):
        parts.add(group)
        pairs.add(group)
    parts.index.write(data, parts.chunks)
    shown, key = pairs.drawn()
    about = {"study": looked.study, "names": looked.names}
    write_part(data / "manifest.js", "manifest", {**about, **_manifest(parts, looked)})
    drawn = content_id(*(pair["id"] for pairs in shown.values() for pair in pairs))
    write_part(
        data / "blind.js", "blind", {**about, "names": {"languages": looked.names["languages"]}, "drawn": drawn, "pairs": shown}
    )
    write_csv(key, folder / "key.csv")
    for name in ("blind", "index"):  # the last file that is written is the one that is asked for
        write_text(_page(templates, name, looked), folder / f"{name}.html")


def _manifest(parts: Parts, looked: Looked) -> dict[str, Any]:
    return {
        "teachers": [*parts.teachers],
        "statuses": parts.statuses,
        "filters": parts.filters,
        "metrics": [
            {"name": metric.name, "title": metric.title, "digits": metric.digits, "better": metric.better}
            for metric in looked.metrics
        ],
        "groups": parts.groups,
        "chunks": parts.chunks,
        "parts": PARTS,
        "longest": LONGEST,
        "unspaced": UNSPACED,
    }


def _page(templates: Path, name: str, looked: Looked) -> str:
    template = templates / f"{name}.html.jinja"
    style, script = beside(template, "explore.css"), beside(template, "loading.js") + beside(template, f"{name}.js")
    hashes = {"style": hash_of(style), "scripts": hash_of(script)}
    embedded = any(one.embeddings for one in looked.sets)
    return render(template, study=looked.study, embedded=embedded, style=Markup(style), script=Markup(script), hashes=hashes)
