"""Paths of a study's files: the layout of results/ and of the hub, as patterns with Snakemake's wildcards.

A rule repeats the pattern of its output, so that the rule shows its wildcards; a test compares the two. All other code uses paths
from here: `paths.SEED.format(study="demo", lang="de")`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

RESULTS = "results/{study}"
CONFIGURATION = "results/{study}/config.yaml"
"""The full configuration, with defaults, of the last run."""
LOGS = "results/{study}/logs"
RECORDS = "results/{study}/provenance"
TIMINGS = "results/{study}/benchmarks"
"""Snakemake's benchmark files."""
PAID = "results/{study}/ledger"
"""Spending at endpoints, written by `polyglot.engines`."""

# The hub
HUB_MODEL = "{hub}/models/{model}"
HUB_DATA = "{hub}/datasets/{source}"
HUB_LOCK = "{hub}/locks/{kind}/{name}.json"

# Models and data that the workflow makes
MODEL = "results/{study}/models/{model}"
WORLD_SEED = "results/{study}/nano/seed/{lang}.parquet"
LEXICON = "config/nano_world/{lang}.yaml"
TASKS = "results/{study}/tasks/{benchmark}/{lang}"
SOURCE = "results/{study}/sources/{source}/{lang}.parquet"
SOURCE_COUNTS = "results/{study}/sources/{source}/{lang}.csv"
SEED = "results/{study}/seed/{lang}.parquet"

# Checks before a GPU is allocated
REQUESTS_CHECK = "results/{study}/checks/requests/{teacher}/{lang}/{seed}.json"
TRANSLATED_REQUESTS_CHECK = "results/{study}/checks/translated_requests/{teacher}/{lang}/{seed}.json"
BASE_CHECK = "results/{study}/checks/bases/{base}.json"
ANCHOR_CHECK = "results/{study}/checks/anchors/{model}.json"
JUDGE_CHECK = "results/{study}/checks/judge.json"

# Synthesis
REQUESTS = "results/{study}/requests/{lang}/{method}/{seed}.parquet"
ANSWERS = "results/{study}/answers/{teacher}/{lang}/{method}/{seed}.parquet"
SYNTHETIC = "results/{study}/synthetic/{teacher}/{lang}/{method}/{seed}.parquet"
ANSWERS_SIDE_FILE = "results/{study}/unfinished/answers/{teacher}/{lang}/{seed}.jsonl"
TRIED_SIDE_FILE = "results/{study}/unfinished/tried/{teacher}/{lang}.jsonl"
FURTHER_REQUESTS = "results/{study}/further/requests/{teacher}/{lang}/{method}/{seed}.parquet"
FURTHER_ANSWERS = "results/{study}/further/answers/{teacher}/{lang}/{method}/{seed}.parquet"
FURTHER_SYNTHETIC = "results/{study}/further/synthetic/{teacher}/{lang}/{method}/{seed}.parquet"
"""What a teacher is asked besides a draw, where too few of the draw's answers are usable."""
QUESTIONS = "results/{study}/nearest/questions/{lang}.parquet"
NEAREST = "results/{study}/nearest/answers/{teacher}/{lang}/{seed}.parquet"
NEAREST_TO_SEEDS = "results/{study}/nearest/seed/{lang}.parquet"
NEAREST_TO_TRANSLATED = "results/{study}/nearest/translated/{teacher}/{lang}/{method}/{seed}.parquet"
NEAREST_TO_FURTHER = "results/{study}/further/nearest/{teacher}/{lang}/{seed}.parquet"
NEAREST_TO_BUILD = "results/{study}/build/nearest/{recipe}/{teacher}/{lang}.parquet"
"""Benchmarks' questions with their embeddings, and the one that is nearest to each prompt, where a filter asks for it."""
RUNG = "results/{study}/race/{experiment}/rung{rung}.csv"
"""Who goes on after a rung of a race of teachers."""
EARLIER = "results/{study}/race/{experiment}/earlier.csv"
"""What earlier studies say of a race's teachers (`race.learn_from`)."""
TRAINING_SET = "results/{study}/sft/{recipe}/{teacher}/{lang}/{seed}.parquet"

