"""Requests under way: one starts when another ends, and each answer is handed over when it comes."""

from __future__ import annotations

import asyncio
import math
import signal
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple, Protocol

from openai import APIStatusError

from polyglot.engines.base import Answer, Keep, Request
from polyglot.engines.bodies import LONGEST_NOTE, Counts, answer_of
from polyglot.engines.endpoint_errors import ENDS, EmptyAnswer, NoAnswers, loss
from polyglot.engines.error_words import is_about_content
from polyglot.engines.manners import TOO_LONG
from polyglot.engines.spending import Spending
from polyglot.registry.models import Endpoint

GRACE = 5.0
"""Seconds that an interrupted job waits for answers that are under way, and may be paid for."""
HOPELESS = 8
"""Times the concurrency: as many requests of a kind without an answer after them end the job. At its end, so do more than these
and than the concurrency, unless all are rejected for what they say."""


class Waits:
    """Where requests wait, before an attempt or between two. A stop ends those that wait there, and all that come there later."""

    def __init__(self) -> None:
        self.tasks: set[asyncio.Task[Any]] = set()
        self.stopped = False

    @contextmanager
    def __call__(self) -> Iterator[None]:
        """Round a wait.

        Raises:
            CancelledError: if requests have stopped meanwhile.
        """
        task = asyncio.current_task()
        assert task is not None  # requests are tasks
        self._go_on()
        self.tasks.add(task)
        try:
            yield
        finally:
            self.tasks.discard(task)
        self._go_on()

    def _go_on(self) -> None:
        if self.stopped:
            raise asyncio.CancelledError

    def stop(self) -> None:
        """Send nothing more."""
        self.stopped = True
        for task in self.tasks:
            task.cancel()


class Asking(Protocol):
    """An engine that asks an endpoint.

    Args:
        keep: stores answers.
        answered: kinds of requests to which there are answers.
        waits: where its requests wait.
    """

    endpoint: Endpoint
    waits: Waits
    spending: Spending
    keep: Keep
    answered: set[str]

    async def answer(self, request: Request) -> Answer: ...

    def without_keys(self, error: BaseException) -> str: ...


class Loss(NamedTuple):
    """A request without an answer: its place among all of them, what is stored if it counts as answered, and the error."""

    place: int
    answer: Answer
    error: Exception


def is_empty(answer: Answer) -> bool:
    """Whether an answer holds an error alone."""
    return answer.finish_reason == "failed" and not answer.text and not answer.thoughts


