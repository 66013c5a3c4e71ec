"""The jobs behind a study: Snakemake's report of each, and the job's own records."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from polyglot.provenance.attempts import UNSET, Attempt, behind, gpus_asked, read_attempts
from polyglot.provenance.records import SCRIPTS, record_path


def script_path(name: str) -> str:
    """Where a rule's script is, from the repository's root. Archives omit its room, so that scripts can move."""
    found = next(SCRIPTS.glob(f"*/{name}"), None)
    return f"scripts/{found.relative_to(SCRIPTS).as_posix()}" if found else f"scripts/{name}"


class Named(list[Any]):
    """Ordered values, some of them named: accessible as attribute, by key or with `items()`, as in a Snakemake script."""

    def __init__(self, unnamed: Sequence[Any] = (), named: Mapping[str, Any] | None = None, *, flat: bool = False) -> None:
        """`flat`: a list under a name counts as several values."""
        super().__init__(unnamed)
        self.named = dict(named or {})
        for value in self.named.values():
            if flat and isinstance(value, list):
                self.extend(value)
            else:
                self.append(value)

    def __getattr__(self, name: str) -> Any:
        try:
            return self.__dict__["named"][name]
        except KeyError:
            raise AttributeError(f"no value is called '{name}'") from None

    def __getitem__(self, key: Any) -> Any:
        return self.named[key] if isinstance(key, str) else super().__getitem__(key)

    def get(self, name: str, default: Any = None) -> Any:
        return self.named.get(name, default)

    def keys(self) -> Iterable[str]:
        return self.named.keys()

    def items(self) -> Iterator[tuple[str, Any]]:
        yield from self.named.items()


@dataclass(frozen=True)
class Job:
    """One job of the study.

    `line`: its line from the report plugin `jobs`. `attempts`: the attempts that led to its files, the last one finished; empty
    without a record. `timings`: Snakemake's measurements, by column; empty if not measured.
    """

    line: Mapping[str, Any]
    attempts: Sequence[Attempt]
    timings: Mapping[str, str]

    @classmethod
    def of(cls, line: Mapping[str, Any], folder: Path) -> Job:
        """A job with its records in the working folder."""
        attempts = behind(read_attempts(folder / record_path(Path(line["log"][0])))) if line["log"] else []
        return cls(line, attempts, _timings(folder / line["benchmark"]) if line["benchmark"] else {})

    @property
    def rule(self) -> str:
        return str(self.line["rule"])

    @property
    def wildcards(self) -> dict[str, str]:
        return {name: value for name, value in self.line["wildcards"].items() if name != "study"}

    @property
    def name(self) -> str:
        """Unique among the study's jobs."""
        return "/".join([self.rule, *self.wildcards.values()])

    @property
    def inputs(self) -> Named:
        return Named(**self.line["input"], flat=True)

    @property
    def outputs(self) -> Named:
        return Named(**self.line["output"], flat=True)

    @property
    def params(self) -> Named:
        return Named(**self.line["params"])

    @property
    def began(self) -> float:
        return float(self.attempts[-1].began if self.attempts else self.line["start"] or self.line["end"] or 0)

    @property
    def ended(self) -> float:
        return float((self.attempts[-1].ended if self.attempts else self.line["end"]) or self.began)

    @property
    def gpus(self) -> int:
        return gpus_asked(self.line["resources"])

    @property
    def command(self) -> str:
        """What was run."""
        return str(self.line["shell"] or script_path(self.line["script"]))

    @property
    def facts(self) -> Mapping[str, Any]:
        """What the attempt that made the files recorded."""
        return self.attempts[-1].facts if self.attempts else {}


def _timings(path: Path) -> dict[str, str]:
    if not path.exists():
        return {}
    header, *rows = path.read_text(encoding="utf-8").splitlines()
    values = dict(zip(header.split("\t"), rows[-1].split("\t"), strict=False)) if rows else {}
    return {name: value for name, value in values.items() if value not in (UNSET, "", "NA")}


def at(seconds: float) -> str:
    """A time in ISO 8601, UTC."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")
