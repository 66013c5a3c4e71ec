"""Ask a model the items of tasks, lighteval's and ours, and let lighteval's metrics judge each answer.

lighteval's own pipeline would import every task that it ships, one of which downloads a file, and load data sets into the user's
home; and it returns no outcome of each example. So its tasks, documents and metrics are used one by one.
"""

from __future__ import annotations

import contextlib
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from polyglot.core.errors import WrongInput
from polyglot.core.upstream import Upstream
from polyglot.evaluation.lighteval_rows import part_rows
from polyglot.evaluation.lighteval_tasks import chosen_metric, configurations, task_of
from polyglot.evaluation.open_forms import Open
from polyglot.evaluation.tasks import Questions, Task
from polyglot.models.loading import load_language_model
from polyglot.models.tokenization import answer_ends, load_tokenizer

LIGHTEVAL = Upstream("lighteval", first="0.13", before="0.14")
SEED = 1234
"""lighteval's, set before it reads tasks."""
TRIED = "One sentence. Another one."
"""An answer to try a metric on."""


@dataclass(frozen=True)
class Evaluated:
    """A model to evaluate, and how.

    Attributes:
        folder: in transformers format.
        chat_template: a template that replaces the tokenizer's.
        plain: use no chat format, even if the tokenizer has a chat template.
        batch_tokens: most tokens of a batch.
        gpus: how many GPUs the model is spread over, as many of them as there are.
    """

    folder: Path
    chat_template: Path | None
    plain: bool
    batch_tokens: int
    gpus: int


@dataclass(frozen=True)
class Example:
    """An item with the model's answer, and what the metric makes of it: a number, or its part of a corpus's score.

    `further`: answers to the item's later turns.
    """

    doc: Any
    response: Any
    value: Any
    further: tuple[str, ...] = ()


@dataclass(frozen=True)
class Part:
    """A task as lighteval runs it, or one of several parts of it.

    Attributes:
        name: of the part; "" if there is but one.
        task: lighteval's.
        docs: its items.
        metric: the one that counts. key: its name among what it gives.
    """

    name: str
    task: Any
    docs: list[Any]
    metric: Any
    key: str

    @property
    def aggregate(self) -> Any:
        """What makes one score of all values."""
        return self.metric.get_corpus_aggregations()[self.key]


@dataclass(frozen=True)
class Answered:
    """A part with its examples."""

    part: Part
    examples: list[Example]


def details(
    model: Evaluated, own: Mapping[str, tuple[Task, Questions]], theirs: Mapping[str, Task], *, seed: int
) -> dict[str, list[Answered]]:
    """Every example of every task, by the task's name.

    Args:
        own: task name to a task of ours and its content.
        theirs: task name to a task of lighteval.
    """
    from polyglot.evaluation.lighteval_model import EvaluatedModel, LightevalPrompts

    LIGHTEVAL.check_version()
    tokenizer = load_tokenizer(model.folder, model.chat_template)
    chat = not model.plain and tokenizer.chat_template is not None
    parts = {name: [_own_part(*content, chat, seed)] for name, content in own.items()}
    read = {name: _their_parts(task, chat) for name, task in theirs.items()}
    for part in (part for several in read.values() for part in several):
        _can_be_judged(part)
    asked = EvaluatedModel(
        load_language_model(model.folder, gpus=model.gpus),
        tokenizer,
        chat=chat,
        ends=answer_ends(model.folder, tokenizer),
        tokens=model.batch_tokens,
    )
    found = _answered(asked, parts)
    found |= {name: _with_later_turns(asked, *own[name], *answered) for name, answered in found.items()}
    if read:
        asked.prompts = LightevalPrompts(asked, chat=chat)
        found |= _answered(asked, read)
    return found


