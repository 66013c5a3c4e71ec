"""Likelihoods of options: exact to float32, of a bounded memory, and the same in whatever batches."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from transformers import AutoConfig, AutoModelForCausalLM

from polyglot.evaluation.batches import TokenBatches
from polyglot.evaluation.likelihood import _rows, log_likelihoods
from polyglot.evaluation.prompts import Options


@pytest.fixture(scope="module")
def model(nano_model: Path) -> Any:
    return AutoModelForCausalLM.from_pretrained(nano_model, dtype=torch.float32).eval()


def naive(model: Any, item: Options) -> list[float]:
    """One option at a time, all of it in float32."""
    found = []
    for option in item.options:
        ids = torch.tensor([[*item.context, *option]])
        with torch.inference_mode():
            scores = model(ids).logits[0].log_softmax(-1)
        first = len(item.context)
        found.append(sum(scores[place - 1, ids[0, place]].item() for place in range(first, ids.shape[1])))
    return found


def items(count: int, seed: int = 0) -> list[Options]:
    """Items with contexts of 1 to 30 tokens and two to five options of 1 to 6."""
    draw = torch.Generator().manual_seed(seed)

    def ids(most: int) -> tuple[int, ...]:
        return tuple(torch.randint(5, 300, (int(torch.randint(1, most + 1, (), generator=draw)),), generator=draw).tolist())

    return [Options(ids(30), tuple(ids(6) for _ in range(int(torch.randint(2, 6, (), generator=draw))))) for _ in range(count)]


@pytest.mark.parametrize("tokens", [1, 100, 10_000])
def test_likelihoods_are_those_of_one_option_at_a_time(model: Any, tokens: int) -> None:
    asked = [*items(12), Options((7, 8, 9), ((20,), (21,), (20, 21), (20, 22)))]
    found = log_likelihoods(model, asked, tokens=tokens, pad=0)
    for scores, item in zip(found, asked, strict=True):
        assert scores == pytest.approx(naive(model, item), abs=1e-4)


def test_options_of_one_token_are_read_once() -> None:
    assert len(_rows(0, Options((1, 2, 3), ((4,), (5,), (6,), (7,))))) == 1
    assert [row.numbers for row in _rows(0, Options((1,), ((4, 5), (4, 6), (5, 5))))] == [(0, 1), (2,)]


def near_tie(nano_model: Path) -> tuple[Any, Options]:
    """A model in bfloat16 that prefers token 21 to 20 by so little that both logits round to the same number."""
    config = AutoConfig.from_pretrained(nano_model, tie_word_embeddings=False)
    torch.manual_seed(0)
    model = AutoModelForCausalLM.from_config(config, dtype=torch.bfloat16).eval()
    context = (7, 8, 9)
    with torch.no_grad():
        hidden = model.model(torch.tensor([context])).last_hidden_state[0, -1]
        toward = (hidden / hidden.float().norm() ** 2 * 20).to(torch.bfloat16)
        model.lm_head.weight[20] = model.lm_head.weight[21] = toward
        place = int(hidden.abs().argmin())
        model.lm_head.weight[21, place] += (0.01 / hidden[place].float()).to(torch.bfloat16)
        rounded = model.lm_head(hidden)
        exact = model.lm_head.weight.float() @ hidden.float()
    assert rounded[20] == rounded[21]
    assert 15 < exact[20] < exact[21] < exact[20] + 0.03
    return model, Options(context, ((20,), (21,)))


def test_options_that_bfloat16_cannot_tell_apart_are_told_apart(nano_model: Path) -> None:
    model, item = near_tie(nano_model)
    head = model.lm_head.forward
    first, second = log_likelihoods(model, [item], tokens=100, pad=0)[0]
    assert 0.002 < second - first < 0.03
    assert model.lm_head.forward == head


def test_a_vocabulary_is_turned_into_float32_a_block_at_a_time(nano_model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model, item = near_tie(nano_model)
    whole = log_likelihoods(model, [item], tokens=100, pad=0)
    monkeypatch.setattr("polyglot.evaluation.likelihood.BLOCK", 1000)
    assert log_likelihoods(model, [item], tokens=100, pad=0)[0] == pytest.approx(whole[0], abs=1e-6)


def test_only_positions_that_count_get_logits(model: Any) -> None:
    """16 items of 200 tokens and two letters each: a row an item, and a position a row."""
    asked = [Options(tuple(range(5, 205)), ((20 + place,), (60 + place,))) for place in range(16)]
    seen: list[torch.Size] = []
    hook = model.lm_head.register_forward_hook(lambda module, given, output: seen.append(output.shape))
    log_likelihoods(model, asked, tokens=10_000, pad=0)
    hook.remove()
    assert [shape[:2] for shape in seen] == [(16, 1)]


@given(st.lists(st.integers(1, 50), min_size=1, max_size=60), st.integers(1, 200))
def test_a_batch_has_at_most_so_many_tokens_or_one_row(lengths: list[int], bound: int) -> None:
    lengths.sort(reverse=True)
    batches = [batch for batch, _ in TokenBatches(bound, "rows").over(lengths, lambda rows: len(rows) * rows[0], list)]
    assert [length for batch in batches for length in batch] == lengths
    assert all(len(batch) * batch[0] <= bound or len(batch) == 1 for batch in batches)


def test_a_batch_that_does_not_fit_is_halved_and_the_likelihoods_stay(
    model: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = items(40, seed=1)
    whole = log_likelihoods(model, asked, tokens=600, pad=0)
    forward, tried = model.forward, []

    def small(input_ids: Any, **more: Any) -> Any:
        tried.append(input_ids.numel())
        if tried[-1] > 400:
            raise torch.OutOfMemoryError("CUDA out of memory.")
        return forward(input_ids=input_ids, **more)

    monkeypatch.setattr(model, "forward", small)
    found = log_likelihoods(model, asked, tokens=600, pad=0)
    assert [scores == pytest.approx(expected, abs=1e-4) for scores, expected in zip(found, whole, strict=True)] == [True] * 40
    assert sum(tokens > 400 for tokens in tried) == 1
    assert "options, in tokens: a batch of" in capsys.readouterr().err


def test_a_row_that_does_not_fit_alone_is_not_tried_again() -> None:
    tried = []

    def work(rows: Any) -> None:
        tried.append(list(rows))
        raise torch.OutOfMemoryError("CUDA out of memory.")

    with pytest.raises(torch.OutOfMemoryError):
        list(TokenBatches(10, "rows").over([50, 3], lambda rows: len(rows) * rows[0], work))
    assert tried == [[50]]
