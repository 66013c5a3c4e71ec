"""Made answers of two teachers in three scripts, with texts that try to be more than texts, for the page to look at the data."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from polyglot.core.conversations import written
from polyglot.displays.explore.page import Looked
from polyglot.displays.explore.sets import Measured, TeacherSet
from polyglot.selection.embeddings import write_embeddings

LEFT_OUT = "it holds 100% of a question"
TEXTS = {
    "de": "Drei Katzen sitzen auf Matte",
    "ar": "ثلاثة قطط تجلس على السجادة",
    "ja": "三只猫坐在垫子上",
    "en": "Three cats sit on mat",
}
HOSTILE = "</script><script>alert(1)</script> \u2028 \u202e <img src=https://evil.example/x onerror=alert(2)>"
KEY = "sk-proj-" + "abcdefghijklmnopqrstuvwxyz0123456789" + "ABCD"
REQUESTS = 20
CONVERSATION = 2
"""Number of the request in Arabic that goes on with a conversation."""
BEFORE: list[dict[str, str]] = [
    {"role": "system", "content": "أجب بإيجاز."},
    {"role": "user", "content": "كم قطة هناك؟"},
    {"role": "assistant", "content": "ثلاث قطط، واسم إحداها Mitzi."},
]


def looked(folder: Path, most: int = 1000, embedded: bool = False) -> Looked:
    """Files in a folder, and what the page is made from.

    Args:
        embedded: nearest neighbours are found by embeddings, in which an example stands beside the one after it.
    """
    folder.mkdir(exist_ok=True)
    sets, requests = [], {}
    for lang, words in TEXTS.items():
        names = [f"{lang}-{number:02d}" for number in range(REQUESTS)]
        prompts = [f"question {number} of {lang}: {words}?" for number in range(REQUESTS)]
        asked = [[{"role": "system", "content": "Be short."}, {"role": "user", "content": prompt}] for prompt in prompts]
        if lang == "ar":
            asked[CONVERSATION][1:1] = BEFORE[1:]
        path = folder / f"requests-{lang}.parquet"
        pd.DataFrame({"request_id": names, "messages": asked, "prompt": prompts}).to_parquet(path)
        requests[f"{lang}/respond"] = [str(path)]
        for teacher in ("first_teacher", "second_teacher"):
            sets.append(_set(folder, teacher, lang, names, prompts))
            if embedded:
                sets[-1] = replace(sets[-1], embeddings=_embeddings(folder / f"{teacher}-{lang}-embedded.parquet", names))
    shown = {
        "teachers": {"first_teacher": "First"},
        "languages": {"de": "German", "ar": "Arabic", "ja": "Japanese", "en": "English"},
    }
    arguments: dict[str, Any] = {"requests": requests, "names": shown, "judge": "reward"}
    return Looked(study="made", sets=sets, most=most, pairs=10, seed=0, **arguments)


def _set(folder: Path, teacher: str, lang: str, names: list[str], prompts: list[str]) -> TeacherSet:
    rows = [
        _answer(teacher, lang, number, name, prompt) for number, (name, prompt) in enumerate(zip(names, prompts, strict=True))
    ]
    stem = folder / f"{teacher}-{lang}"
    pd.DataFrame(rows).to_parquet(f"{stem}.parquet")
    usable = [row["request_id"] for row in rows if row["status"] == "ok"]
    pd.DataFrame({"id": usable}).to_parquet(f"{stem}-set.parquet")
    sign = 1 if teacher == "first_teacher" else -1
    rewards = [3 + sign * (place % 3) / 2 for place in range(len(usable))]
    pd.DataFrame({"id": usable, "reward": rewards}).to_parquet(f"{stem}-reward.parquet")
    measured = [Measured("reward", "reward", 2, "higher", f"{stem}-reward.parquet", "reward")]
    return TeacherSet(teacher, lang, {f"{stem}.parquet": "respond"}, f"{stem}-set.parquet", measured)


def _embeddings(path: Path, names: list[str]) -> str:
    angles = np.arange(len(names)) + np.arange(len(names)) ** 2 / 1000
    write_embeddings(names, np.stack([np.cos(angles / 20), np.sin(angles / 20)], axis=1).astype(np.float32), path)
    return str(path)


def _answer(teacher: str, lang: str, number: int, name: str, prompt: str) -> dict[str, Any]:
    manner = "it is" if teacher == "first_teacher" else "I say"
    response = "always the same" if number % 7 == 0 else f"{TEXTS[lang]} {number * number}, {manner} {number}"
    keep = {"filter": "contamination", "score": 0.0, "decision": "keep", "problem": None}
    found: dict[str, Any] = {
        "request_id": name,
        "status": "ok",
        "problem": None,
        "prompt": prompt,
        "response": response,
        "text": response,
    }
    found |= {"thoughts": f"thinking of {number}" if number == 3 else "", "decisions": [keep]}
    found["history"] = written(BEFORE) if lang == "ar" and number == CONVERSATION else ""
    if lang == "de" and teacher == "first_teacher" and number == 5:
        found |= {"status": "benchmark_item", "problem": LEFT_OUT}
        found["decisions"] = [keep | {"score": 1.0, "decision": "drop", "problem": LEFT_OUT}]
    if lang == "de" and number == 9:
        found["response"] = found["thoughts"] = f"{manner}: {KEY}"
    if lang == "en" and number == 6:
        found["response"] += ", by e-mail"
    if lang == "en" and number == 4:
        found["response"] = HOSTILE + manner
    return found