def _answered(model: Any, tasks: Mapping[str, Sequence[Part]]) -> dict[str, list[Answered]]:
    """The model's answers to all tasks: options of all of them in common batches, then texts of all of them."""
    from lighteval.metrics import apply_metric
    from lighteval.tasks.requests import SamplingMethod

    docs = [doc for parts in tasks.values() for part in parts for doc in part.docs]
    responses: dict[int, Any] = {}
    ways = (
        (SamplingMethod.LOGPROBS, model.loglikelihood),
        (SamplingMethod.GENERATIVE, model.greedy_until),
        (SamplingMethod.PERPLEXITY, model.loglikelihood_rolling),
    )
    for method, ask in ways:
        chosen = [doc for doc in docs if method in doc.sampling_methods]
        responses |= dict(zip(map(id, chosen), ask(chosen) if chosen else [], strict=True))

    def judged(part: Part) -> Answered:
        answers = [responses[id(doc)] for doc in part.docs]
        values = apply_metric(responses=answers, docs=part.docs, metrics=[part.metric])
        rows = zip(part.docs, answers, values, strict=True)
        return Answered(part, [Example(doc, answer, value[part.key]) for doc, answer, value in rows])

    return {name: [judged(part) for part in parts] for name, parts in tasks.items()}


def _can_be_judged(part: Part) -> None:
    """Whether a metric of written answers has the data that it needs, tried on made answers before a model is loaded.

    Raises:
        WrongInput: if it needs data of NLTK that are not here.
    """
    from lighteval.metrics import apply_metric
    from lighteval.models.model_output import ModelResponse
    from lighteval.tasks.requests import SamplingMethod

    if part.metric.category != SamplingMethod.GENERATIVE:
        return
    for doc in part.docs:
        try:
            apply_metric(responses=[ModelResponse(text=[TRIED])], docs=[doc], metrics=[part.metric])
        except Exception as error:
            if type(error) is LookupError:  # NLTK's own; others are of the made answer
                raise WrongInput(
                    f"lighteval's metric '{part.key}' needs data of NLTK for some items: run `python -m nltk.downloader "
                    "punkt_tab stopwords` where there is a network, or choose another `metric`"
                ) from error


def _with_later_turns(model: Any, task: Task, asked: Questions, answered: Answered) -> list[Answered]:
    """Examples with the answers to their later turns, each after the model's own answers to those before."""
    examples, turn = answered.examples, 1
    items = [asked.items[example.doc.specific["place"]] for example in examples]
    while later := [place for place, item in enumerate(items) if isinstance(item, Open) and turn < len(item.turns)]:
        docs = [_next_turn(examples[place], items[place], turn) for place in later]
        for place, response in zip(later, model.greedy_until(docs), strict=True):
            known = examples[place]
            examples[place] = replace(known, further=(*known.further, str(response.final_text[0])))
        turn += 1
    return [answered]


def _next_turn(example: Example, item: Open, turn: int) -> Any:
    """The document that asks for a later turn: the dialogue so far stands where few-shot examples stand."""
    spoken = zip(item.turns[:turn], (str(example.response.final_text[0]), *example.further), strict=True)
    before = [replace(example.doc, query=said, choices=[answer], gold_index=0, fewshot_samples=[]) for said, answer in spoken]
    return replace(example.doc, query=item.turns[turn], fewshot_samples=[*example.doc.fewshot_samples, *before])


