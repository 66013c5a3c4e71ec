"""Coverage of intervals, error rates of verdicts, and measures of perplexity, by simulation with a known truth.

    python performance/intervals.py [--studies 1000] [--only gains ranks verdicts sets regression cells perplexity]

Prints the tables below; coverage of 95 % intervals. tests/unit/scoring holds the same simulations with fewer studies.

Coverage of gains, of their means over 3 languages, and of scores (z-scored gains), 4 teachers, 1,000 studies: least and most over
spreads between seeds of 0, 0.5, 1, 2 and 10 item SEs. The standard error of a share of 0.95 is 0.002 to 0.007.

    seeds    gain            mean gain       score
    2        0.947 to 0.953  0.947 to 0.960  0.948 to 0.955
    3        0.946 to 0.953  0.944 to 0.955  0.949 to 0.954
    5        0.948 to 0.950  0.950 to 0.954  0.947 to 0.951
    10       0.946 to 0.950  0.944 to 0.951  0.942 to 0.949

Coverage of mean and median perplexity, 1,000 studies: tails that are log-normal (wide), or a thousandth of extreme answers (odd).

    answers  tails  mean   median
    600      wide   0.825  0.931
    10,000   wide   0.907  0.940
    600      odd    0.416  0.942
    10,000   odd    0.857  0.941

Why `signsafe` takes the median perplexity: correlation with the share of right answers (1,000 studies of 12 cells of 600
answers), by the share of odd answers that have nothing to do with quality.

    odd      mean    corpus  median
    0 %      0.937   0.932   0.904
    0.1 %    0.370   0.898   0.904
    0.3 %    0.119   0.804   0.903
    1 %      0.028   0.540   0.900
    3 %     -0.001   0.258   0.869

Cells of one teacher and of one language that are alike, by the spread of what they share (a cell's own is 1): coverage of rank
correlations (0 and 0.8), loadings and predictions (100 to 200 studies).

    cells    shared   0      0.8    loadings  predictions
    4 x 3    0        0.970  0.950  0.941     0.947
    4 x 3    1        0.985  0.975  0.936     0.940
    4 x 3    2        1.000  0.980  0.909     0.917
    10 x 6   0        0.940  0.960  0.984     0.938
    10 x 6   1        0.965  0.960  0.944     0.950
    10 x 6   2        0.970  0.960  0.917     0.952

Equal teachers with a clear choice at 5 %, in any of 3 languages and in their mean, and with a P(first) of 0.95 or more: shares of
1,000 studies, with a standard error of 0.007 at 0.05. Least and most of 2, 3 and 5 seeds at spreads of 0, 2 and 10 item SEs.

    teachers  any language    mean            P(first) >= 0.95
    2         0.020 to 0.047  0.036 to 0.068  0.228 to 0.280
    4         0.001 to 0.009  0.003 to 0.011  0.011 to 0.042
    10        0.000 to 0.001  0.000 to 0.004  0.001 to 0.005

With 2 teachers, the nine shares of `mean` are 0.051 on average. The largest, of 5 seeds at a spread of 2, was 0.043 in another
1,000 studies.

Coverage of ranks and of P(first), 2 equal teachers, 1,000 studies:

    seeds  spread  rank   P(first)
    2      0       0.949  0.956
    2      0.5     0.953  0.957
    2      1       0.955  0.967
    2      2       0.959  0.958
    2      10      0.943  0.947
    3      0       0.961  0.960
    3      0.5     0.947  0.955
    3      1       0.955  0.956
    3      2       0.956  0.953
    3      10      0.947  0.956
    5      0       0.942  0.950
    5      0.5     0.945  0.948
    5      1       0.943  0.947
    5      2       0.951  0.961
    5      10      0.948  0.953
    10     0       0.944  0.948
    10     0.5     0.945  0.951
    10     1       0.945  0.949
    10     2       0.948  0.951
    10     10      0.957  0.959
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from itertools import product
from pathlib import Path

HERE = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(HERE), str(HERE / "scripts")]

from tests.known_truth import (  # noqa: E402
    Trained,
    clear_choices,
    loading_coverage,
    perplexity_agreement,
    perplexity_coverage,
    prediction_coverage,
    rank_coverage,
    regression_coverage,
    seed_coverage,
    set_coverage,
    spearman_coverage,
)

SEEDS, SPREADS = (2, 3, 5, 10), (0, 0.5, 1, 2, 10)
GAINS = [0.06, 0.05, 0.05, 0.04]


def say(name: str, found: dict[str, float]) -> None:
    print(f"{name}: " + "; ".join(f"{key} {value:.3f}" for key, value in found.items()), flush=True)


def gains(studies: int) -> None:
    for seeds, spread in product(SEEDS, SPREADS):
        say(f"{seeds} seeds, spread {spread:g} item SEs", seed_coverage(Trained(GAINS, seeds, spread, replicates=1000), studies))


def ranks(studies: int) -> None:
    for seeds, spread in product(SEEDS, SPREADS):
        say(f"{seeds} seeds, spread {spread:g}, 2 equal teachers", rank_coverage(Trained([0.05] * 2, seeds, spread), studies))


def verdicts(studies: int) -> None:
    for teachers, seeds, spread in product((2, 4, 10), (2, 3, 5), (0, 2, 10)):
        study = Trained([0.05] * teachers, seeds, spread, replicates=1000)
        say(f"{teachers} equal teachers, {seeds} seeds, spread {spread:g}, 3 languages", clear_choices(study, studies))


def sets(studies: int) -> None:
    for seeds, spread in product(SEEDS, SPREADS):
        say(f"training sets, {seeds} seeds, spread {spread:g}", {"reward": set_coverage(seeds, spread, studies)})


def regression(studies: int) -> None:
    for (teachers, languages), alike, slope in product(((4, 3), (10, 6)), (0.0, 1.0), (0.0, 1.0)):
        found = regression_coverage(teachers, languages, alike, slope, studies)
        say(f"{teachers} teachers, {languages} languages, effects {alike:g}, slope {slope:g}", {"coefficients": found})


def cells(studies: int) -> None:
    for (teachers, languages), alike in product(((4, 3), (10, 6)), (0.0, 1.0, 2.0)):
        found = {
            "correlation 0": spearman_coverage(teachers, languages, alike, 0.0, studies),
            "correlation 0.8": spearman_coverage(teachers, languages, alike, 0.8, studies),
            "loadings": loading_coverage(teachers, languages, alike, studies),
            "predictions": prediction_coverage(teachers, languages, alike, studies),
        }
        say(f"{teachers} teachers, {languages} languages, effects {alike:g}", found)


def perplexity(studies: int) -> None:
    for kind, n in product(("wide", "odd"), (600, 10_000)):
        say(f"{n} answers, {kind} tails", perplexity_coverage(kind, n, studies))
    for odd in (0.0, 0.001, 0.003, 0.01, 0.03):
        say(f"agreement with the share of right answers, {odd:.1%} odd", perplexity_agreement(studies, odd=odd))


TABLES: dict[str, Callable[[int], None]] = {
    function.__name__: function for function in (gains, ranks, verdicts, sets, regression, cells, perplexity)
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--studies", type=int, default=1000)
    parser.add_argument("--only", nargs="*", choices=list(TABLES), default=list(TABLES))
    given = parser.parse_args()
    for name in given.only:
        print(f"== {name}")
        TABLES[name](given.studies)


if __name__ == "__main__":
    main()
