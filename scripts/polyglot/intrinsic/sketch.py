"""A gradient of any size reduced to a few numbers that keep its inner products, on any device, without a matrix of that size."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from polyglot.core.arrays import Array
from polyglot.core.hashing import stable_seed

WIDTH = 16_381
"""Buckets of a sketch. A prime, so that neighbours in a column of a weight matrix do not fall into one bucket."""
ROWS = 128
"""Rows of `WIDTH` weights that are read at a time: 2 million. A multiple of 8, because 8 signs are stored in a byte."""


class Sketch:
    """Reduces gradients to `WIDTH` numbers: every weight has a random sign, and every `WIDTH`th weight is summed up.

    Inner products are right on average; their relative error is about 1 % (Weinberger et al., ICML 2009). The signs depend on the
    seed and on the weights' names alone, so each device gets the same ones. They take one bit a weight.

    Args:
        parameters: names and tensors of the model's trainable weights; signs are held where each of them is.
        seed: of the signs.
    """

    def __init__(self, parameters: Iterable[tuple[str, Any]], seed: int) -> None:
        import torch

        self._signs: dict[str, Any] = {}
        for name, tensor in parameters:
            source = torch.Generator().manual_seed(stable_seed("sketch", name, seed))
            packed = torch.randint(0, 256, (-(-tensor.numel() // 8),), generator=source, dtype=torch.uint8)
            self._signs[name] = packed.to(tensor.device)
        self._sums: dict[Any, Any] = {}
        self._squares: dict[Any, Any] = {}

    def add(self, name: str, gradient: Any) -> None:
        """Add the gradient of one tensor of weights."""
        import torch

        flat, signs, device = gradient.detach().reshape(-1), self._signs[name], gradient.device
        if device not in self._sums:
            self._sums[device] = torch.zeros(WIDTH, device=device)
            self._squares[device] = torch.zeros((), dtype=torch.float64, device=device)
        step = ROWS * WIDTH
        for start in range(0, len(flat), step):
            part = flat[start : start + step].float()
            self._squares[device] += (part @ part).double()
            signed = part * _unpacked(signs[start // 8 : (start + step) // 8], len(part))
            whole = torch.nn.functional.pad(signed, (0, -len(part) % WIDTH))
            self._sums[device] += whole.view(-1, WIDTH).sum(0)

    def take(self) -> tuple[Array, float]:
        """The sketch of what was added since the last time, shape (WIDTH,), and its exact squared norm."""
        found = np.sum([sums.cpu().numpy().astype(np.float64) for sums in self._sums.values()], axis=0)
        squares = float(sum(squares.item() for squares in self._squares.values()))
        self._sums, self._squares = {}, {}
        return found, squares


def _unpacked(packed: Any, count: int) -> Any:
    """The first signs of packed ones, 1 or -1."""
    import torch

    places = torch.arange(8, dtype=torch.uint8, device=packed.device)
    bits = (packed[:, None] >> places) & 1
    return bits.reshape(-1)[:count].float() * 2 - 1


def projected(sketches: Array, dimensions: int, seed: int) -> Array:
    """Sketches multiplied by random signs, divided by the root of `dimensions`, so that squared norms are kept on average.

    Args:
        sketches: shape (n, WIDTH).

    Returns:
        Shape (n, dimensions).
    """
    rng = np.random.default_rng(stable_seed("projection", dimensions, seed))
    signs = rng.integers(0, 2, size=(sketches.shape[1], dimensions), dtype=np.int8).astype(np.float64) * 2 - 1
    found: Array = sketches @ signs / np.sqrt(dimensions)
    return found
