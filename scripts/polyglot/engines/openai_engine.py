"""The `openai` engine: any endpoint with the OpenAI protocol, through the official client.

Requests are sent concurrently, up to the registry's limit: one starts when another ends, and each answer is handed over when it
comes. Too many requests (HTTP 429) are outlasted by time, and so is an endpoint that has answered and is away since, or whose
quota is used up since (for minutes); other errors that pass (no connection, a time-out, 5xx, an unreadable body) by attempts.
Permanent errors (a wrong key, an unknown model, a wait of hours) stop the job with one message. A request that the endpoint
rejects is sent in another form if that may help (`polyglot.engines.manners`), and is `refused` otherwise; one that stays
without a readable answer is `failed`. If that happens to all requests of a kind, or to many with none answered after them, the
job stops with one message.
"""

from __future__ import annotations

import asyncio
import math
import os
import random
import sys
import time
from collections.abc import Awaitable, Callable, Collection
from dataclasses import replace
from itertools import cycle
from pathlib import Path
from typing import Any, TypeVar

import httpx2
from openai import APIConnectionError, APIStatusError, APITimeoutError, AsyncOpenAI, DefaultAsyncHttpxClient

from polyglot.core.sidefile import SideFile
from polyglot.engines.base import Answer, Interrupted, Keep, Request
from polyglot.engines.batch_files import kept_batches
from polyglot.engines.bodies import (
    Counts,
    MalformedAnswer,
    Rejected,
    TornBody,
    UnreadOutput,
    answer_of,
    estimated_tokens,
    read_body,
    size_of,
    texts_of,
)
from polyglot.engines.endpoint_errors import (
    ENDS,
    LONGEST_ASKED,
    QUOTA_WAIT,
    REFUSING,
    UNUSUAL,
    EndpointError,
    asked_to_wait,
    explained,
    has_begun,
    is_about_output,
    is_away,
    is_busy,
    is_quota,
    is_unpaid,
    may_be_paid,
    may_pass,
    note_status,
    own_error,
    words_of,
)
from polyglot.engines.keys import lacking_keys
from polyglot.engines.manners import Known, is_about_form
from polyglot.engines.pace import Pace, window_of
from polyglot.engines.rolling import Outcomes, Rolled, Waits
from polyglot.engines.spending import Spending
from polyglot.registry.models import Endpoint, Manners, Sampling, Thinking

POOL = 32
"""Connections of a client, whose search for a free one takes time by their number."""
FIRST_WAIT = 1.0
"""Seconds between the first attempt and the second, at most; twice as many after each further one."""
LONGEST_WAIT = 60.0
"""Seconds between two attempts; an endpoint's own Retry-After may be longer."""
DOUBLINGS = 10
"""After as many the wait is the longest in any case; more are no number after a night of waiting."""
AWAY_WAIT = 10.0
"""The same while an endpoint is away that has answered: it may be back at any time."""
BUSY_WAIT = 5.0
"""The same where the server is there: after HTTP 429 with a Retry-After, which is then at least waited for, or if it has failed
at what its model wrote."""
TELLING = 6
"""Characters of a key that say something of it."""
T = TypeVar("T")


