"""The picture of the rules, docs/images/rules.svg, from the workflow itself.

    python docs/rules.py

asks Snakemake for the rules behind every target of the embedded study, puts each stage's rules in a box, leaves out arrows that
others imply, and draws all with Graphviz (`dot`, in most systems' package `graphviz`).
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
PICTURE = HERE / "images/rules.svg"
LOOKED_AT: tuple[tuple[str, ...], ...] = (
    ("all", "experiments", "route", "select", "screen", "rank", "plan", "publish", "rehearse", "results/demo/archive.zip"),
    ("explore",),
    ("build",),
    ("race", "--config", "experiments={race: {compare: race, trainings: 2}}"),
    ("experiments", "--config", "experiments={scores: {compare: predictors}}"),
    ("select", "--config", "selection={datasets: {mine: MINE}}"),
    ("all", "--config", "synthesis={shortfall: refill}"),
)
"""Targets, with settings that make more rules needed."""
WORDS = {*LOOKED_AT[0], "build", "race"}
"""Rules that only gather others' files under a word."""
STAGES = {
    "nano": "the embedded world (demo only)",
    "seeds": "prompts",
    "synthesis": "data",
    "routing": "routing (PerSyn)",
    "selection": "selection (M-DaQ)",
    "intrinsic": "metrics of the data",
    "training": "students",
    "evaluation": "benchmarks",
    "judging": "judged answers",
    "scoring": "scores",
    "analysis": "analyses",
    "displays": "tables, figures, page",
    "publishing": "publishing",
    "provenance": "provenance",
    "planning": "plan",
    "rehearsal": "rehearsal",
}
"""The stages in the order of the data, as they are named in the picture; their rules are those of rules/STAGE.smk."""


def stage_of() -> dict[str, str]:
    """Every rule's stage."""
    found = {}
    for stage in STAGES:
        text = (ROOT / f"rules/{stage}.smk").read_text(encoding="utf-8")
        for name in re.findall(r"^(?:rule|checkpoint) (\w+):", text, re.MULTILINE):
            found[name] = stage
    return {name: stage for name, stage in found.items() if name not in WORDS}


def arrows() -> set[tuple[str, str]]:
    """(from, to) of every pair of rules of which one makes what the other reads, and (rule, "") of rules alone."""
    found: set[tuple[str, str]] = set()
    for arguments in LOOKED_AT:
        with tempfile.TemporaryDirectory() as folder:
            mine = Path(folder) / "mine.jsonl"
            mine.write_text('{"prompt": "Which?", "response": "This."}\n')
            command = [sys.executable, "-m", "snakemake", "--rulegraph", "dot", "--forceall", *arguments]
            command = [word.replace("MINE", str(mine)) for word in command]
            told = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        if told.returncode:
            raise SystemExit(f"{' '.join(command)}:\n{told.stderr}")
        names = dict(re.findall(r'^\s*(\d+)\[label = "(\w+)"', told.stdout, re.MULTILINE))
        found |= {(name, "") for name in names.values()}
        found |= {(names[one], names[other]) for one, other in re.findall(r"^\s*(\d+) -> (\d+)", told.stdout, re.MULTILINE)}
    return found


def lines(found: set[tuple[str, str]], stages: Mapping[str, str]) -> Iterator[str]:
    """The graph in Graphviz' language."""
    yield 'digraph rules { rankdir=TB; nodesep=0.16; ranksep=0.32; fontname="Helvetica"; compound=true; bgcolor=white;'
    yield 'node [shape=box, style="rounded,filled", fillcolor=white, color="#4A7FA5", fontname="Helvetica"];'
    yield 'node [fontsize=13, height=0.3, margin="0.09,0.04"];'
    yield 'edge [color="#7A8A96", arrowsize=0.6];'
    for stage, title in STAGES.items():
        names = sorted({name for pair in found for name in pair if stages.get(name) == stage})
        if names:
            yield f'subgraph cluster_{stage} {{ label="{title}"; labeljust=l; fontsize=14; fontcolor="#1B5E8A";'
            yield 'style="rounded,filled"; fillcolor="#EEF4F9"; color="#C9DCEA";'
            yield from (f'{name} [label="{name.replace("_", " ")}"];' for name in names)
            yield "}"
    yield from (f"{one} -> {other};" for one, other in sorted(found) if one in stages and other in stages)
    yield "}"


def main() -> None:
    missing = [name for name in ("dot", "tred") if shutil.which(name) is None]
    if missing:
        raise SystemExit(f"{' and '.join(missing)}: not found; install Graphviz (apt install graphviz, brew install graphviz)")
    stages = stage_of()
    text = "\n".join(lines(arrows(), stages))
    short = subprocess.run(["tred"], input=text, capture_output=True, text=True, check=True).stdout
    subprocess.run(["dot", "-Tsvg", "-o", str(PICTURE)], input=short, text=True, check=True)
    print(f"{PICTURE.relative_to(ROOT)}: {len(re.findall('class=.node.', PICTURE.read_text()))} rules")


if __name__ == "__main__":
    main()
