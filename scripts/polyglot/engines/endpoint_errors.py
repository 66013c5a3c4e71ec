"""What can go wrong with an endpoint: what passes, what ends a request, and what ends the job, with its remedy."""

from __future__ import annotations

import json
import re

import httpx2
from openai import (
    APIConnectionError,
    APIStatusError,
    APITimeoutError,
    AuthenticationError,
    NotFoundError,
    PermissionDeniedError,
)

from polyglot.core.errors import Foreseen
from polyglot.engines.base import FinishReason, Request
from polyglot.engines.bodies import (
    LONGEST_NOTE,
    BusyBody,
    MalformedAnswer,
    QuotaBody,
    Rejected,
    TornBody,
    UnpaidBody,
    UnreadOutput,
    texts_of,
)
from polyglot.engines.error_words import BUSY, QUOTA, is_about_content, is_about_money, is_about_rate, own_words
from polyglot.engines.pace import seconds_of
from polyglot.registry.models import Endpoint

PASSING = {408, 409, 429}
"""Transient HTTP statuses below 500; these and all 5xx are retried."""
AWAY = {502, 503, 504}
"""HTTP statuses of a gateway without its server, and of a server that loads its model or takes nothing more now."""
FORBIDDEN = 403
REFUSING = {400, 413, 422}
"""HTTP statuses of a request that the endpoint rejects."""
STATUS = "polyglot-status"
"""Where a request notes the HTTP status of its answer."""
UNUSUAL = {404, 500, 501}
"""Statuses that some servers give a request whose form they do not take."""
OUTPUT = re.compile(r"model produced output|failed to parse (?:the )?(?:model|output|input at pos)", re.IGNORECASE)
"""Words of a server's own error that is about what the model has written (llama.cpp: HTTP 500)."""
NO_JSON = re.compile(r"json_validate_failed|failed to generate json", re.IGNORECASE)
"""The same of a rejection (Groq: HTTP 400)."""
LONGEST_ASKED = 600.0
"""Longest Retry-After in seconds; a job stops rather than wait longer."""
QUOTA_WAIT = 180.0
"""Seconds without any answer for which a quota that is used up may be one of a minute."""
MANY = 20
"""Requests that were answered while another one's attempts all failed: the endpoint is well."""
ENDS = (APIStatusError, APIConnectionError, MalformedAnswer, Rejected, TimeoutError)
"""What an attempt can end with instead of an answer."""


class EndpointError(Foreseen, RuntimeError):
    """A permanent error of the endpoint; the message gives the remedy and never contains the key."""


class Unanswered(MalformedAnswer):
    """A request that a batch has not answered; nothing was paid for it, and another batch may answer it."""


class EmptyAnswer(MalformedAnswer):
    """An answer that holds an error alone."""


class NoAnswers(Exception):
    """None of the requests of a kind was answered, or none any more; the error of the first.

    Args:
        answered: whether others of the kind were, before.
    """

    def __init__(self, kind: str, count: int, error: Exception, *, answered: bool) -> None:
        super().__init__(words_of(error))
        self.kind, self.count, self.error, self.answered = kind, count, error, answered


def words_of(error: BaseException) -> str:
    """What an error says. The client gives a body's `error.message`; servers also say it in `detail` (FastAPI), in `error` itself
    or in plain text."""
    said = str(error)
    if not isinstance(error, APIStatusError) or not error.body or said != f"Error code: {error.status_code}":
        return said
    body = error.body if isinstance(error.body, str) else json.dumps(error.body, ensure_ascii=False, default=str)
    return f"{said} - {body[:LONGEST_NOTE]}"


def own_error(error: APIStatusError, request: Request) -> APIStatusError:
    """An error without what it repeats of a request: only the endpoint's own words say what it is about."""
    texts = texts_of(request)
    said, body = own_words(str(error), texts), own_words(error.body, texts)
    return type(error)(said, response=error.response, body=body)


def loss(error: Exception, said: str, others: int) -> FinishReason | None:
    """How a request without an answer ends; None if the cause is the endpoint.

    Args:
        others: requests that were answered meanwhile.
    """
    if is_busy(error):
        return "failed" if isinstance(error, BusyBody) and others >= MANY else None
    if is_unpaid(error, said):
        return None
    if isinstance(error, Rejected):
        return "refused"
    if isinstance(error, APIStatusError):
        about_content = error.status_code == FORBIDDEN and is_about_content(said)
        if error.status_code in REFUSING or about_content:
            return "refused"
    if isinstance(error, MalformedAnswer) or (may_pass(error) and others >= MANY):
        return "failed"
    return None


def is_busy(error: BaseException) -> bool:
    """Whether an endpoint gets too many requests: by its status, or in words where others say 400 or 403."""
    if isinstance(error, APIStatusError) and not is_quota(error):
        return error.status_code in BUSY or (error.status_code in (400, FORBIDDEN) and is_about_rate(words_of(error)))
    return isinstance(error, BusyBody)


