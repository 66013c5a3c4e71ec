"""Pairs and chats that real tokenizers find hard: spaces at the ends, lines, several scripts."""

from __future__ import annotations

import pandas as pd
import pytest


@pytest.fixture(scope="session")
def pairs() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "prompt": ["Was ist 2+2?", "日本語で答えて。", "Sag hallo.", "Nenne eine Farbe."],
            "response": ["  Vier.\n\nDas ist **leicht**.  ", "はい、わかりました。", "Hallo!", "Rot."],
        }
    )
