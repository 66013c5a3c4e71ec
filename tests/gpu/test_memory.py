"""On a GPU: memory of long texts over a real vocabulary, and batches that do not fit."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from polyglot.engines.base import Request
from polyglot.engines.transformers_engine import TransformersEngine
from polyglot.intrinsic.perplexity import CHUNK, PerplexityMeter
from polyglot.intrinsic.reward import RewardModel
from polyglot.registry.models import Sampling

from .conftest import TINY, gpus
from .test_devices import reward_model

LONG = 200 if TINY else 8_000
"""Characters of a response, about half as many tokens."""


def long_pairs(count: int) -> tuple[list[str], list[str]]:
    words = "Vier rote Sterne und ein Baum. "
    return [f"Nenne {place}." for place in range(count)], [(words * LONG)[:LONG]] * count


def peak() -> int:
    """Bytes on the first GPU, at most, since the last time."""
    import torch

    if not gpus():
        return 0
    found = torch.cuda.max_memory_allocated()
    torch.cuda.reset_peak_memory_stats()
    return found


@pytest.mark.tiny
def test_perplexity_takes_two_bytes_a_logit_and_little_more(wide_vocabulary: Path) -> None:
    prompts, responses = long_pairs(4)
    found, peaks = [], []
    for size in (1, 2):
        meter = PerplexityMeter(wide_vocabulary, chat_template=True, batch_size=size)
        peak()
        found.append(meter.measure(prompts, responses)["nll"].to_numpy())
        peaks.append(peak())
    np.testing.assert_allclose(found[0], found[1], rtol=0.01)
    tokens, vocabulary = len(meter.encode(prompts[0], responses[0])[0]), meter.model.config.vocab_size
    weights = sum(weight.numel() * weight.element_size() for weight in meter.model.parameters())
    logits = 2 * tokens * vocabulary * 2
    print(f"\n2 x {tokens} tokens x {vocabulary}: {peaks[1] / 2**30:.1f} GiB, {weights / 2**30:.1f} of them weights")
    assert peaks[1] < 1.15 * (weights + logits + 3 * 4 * CHUNK)


@pytest.mark.tiny
@pytest.mark.parametrize("name", ["perplexity", "reward", "answers"])
def test_a_batch_that_does_not_fit_is_halved(
    name: str, wide_vocabulary: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A batch of 8 is given too little memory, by the size of what one of 4 takes; on a CPU it fits."""
    import torch

    prompts, responses = long_pairs(8)
    rewarding = reward_model(wide_vocabulary, tmp_path / "reward") if name == "reward" else wide_vocabulary

    def results(size: int) -> npt.NDArray[np.float64]:
        if name == "perplexity":
            meter = PerplexityMeter(wide_vocabulary, chat_template=True, batch_size=size)
            return meter.measure(prompts, responses)["nll"].to_numpy(dtype=float)
        if name == "reward":
            return RewardModel(rewarding, batch_size=size, scale=(0.0, 1.0)).score(prompts, responses)
        engine = TransformersEngine(wide_vocabulary, Sampling(temperature=0, max_new_tokens=4))
        asked = [Request(str(n), [{"role": "user", "content": text}], n) for n, text in enumerate(responses)]
        parts = [engine.chat(asked[start : start + size]) for start in range(0, len(asked), size)]
        return np.array([answer.completion_tokens for part in parts for answer in part], dtype=float)

    peak()
    half = results(4)
    fits = peak()
    whole = results(8)
    most = peak()
    np.testing.assert_allclose(whole, half, rtol=0.02, atol=0.1)
    if not gpus():
        return
    torch.cuda.empty_cache()
    total = torch.cuda.get_device_properties(0).total_memory
    torch.cuda.set_per_process_memory_fraction((fits + (most - fits) / 2) / total)
    try:
        found = results(8)
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0)
    np.testing.assert_allclose(found, half, rtol=0.02, atol=0.1)
    assert "a batch of 8 does not fit in memory, so it is halved: 4" in capsys.readouterr().err
