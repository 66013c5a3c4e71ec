"""Outcomes of examples in [0, 1], whatever metric of lighteval they come from, so that their weighted mean is the score.

A metric of single examples gives its values. A score of a whole corpus (chrF++, BLEU, F1 over all items) is no mean of anything;
each example stands with its part in it instead: its jackknife pseudo-value, shifted so that their mean is the score (Efron, 1992,
Journal of the Royal Statistical Society B 54). Resampling these is resampling the examples, up to terms of order 1/n.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from polyglot.core.arrays import Array
from polyglot.core.errors import WrongInput
from polyglot.core.upstream import Upstream

SACREBLEU = Upstream("sacrebleu", first="2.5", before="3")
PERCENT = 100.0


def outcomes(values: Sequence[Any], aggregate: Any, name: str) -> Array:
    """One outcome an example.

    Args:
        values: what the metric gives for each example.
        aggregate: what makes a score of all of them.
        name: of the metric, for messages.

    Returns:
        Shape (examples,); their mean is the score.

    Raises:
        WrongInput: if values of single examples lie outside [0, 1].
    """
    translation = getattr(aggregate, "__self__", None)
    if hasattr(translation, "metric_type"):
        return translation_outcomes([one.golds for one in values], [one.preds[0] for one in values], _sacrebleu(translation))
    if aggregate is not np.mean and not _numbers(values):
        return parts_of_score(lambda chosen: float(aggregate([values[place] for place in chosen])), len(values))
    found = np.asarray(values, dtype=float)
    if not ((found >= 0) & (found <= 1)).all():
        bad = float(found[(found < 0) | (found > 1)][0])
        raise WrongInput(f"lighteval's metric '{name}' gives {bad:.6g}; outcomes lie between 0 and 1: choose another `metric`")
    return found


def parts_of_score(score: Callable[[Sequence[int]], float], count: int) -> Array:
    """Each example's part in a score of all of them: pseudo-values whose mean is the score.

    Args:
        score: of the examples in these places.
    """
    places = list(range(count))
    whole = score(places)
    if count < 2:
        return np.full(count, whole)
    without = np.array([score(places[:place] + places[place + 1 :]) for place in places])
    return _shifted(whole, without)


def translation_outcomes(references: Sequence[Sequence[str]], written: Sequence[str], metric: Any) -> Array:
    """The parts of translations in their corpus's score, a hundredth of sacrebleu's.

    lighteval hands sacrebleu the references of chrF and chrF++ the wrong way round, so that one translation counts; here all do.

    Args:
        references: of each translation, one or more.
        metric: of sacrebleu.
    """
    most = max(map(len, references))
    streams = [[(known[number] if number < len(known) else known[0]) for known in references] for number in range(most)]
    lost = "the score of a corpus is computed anew for each of its examples, which takes long"
    if not SACREBLEU.has(metric, "_extract_corpus_statistics", "_aggregate_and_compute", lost=lost):

        def of(places: Sequence[int]) -> float:
            hypotheses, *known = [[texts[place] for place in places] for texts in (written, *streams)]
            return float(metric.corpus_score(hypotheses, known).score) / PERCENT

        return parts_of_score(of, len(written))
    counts = np.array(metric._extract_corpus_statistics(list(written), streams))
    total = counts.sum(axis=0)

    def score(summed: Array) -> float:
        return float(metric._aggregate_and_compute([summed.tolist()]).score) / PERCENT

    if len(written) < 2:
        return np.full(len(written), score(total))
    return _shifted(score(total), np.array([score(total - one) for one in counts]))


def reading_outcomes(likelihoods: Sequence[float] | Array, sizes: Sequence[int] | Array) -> Array:
    """The parts of texts in the probability per byte that a model gives all of them: exp(sum of log-likelihoods / sum of bytes).

    It is one over the perplexity per UTF-8 byte, whatever the tokenizer, so higher is better and it lies between 0 and 1; minus
    its binary logarithm is the number of bits per byte.

    Args:
        likelihoods: of each text, in nats. sizes: its bytes.
    """
    found, bytes_read = np.asarray(likelihoods, dtype=float), np.asarray(sizes, dtype=float)
    whole = float(np.exp(found.sum() / bytes_read.sum()))
    if len(found) < 2:
        return np.full(len(found), whole)
    return _shifted(whole, np.exp((found.sum() - found) / (bytes_read.sum() - bytes_read)))


def _shifted(whole: float, without: Array) -> Array:
    """Pseudo-values from the scores without each example, shifted to have the score as their mean."""
    pseudo = (len(without) - 1) * (without.mean() - without)
    shifted: Array = whole + pseudo
    return shifted


def _numbers(values: Sequence[Any]) -> bool:
    return all(isinstance(value, int | float | np.number | bool) for value in values)


def _sacrebleu(metric: Any) -> Any:
    """sacrebleu's metric that a translation metric of lighteval stands for."""
    import sacrebleu

    made: dict[str, Callable[[], Any]] = {
        "bleu": lambda: sacrebleu.BLEU(trg_lang=metric.lang),
        "chrf": sacrebleu.CHRF,
        "chrf++": lambda: sacrebleu.CHRF(word_order=2),
    }
    return made[metric.metric_type]()
