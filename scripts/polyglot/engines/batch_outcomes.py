"""What batches say of their requests: each row is read as the answer to a single request is, and entered once."""

from __future__ import annotations

from collections import Counter
from typing import Any

from openai import APIStatusError

from polyglot.engines.base import Answer, Request
from polyglot.engines.batch_api import Batch
from polyglot.engines.batch_files import KeptBatch, custom_id, outcome_of, rows_of
from polyglot.engines.bodies import Counts, MalformedAnswer, Rejected, answer_of
from polyglot.engines.endpoint_errors import REFUSING, NoAnswers, Unanswered, may_be_paid, may_pass
from polyglot.engines.openai_engine import OpenAIEngine
from polyglot.engines.rolling import Outcomes, is_empty
from polyglot.registry.models import Batching, Manners

STORED = 500
"""Answers that are stored at a time."""


class BatchOutcomes(Outcomes):
    """Requests that are answered in batches, and what has come of them.

    Attributes:
        left: requests that are neither answered nor lost, by their names in batches.
        times: batches that have not answered a request.
        fatal: what ends the job when a batch's other rows are taken.
        well: kinds of requests that were answered.
    """

    engine: OpenAIEngine

    def __init__(self, engine: OpenAIEngine, requests: list[Request]) -> None:
        super().__init__(engine, requests)
        self.left = {custom_id(request.id): request for request in requests}
        self.times: Counter[str] = Counter()
        self.fatal: Exception | None = None
        self.well: set[str] = set()

    @property
    def settings(self) -> Batching:
        assert self.engine.endpoint.batch is not None  # else requests are asked one by one
        return self.engine.endpoint.batch

    def hand_over(self) -> None:
        """Have what has come entered, and stored then."""
        self.engine.spending.write()
        super().hand_over()

    def read(self, batch: KeptBatch, found: Batch, what: str, seen: set[str]) -> None:
        """Take the rows of a fetched file."""
        entered = self.engine.spending.entered(found.id)
        for row in filter(None, rows_of(batch.fetched(what))):
            name = str(row.get("custom_id"))
            if name in seen or name not in self.left:
                continue  # its answer was stored before the job was killed
            seen.add(name)
            self._take_row(batch, found, row, self.left[name], entered)
            if len(self.gathered) >= STORED:
                self.hand_over()

    def _take_row(self, batch: KeptBatch, found: Batch, row: dict[str, Any], request: Request, entered: set[str]) -> None:
        def enter(answer: Answer, counts: Counts) -> None:
            if request.id not in entered:
                self.engine.spending.enter(answer, counts, *self.engine.most(request), batch=found.id)

        try:
            answer, counts = outcome_of(row, request, self.engine.endpoint.url, self.engine.sampling.max_new_tokens)
        except Unanswered as error:
            if found.status != "cancelled":
                self.again(request, error)
        except MalformedAnswer as error:
            if may_be_paid(error):
                enter(answer_of(request, "", "failed", error.counts), error.counts)
            self.again(request, error)
        except (Rejected, APIStatusError) as error:
            if isinstance(error, Rejected):
                counts = Counts(error.counts.prompt or 0, error.counts.completion or 0)
                enter(answer_of(request, "", "refused", counts), counts)
            if self.engine.another_form(request, Manners(**batch.manners), error):
                return
            if isinstance(error, APIStatusError) and error.status_code not in REFUSING and may_pass(error):
                self.again(request, Unanswered(f"HTTP {error.status_code}: {error}"))
            else:
                self._lose(request, error)
        else:
            enter(answer, counts)
            self.engine.known.prove(request, Manners(**batch.manners))
            del self.left[custom_id(request.id)]
            if answer.finish_reason != "refused" and not is_empty(answer):
                self.well.add(request.kind)
            self.came(request, self.engine.keyless(answer), self.losses)

    def judge(self, *, finished: bool) -> None:
        """Rows are in no order, so one that is answered speaks for all of its kind."""
        for kind in self.well:
            self.believe(kind)
        super().judge(finished=finished)

    def settle(self) -> None:
        """Judge what was lost, when all rows of a batch are taken."""
        try:
            self.judge(finished=False)
        except NoAnswers as cause:
            self.fatal = self.fatal or cause

    def again(self, request: Request, error: Exception) -> None:
        """A request without an answer goes into the next batch, some times."""
        self.times[request.id] += 1
        if self.times[request.id] >= self.settings.attempts:
            said = f"no answer in {self.settings.attempts} batches; the last: {self.engine.without_keys(error)}"
            self._lose(request, Unanswered(said))

    def _lose(self, request: Request, error: Exception) -> None:
        """A request that stays without an answer. What ends the job does so when the other rows are taken."""
        del self.left[custom_id(request.id)]
        try:
            self.lost(request, error, others=self.come)
        except Exception as cause:
            self.fatal = self.fatal or cause
