"""What an archive holds, what it leaves out, and that no change of it goes unseen."""

from __future__ import annotations

import hashlib
import json
import random
import shutil
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyglot.core.files import write_parquet
from polyglot.core.hashing import file_hash, text_hash
from polyglot.core.key_finder import SECRET, KeyFinder
from polyglot.displays.table import Table
from polyglot.provenance.archive.comparing import first_difference, frame_difference
from polyglot.provenance.archive.contents import Collector, Hashes, Item, archived_path, text_item
from polyglot.provenance.archive.crate import METADATA
from polyglot.provenance.archive.errors import ArchiveError
from polyglot.provenance.archive.facts import Used, model_facts
from polyglot.provenance.archive.jobs import Named
from polyglot.provenance.archive.packing import Study
from polyglot.provenance.archive.reading import open_archive
from polyglot.provenance.archive.scrubbing import HOME, Scrubber
from polyglot.provenance.archive.tracing import find_cells
from polyglot.provenance.archive.writing import MANIFEST, write_archive
from polyglot.registry.models import Endpoint, Model
from polyglot.workflow.loading import load_study

SCRUBBER = Scrubber(KeyFinder({"HF_TOKEN": "s3cr3t-value"}), "/home/ada", "/home/ada/study")
KEYS = {
    "hub token": "hf_abcdefghijklmnopqrstuvwxyz",
    "endpoint key": "sk-proj-0123456789abcdefghij",
    "code host": "ghp_0123456789abcdefghij0123",
    "cloud": "AKIA0123456789ABCDEF",
    "header": "Authorization: Bearer abcdef0123456789.xyz",
    "login": "https://ada:hunter2hunter@hub.example/x",
    "password": "password = hunter2hunter",
    "setting": '"api_key": "abcdefgh12345678"',
    "variable": "the value is s3cr3t-value",
}


@pytest.mark.parametrize("name", KEYS)
def test_no_key_stays_in_a_log(name: str) -> None:
    clean = SCRUBBER.record(f"before {KEYS[name]} after")
    assert SECRET in clean
    assert not any(
        secret in clean for secret in ("hf_abc", "sk-proj", "ghp_", "AKIA", "abcdef0123", "hunter2", "abcdefgh1", "s3cr3t")
    )
    assert clean.startswith("before ")


def test_home_folders_leave_and_the_studys_own_paths_become_relative() -> None:
    text = "/home/ada/study/results/x.csv /home/ada/.cache /home/ada-lovelace/x /Users/bob/models /root/.netrc /rooting"
    assert SCRUBBER.data(text) == f"./results/x.csv {HOME}/.cache /home/ada-lovelace/x /Users/bob/models /root/.netrc /rooting"
    assert SCRUBBER.record(text) == f"./results/x.csv {HOME}/.cache {HOME}/x {HOME}/models {HOME}/.netrc /rooting"


def test_the_name_of_a_keys_variable_is_no_secret() -> None:
    line = "endpoint: {api_key: OPENAI_API_KEY, url: https://api.openai.com/v1}, max_tokens: 4096, tokens: 12345678"
    assert SCRUBBER.record(line) == line


@given(st.lists(st.sampled_from([*KEYS.values(), "/home/ada/x", "/root", "token: ", "=", "@", '"', " ", "a"]), max_size=8))
def test_scrubbing_twice_is_scrubbing_once(parts: list[str]) -> None:
    once = SCRUBBER.record("".join(parts))
    assert SCRUBBER.record(once) == once


def collector(folder: Path, **settings: object) -> Collector:
    given = {"largest": 1000, "scrubber": SCRUBBER, "hashes": Hashes(folder / "memory.json")} | settings
    return Collector(folder, **given)  # type: ignore[arg-type]


