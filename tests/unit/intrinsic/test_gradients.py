"""Scores from gradients equal their definitions, written out over whole gradients in float64."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from polyglot.core.arrays import Array
from polyglot.intrinsic.grace import few_references, fold_of, grace_values
from polyglot.intrinsic.gradients import COLUMNS, GRADIENT_METRICS, HIGHEST_RANK, GradientMeter, drawn, gradient_scores
from polyglot.intrinsic.settings import Gradients
from polyglot.intrinsic.sketch import WIDTH, Sketch, projected
from polyglot.nano.world import World

SETTINGS = Gradients(examples=24, dimensions=6, folds=4)


@pytest.fixture(scope="module")
def pairs(world: World) -> list[tuple[str, str]]:
    """Two answers to each question."""
    found = [world.pair(item, "de") for item in world.items[::311]][:12]
    return [(pair.prompt, text) for pair in found for text in (pair.response, f"{pair.response} {pair.answer}")]


@pytest.fixture(scope="module")
def meter(nano_model: Path) -> GradientMeter:
    return GradientMeter.open(nano_model, SETTINGS, chat_template=True)


@pytest.fixture(scope="module")
def measured(meter: GradientMeter, pairs: list[tuple[str, str]]) -> pd.DataFrame:
    prompts, responses = zip(*pairs, strict=True)
    return meter.measure(prompts, responses, [f"{place:03}" for place in range(len(pairs))])


def by_hand(folder: Path, prompt: str, response: str) -> tuple[float, list[int], dict[str, Array]]:
    """Mean NLL and each token's rank of a response, and the whole gradient by tensor, in float64."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float64).eval()
    head = f"<|im_start|>user\n{prompt}<|im_end|>\n<|im_start|>assistant\n"
    start = tokenizer.encode(head, add_special_tokens=False)
    answer = tokenizer.encode(f"{response}<|im_end|>", add_special_tokens=False)
    logits = model(torch.tensor([start + answer])).logits[0].log_softmax(-1)
    losses = [-logits[len(start) + place - 1, token] for place, token in enumerate(answer)]
    loss: Any = torch.stack(losses).mean()
    loss.backward()
    order = logits.detach().argsort(dim=-1, descending=True)
    ranks = [int((order[len(start) + place - 1] == token).nonzero()) + 1 for place, token in enumerate(answer)]
    return float(loss.detach()), ranks, {name: one.grad.numpy() for name, one in model.named_parameters()}


def test_loss_ranks_and_norm_are_those_of_the_whole_gradient(
    nano_model: Path, pairs: list[tuple[str, str]], measured: pd.DataFrame
) -> None:
    for place in (0, 7, 20):
        loss, ranks, gradient = by_hand(nano_model, *pairs[place])
        row = measured.loc[place]
        assert row["tokens"] == len(ranks)
        assert row["nll"] / row["tokens"] == pytest.approx(loss, rel=1e-5)
        assert row["ranks"] == pytest.approx(sum(min(rank, HIGHEST_RANK) for rank in ranks), abs=2)  # rounding may swap two
        whole = np.concatenate([each.ravel() for each in gradient.values()])
        assert row["gradient_norm"] == pytest.approx(np.log(len(ranks)) ** 2 * (whole @ whole), rel=1e-4)


def test_grace_is_that_of_the_paper_over_whole_gradients(
    nano_model: Path, pairs: list[tuple[str, str]], meter: GradientMeter, measured: pd.DataFrame
) -> None:
    """Each gradient is sketched and projected weight by weight here, and A is inverted for every pair."""
    vectors = []
    for prompt, response in pairs:
        _, ranks, gradient = by_hand(nano_model, prompt, response)
        sketch = np.zeros(WIDTH)
        signs = signs_of(meter)
        for name, part in gradient.items():
            np.add.at(sketch, np.arange(part.size) % WIDTH, part.ravel() * signs[name])
        vectors.append(np.log(len(ranks)) * sketch)
    h = projected(np.stack(vectors), SETTINGS.dimensions, SETTINGS.seed)
    fold = fold_of([prompt for prompt, _ in pairs], SETTINGS.folds, SETTINGS.seed)
    values = []
    for place, own in enumerate(h):
        others = h[fold != fold[place]]
        unit = others / np.linalg.norm(others, axis=1, keepdims=True)
        d = SETTINGS.dimensions
        a = 0.999 * sum(np.outer(u, u) for u in unit) / len(unit) + 0.001 / d * np.eye(d)
        values.append(own @ np.linalg.inv(a) @ own)
    np.testing.assert_allclose(measured["grace"], values, rtol=2e-3)
    assert gradient_scores(measured)["grace"] == pytest.approx(np.mean(values), rel=1e-3)


def signs_of(meter: GradientMeter) -> dict[str, Array]:
    """The signs of all weights: what a sketch makes of ones in one place each would be slow, so they are unpacked by numpy."""
    weights = dict(meter.model.named_parameters())
    packed = Sketch(weights.items(), SETTINGS.seed)._signs
    return {
        name: np.unpackbits(packed[name].numpy(), bitorder="little")[: one.numel()].astype(float) * 2 - 1
        for name, one in weights.items()
    }


