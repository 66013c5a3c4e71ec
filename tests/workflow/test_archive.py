"""The archive of a study: complete, valid, the same whenever it is made, and no change of it goes unseen."""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable, Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from polyglot.provenance.archive.contents import text_item
from polyglot.provenance.archive.crate import METADATA
from polyglot.provenance.archive.errors import ArchiveError
from polyglot.provenance.archive.reading import JOBS, Archive
from polyglot.provenance.archive.writing import MANIFEST, write_archive
from polyglot.provenance.attempts import FINISHED, read_attempts
from polyglot.provenance.records import record_path

from .conftest import Workplace

pytestmark = pytest.mark.slow

TARGET = "results/demo/archive.zip"
TOKEN = "hf_plantedplantedplantedplanted"
PASSWORD = "correct-horse-battery"
OUTCOMES = "results/demo/evaluation/students/nano-base/equal/hasty/de/0.parquet"
HEAVY = ("torch", "transformers", "trl", "datasets", "lighteval", "sentence_transformers", "snakemake", "rocrate")
Contents = dict[str, bytes]


def read(archive: Path) -> Contents:
    with zipfile.ZipFile(archive) as file:
        return {name: file.read(name) for name in file.namelist()}


@pytest.fixture(scope="module")
def archived(tiny: Workplace, tmp_path_factory: pytest.TempPathFactory) -> Workplace:
    """A copy of the tiny study with its archive, and with secrets and home folders planted before it was made."""
    folder = tmp_path_factory.mktemp("archived") / "copy"
    shutil.copytree(tiny.folder, folder, symlinks=True, copy_function=shutil.copy2)
    workplace = Workplace(folder)
    results = folder / "results/demo"
    plant(
        results / "logs/seed/de.log",
        f"\nasked with {TOKEN}, password={PASSWORD} in {Path.home()}/.netrc and /home/ada/x in {folder}\n",
    )
    plant(results / "students/nano-base/equal/hasty/de/0/training.json", f"\n {Path.home()}/models {TOKEN}")
    plant(folder / "config/sources.yaml", f"# {TOKEN} {Path.home()}/data\n")
    answers = results / "synthetic/hasty/de/respond/0.parquet"
    times = answers.stat()
    frame = pd.read_parquet(answers)
    frame.assign(text=[f"{TOKEN} {text}" for text in frame["text"]]).to_parquet(answers, index=False)
    os.utime(answers, ns=(times.st_atime_ns, times.st_mtime_ns))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PLANTED_TOKEN", TOKEN)
        workplace.snakemake(TARGET)
    return workplace


def plant(path: Path, text: str) -> None:
    """Add to a file without a sign of it."""
    times = path.stat()
    with path.open("a", encoding="utf-8") as file:
        file.write(text)
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))


@pytest.fixture(scope="module")
def contents(archived: Workplace) -> Contents:
    return read(archived.folder / TARGET)


@pytest.fixture(scope="module")
def graph(contents: Contents) -> dict[str, dict[str, Any]]:
    return {entity["@id"]: entity for entity in json.loads(contents[METADATA])["@graph"]}


def polyglot(folder: Path, *arguments: str, variables: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "polyglot", *arguments]
    environment = os.environ | dict(variables or {})
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, env=environment)


def test_every_job_is_an_action_with_times_status_environment_and_resources(
    archived: Workplace, contents: Contents, graph: dict[str, dict[str, Any]]
) -> None:
    lines = [json.loads(line) for line in contents[JOBS].splitlines()]
    wanted = archived.planned("--forceall", TARGET)
    counted = pd.Series([line["rule"] for line in lines]).value_counts().to_dict()
    assert counted == {rule: count for rule, count in wanted.items() if rule != "archive"}
    assert {line["known_from"] for line in lines} == {"record"}
    for line in lines:
        action = graph[f"#job/{line['id']}"]
        assert action["startTime"] <= action["endTime"]
        assert action["actionStatus"] == "http://schema.org/CompletedActionStatus"
        assert graph[action["instrument"]["@id"]]["@type"] == ["File", "SoftwareSourceCode"]
        assert line["conda"] in contents
        assert {"name": "OMP_NUM_THREADS", "value": "1"}.items() <= graph["#variable/OMP_NUM_THREADS/1"].items()
        usage = [graph[entity["@id"]]["name"] for entity in action["resourceUsage"]]
        assert "wall-clock time" in usage
        records = [entity["@id"] for entity in action["subjectOf"]]
        assert any(path.endswith(".log") for path in records)
        environment = json.loads(contents[next(path for path in records if "/environments/" in path)])
        assert environment["packages"]["pandas"] == pd.__version__
        assert graph[f"#control/{line['id']}"]["object"] == {"@id": f"#job/{line['id']}"}


