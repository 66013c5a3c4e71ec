"""Lexical diversity: how seldom the responses of a training set repeat themselves, as words and as bytes.

Both are numbers of a set as a whole and depend on its size: the more text, the more of it has been said before. They compare only
between sets of about as many examples, of about the same length (see the column of examples beside them). Their truth is the
expected value at that size, and their intervals are the jackknife's, which are rather too wide than too narrow.
"""

from __future__ import annotations

import re
import unicodedata
import zlib
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

from polyglot.intrinsic.jackknife import jackknife_values
from polyglot.intrinsic.metrics import Metric

UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"
    "\u3005-\u3007\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
)
"""Scripts that put no spaces between words: Thai, Lao, Myanmar, Khmer, kana, Han."""
PIECES = re.compile(f"[{UNSPACED}]|[^{UNSPACED}]+")
GROUPS = 10
"""Groups of examples that are left out in turn. A compressed text's size jumps by some bytes whatever is left out, which counts
as error once a group: in simulations 94 to 98 % of 95 % intervals hold the truth with ten groups, and all of them with fifty."""


def words(text: str) -> Iterator[str]:
    """Words as spaces and punctuation part them, without regard to case; characters in scripts that put no spaces."""
    for chunk in unicodedata.normalize("NFKC", text).casefold().split():
        for piece in PIECES.findall(chunk):
            word = _without_marks(piece)
            if word:
                yield word


def _without_marks(piece: str) -> str:
    """Without punctuation and symbols at its ends; those inside a word, as in l'eau or 3.5, stay."""
    start, end = 0, len(piece)
    while start < end and unicodedata.category(piece[start])[0] in "PSC":
        start += 1
    while end > start and unicodedata.category(piece[end - 1])[0] in "PSC":
        end -= 1
    return piece[start:end]


def distinct_2(prompts: Sequence[str], responses: Sequence[str]) -> list[float]:
    """Different pairs of neighbouring words, as a share of all such pairs of the responses together (distinct-2).

    Source: Li et al., 2016, arXiv 1510.03055. It falls with the size of the set: compare sets of equal size only. The number
    without a response is exact: pairs that only this response has are gone.

    Returns:
        One number a response (see `polyglot.intrinsic.jackknife`); NaN where fewer than two responses have a pair.
    """
    return _distinct([list(pairwise(words(response))) for response in responses])


def _distinct(sets: Sequence[Sequence[object]]) -> list[float]:
    """From every response's pairs."""
    only_in: dict[object, int | None] = {}
    for place, pairs in enumerate(sets):
        for pair in pairs:
            if only_in.setdefault(pair, place) != place:
                only_in[pair] = None
    own = [0] * len(sets)
    for found in only_in.values():
        if found is not None:
            own[found] += 1
    different, total = len(only_in), sum(map(len, sets))
    without = [_share(different - alone, total - len(pairs)) for alone, pairs in zip(own, sets, strict=True)]
    return jackknife_values(_share(different, total), without, range(len(sets)))


def _share(part: int, whole: int) -> float:
    return part / whole if whole else float("nan")


def compression_ratio(prompts: Sequence[str], responses: Sequence[str]) -> list[float]:
    """Bytes of all responses together, divided by their bytes as zlib compresses them: the higher, the more repetition.

    Source: Shaib et al., 2024, arXiv 2403.00553. It rises with the size of the set: compare sets of equal size only. Every
    tenth response is left out at a time, from the first, the second and so on.

    Returns:
        One number a response (see `polyglot.intrinsic.jackknife`).
    """
    texts = [response.encode("utf-8", errors="replace") for response in responses]
    groups = min(GROUPS, len(texts))
    group_of = [place % groups for place in range(len(texts))]
    without = [
        _ratio(text for text, group in zip(texts, group_of, strict=True) if group != left_out) for left_out in range(groups)
    ]
    return jackknife_values(_ratio(texts), without, group_of)


def _ratio(texts: Iterable[bytes]) -> float:
    joined = b"\n".join(texts)
    return len(joined) / len(zlib.compress(joined)) if joined else float("nan")


SIZED = "Depends on the size of the set: compare sets of equal size only."
DISTINCT_2 = Metric(
    "distinct_2",
    "distinct-2",
    measure=distinct_2,
    unit="share of different word pairs",
    note=f"Distinct-2: different pairs of neighbouring words as a share of all, in the responses of one seed. {SIZED}",
    equal_size=True,
)
COMPRESSION_RATIO = Metric(
    "compression_ratio",
    "compression ratio",
    measure=compression_ratio,
    unit="bytes of the responses, divided by those after zlib",
    note=f"Compression ratio: bytes of the responses of one seed, divided by those after zlib; lower is more diverse. {SIZED}",
    digits=2,
    better="lower",
    equal_size=True,
)
