"""Seed sources: converts public data sets from their own schemas to the seed schema.

`config/sources.yaml` maps a source's fields; a user's own file can be a source too. Sources are streamed, so their size does not
matter. For each language, the rows with the smallest hashes of seed and text are kept: a uniform sample that does not depend on
file order.
"""

from __future__ import annotations

import heapq
import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from polyglot.core.conversations import HISTORY, Conversation
from polyglot.core.errors import WrongInput
from polyglot.core.hashing import content_id, stable_seed
from polyglot.core.progress import progress
from polyglot.core.rows import FileError, stream_rows
from polyglot.core.text import unfit
from polyglot.registry.data import Source
from polyglot.seeds.seed_files import COLUMNS, seed_id
from polyglot.seeds.settings import needs_response

TAKEN, NOT_SAMPLED = "taken", "not sampled"
NO_CONVERSATION = "no conversation"
"""Why a row is dropped where whole conversations are read: its turns are missing, empty or out of order."""


class SourceError(WrongInput):
    """A source that does not match its registry entry; the message names source, field and remedy."""


def value_at(row: Any, path: str) -> Any:
    """The value at a path of keys and indices, such as `conversation.0.content`; None if missing."""
    for part in path.split("."):
        if isinstance(row, Mapping):
            row = row.get(part)
        elif isinstance(row, list | tuple) and part.lstrip("-").isdigit():
            row = row[int(part)] if -len(row) <= int(part) < len(row) else None
        else:
            return None
    return row


def stream(name: str, source: Source, folder: Path) -> Iterator[dict[str, Any]]:
    """The rows of a source's files, one by one, in their own schema.

    Raises:
        SourceError: if no file matches, or one cannot be read.
    """
    paths = sorted({path for pattern in source.files for path in Path(folder).glob(pattern) if path.is_file()})
    if not paths:
        raise SourceError(f"source '{name}': no file in {folder} matches {', '.join(source.files)}; correct `files`")
    for path in paths:
        try:
            yield from (row for _, row in stream_rows(path))
        except FileError as error:
            raise SourceError(f"source '{name}': {error}") from error


def refused(row: Mapping[str, Any], source: Source, lang: str) -> str | None:
    """Why a row is dropped, judged without its texts; None keeps it."""
    if source.language is not None and str(value_at(row, source.language)) not in source.languages.get(lang, []):
        return "other language"
    for field, allowed in source.keep.items():
        if str(value_at(row, field)) not in allowed:
            return f"{field} not kept"
    for field, parts in source.drop.items():
        held = str(value_at(row, field))
        if any(part in held for part in parts):
            return f"{field} dropped"
    return None


def prompt_of(row: Mapping[str, Any], fields: list[str]) -> Any:
    """A row's prompt: the first field unchanged, followed by the texts of the other fields."""
    first, *others = (value_at(row, field) for field in fields)
    if not isinstance(first, str) or not first.strip():
        return first
    return "\n".join([first, *(text for text in others if isinstance(text, str) and text.strip())])


def texts(row: Mapping[str, Any], source: Source, seed: int, whole: Conversation | None = None) -> tuple[Any, Any]:
    """Prompt and response of a row, unchanged; those of a whole conversation if it is given."""
    prompt = prompt_of(row, [source.prompt] if isinstance(source.prompt, str) else source.prompt)
    if whole is not None:
        prompt = whole.prompt
    if source.prefer is None:
        own = value_at(row, source.response) if source.response else ""
        return prompt, own if whole is None else whole.response
    try:
        score = float(value_at(row, source.prefer.by))
    except (TypeError, ValueError):
        return prompt, None
    if math.isnan(score):
        return prompt, None
    first = score < 0 or (score == 0 and stable_seed("tie", seed, str(prompt)) % 2 == 0)
    return prompt, value_at(row, source.prefer.first if first else source.prefer.second)


def flaw(prompt: Any, response: Any, source: Source, history: str = "") -> str | None:
    """The problem with a pair, or with the turns before it; None if there is none."""
    if len(history) > source.longest:
        return "history too long"
    for name, text in (("prompt", prompt), ("response", response)):
        needed = name == "prompt" or needs_response(source)
        if not isinstance(text, str) or unfit(text):
            return f"no {name}" if needed or text is not None else None
        if needed and not text.strip():
            return f"empty {name}"
        if len(text) > source.longest:
            return f"{name} too long"
    return None


