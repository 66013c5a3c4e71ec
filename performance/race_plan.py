"""What a race that starts with small sets takes, by the jobs that its requests are asked in.

    python performance/race_plan.py [--write docs/race_plan.csv]

The main experiment of config/paper.yaml as a race of at most three trainings, by `snakemake plan`: with students of 3,000
examples first, and without. docs/howto/race.md shows what is written.
"""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pandas as pd
import yaml

from polyglot.workflow.planned import plan_tables

ROOT = Path(__file__).resolve().parents[1]
RACE = {"race": {"compare": "race", "trainings": 3}}
SMALL = {"race": {"small": "equal-3k"}, "recipe": "equal-10k"}
WAYS: dict[str, dict[str, Any]] = {
    "small sets, first: 1050": SMALL | {"synthesis": {"requests": 3500, "first": 1050}},
    "small sets, requests: 1167, three jobs": SMALL | {"synthesis": {"requests": 1167}},
    "small sets, requests: 350, ten jobs": SMALL | {"synthesis": {"requests": 350}},
    "small sets, requests: 3500, one job": SMALL | {"synthesis": {"requests": 3500}},
    "full sets from the start": {"recipe": "equal-10k"},
}
"""What a study says of it, by the name of the row."""
FULL = "the full study, with three draws"


def planned(settings: dict[str, Any]) -> pd.Series:
    """GPU hours by case of a race of the published main experiment, with other settings."""
    name = "race-plan"
    study = {"study": name, "extends": str(ROOT / "config/paper.yaml"), "run": ["race"], "experiments": RACE}
    with TemporaryDirectory() as folder:
        file = Path(folder) / f"{name}.yaml"
        file.write_text(yaml.safe_dump(study | settings))
        try:
            races = pd.read_csv(plan_tables(file, name, ROOT) / "plan_race.csv")
        finally:
            shutil.rmtree(ROOT / "results" / name, ignore_errors=True)
    return races.set_index("case")["gpu_hours"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", help="a CSV file for the numbers")
    args = parser.parse_args()
    found = {way: planned(settings) for way, settings in WAYS.items()}
    full = float(next(iter(found.values()))["full study"])
    rows = [
        {
            "race": way,
            "first rung, GPU hours": round(hours["first rung"]),
            "expected, GPU hours": round(hours["expected"]),
            "expected, of the full study": f"{hours['expected'] / full:.0%}",
            "at most, of the full study": f"{hours['at most'] / full:.0%}",
        }
        for way, hours in found.items()
    ]
    rows.append({"race": FULL, "expected, GPU hours": round(full), "expected, of the full study": "100%"})
    table = pd.DataFrame(rows).astype({"first rung, GPU hours": "Int64"})
    print(table.to_string(index=False))
    if args.write:
        table.to_csv(args.write, index=False)


if __name__ == "__main__":
    main()
