"""Conversations for a model: turns as its chat template takes them, and responses read after all of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from polyglot.intrinsic.perplexity import PerplexityMeter
from polyglot.models.conversations import conversations_of, takes_system
from polyglot.models.tokenization import load_tokenizer

BEFORE = [
    {"role": "system", "content": "Sei knapp."},
    {"role": "user", "content": "Was ist 2+2?"},
    {"role": "assistant", "content": "Vier."},
]
ASKED, ANSWER = {"role": "user", "content": "Und mal 3?"}, {"role": "assistant", "content": "Zwölf."}
PLAIN = "{% for m in messages %}{{ m['role'] }}: {{ m['content'] }}\n{% endfor %}"
REFUSING = "{% if messages[0]['role'] == 'system' %}{{ raise_exception('no system') }}{% endif %}" + PLAIN
SILENT = "{% for m in messages if m['role'] != 'system' %}{{ m['role'] }}: {{ m['content'] }}\n{% endfor %}"


@pytest.mark.parametrize(("template", "taken"), [(PLAIN, True), (REFUSING, False), (SILENT, False)])
def test_a_system_turn_is_never_lost(nano_model: Path, template: str, taken: bool) -> None:
    tokenizer = load_tokenizer(nano_model)
    tokenizer.chat_template = template
    assert takes_system(tokenizer) is taken
    whole, single = conversations_of(tokenizer, [BEFORE, []], ["Und mal 3?"] * 2, ["Zwölf."] * 2)
    first = BEFORE[:2] if taken else [{"role": "user", "content": "Sei knapp.\n\nWas ist 2+2?"}]
    assert whole == [*first, BEFORE[2], ASKED, ANSWER]
    assert single == [ASKED, ANSWER]
    assert conversations_of(tokenizer, [BEFORE], ["Und mal 3?"], None) == [whole[:-1]]


@pytest.mark.parametrize("chat_template", [True, False])
def test_a_response_is_read_after_all_turns_and_counts_alone(nano_model: Path, chat_template: bool) -> None:
    meter = PerplexityMeter(nano_model, chat_template=chat_template, batch_size=2)
    alone, start = meter.encode("Und mal 3?", "Zwölf.")
    ids, place = meter.encode("Und mal 3?", "Zwölf.", before=BEFORE)
    assert ids[place:] == alone[start:]
    shown = meter.tokenizer.decode(ids[:place])
    assert all(turn["content"] in shown for turn in [*BEFORE, ASKED])
    found = meter.measure(["Und mal 3?"] * 2, ["Zwölf."] * 2, before=[BEFORE, []])
    assert found["tokens"].nunique() == 1
    assert found["nll"].nunique() == 2
    assert found["nll"][1] == pytest.approx(meter.measure(["Und mal 3?"], ["Zwölf."])["nll"][0], rel=1e-4)
