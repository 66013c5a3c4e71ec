"""`polyglot combine`: verified archives of several studies in one leaderboard."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import NormalDist
from typing import Any, TypeVar

import numpy as np
import pandas as pd
import yaml

from polyglot.analysis.combining import Fit, agreement, combine, contributions, errors_apart, leaderboard
from polyglot.core.errors import WrongInput
from polyglot.core.files import read_frame, write_csv, write_text
from polyglot.displays.numbers import UNKNOWN, count, number, probability, share, with_interval
from polyglot.displays.table import Table
from polyglot.provenance.archive.reading import Archive, manifest_hashes, open_archive
from polyglot.provenance.archive.verifying import verify
from polyglot.provenance.archive.writing import MANIFEST, fingerprint
from polyglot.study.paths import CELLS, SCORES
from polyglot.study.reserved import MAIN

GAIN = "gain"
"""What is combined where studies have no common scale: the students' gain over their base."""
REGISTRY = "config/models.yaml"
MEASURED = (
    *("scoring.definition", "scoring.alpha", "scoring.perplexity"),
    *("intrinsic.scored", "intrinsic.embedding", "intrinsic.reward.kind", "intrinsic.reward.model"),
)
"""Settings that a score on a frozen scale depends on."""
STUDENTS = "/evaluation/students/"
"""In the path of a student's outcomes."""
T = TypeVar("T")


@dataclass(frozen=True)
class Part:
    """A verified archive: its fingerprint, the study's cells, the frozen scale's text ("" if there is none), and its models.

    `measured`: the settings that a score on a frozen scale depends on, by key. `apart`: by combined column, the cells' standard
    errors (see `polyglot.analysis.combining.errors_apart`).
    """

    path: Path
    fingerprint: str
    study: str
    cells: pd.DataFrame
    definition: str
    confidence: float
    scale: str
    models: dict[str, Any]
    measured: Mapping[str, str] = field(default_factory=dict)
    apart: Mapping[str, pd.DataFrame] = field(default_factory=dict)


@dataclass(frozen=True)
class Seen:
    """What an archive says of itself before it is verified: its fingerprint, its study, and the hash of every student's outcomes,
    by file; of a student without any, none."""

    path: Path
    fingerprint: str
    study: str
    students: Mapping[str, str]


def look(paths: Sequence[Path], *, learning: str | None = None) -> None:
    """Check that no student would count twice, before any archive is verified, which takes minutes.

    Args:
        learning: the study that learns from the archives, if one does.

    Raises:
        ArchiveError: for a path that is no archive.
        WrongInput: for the same archive twice, for two with the same students, and for one of the learning study.
    """
    seen = [_named_if_wrong(path, _seen) for path in paths]
    if learning is not None:
        _need_earlier(seen, learning)
    _need_different(seen)
    for place, one in enumerate(seen):
        for other in seen[:place]:
            _need_apart(one, other)


def _seen(path: Path) -> Seen:
    with open_archive(path) as archive:
        text = archive.text(MANIFEST)
        listed = {name: found for name, found in manifest_hashes(text).items() if STUDENTS in name}
        students = {name: found for name, found in listed.items() if not _is_empty(archive.folder / name)}
        return Seen(path, fingerprint(text.encode()), _study(archive, path), students)


def _is_empty(outcomes: Path) -> bool:
    """Whether a student has no outcomes, as one that could not be trained: its file is the same in all studies."""
    import pyarrow
    import pyarrow.parquet

    try:
        return bool(pyarrow.parquet.read_metadata(outcomes).num_rows == 0)
    except (OSError, pyarrow.ArrowException):  # verifying says what is wrong with it
        return False


def _need_apart(one: Seen, other: Seen) -> None:
    """Check that two archives have no student in common, as two states of a study have."""
    known = {found: name for name, found in other.students.items()}
    both = [name for name, found in one.students.items() if found in known]
    if both:
        raise WrongInput(
            f"{one.path} and {other.path} have {len(both)} of the same students, such as {both[0]}: they are two states of a "
            "study, or one was made from the other, and these students would count twice. Name the later one alone"
        )


def read_part(path: Path) -> Part:
    """Verify an archive and read what is combined.

    Raises:
        ArchiveError: if it does not verify.
        WrongInput: if it has no scores of a main experiment.
    """
    verified = verify(path).fingerprint
    with open_archive(path) as archive:
        study = _study(archive, path)
        settings = _settings(archive, study)
        scoring = settings.get("scoring", {})
        definition = str(scoring.get("definition", "signsafe"))
        scale = archive.folder / str(scoring.get("scale") or "none")
        models = yaml.safe_load(archive.text(REGISTRY)) if (archive.folder / REGISTRY).is_file() else {}
        return Part(
            path,
            verified,
            study,
            read_frame(archive.folder / CELLS.format(study=study, experiment=MAIN)),
            definition,
            float(scoring.get("confidence", 0.95)),
            scale.read_text(encoding="utf-8") if scale.is_file() else "",
            models,
            _measured(settings),
            _apart(archive.folder / SCORES.format(study=study, experiment=MAIN), definition),
        )