def test_small_files_are_inside_large_ones_named_and_evidence_always_inside(tmp_path: Path) -> None:
    for name, size in (("small.bin", 10), ("large.bin", 2000), ("needed.bin", 2000), ("hub.bin", 2000)):
        (tmp_path / name).write_bytes(b"x" * size)
    found = collector(tmp_path, evidence={"needed.bin"}, urls={"hub.bin": "https://hub.example/hub.bin"}).data(
        ["small.bin", "large.bin", "needed.bin", "hub.bin", "gone.bin"]
    )
    items = {path: place.items[0] for path, place in found.items()}
    assert [path for path, item in items.items() if not item.outside] == ["small.bin", "needed.bin"]
    assert items["hub.bin"].identifier == "https://hub.example/hub.bin"
    assert items["large.bin"].identifier.startswith("ni:///sha-256;")
    assert items["large.bin"].identifier.endswith("?path=large.bin")
    assert items["gone.bin"].outside == "no longer there"
    digest = hashlib.sha256(b"x" * 2000).hexdigest()
    assert (items["large.bin"].sha256, items["large.bin"].size) == (digest, 2000)


def test_a_text_is_scrubbed_and_says_so_and_a_table_with_a_key_stays_outside(tmp_path: Path) -> None:
    (tmp_path / "card.md").write_text("made in /home/ada/study with s3cr3t-value")
    (tmp_path / "other.md").write_text("a story about /home/bob")
    write_parquet(pd.DataFrame({"text": ["fine", "say s3cr3t-value"]}), tmp_path / "answers.parquet")
    write_parquet(pd.DataFrame({"text": ["a story about /home/bob"]}), tmp_path / "clean.parquet")
    found = collector(tmp_path, largest=1e6).data(["card.md", "other.md", "answers.parquet", "clean.parquet"])
    items = {path: place.items[0] for path, place in found.items()}
    assert items["card.md"].read().decode() == f"made in . with {SECRET}"
    assert items["card.md"].original == hashlib.sha256((tmp_path / "card.md").read_bytes()).hexdigest()
    assert items["other.md"].original is None  # what a teacher wrote stays as it is
    assert "HF_TOKEN" in items["answers.parquet"].outside
    assert not items["clean.parquet"].outside


def test_a_file_elsewhere_has_a_place_that_does_not_tell_where(tmp_path: Path) -> None:
    (tmp_path / "study").mkdir()
    for path in ("../models/m.bin", "/data/models/m.bin"):
        place = archived_path(path, tmp_path / "study")
        assert place.startswith("elsewhere/")
        assert place.endswith("/m.bin")
        assert "models" not in place
    assert archived_path(tmp_path / "study/results/a.csv", tmp_path / "study") == "results/a.csv"


def test_names_of_files_from_macos_are_archived_in_the_canonical_form(tmp_path: Path) -> None:
    apart, whole = "data/pru\u0308fung", "data/pr\u00fcfung"
    (tmp_path / apart).mkdir(parents=True)
    (tmp_path / apart / "u\u0308.csv").write_text("a\n")
    found = collector(tmp_path).data([apart, f"{apart}/u\u0308.csv", "gone-u\u0308.csv"])
    assert [item.path for place in found.values() for item in place.items] == [*[f"{whole}/\u00fc.csv"] * 2, "gone-\u00fc.csv"]
    assert {place.path for place in found.values()} == {whole, f"{whole}/\u00fc.csv", "gone-\u00fc.csv"}
    items = [*found[apart].items, text_item(METADATA, "{}")]
    write_archive(items, tmp_path / "archive.zip")
    with open_archive(tmp_path / "archive.zip") as opened:
        assert opened.text(f"{whole}/\u00fc.csv") == "a\n"


@pytest.mark.parametrize("names", [["Data/a.csv", "data/a.csv"], ["a."], ["a\\b.csv"], ["a\t.csv"], [MANIFEST]])
def test_a_name_that_no_reader_takes_ends_the_archive_before_it_is_written(tmp_path: Path, names: list[str]) -> None:
    items = [text_item(name, name) for name in [METADATA, *names]]
    with pytest.raises(ArchiveError, match="; rename it, and make the archive again"):
        write_archive(items, tmp_path / "archive.zip")
    assert not list(tmp_path.iterdir())


