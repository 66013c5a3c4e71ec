"""The options of `polyglot init`; light, because every command reads them."""

from __future__ import annotations

import argparse
from pathlib import Path

NEEDED = ("name", "languages", "prompts", "teacher", "judge", "embedding", "base", "benchmark")
"""Options without which nothing can be written, in the order of the questions."""
ALONE = "none"
"""The answer for a base where teachers are ranked by their data alone, and then also for the judge."""
MODEL = (
    "a model of config/models.yaml, or preset=PRESET,model=NAME or url=URL,model=NAME (and key=VARIABLE, price=IN/OUT, name=NAME)"
)
ASKED_MODEL = "a model of config/models.yaml, a preset such as openai or vllm, or an address https://..."
OWN_FILES = "a model of config/models.yaml, or hub=OWNER/NAME or folder=PATH"
BENCHMARK = "a name of config/benchmarks.yaml, or NAME=FOLDER with {lang}/test.jsonl or test.csv"


def add_options(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    option = parser.add_argument
    option("name", nargs="?", help="name of the study: its folder is config/NAME, its results are results/NAME")
    option("--to", type=Path, metavar="FOLDER", help="write this folder instead; its name is the study's")
    option("--languages", nargs="+", metavar="LANG", help="codes, such as sw yo (or CODE=NAME/OWN NAME/SCRIPT)")
    option("--prompts", nargs="+", metavar="LANG=PLACE", help="a file of prompts, or sources of config/sources.yaml joined by +")
    option("--teacher", action="append", metavar="MODEL", help=f"{MODEL}; once for each teacher")
    option("--judge", metavar="MODEL", help=f"rates the responses: {MODEL}; `{ALONE}` with --base {ALONE}")
    option("--embedding", metavar="MODEL", help=f"measures diversity: {OWN_FILES}")
    option(
        "--base",
        metavar="MODEL",
        help=f"the students' base: {OWN_FILES}, with reference=... (instruction-tuned); `{ALONE}`: rank by the data alone",
    )
    option("--benchmark", action="append", metavar="NAME", help=BENCHMARK)
    option("--budget", metavar="USD", help="most that all endpoints together may cost")
    option("--requests", metavar="NUMBER", help="requests to each teacher in each language for `snakemake rank` (default: 300)")
    option("--reference-prompts", action="store_true", help="leave files of prompts where they are (default: copy them)")
    option("--force", action="store_true", help="write over files that are there")
    option("--no-plan", action="store_true", help="do not work out what the study will cost")
