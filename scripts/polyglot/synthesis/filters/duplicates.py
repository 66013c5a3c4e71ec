"""Duplicates: examples that a set has already, or whose prompt repeats a seed prompt that the teacher was shown.

Texts are compared by the Jaccard similarity of their n-grams (5 words, as in Lee et al., 2022, or 8 characters where a script has
no spaces). Candidates come from MinHash with locality-sensitive hashing; each candidate's similarity is then computed exactly.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence

from pydantic import Field

from polyglot.core.text import units
from polyglot.synthesis.filters.base import Examples, Filter, Settings, Verdict
from polyglot.synthesis.filters.grams import grams, is_unspaced
from polyglot.synthesis.methods.base import METHODS

PERMUTATIONS, BANDS = 128, 16
"""Of MinHash. Texts of similarity 0.8 share a band of 8 rows with a probability of 95 %, those of 0.9 with more than 99.9 %."""
SEED = 1
"""Of MinHash's permutations; the result depends on it only by candidates that are missed."""
BETWEEN = "\n"
"""Stands between prompt and response, so that no n-gram is equal whose texts are divided elsewhere."""


class DuplicateSettings(Settings):
    """Examples that repeat another one of the same teacher, language and draw; the first one stays."""

    threshold: float = Field(
        default=0.8,
        gt=0,
        le=1,
        description="Jaccard similarity of the n-grams of two texts from which they count as duplicates; 1 finds texts with the "
        "same words only.",
    )
    words: int = Field(default=5, ge=1, description="Words of an n-gram; a shorter text is one n-gram.")
    characters: int = Field(default=8, ge=1, description="Characters of an n-gram in scripts without spaces.")
    seed_prompts: bool = Field(
        default=True,
        description="Compare the prompts that a teacher wrote with the seed prompts of its language too (methods that show it "
        "prompts of that language, such as `generate`).",
    )


class Texts:
    """Texts that are known, to find the one that is nearest to a new text.

    Args:
        settings: threshold and sizes of n-grams.
    """

    def __init__(self, settings: DuplicateSettings) -> None:
        from rensa import RMinHashLSH

        self.settings = settings
        self.ids: list[str] = []
        self.grams: list[array[int]] = []
        self.equal: dict[int, int] = {}
        self.near = RMinHashLSH(settings.threshold, PERMUTATIONS, BANDS)

    def nearest_or_add(self, name: str, parts: Sequence[str]) -> tuple[float, str | None]:
        """The similarity to the nearest known text and its id; a text that is no duplicate is known from then on.

        Args:
            name: the new text's id.
            parts: see `polyglot.core.text.units`.

        Returns:
            (similarity, id); (0, None) if nothing is near.
        """
        return self._nearest(name, parts, add=True)

    def nearest(self, parts: Sequence[str]) -> tuple[float, str | None]:
        """The same, and nothing is added."""
        return self._nearest("", parts, add=False)

    def _nearest(self, name: str, parts: Sequence[str], *, add: bool) -> tuple[float, str | None]:
        from rensa import RMinHash

        size = self.settings.characters if is_unspaced(parts) else self.settings.words
        texts = dict.fromkeys(grams(parts, size))
        hashed = frozenset(map(hash, texts))
        same = self.equal.get(hash(hashed))
        if same is not None and hashed == frozenset(self.grams[same]):
            return 1.0, self.ids[same]
        sketch = RMinHash(num_perm=PERMUTATIONS, seed=SEED)
        sketch.update(list(texts))
        likely = [(self._similarity(hashed, place), -place) for place in self.near.query(sketch)]
        similarity, place = max(likely, default=(0.0, 0))
        if similarity < self.settings.threshold and add:
            self.equal[hash(hashed)] = len(self.ids)
            self.near.insert(len(self.ids), sketch)
            self.ids.append(name)
            self.grams.append(array("q", hashed))
        return similarity, self.ids[-place] if similarity else None

    def _similarity(self, hashed: frozenset[int], place: int) -> float:
        other = self.grams[place]
        common = len(hashed.intersection(other))
        return common / (len(hashed) + len(other) - common)


def _find(examples: Examples, settings: DuplicateSettings) -> Sequence[Verdict]:
    """The similarity to the nearest example before, or to the nearest seed prompt if that is larger."""
    pairs, prompts = Texts(settings), Texts(settings)
    for one in examples.earlier:
        pairs.nearest_or_add(one.id, pair_units(one.prompt, one.response))
    for name, prompt in examples.seed_prompts.items() if settings.seed_prompts else ():
        prompts.nearest_or_add(name, units(prompt))
    verdicts = []
    for (prompt, response), name, method in zip(
        examples.pairs, examples.rows["request_id"], examples.rows["method"], strict=True
    ):
        if prompts.ids and may_copy_prompts(method):
            similarity, seed = prompts.nearest(units(prompt))
            if similarity >= settings.threshold:
                verdicts.append(Verdict(similarity, f"its prompt is {_as(similarity)} the seed prompt {seed}"))
                continue
        similarity, other = pairs.nearest_or_add(name, pair_units(prompt, response))
        found = similarity >= settings.threshold
        verdicts.append(Verdict(similarity, f"it is {_as(similarity)} the example {other}" if found else None))
    return verdicts


def may_copy_prompts(method: str) -> bool:
    """Whether a teacher writes prompts and is shown prompts of the same language."""
    one = METHODS[method]
    return one.writes != "response" and "prompt" in one.shows and one.seeds == "target"


def pair_units(prompt: str, response: str) -> list[str]:
    """The units of prompt and response (see `polyglot.core.text.units`), with a mark between them."""
    return [*units(prompt), BETWEEN, *units(response)]


def _as(similarity: float) -> str:
    return "equal to" if similarity == 1 else f"{similarity:.0%} similar to"


DUPLICATES = Filter(
    "duplicates",
    "examples that repeat another one or a seed prompt, in the same or nearly the same words",
    "duplicate",
    _find,
    DuplicateSettings,
    default=True,
)
