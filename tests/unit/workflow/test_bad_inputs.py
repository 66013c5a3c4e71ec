"""Bad inputs of every kind: each ends in one message that names file, key or row, and the remedy; nothing is written.

What is read before the first job is read here by the functions that a run calls; tests/workflow/test_bad_inputs.py holds that
Snakemake, a job and the commands tell their messages without a traceback.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
import yaml

from polyglot.__main__ import main
from polyglot.core.errors import ConfigurationError, foreseen
from polyglot.workflow.loading import choose_study_file, load_study, merge
from polyglot.workflow.named_files import check_named_files

from .bad_files import ENTRIES, OTHERS, SEEDS, TEMPLATES
from .bad_settings import BASE, FILES, NAMES, NUMBERS, Bad


def put(folder: Path, files: Mapping[str, str | bytes]) -> None:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())


def begin(repository: Path) -> None:
    """What Snakemake's start reads of the study in this folder."""
    study, registries = load_study(choose_study_file(repository, [Path("bad.yaml")], []), repository)
    check_named_files(study, registries, [])


def started(case: Bad, folder: Path, repository: Path) -> str:
    """What the start of a run with this input says before any job."""
    put(folder / "own", case.files)
    (folder / "own").mkdir(exist_ok=True)
    (folder / "config").symlink_to(repository / "config")
    file = folder / "bad.yaml"
    content = case.change if isinstance(case.change, str | bytes) else yaml.safe_dump(merge(BASE, case.change))
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
    with pytest.raises(ConfigurationError) as error:
        begin(repository)
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*")} == before
    return str(foreseen(error.value))


CASES = [*FILES, *NAMES, *NUMBERS, *ENTRIES, *SEEDS, *TEMPLATES, *OTHERS]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_run_begins_with_one_message(case: Bad, tmp_path: Path, repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    message = started(case, tmp_path, repository)
    for part in case.said:
        assert part in message


METRICS = "teacher,lang,prompt_diversity,response_diversity,perplexity,reward,pgr\nA,de,.5,.5,10,3,.2\nB,de,.4,.4,11,2,.1\n"
COMMANDS = [
    ("score m.csv --to out", METRICS.replace("perplexity", "x"), "missing column(s) perplexity"),
    ("score m.csv --to out", METRICS.replace("10,3", "ten,3"), "m.csv: row 1: column 'perplexity' holds 'ten'"),
    ("score m.csv --to out", METRICS.replace("10,3", "inf,3"), "row 1: column 'perplexity' holds 'inf'"),
    ("score m.csv --to out", METRICS.replace("10,3", "-10,3"), "row 1: column 'perplexity' holds -10; it is above 0"),
    ("score m.csv --to out", METRICS.replace("pgr", "gain_se").replace(",.2", ",-.2"), "row 1: column 'gain_se' holds -0.2"),
    ("score m.csv --to out --confidence 95", METRICS, "score: --confidence 95.0 must be between 0 and 1"),
    ("score m.csv --to out --alpha nan", METRICS, "score: --alpha nan must be between 0 and 1"),
    ("agree m.csv", "[" * 100_000, "m.csv is no file of verdicts"),
    ("score m.csv --to out", METRICS + "A,de,.5,.5,10,3,.2\n", "row 3: duplicate row of (A, de)"),
    ("score m.csv --to out", METRICS + "C,de,.5,.5,10,3,.2,9\n", "m.csv: row 3: 8 fields, and 7 names"),
    ("score m.csv --to out", METRICS.replace("B,de", " ,de"), "row 2: column 'teacher' is empty"),
    ("score m.csv --to out", "teacher,lang\nA,de\n", "m.csv: no metric"),
    ("score m.csv --to out", "", "m.csv: the file is empty"),
    ("score m.csv --to out", METRICS.encode("utf-16"), "m.csv: this is UTF-16"),
    ("score m.csv --to out", b"\x00\xff\xe4\n", "m.csv"),
    ("score none.csv --to out", METRICS, "none.csv: file not found"),
    ("score . --to out", METRICS, "unsupported file type"),
    ("score m.csv --to out --definition signsafe", METRICS, "'signsafe' does not follow from these columns; possible: released"),
    ("verify none.zip", "", "none.zip: no archive"),
    ("verify .", "hello", "no archive: manifest-sha256.txt is missing; name archive.zip, or the folder that it was unpacked to"),
    ("watch demo --once --every 0", "", 2),
    ("watch demo --once --every nan", "", 2),
    ("verify m.csv", "hello", "m.csv failed verification"),
    ("trace none.csv", "", "none.csv"),
    ("result nostudy", "", "has no tables yet: run the study first"),
    ("publish none --to a/b", "", "none"),
    ("teachers check --configfile none.yaml", "", "none.yaml: there is no such study file"),
    ("list nonsense", "", "unknown"),
    ("watch nostudy --once", "", "nostudy"),
    ("combine m.csv none.zip --to m.csv", "", "combine: m.csv: a file is there, where a folder for the tables is needed"),
]


@pytest.mark.parametrize(("command", "content", "said"), COMMANDS, ids=lambda value: str(value)[:40])
def test_a_command_ends_with_one_message(
    command: str, content: str | bytes, said: str | int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    put(tmp_path, {"m.csv": content})
    with pytest.raises(SystemExit) as error:
        main(command.split())
    assert error.value.code not in (0, None)
    assert str(said) in str(error.value.code)
    assert not (tmp_path / "out").exists()
