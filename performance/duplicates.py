"""Exact and near duplicates of many short examples, at several sizes; beside it datasketch, where it is installed.

    python performance/duplicates.py [--examples 10000 100000 1000000] [--beside 10000]

Prints CPU seconds, microseconds an example, the peak of memory, and of the planted copies the share that is found: a tenth of the
examples are equal to an earlier one but for letter case and white space, a tenth have one other word of 50.
"""

from __future__ import annotations

import argparse
import multiprocessing
import random
import resource
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "scripts"))

WORDS = 20_000
"""Of the made-up vocabulary; frequent words are as much more frequent as in a language (Zipf)."""
KEPT = 2_000
"""Examples from which copies are made."""
Found = tuple[float, float, float, float, int]


def examples(count: int) -> Iterator[tuple[str, str, str]]:
    """(kind, prompt, response): `new`, `equal` to an earlier one, or `near`: 20 words and 30 words."""
    rng = random.Random(0)
    vocabulary = [f"{rng.getrandbits(24):x}" for _ in range(WORDS)]
    weights = [1 / (rank + 1) for rank in range(WORDS)]
    drawn: list[str] = []
    before: list[tuple[str, str]] = []
    for _ in range(count):
        kind = rng.choices(("new", "equal", "near"), (8, 1, 1))[0] if before else "new"
        if kind == "new":
            if len(drawn) < 50:
                drawn = rng.choices(vocabulary, weights, k=50_000)
            words, drawn = drawn[:50], drawn[50:]
            pair = " ".join(words[:20]), " ".join(words[20:])
            before = [*before[-KEPT + 1 :], pair] if rng.random() < 0.05 or not before else before
            yield kind, *pair
            continue
        prompt, response = rng.choice(before)
        if kind == "equal":
            yield kind, f"  {prompt.upper()} ", response
        else:
            words = response.split()
            words[rng.randrange(30)] = "another"
            yield kind, prompt, " ".join(words)


def ours(count: int) -> Found:
    """(CPU seconds, peak MB of the process, share of equal ones found, share of near ones found, others found)."""
    from polyglot.synthesis.filters.duplicates import DuplicateSettings, Texts, pair_units

    texts = Texts(DuplicateSettings())
    return measured(count, lambda name, prompt, response: texts.nearest_or_add(name, pair_units(prompt, response))[0] >= 0.8)


def datasketch(count: int) -> Found:
    """The same with datasketch's MinHash and index, of as many permutations and bands; without exact similarities."""
    from datasketch import MinHash, MinHashLSH

    from polyglot.synthesis.filters.duplicates import BANDS, PERMUTATIONS, pair_units
    from polyglot.synthesis.filters.grams import grams

    index = MinHashLSH(num_perm=PERMUTATIONS, params=(BANDS, PERMUTATIONS // BANDS))

    def known(name: str, prompt: str, response: str) -> bool:
        sketch = MinHash(num_perm=PERMUTATIONS)
        sketch.update_batch([gram.encode() for gram in grams(pair_units(prompt, response), 5)])
        near = bool(index.query(sketch))
        if not near:
            index.insert(name, sketch)
        return near

    return measured(count, known)


def measured(count: int, known: Callable[[str, str, str], bool]) -> Found:
    counts, found = dict.fromkeys(("new", "equal", "near"), 0), dict.fromkeys(("new", "equal", "near"), 0)
    spent = 0.0
    for place, (kind, prompt, response) in enumerate(examples(count)):
        start = time.process_time()
        repeated = known(f"{place:016x}", prompt, response)
        spent += time.process_time() - start
        counts[kind] += 1
        found[kind] += repeated
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return spent, peak, found["equal"] / max(counts["equal"], 1), found["near"] / max(counts["near"], 1), found["new"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--examples", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--beside", type=int, nargs="*", default=[], help="sizes at which datasketch is measured too")
    given = parser.parse_args()
    runs = [("polyglot-score", ours, count) for count in given.examples] + [
        ("datasketch", datasketch, count) for count in given.beside
    ]
    print("| with | examples | CPU seconds | us an example | peak MB | equal found | near found | others |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    for name, run, count in runs:
        with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:  # a process of its own has a peak of its own
            seconds, peak, equal, near, others = pool.submit(run, count).result()
        cost = f"{seconds:.1f} | {seconds / count * 1e6:.0f} | {peak:,.0f}"
        print(f"| {name} | {count:,} | {cost} | {equal:.2%} | {near:.2%} | {others} |", flush=True)


if __name__ == "__main__":
    main()
