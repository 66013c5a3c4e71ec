"""The data of a task of lighteval in a folder of its own: the rows of the splits that it reads, and what each item asks."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from polyglot.core.files import read_jsonl, write_jsonl
from polyglot.core.rows import FileError, plain, stream_rows
from polyglot.core.text import normalise
from polyglot.evaluation.items import BenchmarkError
from polyglot.evaluation.lighteval_tasks import chosen_metric, configurations, task_of

if TYPE_CHECKING:
    from lighteval.tasks.lighteval_task import LightevalTask, LightevalTaskConfig

Row = dict[str, Any]
KINDS = (".jsonl", ".parquet", ".csv", ".json")
"""Files of a split, in the order in which they are looked for."""
QUESTION = 10
"""Fewest characters of a row's text that counts as a question of its own, when training data are searched for questions."""


def prepare(benchmark: str, name: str, folder: Path, out: Path, *, metric: str | None, shots: int) -> dict[str, int]:
    """Write `out`/rows/NUMBER/SPLIT.jsonl for every part of a task, and `out`/test.jsonl: one row for each item.

    Rows of test.jsonl: `id`, `question` (as asked, without few-shot examples), `choices`, `answer` (places of the right choices),
    `subset` (the part), `texts` (of the data set's row, as far as they are asked).

    Args:
        benchmark: for messages.
        name: lighteval's.
        folder: with the files of the data set, or with one file a split.
        metric: the metric that will count; None takes the first.
        shots: few-shot examples; without any, their split is not needed.

    Returns:
        The number of items by part.

    Raises:
        BenchmarkError: if a split is missing, or a row is not what the task reads; names file, row and remedy.
    """
    items: list[Row] = []
    counts = {}
    configs = configurations(name)
    for number, config in enumerate(configs):
        part = config.name.partition(":")[2] if len(configs) > 1 else ""
        _, chosen = chosen_metric(config, metric)
        task = task_of(config, chosen, {}, shots=shots)
        rows: dict[str, list[Row]] = {}
        for split in _splits(task, shots):
            rows[split] = _kept(config, _split(benchmark, config, folder, split))
            write_jsonl(rows[split], out / "rows" / str(number) / f"{split}.jsonl")
        found = [_shown(*one, part) for one in _asked(benchmark, config, rows, folder)]
        if not found:
            raise BenchmarkError(f"benchmark '{benchmark}': {folder}: no item for lighteval's task '{config.name}'")
        items += [{"id": str(place)} | item for place, item in enumerate(found)]
        counts[part or name] = len(found)
    write_jsonl(items, out / "test.jsonl")
    return counts


def part_rows(folder: Path, number: int) -> dict[str, list[Row]]:
    """The rows of a part by split, as `prepare` wrote them."""
    return {path.stem: read_jsonl(path) for path in sorted((folder / "rows" / str(number)).glob("*.jsonl"))}


def _splits(task: LightevalTask, shots: int) -> list[str]:
    few_shot = [task.fewshot_split] if shots and task.fewshot_split else []
    return list(dict.fromkeys([*task.evaluation_split, *few_shot]))


def _kept(config: LightevalTaskConfig, rows: list[Row]) -> list[Row]:
    """The rows that the task takes: several parts may share a file."""
    keep: Callable[[Row], bool] | None = config.hf_filter
    return rows if keep is None else [row for row in rows if keep(row)]


def _split(benchmark: str, config: LightevalTaskConfig, folder: Path, split: str) -> list[Row]:
    """The rows of a split: from a file of its name, or as the data set describes itself."""
    files = [] if _describes_itself(folder) else _files(config, folder, split)
    try:
        found = [row for file in files for _, row in stream_rows(file)] if files else list(_of_data_set(config, folder, split))
    except FileError as error:
        raise BenchmarkError(f"benchmark '{benchmark}': {error}") from error
    except (ValueError, OSError, RuntimeError, ImportError) as error:
        subset = "" if config.hf_subset in ("", "default", None) else f"{config.hf_subset}/"
        script = "its loading script is not run; set `revision: refs/convert/parquet`, the hub's conversion"
        remedy = script if any(folder.glob("*.py")) else f"put the rows into {folder}/{subset}{split}.jsonl"
        raise BenchmarkError(
            f"benchmark '{benchmark}': {folder}: no split '{split}' of '{config.hf_subset}' can be read there: {remedy} "
            f"({type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''})"
        ) from error
    return [plain(row) for row in found]


def _describes_itself(folder: Path) -> bool:
    card = folder / "README.md"
    return card.is_file() and "\nconfigs:" in card.read_text(encoding="utf-8").partition("\n---")[0]


def _files(config: LightevalTaskConfig, folder: Path, split: str) -> list[Path]:
    places = [folder / config.hf_subset, folder] if config.hf_subset else [folder]
    for place in places:
        for kind in KINDS:
            if (file := place / f"{split}{kind}").is_file():
                return [file]
        if parts := sorted((place / split).glob("*.parquet")):  # the hub's conversion
            return parts
    return []


def _of_data_set(config: LightevalTaskConfig, folder: Path, split: str) -> Iterator[Row]:
    import datasets

    with tempfile.TemporaryDirectory(prefix="datasets-") as cache:  # the user's could hold outdated rows
        subset = config.hf_subset or None
        yield from datasets.load_dataset(str(folder), name=subset, split=split, cache_dir=cache)


def _asked(benchmark: str, config: LightevalTaskConfig, rows: dict[str, list[Row]], folder: Path) -> Iterator[tuple[Row, Any]]:
    """Every row of the items with the document that lighteval makes of it; few-shot rows are tried too."""
    for split, found in rows.items():
        for place, row in enumerate(found):
            few_shot = split not in config.evaluation_splits
            try:
                doc = config.prompt_function(row | {"__few_shots": few_shot, "__index": place}, config.name)
            except Exception as error:  # whatever the task's code raises
                lacks = f"has no {error}" if isinstance(error, KeyError) else f"does not fit ({type(error).__name__}: {error})"
                raise BenchmarkError(
                    f"benchmark '{benchmark}': {folder}: split '{split}', row {place + 1} {lacks}; lighteval's task "
                    f"'{config.name}' reads the columns of {config.hf_repo}: {', '.join(row)} are there"
                ) from error
            if doc and not few_shot:
                yield row, doc


def _shown(row: Row, doc: Any, part: str) -> Row:
    gold = doc.gold_index if isinstance(doc.gold_index, list | tuple) else [doc.gold_index]
    asked = normalise(doc.query)
    texts = [text for text in row.values() if isinstance(text, str) and len(text) >= QUESTION and normalise(text) in asked]
    return {"question": doc.query, "choices": list(doc.choices), "answer": list(gold), "subset": part, "texts": texts}
