"""No key is published: examples with one are left out and named, and a folder with one is not pushed."""

from __future__ import annotations

import base64
from pathlib import Path

import pandas as pd
import pytest

from polyglot.core.files import write_parquet
from polyglot.core.key_finder import KeyFinder
from polyglot.publishing.confidential import first_key, without_keys
from polyglot.publishing.push import PushError, push
from tests.unit.core.test_key_finder import ENCODINGS, TOKEN

CARD = "---\nlicense: apache-2.0\n---\n# A set\n"


def test_an_example_with_a_key_is_left_out_and_named_whatever_column_and_encoding_it_is_in() -> None:
    texts = ["fine", *(f"It is {encode(TOKEN)}." for encode in ENCODINGS.values()), "fine too"]
    pairs = pd.DataFrame({"id": [f"id{row}" for row in range(len(texts))], "prompt": texts, "response": texts[::-1], "n": 1})
    kept, left_out = without_keys(pairs.assign(response="r"), KeyFinder())
    assert kept["prompt"].tolist() == ["fine", "fine too"]
    assert left_out == [f"id{row}: it holds a Hugging Face token" for row in range(1, len(texts) - 1)]
    assert len(without_keys(pairs.assign(prompt="p"), KeyFinder())[0]) == 2
    assert without_keys(pairs.assign(prompt="p", response="r"), KeyFinder())[1] == []


@pytest.mark.parametrize("file", ["README.md", "data/a.parquet", "config.json", "a.png", "notes.txt"])
def test_a_folder_with_a_key_is_not_pushed_and_its_file_is_named(tmp_path: Path, file: str) -> None:
    (tmp_path / "README.md").write_text(CARD)
    path = tmp_path / file
    path.parent.mkdir(exist_ok=True)
    if file.endswith(".parquet"):
        write_parquet(pd.DataFrame({"messages": [[{"role": "user", "content": f"say {TOKEN}"}]]}), path)
    elif file.endswith(".png"):
        path.write_bytes(b"\x89PNG\0\1" + TOKEN.encode("utf-16-le") + b"\0\xff")
    else:
        path.write_text(CARD + base64.b64encode(TOKEN.encode()).decode())
    assert first_key(tmp_path, KeyFinder()) == f"{path}: it holds a Hugging Face token"
    with pytest.raises(PushError, match="nothing was pushed") as found:
        push(tmp_path, "owner/name", endpoint="http://127.0.0.1:9")
    assert TOKEN not in str(found.value)