def _their_parts(task: Task, chat: bool) -> list[Part]:
    """A task of lighteval, from the rows in its folder."""
    settings, parts = task.settings, []
    configs = configurations(settings.lighteval_name(task.benchmark, task.lang))
    limit = None if settings.max_items is None else max(1, settings.max_items // len(configs))
    for number, config in enumerate(configs):
        key, metric = chosen_metric(config, settings.metric)
        made = task_of(config, metric, part_rows(task.folder, number), shots=settings.shots, longest=settings.max_new_tokens)
        with _lighteval_seeds():
            for place, doc in enumerate(made.eval_docs()):
                doc.id = str(place)
            docs = made.get_docs(limit)
        for doc in docs:
            doc.stop_sequences = [] if chat else list(doc.stop_sequences or ())  # as lighteval in a chat
        parts.append(Part(config.name.partition(":")[2] if len(configs) > 1 else "", made, docs, metric, key))
    return parts


@contextlib.contextmanager
def gradients_left_as_they_are() -> Iterator[None]:
    """Restore torch's state: lighteval disables gradients for the whole process, at import or later, and advances the random
    state."""
    import torch

    enabled = torch.is_grad_enabled()
    try:
        with torch.random.fork_rng():
            yield
    finally:
        torch.set_grad_enabled(enabled)


@contextlib.contextmanager
def _lighteval_seeds() -> Iterator[None]:
    """lighteval's random state, which tasks use that shuffle options; afterwards it is as before."""
    kept, arrays = random.getstate(), np.random.get_state()
    random.seed(SEED)
    np.random.seed(SEED)
    try:
        yield
    finally:
        random.setstate(kept)
        np.random.set_state(arrays)


def _own_part(task: Task, asked: Questions, chat: bool, seed: int) -> Part:
    """A task of ours as lighteval runs it: its rows hold only an item's position, as the items were read and checked before."""
    from lighteval.tasks.lighteval_task import LightevalTask, LightevalTaskConfig
    from lighteval.tasks.requests import Doc

    settings, formulation = task.settings, task.formulation

    def ask(row: dict[str, Any], name: str | None = None) -> Doc | None:
        few_shot, place = bool(row["__few_shots"]), int(row["place"])
        if not few_shot and place not in asked.places:
            return None
        shown = formulation.ask((asked.shots if few_shot else asked.items)[place], few_shot, seed)
        choices = [choice.strip() for choice in shown.choices]
        return Doc(query=shown.query, choices=choices, gold_index=shown.gold, task_name=name, specific={"place": place})

    metric = _metric(task, asked)
    config = LightevalTaskConfig(
        name=task.name,
        prompt_function=ask,
        hf_repo="",
        hf_subset="",
        hf_avail_splits=["test", "validation"],
        evaluation_splits=["test"],
        few_shots_split="validation" if settings.shots else None,
        few_shots_select="sequential",
        metrics=[metric],
        generation_size=settings.max_new_tokens if formulation.writes else None,
        stop_sequence=list(formulation.stops) or ([] if chat else ["\n\n"]),
        num_fewshots=settings.shots,
    )
    made = LightevalTask(config)
    made.dataset = {  # type: ignore[assignment]
        "test": [{"place": place} for place in range(len(asked.items))],
        "validation": [{"place": place} for place in range(len(asked.shots))],
    }
    return Part("", made, made.get_docs(), metric, metric.metric_name)


def _metric(task: Task, asked: Questions) -> Any:
    """Whether an example is correct: by the generated text, or by the most likely choice.

    Where all texts have one score, or a judge follows, it is not known yet; of a text that is read it is the log-likelihood.
    """
    from lighteval.metrics.metrics_sample import LoglikelihoodAcc, SampleLevelComputation
    from lighteval.metrics.normalizations import LogProbCharNorm
    from lighteval.metrics.utils.metric_utils import Metric
    from lighteval.tasks.requests import Doc, SamplingMethod

    right = task.formulation.right

    class Written(SampleLevelComputation):
        """Whether the generated text is correct."""

        def compute(self, doc: Doc, model_response: Any, **_: Any) -> float:
            if right is None:
                return float("nan")
            return int(right(model_response.final_text[0], asked.items[doc.specific["place"]]))

    class Read(SampleLevelComputation):
        """The log-likelihood of a text."""

        def compute(self, doc: Doc, model_response: Any, **_: Any) -> float:
            return float(model_response.logprobs[0])

    way: tuple[SamplingMethod, SampleLevelComputation]
    if task.formulation.reads:
        way = SamplingMethod.PERPLEXITY, Read()
    elif task.formulation.writes:
        way = SamplingMethod.GENERATIVE, Written()
    else:
        way = SamplingMethod.LOGPROBS, LoglikelihoodAcc(logprob_normalization=LogProbCharNorm())
    return Metric(
        metric_name="correct",
        higher_is_better=True,
        category=way[0],
        sample_level_fn=way[1],
        corpus_level_fn=np.mean,
    )