def test_a_model_is_read_once_and_again_only_when_it_has_changed(tmp_path: Path) -> None:
    model = tmp_path / "model.bin"
    model.write_bytes(b"one")
    Hashes(tmp_path / "memory.json").of([model])
    known = json.loads((tmp_path / "memory.json").read_text())
    known[str(model)][2] = "remembered"
    (tmp_path / "memory.json").write_text(json.dumps(known))
    assert Hashes(tmp_path / "memory.json").of([model]) == {model: "remembered"}
    model.write_bytes(b"another")
    assert Hashes(tmp_path / "memory.json").of([model]) == {model: hashlib.sha256(b"another").hexdigest()}


def test_the_chat_template_in_force_is_the_registrys_or_the_tokenizers_own(repository: Path, tmp_path: Path) -> None:
    study, registries = load_study(repository / "config/paper.yaml", repository)
    for name, content in (("tokenizer.json", {}), ("tokenizer_config.json", {"chat_template": "its own"})):
        (tmp_path / name).write_text(json.dumps(content))
    used = Used(study, registries, dict.fromkeys(("llama-3.1-8b", "granite-4.0"), str(tmp_path)), [])
    found = model_facts(used, Hashes(tmp_path / "memory.json"), [])
    given = repository / "config/chat_templates/llama3.jinja"
    assert found["llama-3.1-8b"]["chat_template"] == given.name
    assert found["llama-3.1-8b"]["chat_template_sha256"] == file_hash(given)
    assert found["granite-4.0"]["chat_template_sha256"] == text_hash("its own")
    assert len({facts["tokenizer_sha256"] for facts in found.values()}) == 1