# Measurements
DIVERSITY = "results/{study}/intrinsic/{recipe}/{teacher}/{lang}/{seed}/diversity.parquet"
REWARD = "results/{study}/intrinsic/{recipe}/{teacher}/{lang}/{seed}/reward.parquet"
PERPLEXITY = "results/{study}/intrinsic/{recipe}/{teacher}/{lang}/{seed}/perplexity/{base}.parquet"
GRADIENTS = "results/{study}/intrinsic/{recipe}/{teacher}/{lang}/{seed}/gradients/{base}.parquet"
METRIC = "results/{study}/intrinsic/{recipe}/{teacher}/{lang}/{seed}/{metric}.parquet"
"""Of a metric of texts alone."""
REWARD_SCALE = "results/{study}/reward_scale.json"
STUDENT = "results/{study}/students/{base}/{recipe}/{teacher}/{lang}/{seed}"
STUDENT_OUTCOMES = "results/{study}/evaluation/students/{base}/{recipe}/{teacher}/{lang}/{seed}.parquet"
ANCHOR_OUTCOMES = "results/{study}/evaluation/anchors/{model}/{lang}.parquet"
JUDGED_STUDENT = "results/{study}/judged/students/{base}/{recipe}/{teacher}/{lang}/{seed}.parquet"
JUDGED_ANCHOR = "results/{study}/judged/anchors/{model}/{lang}.parquet"
"""Outcomes of a language with benchmarks whose answers are judged."""
STUDENT_VERDICTS = "results/{study}/judged/verdicts/students/{base}/{recipe}/{teacher}/{lang}/{seed}.parquet"
ANCHOR_VERDICTS = "results/{study}/judged/verdicts/anchors/{model}/{lang}.parquet"

# Scores and displays
SCORES = "results/{study}/scores/{experiment}"
CELLS = "results/{study}/scores/{experiment}/cells.csv"
ORACLE = "results/{study}/analysis/oracle.csv"
GAPS = "results/{study}/scores/{experiment}/gaps.csv"
TABLE = "results/{study}/tables/{table}.{form}"
FIGURE = "results/{study}/figures/{figure}.{form}"
PAGE = "results/{study}/index.html"
EXPLORER = "results/{study}/explore/index.html"
"""The page on which the data can be looked at."""
PAIRS_KEY = "results/{study}/explore/key.csv"
"""Whose the answers are that are judged blind."""
CLAIMS = "results/{study}/claims.csv"
AUDIT_PAGE = "results/{study}/report.html"
"""The page of the replication audit."""
PUBLISHED_TABLE = "config/published/{name}.csv"
RELEASED_FILE = "config/published/released/{name}.jsonl"

# Routing
CALIBRATION = "results/{study}/routing/routers/{base}/calibration.parquet"
ROUTER = "results/{study}/routing/routers/{base}/router"
JUDGED = "results/{study}/routing/routers/{base}/judged.parquet"
ASSIGNMENT = "results/{study}/routing/assignments/{routed}/{lang}/{seed}.parquet"
ASSIGNED_ANSWERS = "results/{study}/routing/answers/{routed}/{teacher}/{lang}/{method}/{seed}.parquet"

# Selection
QUALITY = "results/{study}/selection/quality/{teacher}/{lang}/{seed}.parquet"
EMBEDDINGS = "results/{study}/selection/embeddings/{teacher}/{lang}/{seed}.parquet"
CLUSTERS = "results/{study}/selection/clusters/{teacher}/{pool}/{seed}.parquet"
OWN_QUALITY = "results/{study}/selection/own/{dataset}.parquet"
SELECTED = "results/{study}/select/{dataset}.{form}"
"""Of a user's own data, in the format of their file."""
SELECTED_SUMMARY = "results/{study}/select/{dataset}.{form}.summary.txt"
"""What is said about it."""
DUELS = "results/{study}/selection/duels/{base}/{recipe}/{teacher}/{lang}/{seed}.parquet"

# The data set at the end of a study
BUILD_CHOICE = "results/{study}/build/choice.json"
BUILD_REQUESTS = "results/{study}/build/requests/{recipe}/{teacher}/{lang}/{method}.parquet"
BUILD_ANSWERS = "results/{study}/build/answers/{recipe}/{teacher}/{lang}/{method}.parquet"
BUILD_SYNTHETIC = "results/{study}/build/synthetic/{recipe}/{teacher}/{lang}/{method}.parquet"
"""What a teacher is asked besides all draws of the study."""
BUILD_PLAN = "results/{study}/build/plan.{form}"
BUILD_COMPARISON = "results/{study}/build/comparison.csv"
BUILD_CARD = "results/{study}/build/published/README.md"
"""Of the folder to publish."""

# What is published
DATA_CARD = "results/{study}/published/data/{recipe}/{teacher}/{lang}/{seed}/README.md"
MODEL_CARD = "results/{study}/published/students/{base}/{recipe}/{teacher}/{lang}/{seed}/README.md"


def inside(pattern: str) -> str:
    """The same within a study's own folder: results/{study}/seed becomes seed."""
    return pattern.removeprefix(f"{RESULTS}/")


def found(pattern: str, results: Path) -> Iterator[tuple[Path, dict[str, str]]]:
    """Every file of a pattern in a study's folder, sorted, with its wildcards."""
    parts = re.split(r"{(\w+)}", inside(pattern))
    names = re.compile("".join(f"(?P<{part}>[^/]+)" if at % 2 else re.escape(part) for at, part in enumerate(parts)))
    for path in sorted(results.glob("".join("*" if at % 2 else part for at, part in enumerate(parts)))):
        named = names.fullmatch(path.relative_to(results).as_posix())
        if named is not None:
            yield path, named.groupdict()
