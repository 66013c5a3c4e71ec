"""Scores of others that choose a teacher without training: from one pass over the gradients of the student's base.

They are measured to be compared (`compare: predictors`), and are never part of the PG-Score.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from polyglot.core.arrays import Array
from polyglot.core.hashing import stable_seed
from polyglot.core.progress import progress
from polyglot.core.prompts import Message
from polyglot.intrinsic.grace import Places, few_references, fold_of, grace_values
from polyglot.intrinsic.metrics import Metric
from polyglot.intrinsic.perplexity import PerplexityMeter, token_losses
from polyglot.intrinsic.settings import Gradients
from polyglot.intrinsic.sketch import Sketch, projected

HIGHEST_RANK = 100
"""Ranks above it count as this one, as in the paper of RSR."""
COLUMNS = ("nll", "tokens", "ranks", "gradient_norm", "grace")
GRADIENT_METRICS = (
    Metric(
        "grace",
        "GRACE",
        needs="base",
        better="lower",
        note="GRACE: size of the base's gradients where the teacher's other pairs have little of theirs (arXiv 2511.02833).",
    ),
    Metric(
        "gradient_norm",
        "gradient norm",
        needs="base",
        better="lower",
        note="Gradient norm: the mean squared norm of the base's gradients (G-Norm in arXiv 2511.02833).",
    ),
    Metric(
        "rsr",
        "RSR",
        needs="base",
        better="lower",
        note="RSR: ranks of a response's tokens / their negative log-likelihoods, mean over responses (arXiv 2601.14249).",
    ),
    Metric("rsr_corpus", "RSR, corpus", needs="base", better="lower", note="RSR, corpus: the same over all tokens together."),
    Metric(
        "student_loss",
        "student's loss",
        needs="base",
        better="lower",
        note="Student's loss: the base's mean negative log-likelihood of a token, mean over responses.",
    ),
)
"""What a file of gradients tells of a training set."""


def drawn(ids: Sequence[str], examples: int, seed: int) -> Places:
    """Places of the pairs whose gradients are taken, in their order; all if there are no more than `examples`."""
    order = np.argsort(np.asarray(ids, dtype=object).astype(str), kind="stable")  # the same pairs, in whatever order they come
    rng = np.random.default_rng(stable_seed("gradients", examples, seed))
    found: Places = np.sort(order[rng.permutation(len(ids))[:examples]])
    return found


class GradientMeter:
    """Takes the gradient of a base's loss on one response at a time, given its prompt.

    The loss is the mean negative log-likelihood of the response's tokens. All weights count, in the type in which the model is
    loaded: float32 on the CPU, bfloat16 on GPUs. A gradient is sketched tensor by tensor and never held in whole.

    Args:
        meter: the model, and how prompt and response become tokens: as for perplexity.
        settings: see `Gradients`.
    """

    def __init__(self, meter: PerplexityMeter, settings: Gradients) -> None:
        self.meter, self.settings = meter, settings
        self.model: Any = meter.model

    @classmethod
    def open(cls, model: Path, settings: Gradients, **options: Any) -> GradientMeter:
        """From a model's folder; options as those of `PerplexityMeter`."""
        return cls(PerplexityMeter(model, batch_size=1, **options), settings)

    def measure(
        self,
        prompts: Sequence[str],
        responses: Sequence[str],
        ids: Sequence[str],
        before: Sequence[Sequence[Message]] | None = None,
    ) -> pd.DataFrame:
        """The numbers of each drawn pair, one row per pair given, in their order; NaN for the others.

        Args:
            before: the turns before each prompt; None is none.

        Returns:
            nll (nats) and tokens of the response; ranks: the sum of its tokens' ranks, each at most `HIGHEST_RANK`;
            gradient_norm: the squared norm of the gradient times the logarithm of `tokens` squared; grace: see
            `polyglot.intrinsic.grace`. Pairs beyond the model's context, or without a token of a response, have none.
        """
        encoded = self.meter.encoded(prompts, responses, before)
        limit = getattr(self.model.config.get_text_config(), "max_position_embeddings", None) or np.inf
        usable = [place for place, (tokens, start) in enumerate(encoded) if start < len(tokens) <= limit]
        taken = drawn([ids[place] for place in usable], self.settings.examples, self.settings.seed)
        places = [usable[place] for place in taken]
        rows, sketches = [], []
        with self._sketching() as sketch, progress(total=len(places), title="gradients", unit="example") as bar:
            for place in places:
                nll, tokens, ranks = self._loss(*encoded[place])
                sketched, squares = sketch.take()
                factor = np.log(tokens)  # the paper's factor of length
                rows.append((nll, tokens, ranks, factor**2 * squares))
                sketches.append(factor * sketched)
                bar.advance(1, tokens=tokens)
        found = pd.DataFrame(np.nan, index=range(len(encoded)), columns=list(COLUMNS))
        if not places:
            return found
        found.loc[places, list(COLUMNS[:-1])] = np.array(rows, dtype=float)
        found.loc[places, "grace"] = self._grace(np.stack(sketches), [prompts[place] for place in places])
        return found

    def _grace(self, sketches: Array, prompts: Sequence[str]) -> Array:
        settings = self.settings
        warning = few_references(len(prompts), settings.dimensions, settings.folds)
        if warning:
            print(f"Warning: {warning}")
        gradients = projected(sketches, settings.dimensions, settings.seed)
        return grace_values(gradients, fold_of(prompts, settings.folds, settings.seed))

    @contextmanager
    def _sketching(self) -> Iterator[Sketch]:
        """Sketch each tensor's gradient as soon as it is there, and forget it."""
        import torch

        weights = [(name, one) for name, one in self.model.named_parameters() if one.requires_grad]
        sketch = Sketch(weights, self.settings.seed)

        def take(name: str, tensor: Any) -> None:
            sketch.add(name, tensor.grad)
            tensor.grad = None

        hooks = [one.register_post_accumulate_grad_hook(lambda tensor, name=name: take(name, tensor)) for name, one in weights]
        try:
            with torch.enable_grad():  # lighteval turns gradients off for the whole process
                yield sketch
        finally:
            for hook in hooks:
                hook.remove()

    def _loss(self, ids: list[int], start: int) -> tuple[float, int, int]:
        """Negative log-likelihood, number and summed ranks of a response's tokens; its gradient goes to the hooks."""
        import torch

        tokens = torch.tensor([ids], device=self.model.device)
        logits = self.model(input_ids=tokens, use_cache=False).logits[:, start - 1 : -1]
        answer = tokens[:, start:].to(logits.device)
        losses = token_losses(logits, answer)
        losses.mean().backward()
        with torch.no_grad():
            own = logits.gather(-1, answer[..., None])
            ranks = ((logits > own).sum(-1) + 1).clamp_max(HIGHEST_RANK)
        return float(losses.detach().double().sum()), answer.shape[1], int(ranks.sum())


def gradient_scores(found: pd.DataFrame) -> dict[str, float]:
    """The scores of a training set, from `GradientMeter.measure`: see `GRADIENT_METRICS`. NaN without a measured pair."""
    known = found.dropna(subset=["nll"])
    if known.empty:
        return {metric.name: float("nan") for metric in GRADIENT_METRICS}
    return {
        "grace": float(known["grace"].mean()),
        "gradient_norm": float(known["gradient_norm"].mean()),
        "rsr": float((known["ranks"] / known["nll"]).mean()),
        "rsr_corpus": float(known["ranks"].sum() / known["nll"].sum()),
        "student_loss": float((known["nll"] / known["tokens"]).mean()),
    }
