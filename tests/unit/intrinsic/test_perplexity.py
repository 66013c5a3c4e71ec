"""Perplexity must equal an unbatched float64 reference, for every batch size and padding side."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from polyglot.intrinsic.perplexity import PerplexityMeter, perplexities, token_losses
from polyglot.intrinsic.settings import Perplexity
from polyglot.models.tokenization import TokenizerError
from polyglot.nano.world import World


@pytest.fixture(scope="module")
def pairs(world: World) -> list[tuple[str, str]]:
    pairs = [world.pair(item, lang) for lang in ("de", "ar") for item in world.items[::701]]
    return [(pair.prompt, pair.response) for pair in pairs][:40]


def reference(folder: Path, prompt: str, response: str, chat_template: bool) -> tuple[float, int]:
    """(NLL, tokens) of one example alone, in float64, token by token."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float64).eval()
    if chat_template:
        head = f"<|im_start|>user\n{prompt}<|im_end|>\n<|im_start|>assistant\n"
        tail = f"{response}<|im_end|>"
    else:
        head, tail = f"{prompt}\n", response
    start = tokenizer.encode(head, add_special_tokens=False)
    answer = tokenizer.encode(tail, add_special_tokens=False)
    with torch.no_grad():
        logits = model(torch.tensor([start + answer])).logits[0].log_softmax(-1)
    return -sum(float(logits[len(start) + i - 1, token]) for i, token in enumerate(answer)), len(answer)


@pytest.mark.parametrize("chat_template", [True, False])
@pytest.mark.parametrize("padding_side", ["left", "right"])
@pytest.mark.parametrize("batch_size", [1, 7, 64])
def test_equals_the_unbatched_reference(
    nano_model: Path, pairs: list[tuple[str, str]], chat_template: bool, padding_side: str, batch_size: int
) -> None:
    meter = PerplexityMeter(nano_model, chat_template=chat_template, batch_size=batch_size, padding_side=padding_side)
    measured = meter.measure([prompt for prompt, _ in pairs], [response for _, response in pairs])
    expected = [reference(nano_model, *pair, chat_template) for pair in pairs[:12]]
    nll, tokens = np.array(expected).T
    assert list(measured["tokens"][:12]) == list(tokens)
    np.testing.assert_allclose(measured["nll"][:12], nll, rtol=1e-4)
    np.testing.assert_allclose(measured["perplexity"][:12], np.exp(nll / tokens), rtol=1e-4)