class OpenAIEngine:
    """Answers requests over HTTP. Keys come from the environment and never appear in messages.

    Args:
        endpoint: address and settings.
        spending: records the cost of each answer and enforces the ceiling.
        manners: where what is found out of the endpoint is kept; None keeps nothing. In its folder, jobs share the limits.
        thinking: what the model's entry says of thinking.
    """

    deterministic = False  # the seed is sent, but servers do not guarantee determinism
    batch_size = None

    def __init__(
        self,
        endpoint: Endpoint,
        sampling: Sampling,
        spending: Spending,
        manners: Path | None = None,
        thinking: Thinking | None = None,
    ) -> None:
        self.endpoint, self.sampling, self.spending = endpoint, sampling, spending
        if lacking := lacking_keys(endpoint):
            raise EndpointError(lacking)
        self.secrets = {name: os.environ[name] for name in endpoint.secrets}
        self.known = Known(endpoint, manners, thinking)
        self.pace = Pace(endpoint.limits, manners and window_of(endpoint, manners.parent))
        self.keep: Keep = lambda answers: None
        self.told: Manners | None = None
        self.answered: set[str] = set()
        self.come, self.came_at = 0, -math.inf
        self.waits = Waits()
        self.runner = asyncio.Runner()
        self.connect(endpoint.url, self.secrets[endpoint.api_key] if endpoint.api_key else "none")

    def connect(self, url: str, key: str) -> None:
        """Ask at this address from now on."""
        endpoint = self.endpoint
        clients = [
            AsyncOpenAI(
                base_url=url,
                api_key=key,
                max_retries=0,
                timeout=self.timeout,
                default_headers={name: self.secrets[variable] for name, variable in endpoint.headers.items()},
                http_client=DefaultAsyncHttpxClient(
                    trust_env=endpoint.proxies, timeout=self.timeout, event_hooks={"response": [note_status]}
                ),
            )
            for _ in range(-(-endpoint.concurrency // POOL))
        ]
        self.clients = cycle(clients)

    def roll(self, keep: Keep, answered: Collection[str], side: SideFile, note: Callable[[str], None]) -> None:
        """See `polyglot.engines.base.Rolling`.

        Raises:
            EndpointError: if requests of this job are in a batch, and would be paid for twice.
        """
        self.keep = keep
        self.answered = set(answered)
        if self.endpoint.batch is None and any(batch.owner == side.owner for batch in kept_batches(side.beside)):
            raise EndpointError(
                f"requests of this job are in a batch at {self.endpoint.url}: set `endpoint.batch` to fetch their answers. To "
                f"ask without them, and pay for them again, remove {side.beside}"
            )

    def chat(self, requests: list[Request]) -> list[Answer]:
        """The answer to every request, in order.

        Raises:
            Interrupted: if a request fails; the answers received so far have been handed over.
        """
        return self.runner.run(self._together(requests))

    async def _together(self, requests: list[Request]) -> list[Answer]:
        outcomes = self.outcomes(requests)
        try:
            await outcomes.run()
        except (Exception, asyncio.CancelledError) as error:
            interrupted = isinstance(error, asyncio.CancelledError)
            cause = KeyboardInterrupt(f"interrupted; {outcomes.left_behind}") if interrupted else error
            raise Interrupted([], explained(cause, self.without_keys(cause), self.endpoint)) from None
        finally:
            outcomes.hand_over()
        return [outcomes.answers[request.id] for request in requests]

    def outcomes(self, requests: list[Request]) -> Outcomes:
        """Requests that are answered together, in the way that this engine asks."""
        return Rolled(self, requests)

    async def answer(self, request: Request) -> Answer:
        """The answer to a request, after as many attempts as it takes.

        Raises:
            APIStatusError: if the endpoint rejects it; other errors that do not pass.
        """
        return await self.outlasted(self._attempts(request, estimated_tokens(texts_of(request)) + self.most(request)[1]))

    def most(self, request: Request) -> tuple[int, int]:
        """Tokens that are set aside for a request, prompt and answer: as if every byte were a token."""
        return sum(map(size_of, texts_of(request))), self.sampling.max_new_tokens

    def _attempts(self, request: Request, tokens: int) -> Callable[[], Awaitable[Answer]]:
        """Asks each time that it is called; with another seed after the server could not read what its model had written."""
        seed = request.seed

        async def ask() -> Answer:
            nonlocal seed
            try:
                return await self._in_some_form(replace(request, seed=seed), tokens)
            except UnreadOutput:
                seed += 1
                raise

        return ask

    async def _in_some_form(self, request: Request, tokens: int) -> Answer:
        while True:
            with self.waits():
                await self.pace.admitted(tokens)
            sent = self.known.found
            try:
                found = await self._entered(request)
            except ENDS as error:
                if not self.another_form(request, sent, error):
                    raise
            else:
                self.known.prove(request, sent)
                self.come += 1
                self.came_at = time.monotonic()
                return found

    async def _entered(self, request: Request) -> Answer:
        """The answer of one attempt, when its cost is entered; without a readable answer, it may be paid for all the same."""
        with self.spending.reserved(*self.most(request)) as enter:
            try:
                answer, counts = await self.asked(request)
            except Rejected as error:
                counts = Counts(error.counts.prompt or 0, error.counts.completion or 0)
                enter(answer_of(request, "", "refused", counts), counts)
                raise
            except (MalformedAnswer, TimeoutError, APITimeoutError) as error:
                if may_be_paid(error):
                    counts = error.counts if isinstance(error, MalformedAnswer) else Counts()
                    enter(answer_of(request, "", "failed", counts), counts)
                    self.spending.write()
                raise
            enter(answer, counts)
        return answer

    async def outlasted(self, ask: Callable[[], Awaitable[T]], *, by_time: bool = False) -> T:
        """What is got in as many attempts as it takes.

        Args:
            by_time: whether every error that passes is outlasted for `endpoint.patience`, and not only too many requests.

        Raises:
            Exception: the last of `ENDS`.
            EndpointError: if the endpoint has answered, and is away for longer than its patience.
        """
        attempts, outlasted, start, before = 0, 0, math.inf, 0
        while True:
            try:
                return await ask()
            except ENDS as error:
                failure = error
            start = min(start, time.monotonic())  # not before: the limits may have kept it waiting
            quota = is_quota(failure) and time.monotonic() - max(start, self.came_at) < QUOTA_WAIT and self.come > 0
            if not (quota or may_pass(failure)) or (asked_to_wait(failure) or 0) > LONGEST_ASKED:
                raise failure
            away = is_away(failure) and 0 < before == self.come  # it has answered, but no one since this request's last attempt
            before = self.come
            attempts, outlasted = (
                (attempts, outlasted + 1) if by_time or away or quota or is_busy(failure) else (attempts + 1, outlasted)
            )
            tired = outlasted > 0 and time.monotonic() - start > self.endpoint.patience
            if tired and away and not by_time:  # not due to this request
                said = self.without_keys(failure)
                raise EndpointError(f"{self.endpoint.url} was away for {self.endpoint.patience:,.0f} seconds; the last: {said}")
            if tired or attempts >= self.endpoint.attempts:
                raise failure
            await self._wait(failure, attempts + outlasted, longest=AWAY_WAIT if away else LONGEST_WAIT)

    def another_form(self, request: Request, sent: Manners, error: Exception) -> bool:
        """Whether a rejected request may be taken in another form."""
        said = self.without_keys(error)
        if is_busy(error) or is_unpaid(error, said):
            return False
        if isinstance(error, APIStatusError):
            if error.status_code not in REFUSING and not (error.status_code in UNUSUAL and is_about_form(said)):
                return False
        elif not isinstance(error, Rejected):
            return False
        changed = self.known.learn(request, sent, said, getattr(error, "param", None))
        if changed and sent != self.told:
            self.told = sent
            print(f"{self.endpoint.url} rejects a request, which is sent in another form: {said}", file=sys.stderr)
        return changed

    async def _wait(self, failure: Exception, attempt: int, longest: float) -> None:
        """Wait before the next attempt: random backoff that doubles, and at least as long as the endpoint asks. It keeps all
        requests waiting if there are too many."""
        asked = asked_to_wait(failure)
        many = is_busy(failure) or is_quota(failure)
        there = isinstance(failure, UnreadOutput) or (many and asked is not None)
        longest = BUSY_WAIT if there else longest
        seconds = max(asked or 0.0, random.uniform(0.5, 1) * min(longest, FIRST_WAIT * 2 ** min(attempt - 1, DOUBLINGS)))
        if many:
            self.pace.pause(asked or 0.0)
        with self.waits():
            await asyncio.sleep(seconds)

    async def asked(self, request: Request) -> tuple[Answer, Counts]:
        """The answer of one attempt, with its counts."""
        body = self.body(request)
        try:
            async with asyncio.timeout(self.timeout):
                found = await next(self.clients).post("/chat/completions", cast_to=httpx2.Response, body=body)
        except TimeoutError:
            raise TimeoutError(f"no answer after {self.timeout:g} seconds (endpoint.timeout)") from None
        except APIStatusError as error:
            told = own_error(error, request)
            if is_about_output(told):
                raise UnreadOutput(self.without_keys(told)) from None
            raise told from None
        except APIConnectionError as error:
            if has_begun(error):
                raise TornBody(f"the answer broke off: {error.__cause__}") from None
            raise
        self.pace.learn(found.headers)
        answer, counts = read_body(found.content, request, self.sampling.max_new_tokens)
        return self.keyless(answer), counts

    def body(self, request: Request) -> dict[str, Any]:
        """A request's body."""
        return self.known.body(request, self.endpoint.model, self.sampling)

    @property
    def timeout(self) -> float | None:
        """Seconds that an answer may take, from the first byte sent to the last received."""
        return self.endpoint.timeout

    def without_keys(self, error: BaseException) -> str:
        """What an error says."""
        return self.masked(words_of(error))

    def keyless(self, answer: Answer) -> Answer:
        """An answer without keys in what the endpoint said of it."""
        return replace(answer, note=self.masked(answer.note))

    def masked(self, said: str) -> str:
        """What an endpoint says, without keys, one that is cut off at its end included."""
        for value in self.secrets.values():
            said = said.replace(value, "[key]")
            shown = said.removesuffix("...")
            sizes = range(len(value) - 1, TELLING - 1, -1)
            if size := next((size for size in sizes if shown.endswith(value[:size])), 0):
                said = f"{shown[:-size]}[key]..."
        return said
