"""Training a nano model with memory in huge pages, as the Snakefile asks of glibc, against without, in processes that take turns.

    OMP_NUM_THREADS=1 python benchmarks/huge_pages.py results/demo [--steps 60] [--rounds 5]

takes the corpora and tokenizer of a study's results. Prints the median seconds of each side, without start-up and imports, with
the lowest and highest, and whether both trained the same weights.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "scripts"))

SIDES = {"without": "glibc.malloc.hugetlb=0", "huge pages": "glibc.malloc.hugetlb=1"}
LANGUAGES = {"de": 0.5, "id": 0.5}


def train(results: Path, steps: int) -> None:
    """Train once in this process; print seconds and a hash of the weights."""
    import pandas as pd
    import torch  # noqa: F401
    import transformers  # noqa: F401

    from polyglot.nano.pretraining import draw_examples, pretrain
    from polyglot.registry import Pretraining
    from polyglot.tokenization import load_tokenizer

    settings = Pretraining(steps=steps, languages=LANGUAGES)
    corpora = {lang: pd.read_parquet(results / f"nano/corpus/{lang}.parquet") for lang in LANGUAGES}
    examples = draw_examples(corpora, LANGUAGES, size=steps * settings.batch_size, corruption=0, seed=0)
    tokenizer = load_tokenizer(results / "nano/tokenizer")
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "model"
        start = time.perf_counter()
        pretrain(tokenizer, examples, out, settings, checkpoints=Path(folder) / "unfinished")
        seconds = time.perf_counter() - start
        print(seconds, hashlib.sha256((out / "model.safetensors").read_bytes()).hexdigest())


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("results", type=Path, help="folder of a study of the nano world, such as results/demo")
    parser.add_argument("--steps", type=int, default=60)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.here:
        train(arguments.results, arguments.steps)
        return 0
    seconds: dict[str, list[float]] = {side: [] for side in SIDES}
    weights = set()
    command = [sys.executable, __file__, str(arguments.results), "--steps", str(arguments.steps), "--here"]
    for _ in range(arguments.rounds):
        for side, tunables in SIDES.items():
            environment = os.environ | {"GLIBC_TUNABLES": tunables}
            done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True)
            taken, digest = done.stdout.splitlines()[-1].split()
            seconds[side].append(float(taken))
            weights.add(digest)
    medians = {side: statistics.median(found) for side, found in seconds.items()}
    for side, found in seconds.items():
        print(f"{side:>10}: {medians[side]:.2f} s ({min(found):.2f} to {max(found):.2f}), {arguments.steps} steps")
    plain, huge = medians.values()
    print(f"huge pages take {huge / plain - 1:+.1%} time; weights are {'the same' if len(weights) == 1 else 'not the same'}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
