"""The data of the page in parts, each a script that hands one value to the page: a page on a disk may load scripts only.

data/manifest.js      what there is: teachers, statuses, metrics, filters, groups
data/facets-G.js      of group G, by answer: request, teacher, status, use and metrics, so that filters load no text
data/chunk-N.js       requests with their answers; a group's chunks follow each other
data/search-S.js      see `polyglot.displays.explore.search`
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from polyglot.core.conversations import HISTORY, turns_in
from polyglot.core.text import visible
from polyglot.displays.explore.answers import Group
from polyglot.displays.explore.script import write_part
from polyglot.displays.explore.search import Index
from polyglot.displays.explore.sets import Measured

ANSWERS = 300
"""Answers of a chunk, about: a few hundred kilobytes, which a browser reads at once."""
SHOWN = 300
"""Characters of a nearest neighbour."""


@dataclass
class Parts:
    """Writes groups, and what the manifest says of them.

    Args:
        folder: of the page's data.
        teachers: names in the order in which their answers stand.
        metrics: those of the study, whatever file they are in.
    """

    folder: Path
    teachers: Sequence[str]
    metrics: Sequence[Measured]
    statuses: list[str] = field(default_factory=lambda: ["ok"])
    filters: list[str] = field(default_factory=list)
    groups: list[dict[str, Any]] = field(default_factory=list)
    chunks: int = 0
    index: Index = field(default_factory=Index)

    def add(self, group: Group) -> None:
        """Write the chunks and facets of a group."""
        size = max(1, ANSWERS // max(1, len(self.teachers)))
        requests = group.requests
        place = {name: number for number, name in enumerate(requests["request_id"])}
        of_request = group.answers["request_id"].map(place)
        for start in range(0, len(requests), size):
            part = range(start, min(start + size, len(requests)))
            chosen = group.answers[of_request.between(part.start, part.stop - 1)]
            self._chunk(requests.iloc[part.start : part.stop], chosen)
        self._facets(group.answers, of_request, len(self.groups))
        about = {"lang": group.lang, "method": group.method, "requests": len(requests), "asked": group.asked, "size": size}
        first = self.chunks - math.ceil(len(requests) / size)
        self.groups.append({**about, "first": first, "answers": len(group.answers)})

    def _chunk(self, requests: pd.DataFrame, answers: pd.DataFrame) -> None:
        by_request = dict(list(answers.groupby("request_id", sort=False)))
        rows = [self._row(request, records(by_request[request["request_id"]])) for request in records(requests)]
        write_part(self.folder / f"chunk-{self.chunks}.js", f"chunk-{self.chunks}", rows)
        self.index.add(self.chunks, (text for row in rows for text in texts_of(row)))
        self.chunks += 1

    def _row(self, request: dict[str, Any], answers: Sequence[dict[str, Any]]) -> dict[str, Any]:
        """A request with its answers; `before` has the turns before its prompt, if it goes on with a conversation."""
        before = next((turns for answer in answers if (turns := spoken(turns_in(answer.get(HISTORY))))), [])
        return {
            "id": request["request_id"],
            "asked": spoken(request["messages"]),
            "prompt": _text(request["prompt"]),
            "answers": [self._answer(answer) for answer in answers],
            **({"before": before} if before else {}),
        }

    def _answer(self, answer: dict[str, Any]) -> dict[str, Any]:
        """What the page shows of an answer; what is empty is left out."""
        usable = answer["status"] == "ok"
        found = {
            "teacher": self.teachers.index(answer["teacher"]),
            "status": _place(self.statuses, answer["status"]),
            "used": int(answer["used"]),
            "prompt": _text(answer["prompt"]),
            "response": _text(answer["response"]),
            "text": "" if usable else _text(answer["text"]),
            "thoughts": _text(answer["thoughts"]),
            "problem": _text(answer["problem"]),
            "said": [self._decision(said) for said in answer["decisions"]] if answer["decisions"] is not None else [],
            "metrics": [_number(answer[metric.name], metric.digits) for metric in self.metrics],
            "similarity": _number(answer["similarity"], 2),
            "neighbour": _text(answer["neighbour"])[:SHOWN],
        }
        return {name: value for name, value in found.items() if value not in ("", None, [])}

    def _decision(self, said: dict[str, Any]) -> list[Any]:
        score = _number(said["score"], 3) if said["score"] is not None else None
        return [_place(self.filters, said["filter"]), said["decision"], score, _text(said["problem"])]

    def _facets(self, answers: pd.DataFrame, of_request: pd.Series[int], number: int) -> None:
        value = {
            "request": [int(place) for place in of_request],
            "teacher": [self.teachers.index(name) for name in answers["teacher"]],
            "status": [_place(self.statuses, name) for name in answers["status"]],
            "used": [int(used) for used in answers["used"]],
            "metrics": [[_number(value, metric.digits) for value in answers[metric.name]] for metric in self.metrics],
        }
        write_part(self.folder / f"facets-{number}.js", f"facets-{number}", value)


def texts_of(row: dict[str, Any]) -> Iterable[str]:
    """The texts of a request that a search looks at, as index.js does."""
    yield row["prompt"]
    for _, content in row.get("before", []):
        yield content
    for answer in row["answers"]:
        for name in ("prompt", "response", "text", "thoughts"):
            yield answer.get(name, "")


def spoken(turns: Iterable[Mapping[str, Any]]) -> list[list[str]]:
    """Turns as the page has them: who speaks, and what."""
    return [[turn["role"], visible(turn["content"])] for turn in turns]


def records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """The rows of a table."""
    return [{str(name): value for name, value in row.items()} for row in frame.to_dict("records")]


def _text(value: Any) -> str:
    return visible(value) if isinstance(value, str) else ""


def _number(value: Any, digits: int) -> float | None:
    return None if value is None or not math.isfinite(value) else round(float(value), digits)


def _place(names: list[str], name: str) -> int:
    """The place of a name, which is added if it is new."""
    if name not in names:
        names.append(name)
    return names.index(name)