class Outcomes:
    """Requests that are answered together, and what has come of them."""

    def __init__(self, engine: Asking, requests: list[Request]) -> None:
        self.engine, self.requests = engine, requests
        self.answers: dict[str, Answer] = {}
        self.gathered: list[Answer] = []
        self.withheld: dict[str, list[Loss]] = {}
        self.losses = 0
        self.told = set[str]()
        self.asked: Counter[str] = Counter(request.kind for request in requests)
        self.come = 0
        self.broken: Exception | None = None

    async def run(self) -> None:
        """Ask for all of them.

        Raises:
            CancelledError: if the job is interrupted.
            Exception: if one of them fails in a way that ends the job.
        """
        raise NotImplementedError

    @property
    def left_behind(self) -> str:
        """What an interruption leaves, in words."""
        return "the answers received so far are kept"

    def came(self, request: Request, answer: Answer, losses: int) -> None:
        """A request has an answer.

        Args:
            losses: how many there were when it was asked. Those of its kind are due to themselves, since the endpoint answers.
        """
        if is_empty(answer):
            self._withhold(request, answer, EmptyAnswer(f"an answer without a text: {answer.note}"))
            return
        self.come += 1
        if answer.finish_reason == "failed" and request.kind not in self.told:
            self.told.add(request.kind)
            print(f"answers count as failed, such as that to request {request.id}: {answer.note}", file=sys.stderr)
        if answer.finish_reason != "refused":
            self.engine.answered.add(request.kind)
            self.believe(request.kind, losses)
        self._gather(answer)

    def lost(self, request: Request, error: Exception, others: int) -> None:
        """A request without an answer. It counts as answered as soon as one of its kind that was asked later has an answer; until
        then, the cause may be the form of all of them, or a key or money at its end.

        Args:
            others: requests that were answered meanwhile; if many were, what does not pass is due to this one.

        Raises:
            Exception: the error, if it is not about this request.
        """
        said = self.engine.without_keys(error)
        finish = loss(error, said, others)
        if finish is None:
            raise error
        status = f" (HTTP {error.status_code})" if isinstance(error, APIStatusError) else ""
        print(f"request {request.id} {'was refused' if finish == 'refused' else 'has failed'}{status}: {said}", file=sys.stderr)
        answer = answer_of(request, "", finish, Counts(0, 0, 0), note=said[:LONGEST_NOTE])
        if request.kind in self.engine.answered and TOO_LONG.search(said):
            self._gather(answer)  # the longest are asked last, so no other may be answered after them
            return
        self._withhold(request, answer, error)

    def _withhold(self, request: Request, answer: Answer, error: Exception) -> None:
        self.withheld.setdefault(request.kind, []).append(Loss(self.losses, answer, error))
        self.losses += 1

    def believe(self, kind: str, losses: float = math.inf) -> None:
        """The first of all losses are due to themselves where they are of this kind: they count as answered."""
        withheld = self.withheld.pop(kind, [])
        for loss_ in withheld:
            if loss_.place < losses:
                self._gather(loss_.answer)
        if later := [loss_ for loss_ in withheld if loss_.place >= losses]:
            self.withheld[kind] = later

    def judge(self, *, finished: bool) -> None:
        """Whether requests without an answer are due to themselves.

        Raises:
            NoAnswers: if none of their kind has one, or none after them and they are many.
        """
        concurrency = self.engine.endpoint.concurrency
        for kind, withheld in list(self.withheld.items()):
            answered = kind in self.engine.answered
            few = len(withheld) <= max(HOPELESS, concurrency)
            due = answered and (few or all(is_about_content(one.answer.note) for one in withheld))
            # answers of an earlier job may come from other settings, so they count only for a single request
            alone = self.asked[kind] == 1 and self.engine.spending.path.exists()
            if finished and (due or alone):
                self.believe(kind)
            elif finished or len(withheld) >= HOPELESS * concurrency:
                raise NoAnswers(kind, len(withheld) if answered else self.asked[kind], withheld[0].error, answered=answered)

    def _gather(self, answer: Answer) -> None:
        self.answers[answer.id] = answer
        if not self.gathered:
            asyncio.get_running_loop().call_soon(self._hand_over_or_stop)  # those that come at once share a write
        self.gathered.append(answer)

    def _hand_over_or_stop(self) -> None:
        try:
            self.hand_over()
        except Exception as error:  # what cannot be stored must not be paid for
            self.broken = error

    def hand_over(self) -> None:
        """Have what has come stored, then what it cost."""
        come, self.gathered = self.gathered, []
        if come:
            self.engine.keep(come)
            self.engine.spending.write()


class Rolled(Outcomes):
    """Requests of which one starts when another ends."""

    def __init__(self, engine: Asking, requests: list[Request]) -> None:
        super().__init__(engine, requests)
        self.waits = engine.waits = Waits()
        self.turn = asyncio.Lock()

    async def run(self) -> None:
        waiting = iter(self.requests)
        places = min(self.engine.endpoint.concurrency, len(self.requests))
        tasks = [asyncio.create_task(self._work(waiting)) for _ in range(places)]
        try:
            with cancelled_by_sigterm():
                await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
        finally:
            await self._end(tasks)
        for task in tasks:
            if not task.cancelled() and (error := task.exception()) is not None:
                raise error
        if self.broken is not None:
            raise self.broken
        self.judge(finished=True)

    async def _end(self, tasks: list[asyncio.Task[None]]) -> None:
        """Start no more requests, and wait a little for answers that are under way, since they may be paid for."""
        waiting = set(self.waits.tasks)
        self.waits.stop()
        if under_way := [task for task in tasks if not task.done() and task not in waiting]:
            print(f"stopping: up to {GRACE:g} seconds for {len(under_way)} requests that are under way", file=sys.stderr)
            await asyncio.wait(under_way, timeout=GRACE)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _work(self, waiting: Iterator[Request]) -> None:
        for request in waiting:
            if self.broken is not None:
                raise self.broken
            with self.waits():
                await self._its_turn()
            before, losses = self.come, self.losses
            try:
                answer = await self.engine.answer(request)
            except ENDS as error:
                self.lost(request, error, others=self.come - before)
            else:
                self.came(request, answer, losses)
            self.judge(finished=False)

    async def _its_turn(self) -> None:
        """Requests start one after the other, each after a look at what has come: an answer must not wait behind many starts,
        since a kill of the job would lose it."""
        async with self.turn:
            await asyncio.sleep(0)


@contextmanager
def cancelled_by_sigterm() -> Iterator[None]:
    """Cancel the current task on SIGTERM, which a cluster sends at a job's time limit, as asyncio does on SIGINT."""
    task, loop = asyncio.current_task(), asyncio.get_running_loop()
    if task is None or threading.current_thread() is not threading.main_thread():
        yield
        return
    cancel = task.cancel
    before = signal.signal(signal.SIGTERM, lambda *_: loop.call_soon_threadsafe(cancel))
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