def test_every_file_is_declared_with_its_hash_and_every_declared_one_is_there_or_elsewhere(
    contents: Contents, graph: dict[str, dict[str, Any]]
) -> None:
    declared = {name: entity for name, entity in graph.items() if "File" in entity["@type"]}
    inside = {name for name in declared if ":" not in name}
    assert inside | {METADATA} == set(contents)
    for name in inside - {MANIFEST}:
        assert declared[name]["sha256"] == hashlib.sha256(contents[name]).hexdigest(), name
        assert int(declared[name]["contentSize"]) == len(contents[name])
    listed = {entity["@id"] for entity in graph["./"]["hasPart"]}
    assert set(declared) - {METADATA} <= listed
    used = [entity for line in graph.values() for key in ("object", "result") for entity in as_list(line.get(key, []))]
    assert used
    assert all(entity["@id"] in graph for entity in used)


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def test_models_data_prompts_and_code_have_revisions_hashes_and_licences(
    contents: Contents, graph: dict[str, dict[str, Any]]
) -> None:
    models = json.loads(contents["provenance/models.json"])
    assert set(models) >= {"hasty", "nano-base", "nano-reference", "nano-reward", "minilm"}
    assert models["hasty"]["sampling"]["temperature"] == 0.5
    template = contents["config/chat_templates/chatml.jinja"]
    assert models["hasty"]["chat_template_sha256"] == hashlib.sha256(template).hexdigest()
    assert models["minilm"]["version"] == "0.1.0"
    prompts = json.loads(contents["provenance/prompts.json"])
    assert (
        prompts["config/prompts/nano/respond.jinja"] == hashlib.sha256(contents["config/prompts/nano/respond.jinja"]).hexdigest()
    )
    data = json.loads(contents["provenance/data.json"])
    assert set(data) == {"global-mmlu-lite", "m-rewardbench", "mgsm"}
    for name in models:
        assert graph[graph[f"#model/{name}"]["license"]["@id"]]["@type"] == "CreativeWork"
    code = json.loads(contents["provenance/code.json"])
    assert sum(entry["jobs"] for entry in code["versions"].values()) == len(contents[JOBS].splitlines())
    assert {
        "Snakefile",
        "CITATION.cff",
        "requirements.lock",
        "results/demo/config.yaml",
        "results/demo/analysis/ledger.csv",
    } <= set(contents)
    assert graph["./"]["license"] == {"@id": "https://www.apache.org/licenses/LICENSE-2.0"}


def test_no_secret_and_no_home_folder_is_in_the_archive(
    archived: Workplace, contents: Contents, graph: dict[str, dict[str, Any]]
) -> None:
    for name, content in contents.items():
        if name.endswith(".parquet"):
            content = pd.read_parquet(io.BytesIO(content)).to_csv().encode()
        for planted in (TOKEN, PASSWORD, f"{Path.home()}/", "/home/ada", str(archived.folder)):
            assert planted.encode() not in content, f"{name} holds {planted}"
    log = contents["results/demo/logs/seed/de.log"].decode()
    assert "asked with [secret], password=[secret] in [home]/.netrc and [home]/x in ." in log
    assert "results/demo/synthetic/hasty/de/respond/0.parquet" not in contents
    outside = next(entity for name, entity in graph.items() if name.startswith("ni:") and "respond/0.parquet" in name)
    assert "PLANTED_TOKEN" in outside["description"]
    assert "had the SHA-256" in graph["results/demo/students/nano-base/equal/hasty/de/0/training.json"]["description"]


