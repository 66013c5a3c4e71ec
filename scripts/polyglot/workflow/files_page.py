"""The page about users' files, generated from the code that reads them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from polyglot.core.dialogues import LAYOUTS
from polyglot.core.rows import FORMATS
from polyglot.evaluation.forms import Choice, Expression, Item, Preference, Problem
from polyglot.evaluation.open_forms import Open, Passage
from polyglot.evaluation.readers import READERS
from polyglot.intrinsic.metrics import INTRINSIC
from polyglot.scoring.metric_tables import EXTRINSIC

FILES_PAGE = "docs/reference/files.md"

HEAD = """# Your files
Prompts, data to select from, benchmark items, tables of metrics: this page says what they may look like. Check yours before you
run anything:

```bash
polyglot check my_prompts.jsonl my_benchmark/ config/mine/study.yaml
```

It says what each file is taken for, how many rows it has, in which languages (where no column says it, by a quick guess), and
what is wrong in which row. For a study it also checks every file that the study names. It ends with exit code 1 if anything is
wrong. Rows are counted from 1; a header and blank lines of CSV are not counted, blank lines of JSONL and plain text are.

## Formats
Texts are in UTF-8. In CSV the separator is found in the first line.

@FORMATS@

## Prompts, with or without responses
For `seed_dataset.files` (the prompts that people wrote) and `selection.datasets` (your own data to select from). The layout is
recognised by its columns; capitals do not matter:

@LAYOUTS@

Of a dialogue with several turns, the first prompt and the response to it are read. System turns are not read. `polyglot check`
counts both. With `seed_dataset.turns: all`, a study reads whole conversations ([how](../howto/conversations.md)). All further
columns of your own data are kept.

A seed file may have the columns `id` (else one is made from the texts), `lang` (rows in other languages are skipped), `source`,
and `methods` (the methods that may use a row, separated by spaces; empty means all).

**Prompts without responses** are enough for `respond` and `translate`. `generate` then has no shots: its requests show prompts
alone, as a warning at the start of a run and `polyglot check` say. `back-translation` and the recipe `public` need responses.
If a file has some responses, a row without one is an error, unless its `methods` need none.

## What `snakemake select` writes
`selection: {datasets: {mine: mine.jsonl}}` in your study, then `snakemake select`. It reads your files before any job starts.
The result is `results/STUDY/select/mine.jsonl`: your own rows in the layout and format of your file, best first where the rule
has an order, with `quality` and `cluster` where the rule measures them. Beside it, `mine.jsonl.summary.txt` says how many rows
were left out, and why; it is printed too. Another ending, such as `results/STUDY/select/mine.parquet`, asks for another format.
A rule trains a quality model only if it needs one (`mdaq`, `mmr`, `quality-only`), and embeds only if it needs to (`mdaq`, `mmr`,
`diversity-only`).

The quality model learns from `selection.pairs`: a file with the columns `instruction`, `revised` (by an expert) and `original`,
and perhaps `lang`.

## Benchmarks
A benchmark of your own is a folder with `LANG/test.jsonl` (or `test.csv`, `test.parquet` or another format that
has columns), and `LANG/dev.jsonl` for few-shot examples. The study names it
(`evaluation: {benchmarks: {NAME: {folder: FOLDER, formulation: ...}}}`), and NAME is an entry in `config/benchmarks.yaml`. A
row has one of these forms:

@FORMS@

**Places that are counted from 1.** In `answer`, a number is a place counted from 0: 0 is the first option. If your file counts
from 1, name the field `answer_from_1`. `polyglot check` says so when no first option is ever correct.

Published data sets with another schema are converted by a reader (`items` in `config/benchmarks.yaml`):

@READERS@

## Tables of metrics
`polyglot score TABLE --to FOLDER` scores a table with a row for each teacher and language, in CSV or Parquet. It says which
columns it found and which it does not use. Separators are commas, semicolons or tabs; with semicolons, numbers may have decimal
commas. Capitals in the first line do not matter.

@METRICS@

## Results in another clone
To go on elsewhere, or after cloning anew, take along the results and what Snakemake remembers of them, with their times:

```bash
cp -a old/results old/.snakemake new/
cd new && polyglot commit-times
snakemake -n
```

Snakemake compares inputs by content where it remembers it, and parameters by value, but scripts by their time stamps, and
cloning makes all files look new. `polyglot commit-times` gives each file that is as it was committed the time of the last
commit that changed it. So what has changed since the results were made is made again, and nothing else. A file that was
committed after a run as it was in that run counts as changed: then, if you are sure, `snakemake --touch TARGETS`.

## Licences
A model behind an endpoint or from a folder has the licence that its entry in `config/models.yaml` states, and prompts of your
own that of `seed_dataset.licence`. What is not stated is called "licence not stated" in data cards, model cards and archives.
Nothing but a model that the workflow has trained from scratch counts as the workflow's own.

*Generated by `polyglot reference`; a test compares it with the code.*
"""


def files_page() -> str:
    """The full text of `docs/reference/files.md`."""
    parts = {
        "FORMATS": _table(("ending", "content"), ((f"`{name}`", about) for name, about in FORMATS.items())),
        "LAYOUTS": _table(("layout", "columns"), LAYOUTS.items()),
        "FORMS": "\n\n".join(_form(kind) for kind in TITLES),
        "READERS": _table(
            ("reader", "columns", "items"),
            ((f"`{name}`", _code(one.fields), one.makes.__name__.lower()) for name, one in READERS.items()),
        ),
        "METRICS": _table(
            ("column", "needed"),
            [
                ("`teacher`, `lang`", "always; `base`, `recipe` and `replicate` too where a table has several"),
                (_code(INTRINSIC), "always: the intrinsic metrics"),
                (_code(EXTRINSIC), "of these: `pgr`, or the three scores of student, base and reference"),
            ],
        ),
    }
    text = HEAD
    for name, part in parts.items():
        text = text.replace(f"@{name}@", part)
    return text


def _form(kind: type[Item]) -> str:
    return f"### {TITLES[kind]}\n{_table(('field', 'content'), _fields(kind.schema))}\n\n```json\n{EXAMPLES[kind]}\n```"


TITLES: Mapping[type[Item], str] = {
    Choice: "Multiple choice",
    Preference: "Preferences",
    Problem: "Problems with a number",
    Expression: "Problems with an expression",
    Open: "Open answers",
    Passage: "Texts to read",
}
EXAMPLES: Mapping[type[Item], str] = {
    Choice: '{"question": "Mji mkuu wa Kenya?", "choices": ["Nairobi", "Mombasa", "Kisumu"], "answer": 0}',
    Preference: '{"id": "1", "prompt": "Habari?", "chosen": "Nzuri!", "rejected": "42", "subset": "chat", "category": "Chat"}',
    Problem: '{"question": "Juma ana maembe 3, anapata 4. Ana mangapi?", "answer_number": 7}',
    Expression: r'{"question": "Panua (x + 1)^2.", "answer_math": "x^2 + 2x + 1"}',
    Open: '{"question": "Tafsiri kwa Kiswahili: Good morning.", "reference": "Habari ya asubuhi."}',
    Passage: '{"text": "Mvua ilinyesha usiku kucha, na asubuhi mto ulikuwa umejaa."}',
}
"""A row of each form."""


def _fields(schema: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for name, about in schema.items():
        yield f"`{name}`", about


def _code(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
