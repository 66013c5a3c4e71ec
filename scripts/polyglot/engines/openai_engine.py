"""The `openai` engine: any endpoint with the OpenAI protocol, through the official client.

Requests are sent concurrently, up to the registry's limit. Transient errors (no connection, a time-out, a status in `PASSING` or
5xx, an invalid body) are retried after the endpoint's Retry-After, else with random exponential backoff. Permanent errors (a
wrong key, an unknown model, a wait of hours) stop the job with one message. A request that the endpoint rejects (content policy,
context length) gets an empty text and the finish reason `refused`; if it rejects all of them, the job stops. Received answers are
never lost: the exception that stops a batch, even by an interrupt, carries them.
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
import sys
import threading
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

from openai import (
    APIConnectionError,
    APIResponseValidationError,
    APIStatusError,
    AsyncOpenAI,
    AuthenticationError,
    NotFoundError,
    PermissionDeniedError,
)
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception, stop_after_attempt

from polyglot.engines.base import Answer, Interrupted, Request, Start
from polyglot.engines.spending import Spending
from polyglot.registry.models import Endpoint, Sampling

PASSING = {408, 409, 429}
"""Transient HTTP statuses below 500; these and all 5xx are retried."""
REFUSING = {400, 413, 422}
"""HTTP statuses of a request that the endpoint rejects."""
LONGEST_WAIT = 60.0
"""Seconds; an endpoint's own Retry-After may be longer."""
LONGEST_ASKED = 600.0
"""Longest Retry-After in seconds; a job stops rather than wait longer."""


class MalformedAnswer(Exception):
    """A response body that is not a chat completion."""


class EndpointError(RuntimeError):
    """A permanent error of the endpoint; the message gives the remedy and never contains the key."""


class OpenAIEngine:
    """Answers batches over HTTP. Keys come from the environment and never appear in messages.

    Args:
        endpoint: address and settings.
        spending: records the cost of each answer and enforces the ceiling.
    """

    deterministic = False  # the seed is sent, but servers do not guarantee determinism

    def __init__(self, endpoint: Endpoint, sampling: Sampling, spending: Spending) -> None:
        self.endpoint, self.sampling, self.spending = endpoint, sampling, spending
        self.batch_size = endpoint.concurrency * 8
        key = os.environ.get(endpoint.api_key) if endpoint.api_key else "none"
        if not key:
            raise EndpointError(f"{endpoint.url} needs a key: set the environment variable {endpoint.api_key}")
        self.key = key
        self.answered = False
        self.runner = asyncio.Runner()
        self.client = AsyncOpenAI(base_url=endpoint.url, api_key=key, max_retries=0, timeout=endpoint.timeout)

    def chat(self, requests: list[Request]) -> list[Answer]:
        """The answer to every request, in order.

        Raises:
            Interrupted: if a request fails; carries the answers received so far.
        """
        return self.runner.run(self._together(requests))

    async def _together(self, requests: list[Request]) -> list[Answer]:
        places = asyncio.Semaphore(self.endpoint.concurrency)
        answers: dict[str, Answer] = {}
        refusals: dict[str, APIStatusError] = {}

        async def one(request: Request) -> None:
            async with places:
                try:
                    answers[request.id] = await self._answered(request)
                except APIStatusError as error:
                    if error.status_code not in REFUSING:
                        raise
                    refusals[request.id] = error

        work: list[Coroutine[Any, Any, None]] = [one(request) for request in requests]
        tasks = [asyncio.create_task(task) for task in work]
        try:
            with cancelled_by_sigterm():
                done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
            failed = next((task.exception() for task in done if task.exception()), None)
        except asyncio.CancelledError:
            failed = KeyboardInterrupt("interrupted; the answers received so far are kept")
        self.answered = self.answered or bool(answers)
        if failed is None and len(refusals) == len(requests) and not self._known_to_answer(requests):
            failed = next(iter(refusals.values()))
        if failed is not None:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            cause = self._explained(failed)
            raise Interrupted([answers[request.id] for request in requests if request.id in answers], cause) from None
        for name, error in refusals.items():
            answers[name] = Answer(name, "", "refused", 0, 0)
            print(f"request {name} was refused (HTTP {error.status_code}): {self._without_key(error)}", file=sys.stderr)
        return [answers[request.id] for request in requests]

    def _known_to_answer(self, requests: list[Request]) -> bool:
        """Whether the endpoint accepts requests at all; if so, the refusals are due to these requests.

        Answers of an earlier job may come from other settings, so they count only if this batch is a single request.
        """
        return self.answered or (len(requests) == 1 and self.spending.path.exists())

    async def _answered(self, request: Request) -> Answer:
        prompt = sum(len(message["content"]) for message in request.messages)  # as if every character were a token
        with self.spending.reserved(prompt, self.sampling.max_new_tokens) as enter:
            async for attempt in AsyncRetrying(
                retry=retry_if_exception(lambda error: may_pass(error) and (asked_to_wait(error) or 0) <= LONGEST_ASKED),
                wait=wait,
                stop=stop_after_attempt(self.endpoint.attempts),
                reraise=True,
            ):
                with attempt:
                    answer, counted = await self._asked(request)
            enter(answer, counted=counted)
        return answer

    async def _asked(self, request: Request) -> tuple[Answer, bool]:
        """The answer, and whether the endpoint reported its token counts."""
        try:
            found = await self.client.chat.completions.create(**self._body(request))
            choice, usage = found.choices[0], found.usage
            text, reason = choice.message.content or "", choice.finish_reason
            tokens = (usage.prompt_tokens, usage.completion_tokens) if usage else (0, 0)
        except (ValueError, AttributeError, TypeError, IndexError) as error:  # a malformed body can raise anything
            raise MalformedAnswer(f"{type(error).__name__}: {error}") from None
        return Answer(request.id, text, "length" if reason == "length" else "stop", *tokens), usage is not None

    def _body(self, request: Request) -> dict[str, Any]:
        """A request as the client takes it."""
        sampling, options = self.sampling, dict(self.endpoint.options)
        if sampling.top_k:
            options["top_k"] = sampling.top_k
        if request.schema is not None:
            shape = {"name": "answer", "schema": request.schema}
            options["response_format"] = {"type": "json_schema", "json_schema": shape}
        return {
            "model": self.endpoint.model,
            "messages": request.messages,
            "temperature": sampling.temperature,
            "top_p": sampling.top_p,
            "max_tokens": sampling.max_new_tokens,
            "seed": request.seed % 2**31,
            "extra_body": options,
        }

    def _without_key(self, error: BaseException) -> str:
        return str(error).replace(self.key, "[key]") if self.key != "none" else str(error)

    def _explained(self, error: BaseException) -> BaseException:
        """The error with its remedy, without the key."""
        said = self._without_key(error)
        where = self.endpoint.url
        if isinstance(error, AuthenticationError):
            return EndpointError(f"{where} refuses the key in the environment variable {self.endpoint.api_key}: {said}")
        if isinstance(error, PermissionDeniedError):
            return EndpointError(f"{where} does not allow the model '{self.endpoint.model}' with this key: {said}")
        if isinstance(error, NotFoundError):
            return EndpointError(f"{where} has no model '{self.endpoint.model}', or is not a chat endpoint: {said}")
        if may_pass(error) and (asked := asked_to_wait(error)) is not None and asked > LONGEST_ASKED:
            return EndpointError(f"{where} asks to wait {asked / 60:,.0f} minutes: run again then; answers are kept: {said}")
        if may_pass(error):
            return EndpointError(f"{where} gave no answer in {self.endpoint.attempts} attempts; the last: {said}")
        if isinstance(error, APIStatusError):
            return EndpointError(f"{where} cannot answer (HTTP {error.status_code}): {said}")
        return error


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