def collect(
    name: str,
    source: Source,
    rows: Iterable[Mapping[str, Any]],
    lang: str,
    *,
    most: int | None,
    seed: int,
    conversations: Callable[[Mapping[str, Any]], Conversation] | None = None,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The seed rows of a source in a language.

    If no method needs responses, teachers see only prompts, so duplicate prompts are dropped.

    Args:
        rows: the source's own rows, streamed.
        most: maximum rows to keep, as a seeded uniform sample; None keeps all.
        conversations: reads a row's whole conversation (see `polyglot.seeds.threads.reader`); None reads prompt and response.

    Returns:
        (rows: id, lang, prompt, response, source, methods; counts: source, lang, outcome, rows). With `conversations`, rows
        also have `HISTORY`.
    """
    counts: Counter[str] = Counter()
    kept: list[tuple[int, str]] = []
    found: dict[str, tuple[str, ...]] = {}
    with progress(total=None, title=f"{name} in {lang}", unit="row") as bar:
        for row in rows:
            bar.advance(1)
            pair = _read(row, source, lang, seed, conversations)
            if isinstance(pair, str):
                counts[pair] += 1
                continue
            key = content_id(lang, *(pair if needs_response(source) else (pair[0], *pair[2:])))
            if key in found:
                counts["duplicate"] += 1
                found[key] = min(found[key], pair)
                continue
            place = -stable_seed("sample", seed, key)
            if most is None or len(kept) < most:
                heapq.heappush(kept, (place, key))
                found[key] = pair
            elif place > kept[0][0]:
                gone = heapq.heapreplace(kept, (place, key))[1]
                del found[gone]
                found[key] = pair
                counts[NOT_SAMPLED] += 1
            else:
                counts[NOT_SAMPLED] += 1
    pairs = {seed_id(lang, *pair): pair for pair in found.values()}
    ids = sorted(pairs)
    table = pd.DataFrame({"id": ids, "lang": lang}, columns=[*COLUMNS, "methods"], dtype=object)
    table["prompt"] = [pairs[key][0] for key in ids]
    table["response"] = [pairs[key][1] for key in ids]
    table["source"], table["methods"] = name, " ".join(source.methods)
    if conversations is not None:
        table[HISTORY] = ["".join(pairs[key][2:]) for key in ids]
    counts[TAKEN] = len(ids)
    return table, pd.DataFrame([{"source": name, "lang": lang, "outcome": key, "rows": counts[key]} for key in sorted(counts)])


def _read(
    row: Mapping[str, Any],
    source: Source,
    lang: str,
    seed: int,
    conversations: Callable[[Mapping[str, Any]], Conversation] | None,
) -> tuple[str, ...] | str:
    """Prompt, response and, if there is one, history of a row; or why it is dropped."""
    reason = refused(row, source, lang)
    if reason is not None:
        return reason
    try:
        whole = conversations(row) if conversations is not None else None
    except ValueError:
        return NO_CONVERSATION
    history = whole.history if whole is not None else ""
    prompt, response = texts(row, source, seed, whole)
    return flaw(prompt, response, source, history) or (
        prompt.strip(),
        (response or "").strip(),
        *([history] if history else []),
    )


def beside_published(counts: pd.DataFrame, printed: pd.DataFrame, name: str | None) -> pd.DataFrame:
    """Counts with a column `published`: the instances that table 6 of arXiv 2604.11290 prints for the same data set and language.

    Args:
        counts: source, lang, outcome, rows (see `collect`).
        printed: table 6: source, lang, instances.
        name: the data set's name there; None if it has none.
    """
    instances = printed[printed["source"] == name].set_index("lang")["instances"]
    return counts.assign(published=counts["lang"].map(instances).astype(float))


def overview(counts: pd.DataFrame) -> pd.DataFrame:
    """Counts of every source's rows by outcome.

    Args:
        counts: source, lang, outcome, rows, published.

    Returns:
        One row per source and language: source, lang, read (rows), a column for each reason to drop rows, kept (rows not
        dropped), sampled (kept rows in the sample), published, ratio (sampled / published; NaN without a published count). If a
        sample was drawn, kept also counts duplicates of rows outside it.
    """
    rows = []
    for (source, lang), group in counts.groupby(["source", "lang"], sort=True):
        found = dict(zip(group["outcome"], group["rows"].astype(int), strict=True))
        read, sampled, published = sum(found.values()), found.pop(TAKEN, 0), float(group["published"].iloc[0])
        kept = sampled + found.pop(NOT_SAMPLED, 0)
        rows.append({"source": source, "lang": lang, "read": read, **dict(sorted(found.items(), key=lambda one: -one[1]))})
        rows[-1] |= {"kept": kept, "sampled": sampled, "published": published, "ratio": sampled / published}
    table = pd.DataFrame(rows, columns=["source", "lang", "read", *reasons(counts), "kept", "sampled", "published", "ratio"])
    return table.fillna(dict.fromkeys(reasons(counts), 0)).astype(dict.fromkeys(reasons(counts), int))


def reasons(counts: pd.DataFrame) -> list[str]:
    """Every reason for which rows were dropped."""
    return sorted(set(counts["outcome"]) - {TAKEN, NOT_SAMPLED})


def counts_in_words(counts: pd.DataFrame) -> str:
    """The same as text for a job's log: one line per source and language."""
    lines = []
    for row in overview(counts).to_dict("records"):
        dropped = ", ".join(f"{row[reason]:,} {reason}" for reason in reasons(counts) if row[reason])
        known = row["published"] == row["published"]
        printed = f"table 6: {row['published']:,.0f} (ratio {row['ratio']:.2f})" if known else "table 6: no such row"
        place = f"{row['source']} in {row['lang']}: {row['read']:,} rows read"
        lines.append(f"{place}; left out: {dropped or 'none'}; {row['kept']:,} kept, {row['sampled']:,} sampled; {printed}")
    return "\n".join(lines)