def is_unpaid(error: BaseException, said: str) -> bool:
    """Whether an error is about money or a key, and not about what a model has written."""
    return isinstance(error, UnpaidBody) or (not isinstance(error, UnreadOutput | TornBody) and is_about_money(said))


def is_away(error: BaseException) -> bool:
    """Whether there is no server at the address, or not yet: it was killed, is restarted, loads its model."""
    if isinstance(error, APIStatusError):
        return error.status_code in AWAY
    return isinstance(error, APIConnectionError) and not isinstance(error, APITimeoutError)


async def note_status(response: httpx2.Response) -> None:
    """Note at a request that its answer has begun, before its body is read."""
    response.request.extensions[STATUS] = response.status_code


def has_begun(error: APIConnectionError) -> bool:
    """Whether the connection was lost within an answer, which may be paid for."""
    return not isinstance(error, APITimeoutError) and 200 <= error.request.extensions.get(STATUS, 0) < 300


def is_about_output(error: BaseException) -> bool:
    """Whether a server has failed at what its model has written."""
    if not isinstance(error, APIStatusError):
        return False
    return bool(OUTPUT.search(words_of(error)) if error.status_code >= 500 else NO_JSON.search(str(error.body)))


def may_be_paid(error: BaseException) -> bool:
    """Whether an endpoint may have answered although there is no answer to read: not if it says that it has not, or was not
    reached."""
    unreached = isinstance(error.__cause__, httpx2.ConnectTimeout | httpx2.PoolTimeout)
    return not unreached and not is_busy(error) and not is_unpaid(error, str(error))


def may_pass(error: BaseException) -> bool:
    """Whether a retry can help."""
    if isinstance(error, MalformedAnswer):
        return is_busy(error) or not is_unpaid(error, str(error))
    if isinstance(error, APIConnectionError | TimeoutError):
        return True
    if isinstance(error, APIStatusError):
        return (error.status_code in PASSING or error.status_code >= 500 or is_busy(error)) and not is_quota(error)
    return False


def is_quota(error: BaseException) -> bool:
    """Whether a quota is used up: money (OpenAI), or tokens of a minute, in the same words (DashScope)."""
    return QUOTA in str(error.body) if isinstance(error, APIStatusError) else isinstance(error, QuotaBody)


def asked_to_wait(error: BaseException | None) -> float | None:
    """Seconds that an endpoint asks to wait; None if it does not."""
    if not isinstance(error, APIStatusError):
        return None
    headers = error.response.headers
    if (milliseconds := seconds_of(headers.get("retry-after-ms", ""))) is not None:
        return milliseconds / 1000
    return seconds_of(headers.get("retry-after", ""))


def explained(error: BaseException, said: str, endpoint: Endpoint) -> BaseException:
    """An error with its remedy.

    Args:
        said: its words, without keys.
    """
    where = endpoint.url
    if isinstance(error, NoAnswers):
        found = explained(error.error, said, endpoint)
        method = f" of the method '{error.kind}'" if error.kind else ""
        if error.answered:
            return EndpointError(
                f"{found} ({error.count} requests{method} had no answer, nor had any after them: the next run asks them again. "
                f"Answers are kept)"
            )
        return EndpointError(
            f"{found} (none of the {error.count} requests{method} was answered; answers to others are kept. `endpoint.manners` "
            f"says in which form requests are sent)"
        )
    if isinstance(error, Unanswered | EmptyAnswer):
        return EndpointError(f"{where} gave {said}")
    if isinstance(error, Rejected):
        return EndpointError(f"{where} refuses a request: {said}")
    if isinstance(error, AuthenticationError):
        return EndpointError(f"{where} refuses the key in the environment variable {endpoint.api_key}: {said}")
    if isinstance(error, PermissionDeniedError) and not is_busy(error):
        return EndpointError(f"{where} does not allow the model '{endpoint.model}' with this key: {said}")
    if isinstance(error, NotFoundError):
        return EndpointError(f"{where} has no model '{endpoint.model}', or is not a chat endpoint: {said}")
    if may_pass(error) and (asked := asked_to_wait(error)) is not None and asked > LONGEST_ASKED:
        return EndpointError(f"{where} asks to wait {asked / 60:,.0f} minutes: run again then; answers are kept: {said}")
    if is_busy(error):
        return EndpointError(f"{where} got too many requests for {endpoint.patience:,.0f} seconds; the last: {said}")
    if may_pass(error):
        return EndpointError(f"{where} gave no answer in {endpoint.attempts} attempts; the last: {said}")
    if isinstance(error, APIStatusError):
        return EndpointError(f"{where} cannot answer (HTTP {error.status_code}): {said}")
    if isinstance(error, MalformedAnswer):
        return EndpointError(f"{where} cannot answer: {said}")
    return error
