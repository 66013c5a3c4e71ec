"""A value as a script that hands it to a page: a page on a disk may load scripts only."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from polyglot.core.files import write_text

ENDS_A_LINE = {"\u2028": "\\u2028", "\u2029": "\\u2029"}
"""What JSON allows within a text and older scripts did not."""


def write_part(path: Path, name: str, value: Any) -> None:
    """A script that hands a value to the page under a name."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False).replace("<", "\\u003c")
    for character, spelt in ENDS_A_LINE.items():
        text = text.replace(character, spelt)
    write_text(f"explore.take({json.dumps(name)},{text});\n", path)