def test_a_sketch_keeps_inner_products_and_adds_up_over_tensors() -> None:
    import torch

    torch.manual_seed(0)
    shapes = {"a": (300, 400), "b": (70_001,), "c": (3,)}
    first = {name: torch.randn(shape) for name, shape in shapes.items()}
    second = {name: one + torch.randn(one.shape) for name, one in first.items()}
    sketch = Sketch(first.items(), seed=3)
    found = []
    for gradient in (first, second):
        for name, part in gradient.items():
            sketch.add(name, part)
        found.append(sketch.take())
    (one, squares), (other, _) = found
    exact = sum(float((first[name] * second[name]).sum()) for name in shapes)
    assert squares == pytest.approx(sum(float((part**2).sum()) for part in first.values()), rel=1e-5)
    assert one @ one == pytest.approx(squares, rel=0.05)
    assert one @ other == pytest.approx(exact, rel=0.05)
    both = projected(np.stack([one, other]), 1024, 0)
    assert both[0] @ both[1] == pytest.approx(exact, rel=0.15)


def test_the_scores_of_a_set_are_averages_of_its_pairs() -> None:
    found = pd.DataFrame(
        {"nll": [2.0, 1.0, np.nan], "tokens": [4, 1, np.nan], "ranks": [8, 2, np.nan], "gradient_norm": [3.0, 5.0, np.nan]}
    ).assign(grace=[10.0, 20.0, np.nan])
    assert gradient_scores(found) == pytest.approx(
        {"grace": 15, "gradient_norm": 4, "rsr": 3, "rsr_corpus": 10 / 3, "student_loss": 0.75}
    )
    nothing = gradient_scores(pd.DataFrame(columns=list(COLUMNS)))
    assert list(nothing) == [metric.name for metric in GRADIENT_METRICS]
    assert all(np.isnan(list(nothing.values())))


def test_no_pair_of_a_prompt_is_a_reference_for_another() -> None:
    prompts = [f"question {place % 13}" for place in range(60)]
    fold = fold_of(prompts, 5, seed=0)
    assert {len(set(fold[np.array(prompts) == name])) for name in set(prompts)} == {1}
    assert sorted(set(fold)) == [0, 1, 2, 3, 4]
    alone = grace_values(np.random.default_rng(0).normal(size=(8, 3)), np.zeros(8, dtype=int))
    assert np.isnan(alone).all()


def test_repeated_pairs_lower_grace_only_if_their_prompts_are_apart() -> None:
    """A teacher that repeats one answer to one prompt gains nothing by it, because its repetitions are in one fold."""
    rng = np.random.default_rng(1)
    gradients = rng.normal(size=(40, 4))
    gradients[:10] = [0, 0, 0, 9.0]  # one direction, of one prompt
    apart = [f"p{place}" for place in range(40)]
    together = ["p0"] * 10 + apart[10:]
    gradients[10:, 3] = 0
    scores = [grace_values(gradients, fold_of(prompts, 5, seed=0)).mean() for prompts in (apart, together)]
    assert scores[1] > 100 * scores[0]


def test_the_same_pairs_are_drawn_in_whatever_order_they_come() -> None:
    ids = [f"{place:02}" for place in range(30)]
    chosen = {ids[place] for place in drawn(ids, 12, seed=0)}
    turned = ids[::-1]
    assert len(chosen) == 12
    assert {turned[place] for place in drawn(turned, 12, seed=0)} == chosen
    assert list(drawn(ids, 100, seed=0)) == list(range(30))


def test_pairs_that_are_not_drawn_or_do_not_fit_have_no_number(nano_model: Path, pairs: list[tuple[str, str]]) -> None:
    meter = GradientMeter.open(nano_model, Gradients(examples=5, dimensions=1, folds=2), chat_template=True)
    prompts, responses = map(list, zip(*pairs[:8], strict=True))
    prompts[2] = "zu lang " * 2000
    found = meter.measure(prompts, responses, [str(place) for place in range(8)])
    assert list(found.columns) == list(COLUMNS)
    assert found["grace"].notna().sum() == 5
    assert found.loc[2].isna().all()
    assert all(one.grad is None for one in meter.model.parameters())


def test_too_few_references_for_the_dimensions_are_told(
    nano_model: Path, pairs: list[tuple[str, str]], capsys: pytest.CaptureFixture[str]
) -> None:
    assert few_references(2048, 512, 10) == ""
    assert "Take at most 120 dimensions" in few_references(480, 256, 10)
    meter = GradientMeter.open(nano_model, Gradients(examples=8, dimensions=8, folds=2), chat_template=True)
    prompts, responses = zip(*pairs[:8], strict=True)
    meter.measure(prompts, responses, [str(place) for place in range(8)])
    assert "0.5 reference pairs a dimension" in capsys.readouterr().out