def test_made_twice_it_is_the_same_byte_for_byte(archived: Workplace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLANTED_TOKEN", TOKEN)
    before = (archived.folder / TARGET).read_bytes()
    (archived.folder / TARGET).unlink()
    archived.snakemake(TARGET)
    assert (archived.folder / TARGET).read_bytes() == before
    assert archived.planned(TARGET) == {}


def test_it_verifies_elsewhere_with_the_analysis_environment_alone(archived: Workplace, tmp_path: Path, repository: Path) -> None:
    """No study, no repository of its own, and none of the large libraries."""
    shutil.copy(archived.folder / TARGET, tmp_path / "copy.zip")
    absent = tmp_path / "absent"
    absent.mkdir()
    for name in HEAVY:
        (absent / f"{name}.py").write_text(f"raise ImportError('{name} is not in the analysis environment')\n")
    path = os.pathsep.join([str(absent), str(repository / "scripts")])
    done = polyglot(tmp_path, "verify", "copy.zip", variables={"PYTHONPATH": path})
    assert done.returncode == 0, done.stderr
    assert re.fullmatch(
        r"copy\.zip is verified: \d+ files are unchanged\.\nrecomputed: \d+ score files and tables, from \d+ outcomes "
        r"\(\d+ jobs\)\.\nhashed only: [\d,]+ files \(.*\)\. .*\nconsistent, compare the fingerprint: [0-9a-f]{64}\. .*\n",
        done.stdout,
    )


def test_one_changed_byte_in_any_file_is_seen_and_the_file_named(archived: Workplace, tmp_path: Path) -> None:
    unpacked = tmp_path / "unpacked"
    shutil.unpack_archive(archived.folder / TARGET, unpacked)
    archive = Archive(unpacked, None)
    names = sorted(archive.check_files())
    for number, name in enumerate([*names[::15], OUTCOMES, "results/demo/tables/leaderboard.csv", METADATA]):
        path = unpacked / name
        content = path.read_bytes()
        place = number % max(len(content), 1)
        path.write_bytes(content[:place] + bytes([(content[place] if content else 0) ^ 1]) + content[place + 1 :])
        with pytest.raises(ArchiveError, match=f"^{re.escape(name)}: "):
            archive.check_files()
        path.write_bytes(content)
    assert sorted(archive.check_files()) == names


def test_a_job_that_reaches_outside_of_the_archive_is_not_run(archived: Workplace, tmp_path: Path) -> None:
    outside = tmp_path / "outside.csv"
    outside.write_text("kept")

    def reach(content: bytes) -> bytes:
        return content.replace(b'"csv": "results/demo/tables/leaderboard.csv"', f'"csv": "{outside}"'.encode())

    forged(archived.folder / TARGET, JOBS, reach, tmp_path / "forged.zip")
    done = polyglot(tmp_path, "verify", "forged.zip")
    assert done.returncode == 1
    assert f"{outside}: it is not in the archive" in done.stderr
    assert outside.read_text() == "kept"


def forged(archive: Path, name: str, change: Callable[[bytes], bytes], out: Path) -> Path:
    """The archive with a file changed and every hash made to fit, as somebody would who wants it believed."""
    contents = read(archive)
    before = hashlib.sha256(contents[name]).hexdigest()
    contents[name] = change(contents[name])
    after = hashlib.sha256(contents[name]).hexdigest()
    assert after != before
    contents[METADATA] = contents[METADATA].replace(before.encode(), after.encode())
    source = out.with_suffix("")
    items = []
    for number, (path, content) in enumerate(contents.items()):
        if path != MANIFEST:
            held = source / str(number)
            held.parent.mkdir(exist_ok=True)
            held.write_bytes(content)
            item = text_item(path, "")
            items.append(type(item)(path, hashlib.sha256(content).hexdigest(), len(content), source=held))
    write_archive(items, out)
    return out


def better(column: str) -> Callable[[bytes], bytes]:
    """A CSV table with a number of its first row raised."""

    def change(content: bytes) -> bytes:
        frame = pd.read_csv(io.BytesIO(content))
        frame[column] += np.where(frame.index == 0, 0.01, 0.0)
        return frame.to_csv(index=False).encode()

    return change


def one_more_right(content: bytes) -> bytes:
    """Outcomes with one wrong answer counted as right."""
    frame = pd.read_parquet(io.BytesIO(content))
    wrong = frame.index[frame["correct"] == 0][0]
    frame.loc[wrong, "correct"] = 1
    buffer = io.BytesIO()
    frame.to_parquet(buffer, index=False)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("name", "change", "named"),
    [
        ("results/demo/tables/leaderboard.csv", better("gain"), r"tables/leaderboard\.csv: row 1, column 'gain'"),
        ("results/demo/scores/main/evaluation.csv", better("score"), r"scores/main/evaluation\.csv: row 1, column 'score'"),
        (OUTCOMES, one_more_right, r"scores/main/measurements\.parquet: row 1, column 'student_score'"),
        (JOBS, lambda content: content.replace(b'"alpha": 0.5', b'"alpha": 0.9'), r"scores/main/|tables/"),
    ],
)
def test_a_forgery_whose_hashes_fit_does_not_prove_its_tables(
    archived: Workplace, tmp_path: Path, name: str, change: Callable[[bytes], bytes], named: str
) -> None:
    path = forged(archived.folder / TARGET, name, change, tmp_path / "forged.zip")
    done = polyglot(tmp_path, "verify", "forged.zip")
    assert done.returncode == 1
    assert re.match(rf"forged\.zip failed verification: results/demo/({named})", done.stderr), done.stderr
    assert path.exists()