def may_pass(error: BaseException) -> bool:
    """Whether a retry can help."""
    if isinstance(error, APIResponseValidationError | MalformedAnswer | APIConnectionError):
        return True
    if isinstance(error, APIStatusError):
        quota = "insufficient_quota" in str(error.body)
        return (error.status_code in PASSING or error.status_code >= 500) and not quota
    return False


def wait(state: RetryCallState) -> float:
    """Seconds until the next attempt: the endpoint's Retry-After, else random backoff that doubles from a second up to a
    minute."""
    error = state.outcome.exception() if state.outcome else None
    if (asked := asked_to_wait(error)) is not None:
        return asked
    return random.uniform(0.5, 1) * min(LONGEST_WAIT, 2.0 ** (state.attempt_number - 1))


def asked_to_wait(error: BaseException | None) -> float | None:
    """Seconds that an endpoint asks to wait; None if it does not."""
    return retry_after(error.response.headers.get("retry-after")) if isinstance(error, APIStatusError) else None


def retry_after(header: str | None) -> float | None:
    """Seconds of a Retry-After header (a number or a date); None if missing or unreadable."""
    if not header:
        return None
    try:
        return max(0.0, float(header))
    except ValueError:
        pass
    try:
        import datetime

        then = parsedate_to_datetime(header)
        return max(0.0, (then - datetime.datetime.now(then.tzinfo)).total_seconds())
    except (TypeError, ValueError):
        return None


def start(given: Start) -> OpenAIEngine:
    """The engine of an endpoint, with the study's spending so far and its ceiling."""
    model, study = given.model, given.study
    assert model.endpoint is not None  # ensured by `engine_problems`
    spending = Spending(Path("results") / study["study"] / "ledger", given.name, model.price, study["synthesis"]["budget"])
    return OpenAIEngine(model.endpoint, model.sampling, spending)
