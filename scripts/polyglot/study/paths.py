"""Where the files of a study are: the layout of results/ and of the hub, as patterns with Snakemake's wildcards.

A rule that writes a file says its pattern too, so that it can be read with its wildcards; a test holds the two together. All other
code takes paths from here: `paths.SEED.format(study="demo", lang="de")`.
"""

from __future__ import annotations

RESULTS = "results/{study}"
CONFIGURATION = f"{RESULTS}/config.yaml"
"""The study with every default, as it was last run."""
LOGS, RECORDS, TIMINGS, PAID = (f"{RESULTS}/{name}" for name in ("logs", "provenance", "benchmarks", "ledger"))
"""Folders of logs, of the jobs' records, of Snakemake's benchmark files, and of what endpoints were paid for."""

# The hub
HUB_MODEL = "{hub}/models/{model}"
HUB_DATA = "{hub}/datasets/{source}"
HUB_LOCK = "{hub}/locks/{kind}/{name}.json"

# Models and data that the workflow makes
MODEL = f"{RESULTS}/models/{{model}}"
WORLD_SEED = f"{RESULTS}/nano/seed/{{lang}}.parquet"
LEXICON = "config/nano_world/{lang}.yaml"
TASKS = f"{RESULTS}/tasks/{{benchmark}}/{{lang}}"
SOURCE = f"{RESULTS}/sources/{{source}}/{{lang}}.parquet"
SOURCE_COUNTS = f"{RESULTS}/sources/{{source}}/{{lang}}.csv"
SEED = f"{RESULTS}/seed/{{lang}}.parquet"

# Checks before a GPU is held
REQUESTS_CHECK = f"{RESULTS}/checks/requests/{{teacher}}/{{lang}}/{{seed}}.json"
TRANSLATED_REQUESTS_CHECK = f"{RESULTS}/checks/translated_requests/{{teacher}}/{{lang}}/{{seed}}.json"
BASE_CHECK = f"{RESULTS}/checks/bases/{{base}}.json"
ANCHOR_CHECK = f"{RESULTS}/checks/anchors/{{model}}.json"
JUDGE_CHECK = f"{RESULTS}/checks/judge.json"

# Synthesis
REQUESTS = f"{RESULTS}/requests/{{lang}}/{{method}}/{{seed}}.parquet"
ANSWERS = f"{RESULTS}/answers/{{teacher}}/{{lang}}/{{method}}/{{seed}}.parquet"
SYNTHETIC = f"{RESULTS}/synthetic/{{teacher}}/{{lang}}/{{method}}/{{seed}}.parquet"
TRAINING_SET = f"{RESULTS}/sft/{{recipe}}/{{teacher}}/{{lang}}/{{seed}}.parquet"

# Measurements
DIVERSITY = f"{RESULTS}/intrinsic/{{recipe}}/{{teacher}}/{{lang}}/{{seed}}/diversity.parquet"
REWARD = f"{RESULTS}/intrinsic/{{recipe}}/{{teacher}}/{{lang}}/{{seed}}/reward.parquet"
PERPLEXITY = f"{RESULTS}/intrinsic/{{recipe}}/{{teacher}}/{{lang}}/{{seed}}/perplexity/{{base}}.parquet"
REWARD_SCALE = f"{RESULTS}/reward_scale.json"
STUDENT = f"{RESULTS}/students/{{base}}/{{recipe}}/{{teacher}}/{{lang}}/{{seed}}"
STUDENT_OUTCOMES = f"{RESULTS}/evaluation/students/{{base}}/{{recipe}}/{{teacher}}/{{lang}}/{{seed}}.parquet"
ANCHOR_OUTCOMES = f"{RESULTS}/evaluation/anchors/{{model}}/{{lang}}.parquet"

# Scores, and what shows them
SCORES = f"{RESULTS}/scores/{{experiment}}"
CELLS, GAPS = (f"{SCORES}/{name}.csv" for name in ("cells", "gaps"))
TABLE = f"{RESULTS}/tables/{{table}}.{{form}}"
FIGURE = f"{RESULTS}/figures/{{figure}}.{{form}}"
CLAIMS = f"{RESULTS}/claims.csv"
PUBLISHED_TABLE = "config/published/{name}.csv"

# Routing
CALIBRATION = f"{RESULTS}/routing/routers/{{base}}/calibration.parquet"
ROUTER = f"{RESULTS}/routing/routers/{{base}}/router"
JUDGED = f"{RESULTS}/routing/routers/{{base}}/judged.parquet"
ASSIGNMENT = f"{RESULTS}/routing/assignments/{{routed}}/{{lang}}/{{seed}}.parquet"
ASSIGNED_ANSWERS = f"{RESULTS}/routing/answers/{{routed}}/{{teacher}}/{{lang}}/{{method}}/{{seed}}.parquet"

# Selection
QUALITY = f"{RESULTS}/selection/quality/{{teacher}}/{{lang}}/{{seed}}.parquet"
CLUSTERS = f"{RESULTS}/selection/clusters/{{teacher}}/{{pool}}/{{seed}}.parquet"
DUELS = f"{RESULTS}/selection/duels/{{base}}/{{recipe}}/{{teacher}}/{{lang}}/{{seed}}.parquet"

# What is published
DATA_CARD = f"{RESULTS}/published/data/{{recipe}}/{{teacher}}/{{lang}}/{{seed}}/README.md"
MODEL_CARD = f"{RESULTS}/published/students/{{base}}/{{recipe}}/{{teacher}}/{{lang}}/{{seed}}/README.md"


def inside(pattern: str) -> str:
    """The same within a study's own folder: results/{study}/scores becomes scores."""
    return pattern.removeprefix(f"{RESULTS}/")