def _measured(settings: Mapping[str, Any]) -> dict[str, str]:
    """The settings that a score on a frozen scale depends on: weights, metrics, and the models that measure."""
    found = {}
    for key in MEASURED:
        value: Any = settings
        for name in key.split("."):
            value = value.get(name) if isinstance(value, Mapping) else None
        found[key] = "default" if value is None else str(value)
    return found


def _apart(folder: Path, definition: str) -> dict[str, pd.DataFrame]:
    """Standard errors of gains and of scores, from a study's replicates, as far as they are there."""
    found = {}
    for value, name in ((GAIN, "measurements"), (f"pg_{definition}", "replicates")):
        path = folder / f"{name}.parquet"
        draws = read_frame(path) if path.is_file() else pd.DataFrame()
        if value in draws:
            found[value] = errors_apart(draws, value)
    return found


def _study(archive: Archive, path: Path) -> str:
    """The study of an archive: the one whose main experiment has scores."""
    found = sorted(archive.folder.glob(CELLS.format(study="*", experiment=MAIN)))
    if len(found) != 1:
        raise WrongInput(f"{path}: {len(found)} studies with scores of the experiment '{MAIN}' in it; one is needed")
    return found[0].relative_to(archive.folder).parts[1]


def _settings(archive: Archive, study: str) -> dict[str, Any]:
    path = archive.folder / "results" / study / "config.yaml"
    found = yaml.safe_load(path.read_text(encoding="utf-8")) if path.is_file() else {}
    return found if isinstance(found, dict) else {}


def combine_archives(paths: Sequence[Path], to: Path, confidence: float) -> list[str]:
    """Combine archives and write combined.csv, studies.csv, agreement.csv, cells.csv and combined.md.

    Returns:
        What was found, as lines of Markdown.

    Raises:
        ArchiveError: if an archive does not verify.
        WrongInput: for fewer than two archives, for the same one or the same students twice, and for studies that share no
            teacher.
    """
    if len(paths) < 2:
        raise WrongInput("name two archives or more")
    if to.exists() and not to.is_dir():
        raise WrongInput(f"{to}: a file is there, where a folder for the tables is needed; name another (--to)")
    look(paths)
    return combine_parts([_named_if_wrong(path, read_part) for path in paths], to, confidence)


def combine_parts(parts: Sequence[Part], to: Path, confidence: float) -> list[str]:
    """Combine what archives hold (see `combine_archives`)."""
    _need_different(parts)
    names = _names(parts)
    what = _common_scale(parts) or GAIN
    cells = pd.concat([_cells(part, name, what) for part, name in zip(parts, names, strict=True)], ignore_index=True)
    fit = combine(cells)
    board, brought, agreed = leaderboard(fit, confidence), contributions(cells), agreement(cells)
    known = {name: part.fingerprint for name, part in zip(names, parts, strict=True)}
    brought = brought.assign(fingerprint=brought["study"].map(known))
    for table, name in ((board, "combined"), (brought, "studies"), (agreed, "agreement"), (cells, "cells")):
        write_csv(table, to / f"{name}.csv")
    text = _page(what, fit, board, brought, agreed, confidence, _cautions(parts, names, what)).markdown()
    write_text(text, to / "combined.md")
    return text.splitlines()


def gains(paths: Sequence[Path], *, study: str) -> pd.DataFrame:
    """Students' gains over their base in the studies of archives, as for `polyglot.analysis.combining.combine`.

    Args:
        study: the study that learns from them.

    Raises:
        WrongInput: for an archive that does not verify, for the same one or the same students twice, for one without scores, and
            for one of the study itself.
    """
    look(paths, learning=study)
    parts = [_named_if_wrong(path, read_part) for path in paths]
    return pd.concat([_cells(part, name, GAIN) for part, name in zip(parts, _names(parts), strict=True)], ignore_index=True)


def _need_earlier(seen: Sequence[Seen], study: str) -> None:
    """Check that no archive is of the study that learns, as it is or was: its students would count twice."""
    own = next((one for one in seen if one.study == study), None)
    if own is not None:
        raise WrongInput(
            f"{own.path} is an archive of '{study}', the study itself, now or earlier: its students would count twice. Leave it "
            "out; the race reads the study's own students. If it is another study of this name, give yours another (`study`)"
        )


def _named_if_wrong(path: Path, read: Callable[[Path], T]) -> T:
    try:
        return read(path)
    except WrongInput as error:
        raise WrongInput(str(error) if str(path) in str(error) else f"{path}: {error}") from error


def _need_different(parts: Sequence[Part | Seen]) -> None:
    for place, part in enumerate(parts):
        twice = next((other for other in parts[:place] if other.fingerprint == part.fingerprint), None)
        if twice is not None:
            raise WrongInput(f"{part.path} is the same archive as {twice.path}; name it once")


def _names(parts: Sequence[Part]) -> list[str]:
    """The studies' names; of equal ones with the beginning of the fingerprint."""
    names = [part.study for part in parts]
    return [f"{part.study} ({part.fingerprint[:8]})" if names.count(part.study) > 1 else part.study for part in parts]