@pytest.mark.parametrize("batch_size", [1, 4])
def test_the_published_average_is_one_number_a_batch_with_its_padding(
    nano_model: Path, pairs: list[tuple[str, str]], batch_size: int
) -> None:
    """As the authors' code has it: prompts masked, padding not, one loss for a batch; computed here row by row in float64."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    tokenizer, chosen = AutoTokenizer.from_pretrained(nano_model, padding_side="right"), pairs[:10]
    model = AutoModelForCausalLM.from_pretrained(nano_model, dtype=torch.float64).eval()
    expected, counted = [], []
    for first in range(0, len(chosen), batch_size):
        batch = chosen[first : first + batch_size]
        found = tokenizer([prompt + response for prompt, response in batch], return_tensors="pt", padding=True)
        labels = found["input_ids"].clone()
        for row, (prompt, _) in enumerate(batch):
            labels[row, : len(tokenizer(prompt)["input_ids"])] = -100
        with torch.no_grad():
            loss = model(**found, labels=labels).loss
        expected += [float(loss.exp())] * len(batch)
        counted += [int((row != -100).sum()) for row in labels]
    prompts, responses = zip(*chosen, strict=True)
    meter = PerplexityMeter(nano_model, chat_template=False, batch_size=batch_size, average="batch")
    measured = meter.measure(prompts, responses)
    np.testing.assert_allclose(measured["perplexity"], expected, rtol=1e-4)
    assert list(measured["tokens"]) == counted


def test_a_study_that_averages_by_example_is_recorded_as_before() -> None:
    assert set(Perplexity().recorded) == {"chat_template", "batch_size"}
    assert Perplexity(average="batch").recorded["average"] == "batch"


def test_perplexities_of_known_values() -> None:
    import pandas as pd

    found = perplexities(pd.Series([np.log(2) * 1, np.log(8) * 3]), pd.Series([1, 3]))
    assert found["mean"] == pytest.approx(5)
    assert found["median"] == pytest.approx(5)
    assert found["corpus"] == pytest.approx(np.exp((np.log(2) + 3 * np.log(8)) / 4))


def test_what_is_longer_than_the_context_or_empty_is_missing_and_the_others_stay(nano_model: Path) -> None:
    meter = PerplexityMeter(nano_model, chat_template=False, batch_size=4)
    rows = [("a", "b"), ("wo " * 600, "c"), ("d", "e " * 600), ("f", ""), ("g", "h")]
    found = meter.measure([prompt for prompt, _ in rows], [response for _, response in rows])
    assert list(found["status"]) == ["ok", "too_long", "too_long", "no_tokens", "ok"]
    assert found[["nll", "tokens", "perplexity"]].isna().all(axis=1).tolist() == [False, True, True, True, False]
    alone = meter.measure(["a", "g"], ["b", "h"])
    np.testing.assert_allclose(found["nll"].dropna(), alone["nll"], rtol=1e-5)
    assert perplexities(found["nll"], found["tokens"]) == pytest.approx(perplexities(alone["nll"], alone["tokens"]))


def test_a_template_from_a_file_measures_as_the_tokenizers_own(
    nano_model: Path, pairs: list[tuple[str, str]], repository: Path, tmp_path: Path
) -> None:
    bare = tmp_path / "bare"
    shutil.copytree(nano_model, bare, ignore=shutil.ignore_patterns("chat_template.jinja"))
    with pytest.raises(TokenizerError, match="no chat template"):
        PerplexityMeter(bare, chat_template=True, batch_size=8)
    template = repository / "config/chat_templates/chatml.jinja"
    meters = [
        PerplexityMeter(nano_model, chat_template=True, batch_size=8),
        PerplexityMeter(bare, chat_template=True, batch_size=8, template=template),
    ]
    prompts, responses = zip(*pairs[:8], strict=True)
    own, given = (meter.measure(prompts, responses) for meter in meters)
    assert own.equals(given)


def test_the_chunks_in_which_logits_become_float32_change_nothing() -> None:
    import torch

    torch.manual_seed(0)
    logits, ids = torch.randn(3, 50, 700), torch.randint(700, (3, 50))
    exact = -logits.double().log_softmax(dim=-1).gather(-1, ids[..., None])[..., 0]
    for tokens in (1, 7, 50, 10**6):
        chunked = token_losses(logits, ids, chunk=3 * 700 * tokens)
        assert chunked.dtype == torch.float32
        torch.testing.assert_close(chunked.double(), exact, rtol=1e-6, atol=0)


LIMITED = """
import resource, torch
from polyglot.intrinsic.perplexity import token_losses
with torch.inference_mode():
    logits, ids = torch.zeros(2, 100, 262_000, dtype=torch.bfloat16), torch.ones(2, 100, dtype=torch.long)
    used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + 300 * 2**20, resource.RLIM_INFINITY))
    print(round(float(token_losses(logits, ids, chunk=2**24).mean()), 4))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the memory of a process is limited as Linux does it")
def test_a_batch_takes_little_more_than_its_logits_in_the_models_type() -> None:
    """100 tokens twice over a vocabulary of 262,000: not 12 bytes more for each logit (0.6 GB)."""
    done = subprocess.run([sys.executable, "-c", LIMITED], capture_output=True, text=True)
    assert done.stdout.strip() == "12.4761", done.stderr


def test_a_batch_that_does_not_fit_is_halved_and_the_numbers_stay(
    nano_model: Path, pairs: list[tuple[str, str]], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import torch

    meter = PerplexityMeter(nano_model, chat_template=True, batch_size=16)
    prompts, responses = zip(*pairs[:24], strict=True)
    whole = meter.measure(prompts, responses)
    forward, widest = meter.model.forward, []

    def limited(input_ids: torch.Tensor, **given: torch.Tensor) -> object:
        widest.append(len(input_ids))
        if len(input_ids) > 8:
            raise torch.OutOfMemoryError("CUDA out of memory.")
        return forward(input_ids=input_ids, **given)

    monkeypatch.setattr(meter.model, "forward", limited)
    found = meter.measure(prompts, responses)
    assert widest[:2] == [16, 8]
    assert max(widest[1:]) == 8
    assert "perplexity: a batch of 16 does not fit in memory, so it is halved: 8" in capsys.readouterr().err
    np.testing.assert_allclose(found["nll"], whole["nll"], rtol=1e-5)