def test_values_of_an_endpoints_further_headers_are_secrets_too(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    study, registries = load_study(repository / "config/paper.yaml", repository)
    endpoint = Endpoint(url="http://u", model="m", api_key="FIRST", headers={"X-Project": "SECOND"})
    models = {"api": Model(engine="openai", endpoint=endpoint)}
    monkeypatch.setenv("FIRST", "value-of-the-first")
    monkeypatch.setenv("SECOND", "value-of-the-second")
    used = Used(study, replace(registries, models=models), {}, [])  # type: ignore[arg-type]
    clean = Study(used, [], repository, 1, tmp_path).scrubber.record("value-of-the-first, value-of-the-second")
    assert "value" not in clean


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """A small archive with a crate that declares its files."""
    items = [text_item(f"results/{name}.csv", f"{name}\n" * 50) for name in "abc"]
    declared = [{"@id": item.path, "@type": "File", "sha256": item.sha256} for item in items]
    crate = {"@graph": [*declared, {"@id": MANIFEST, "@type": ["File"]}]}
    path = tmp_path / "archive.zip"
    write_archive([*items, text_item(METADATA, json.dumps(crate)), Item("large.bin", "0" * 64, 9, outside="larger")], path)
    return path


def check(path: Path) -> int:
    with open_archive(path) as opened:
        return len(opened.check_files())


def test_an_archive_is_the_same_whenever_and_from_wherever_it_is_made(archive: Path, tmp_path: Path) -> None:
    assert check(archive) == 4
    with zipfile.ZipFile(archive) as file:
        items = [text_item(name, file.read(name).decode()) for name in file.namelist() if name != MANIFEST]
    random.Random(0).shuffle(items)
    write_archive(items, tmp_path / "again.zip")
    assert (tmp_path / "again.zip").read_bytes() == archive.read_bytes()
    unpacked = tmp_path / "unpacked"
    shutil.unpack_archive(archive, unpacked)
    assert check(unpacked) == 4


def repacked(archive: Path, name: str, content: bytes | None) -> Path:
    """The archive with a file changed, added, or (None) left out, as an unzip, an edit and a zip would make it."""
    out = archive.with_name("repacked.zip")
    with zipfile.ZipFile(archive) as file, zipfile.ZipFile(out, "w") as changed:
        contents = {member: file.read(member) for member in file.namelist()} | ({name: content} if content is not None else {})
        for member, kept in contents.items():
            if member != name or content is not None:
                changed.writestr(member, kept)
        changed.comment = file.comment
    return out


@pytest.mark.parametrize("name", ["results/a.csv", "results/c.csv", METADATA, MANIFEST])
def test_one_changed_byte_is_seen_and_its_file_named(archive: Path, name: str) -> None:
    with zipfile.ZipFile(archive) as file:
        content = bytearray(file.read(name))
    content[len(content) // 2] ^= 1
    with pytest.raises(ArchiveError, match=f"^{name}: "):
        check(repacked(archive, name, bytes(content)))


def test_a_file_too_many_or_too_few_is_named(archive: Path) -> None:
    with pytest.raises(ArchiveError, match=r"^results/b\.csv: it is missing"):
        check(repacked(archive, "results/b.csv", None))
    with pytest.raises(ArchiveError, match=r"^results/d\.csv: it is not in the manifest"):
        check(repacked(archive, "results/d.csv", b"more"))


def test_a_byte_that_rots_inside_the_zip_is_named(archive: Path) -> None:
    with zipfile.ZipFile(archive) as file:
        member = file.getinfo("results/b.csv")
    content = bytearray(archive.read_bytes())
    content[member.header_offset + 30 + len(member.filename) + member.compress_size // 2] ^= 0xFF
    archive.write_bytes(content)
    with pytest.raises(ArchiveError, match=r"^results/b\.csv: it is damaged"):
        check(archive)


def test_what_is_no_archive_is_said_to_be_none(tmp_path: Path) -> None:
    (tmp_path / "text.zip").write_text("no zip")
    with zipfile.ZipFile(tmp_path / "other.zip", "w") as file:
        file.writestr("a", "b")
    for name, message in (("text.zip", "no archive"), ("other.zip", f"{METADATA} is missing"), ("none.zip", "No such file")):
        with pytest.raises(ArchiveError, match=message):
            check(tmp_path / name)


def test_a_file_that_changes_while_it_is_archived_ends_the_archive(tmp_path: Path) -> None:
    source = tmp_path / "a.bin"
    source.write_bytes(b"old")
    item = Item("a.bin", hashlib.sha256(b"new").hexdigest(), 3, source=source)
    with pytest.raises(RuntimeError, match=r"a\.bin has changed"):
        write_archive([item], tmp_path / "archive.zip")
    assert not (tmp_path / "archive.zip").exists()


def test_tables_differ_where_a_number_does_and_not_by_another_processors_rounding(tmp_path: Path) -> None:
    frame = pd.DataFrame({"teacher": ["a", "b"], "score": [0.5, np.nan], "n": [1, 2]})
    assert frame_difference(frame.assign(score=[0.5 * (1 + 1e-9), np.nan]), frame) is None
    found = frame_difference(frame, frame.assign(score=[0.5, 0.1]))
    assert found == "row 2, column 'score' says 0.1, recomputed nan"
    assert frame_difference(frame, frame.assign(teacher=["a", "c"])) == "row 2, column 'teacher' says c, recomputed b"
    assert frame_difference(frame, frame.iloc[:1]) == "1 rows, recomputed 2"
    for name, text in (("one.md", "a\nb\n"), ("other.md", "a\nc\n")):
        (tmp_path / name).write_text(text)
    assert first_difference(tmp_path / "one.md", tmp_path / "other.md") == "line 2 says 'c', recomputed 'b'"


PROSE = "Best method: respond, as the rewards of {others} {words}: reward {reward}"


def test_another_version_may_word_things_otherwise_but_no_number_or_name(tmp_path: Path) -> None:
    said = {"others": "generate", "words": "are not told apart", "reward": "4.72 ± 0.06"}
    changes: dict[str, dict[str, str]] = {
        "kept": {},
        "words": {"words": "cannot be distinguished"},
        "number": {"reward": "4.75 ± 0.06"},
    }
    cells = {name: PROSE.format(**said | change) for name, change in changes.items()}
    page = "{note}\n\n| {head} | {score} |\n|:---|---:|\n| {teacher} | {cell} |\n\n- {note}\n"
    usual = {"note": "A note", "head": "foretold", "score": "rank", "teacher": "Good", "cell": cells["kept"]}
    cases: dict[str, tuple[dict[str, str], bool]] = {
        "reworded": ({"note": "Another note, of 3 words", "head": "predicted", "cell": cells["words"]}, True),
        "another number": ({"cell": cells["number"]}, False),
        "another name": ({"teacher": "Fair"}, False),
    }
    (tmp_path / "kept.md").write_text(page.format(**usual))
    for name, (change, same) in cases.items():
        made = usual | change
        (tmp_path / "made.md").write_text(page.format(**made))
        assert (first_difference(tmp_path / "made.md", tmp_path / "kept.md", reworded=True) is None) is same, name
        assert first_difference(tmp_path / "made.md", tmp_path / "kept.md") is not None, name
        frames = [pd.DataFrame([{key: row[key] for key in ("teacher", "cell")}]) for row in (made, usual)]
        assert (frame_difference(*frames, reworded=True) is None) is same, name


@pytest.mark.parametrize("form", ["tex", "html"])
def test_another_version_may_word_latex_and_html_otherwise_but_no_number_or_name(tmp_path: Path, form: str) -> None:
    def write(name: str, head: str, teachers: str, cell: str) -> Path:
        shown = pd.DataFrame({"teacher": list(teachers), head: [f"the best, {cell} of all others", "0.1"]})
        table = Table(shown, shown, head)
        path = tmp_path / f"{name}.{form}"
        path.write_text(table.latex() if form == "tex" else table.html(), encoding="utf-8")
        return path

    kept = write("kept", "foretold", "AB", "0.4")
    assert first_difference(write("words", "predicted", "AB", "0.4"), kept, reworded=True) is None
    for name, teachers, cell in (("number", "AB", "0.5"), ("names", "BA", "0.4")):
        found = first_difference(write(name, "foretold", teachers, cell), kept, reworded=True)
        assert found is not None, name
        assert found.startswith("row 1 of its tables says"), name


def test_named_values_are_what_a_script_sees() -> None:
    files = Named(["a"], {"one": "b", "several": ["c", "d"], "none": []}, flat=True)
    assert files == ["a", "b", "c", "d"]
    assert (files[0], files.one, files["several"], files.none) == ("a", "b", ["c", "d"], [])
    params = Named([], {"cells": [["x", "y"]], "alpha": 0.5})
    assert (params.cells, params.alpha, len(params)) == ([["x", "y"]], 0.5, 2)
    with pytest.raises(AttributeError, match="no value is called 'beta'"):
        _ = params.beta


def test_a_cell_is_found_by_values_and_columns_and_a_wrong_word_says_what_there_is() -> None:
    table = pd.DataFrame({"teacher": ["a", "b"], "label": ["A a", "B b"], "lang": ["de", "de"], "pg": [1.0, 2.0]})
    (cell,) = find_cells(table, ["b", "de", "pg"], "t.csv")
    assert (cell.row["pg"], cell.columns, cell.known) == (2.0, ["pg"], {"teacher": "b", "lang": "de"})
    assert len(find_cells(table, ["de"], "t.csv")) == 2
    assert find_cells(table, ["A a"], "t.csv")[0].row["teacher"] == "a"
    with pytest.raises(
        ArchiveError, match=r"t\.csv: 'c' is no column and no row's value; columns: teacher, label, lang, pg; rows: a, b, de"
    ):
        find_cells(table, ["c"], "t.csv")