def _common_scale(parts: Sequence[Part]) -> str:
    """The column of the PG-Score, if all studies are scored alike on one frozen scale; else nothing."""
    one = len({part.scale for part in parts}) == 1 and parts[0].scale
    return f"pg_{parts[0].definition}" if one and not _unlike(parts) else ""


def _unlike(parts: Sequence[Part]) -> list[str]:
    """Settings in which the studies' scores differ."""
    keys = [key for key in MEASURED if len({part.measured.get(key) for part in parts}) > 1]
    return keys or ["scoring.definition"] * (len({part.definition for part in parts}) > 1)


def _cells(part: Part, name: str, what: str) -> pd.DataFrame:
    """A study's cells with what is combined: value and se."""
    keys = ["base", "recipe", "teacher", "lang"]
    cells = part.cells
    if what == GAIN:
        se = cells["gain_se"]
    else:
        se = (cells[f"{what}_high"] - cells[f"{what}_low"]) / (2 * NormalDist().inv_cdf((1 + part.confidence) / 2))
    found = cells[keys].assign(value=cells[what], se=se)
    if what in part.apart:  # else, or for a teacher that is alone in its block, the whole error
        apart = found[keys].merge(part.apart[what], how="left", on=keys)["se"].to_numpy()
        found["se"] = np.where(np.isnan(apart) | found["se"].isna(), found["se"], apart)
    found.insert(0, "study", name)
    return found


def _cautions(parts: Sequence[Part], names: Sequence[str], what: str) -> list[str]:
    """What to know before one believes the result."""
    found = []
    if what == GAIN and parts[0].scale and len({part.scale for part in parts}) == 1:
        settings = ", ".join(f"`{key}`" for key in _unlike(parts))
        found.append(f"Students' gains are combined, as the studies score differently on their common scale: {settings} differ.")
    elif what == GAIN:
        found.append(
            "Students' gains are combined, as the studies have no frozen scale in common (`scoring.scale`); PG-Scores of "
            "different studies are relative to their own cells."
        )
    teachers = {str(name) for part in parts for name in part.cells["teacher"]}
    for teacher in sorted(teachers):
        entries = {
            yaml.safe_dump(part.models[teacher], sort_keys=True): name
            for part, name in zip(parts, names, strict=True)
            if teacher in part.models and teacher in set(part.cells["teacher"])
        }
        if len(entries) > 1:
            found.append(f"Beware: the entry of '{teacher}' in {REGISTRY} differs between {' and '.join(entries.values())}.")
    return found


def _page(
    what: str,
    fit: Fit,
    board: pd.DataFrame,
    brought: pd.DataFrame,
    agreed: pd.DataFrame,
    confidence: float,
    cautions: list[str],
) -> Table:
    """The leaderboard, then what each study brought, and how well they agree."""
    shown = pd.DataFrame(
        {
            "rank": [number(rank, 0) for rank in board["rank"]],
            "teacher": board["teacher"],
            "from the mean": [
                with_interval(row["effect"], row["low"], row["high"], 3, sign=True) for row in board.to_dict("records")
            ],
            "rank, interval": [f"{low:.0f}–{high:.0f}" for low, high in zip(board["rank_low"], board["rank_high"], strict=True)],
            "P(first)": [probability(value) for value in board["p_first"]],
        }
    )
    studies = pd.DataFrame(
        {
            "study": brought["study"],
            **{name: [count(value) for value in brought[name]] for name in ("teachers", "languages", "cells")},
            "share of the information": [share(value) for value in brought["share"]],
            "fingerprint": [f"{value[:12]}…" for value in brought["fingerprint"]],
        }
    )
    pairs = pd.DataFrame(
        [
            {
                "studies": f"{row['one']} and {row['other']}",
                "teachers in common": count(row["teachers"]),
                "languages": count(row["languages"]),
                "pairs in the same order": f"{row['same']:.0f} of {row['pairs']:.0f}" if row["pairs"] else UNKNOWN,
                "differences over chance": number(row["beyond"], 1),
            }
            for row in agreed.to_dict("records")
        ]
    )
    first = board.iloc[0]
    sure = f"P(first) {probability(first['p_first'])} of {len(board)} teachers"
    lead = f"{first['teacher']} leads over {len(brought)} studies: {sure}."
    notes = [
        f"From the mean: of all teachers, in units of {what}, with {confidence:.0%} intervals. A study's bases, recipes and "
        "languages are blocks: what they add to all of their teachers drops out.",
        f"Beyond errors, a teacher differs between studies by {number(fit.between_studies, 3)} and between languages by "
        f"{number(fit.between_languages, 3)} (standard deviations, estimated here); both are in the intervals.",
        "Differences over chance: 1 where the errors of the two studies explain how far their teachers lie apart.",
        *cautions,
    ]
    more = [Table(brought, studies, "What each study brought"), Table(agreed, pairs, "How well the studies agree")]
    return Table(board, shown, "Teachers over all studies", notes, more, [lead])