def test_a_trace_leads_from_a_cell_to_the_seeds_and_the_models(archived: Workplace) -> None:
    done = polyglot(archived.folder, "trace", "results/demo/tables/leaderboard.csv", "hasty", "gain")
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    board = pd.read_csv(archived.folder / "results/demo/tables/leaderboard.csv").set_index("teacher")
    assert lines[1].strip() == f"gain = {board['gain'].to_dict()['hasty']}"
    steps = [
        "table/leaderboard",
        "pg_score/main",
        "measurements/main",
        "evaluate_student/",
        "student/",
        "training_set/",
        "synthesize/",
    ]
    places = [next(number for number, line in enumerate(lines) if line.strip().startswith(f"by {step}")) for step in steps]
    made = [line for line in lines if line.strip().startswith("by ")]
    assert len(set(places)) == len(steps)
    assert all("environment " in line and "code " in line for line in made)
    assert any(line.startswith("model hasty: ") for line in lines)
    wrong = polyglot(archived.folder, "trace", "results/demo/tables/leaderboard.csv", "nobody")
    assert wrong.returncode == 1
    assert "'nobody' is no column and no row's value" in wrong.stderr
    for file, words, step in (
        ("figures/gain.png", (), "figure/gain"),
        ("tables/leaderboard.md", ("hasty",), "table/leaderboard"),
    ):
        done = polyglot(archived.folder, "trace", str(archived.folder / "results/demo" / file), *words)
        assert f"by {step}" in done.stdout, done.stderr
    wrong = polyglot(archived.folder, "trace", "results/demo/tables/leaderbord.csv")
    assert "no such file; near it: results/demo/tables/leaderboard.csv" in wrong.stderr


def test_the_archive_of_the_demo_is_small_soon_made_and_proves_its_tables(demo: Workplace) -> None:
    """At the size of a whole study: bytes, seconds of work, and every table computed again from the outcomes."""
    demo.snakemake(TARGET)
    assert (demo.folder / TARGET).stat().st_size < 50e6
    *_, made = read_attempts(demo.folder / record_path(Path("results/demo/logs/archive.log")))
    assert made.status == FINISHED
    assert 0 < made.facts["cpu_seconds"] < 60
    done = polyglot(demo.folder, "verify", TARGET)
    assert done.returncode == 0, done.stderr


def validated(folder: Path, tmp_path: Path, repository: Path) -> dict[str, Any]:
    """What roc-validator says about an unpacked archive, without a network."""
    programs = repository / ".venv-validator/bin"
    cache = tmp_path / "cache/http"
    cache.parent.mkdir()
    context = files("rocrate") / "data/ro-crate.jsonld"
    subprocess.run([programs / "python", Path(__file__).with_name("seed_context.py"), cache, str(context)], check=True)
    options = ["--offline", "--cache-path", cache, "-p", "provenance-run-crate-0.5", "-l", "required", "-f", "json"]
    command = [
        programs / "rocrate-validator",
        "--no-interactive",
        "-y",
        "validate",
        *options,
        "-o",
        tmp_path / "said.json",
        folder,
    ]
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False)
    assert (tmp_path / "said.json").exists(), done.stdout + done.stderr
    said: dict[str, Any] = json.loads((tmp_path / "said.json").read_text())
    return said


@pytest.mark.parametrize("broken", [False, True])
def test_the_crate_keeps_the_profile_provenance_run_crate(
    archived: Workplace, tmp_path: Path, repository: Path, broken: bool
) -> None:
    if not (repository / ".venv-validator/ready").exists():
        pytest.skip("the validator has an environment of its own: make .venv-validator/ready")
    unpacked = tmp_path / "unpacked"
    shutil.unpack_archive(archived.folder / TARGET, unpacked)
    if broken:
        (unpacked / "results/demo/tables/leaderboard.csv").unlink()
        text = (unpacked / METADATA).read_text(encoding="utf-8")
        (unpacked / METADATA).write_text(text.replace('"instrument"', '"tool"'), encoding="utf-8")
    said = validated(unpacked, tmp_path, repository)
    problems = [issue["message"] for issue in said["issues"]]
    assert said["passed"] is not broken, problems[:5]
    assert said["statistics"]["total_checks"] > 80
    if broken:
        assert any("leaderboard.csv" in message for message in problems)
        assert any("instrument" in message for message in problems)
