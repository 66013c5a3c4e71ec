"""The `openai` engine where an endpoint is asked in batches (`endpoint.batch`): cheaper, and answered within a day.

Requests are submitted once, whatever kills the job: a batch is kept on disk before it is submitted, it carries its key at the
endpoint, and no batch is submitted before those at the endpoint have been looked through for that key. What it may cost is set
aside before (`polyglot.engines.spending`), and counts for the ceiling of all jobs until its answers are fetched. They are entered
first and stored then, so a restart enters none twice. Requests that have expired, failed or are missing go into a next batch.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Awaitable, Callable, Collection, Iterator
from contextlib import aclosing
from functools import partial
from typing import TypeVar

from openai import APIStatusError, NotFoundError

from polyglot.core.sidefile import SideFile
from polyglot.engines.base import Keep, Request
from polyglot.engines.batch_api import Batch, BatchApi
from polyglot.engines.batch_files import (
    KeptBatch,
    custom_id,
    incomplete,
    keep_batch,
    kept_batches,
    line_of,
    rows_of,
    said_together,
)
from polyglot.engines.batch_outcomes import BatchOutcomes
from polyglot.engines.bodies import Counts, MalformedAnswer, answer_of
from polyglot.engines.endpoint_errors import (
    ENDS,
    LONGEST_ASKED,
    EndpointError,
    Unanswered,
    asked_to_wait,
    may_pass,
)
from polyglot.engines.openai_engine import OpenAIEngine
from polyglot.engines.rolling import Outcomes, cancelled_by_sigterm
from polyglot.engines.spending import CeilingReached

FULL = "token_limit_exceeded"
"""OpenAI's word for a batch that does not fit beside those that are under way."""
FETCHES = 3
"""Times that files are fetched that are not whole."""
UNSPOKEN = {404, 405, 501}
"""HTTP statuses of an endpoint that knows no batches."""
T = TypeVar("T")


class BatchEngine(OpenAIEngine):
    """Answers requests in batches."""

    side: SideFile
    note: Callable[[str], None]

    def roll(self, keep: Keep, answered: Collection[str], side: SideFile, note: Callable[[str], None]) -> None:
        super().roll(keep, answered, side, note)
        self.side, self.note = side, note
        batches = kept_batches(side.beside)
        stored = {custom_id(row["id"]) for row in side.rows()} if batches else set()
        for batch in batches:
            if batch.owner == side.owner and stored.issuperset(batch.custom_ids):
                self.forget(batch)  # the job was killed after its answers were stored

    def forget(self, batch: KeptBatch) -> None:
        """The answers of a batch are stored, and what they cost is entered."""
        self.spending.release(batch.key)
        batch.remove()

    def outcomes(self, requests: list[Request]) -> Outcomes:
        return Batched(self, requests)


class Batched(BatchOutcomes):
    """Requests that are answered in batches, and what has come of them."""

    engine: BatchEngine

    def __init__(self, engine: BatchEngine, requests: list[Request]) -> None:
        super().__init__(engine, requests)
        self.live: dict[str, KeptBatch] = {}
        self.api = BatchApi(engine)
        self.full_since: float | None = None
        self.blocked_since: float | None = None
        self.late_since: dict[str, float] = {}

    @property
    def left_behind(self) -> str:
        names = ", ".join(batch.id or batch.key for batch in self.live.values())
        if not names:
            return super().left_behind
        return f"what was asked goes on at {self.engine.endpoint.url} (batch {names}), and the next run fetches it"

    async def run(self) -> None:
        with cancelled_by_sigterm():
            await self._run()
        self.judge(finished=True)

    async def _run(self) -> None:
        self._find_kept()
        while self.left:
            for batch in self.live.values():
                await self._place(batch)
            await self._submit()
            await self._wait()

    # Submitting
    def _find_kept(self) -> None:
        """Batches of an earlier attempt at this job."""
        spending, url = self.engine.spending, self.engine.endpoint.url
        for batch in kept_batches(self.engine.side.beside):
            if not self.left.keys() & set(batch.custom_ids):
                continue
            if batch.owner != self.engine.side.owner:
                print(
                    f"batch {batch.id or batch.key} asks with other settings: it is left at {url}, and what it may cost stays "
                    f"set aside in {spending.aside(batch.key)}",
                    file=sys.stderr,
                )
            elif not batch.file and not spending.aside(batch.key).exists():
                batch.remove()  # the job was killed before anything was sent
            else:
                self.live[batch.key] = batch
                print(f"batch {batch.id or batch.key} was submitted before, and is waited for", file=sys.stderr)

    async def _submit(self) -> None:
        """Put requests that are in no batch into batches, as far as the ceiling allows. If it allows none because of what is set
        aside for batches, wait until it is known what one of them has cost.

        Raises:
            CeilingReached: if that does not help, or takes longer than a batch.
        """
        taken = {name for batch in self.live.values() for name in batch.custom_ids}
        free = [request for name, request in self.left.items() if name not in taken]
        owner, folder = self.engine.side.owner, self.engine.side.beside
        for requests, lines, usd in self._parts(free):
            asked = max(self.times[request.id] for request in requests)
            batch = keep_batch(folder, owner, self.engine.known.found.model_dump(), lines, asked)
            lines.clear()  # a batch is as large as a service takes it
            try:
                self.engine.spending.set_aside(batch.key, usd)
            except CeilingReached as error:
                batch.remove()
                await self._wait_for_room(error)
                return
            self.live[batch.key], self.blocked_since = batch, None
            await self._place(batch)

    async def _wait_for_room(self, error: CeilingReached) -> None:
        """Called where the ceiling allows no batch: this job's own batches are waited for anyway."""
        if self.live:
            return
        if self.blocked_since is None:
            self.blocked_since = time.monotonic()
            self.engine.note("the ceiling allows no batch until it is known what those of other jobs have cost")
        if not self.engine.spending.batches or time.monotonic() - self.blocked_since > self.settings.seconds:
            raise error
        await asyncio.sleep(self.settings.poll)

    def _parts(self, requests: list[Request]) -> Iterator[tuple[list[Request], list[str], float]]:
        """Requests of a batch, their lines and the most that they can cost, by the service's limits and the money left."""
        part, lines, usd, size, room = list[Request](), list[str](), 0.0, 0, self.engine.spending.room()
        for request in requests:
            most = self.engine.spending.cost(*self.engine.most(request))
            line = line_of(request, self.engine.body(request))
            full = len(part) >= self.settings.requests or size + len(line) > self.settings.megabytes * 1e6
            if part and (full or usd + most > room):
                yield part, lines, usd
                part, lines, usd, size, room = [], [], 0.0, 0, self.engine.spending.room()
            part.append(request)
            lines.append(line)
            usd, size = usd + most, size + len(line) + 1
        if part:
            yield part, lines, usd

    async def _place(self, batch: KeptBatch) -> None:
        """Submit a batch that is kept, unless it was submitted before.

        Raises:
            EndpointError: if the endpoint knows no batches.
            Exception: if it does not take this one.
        """
        if batch.id:
            return
        new = not batch.file
        try:
            found = await self.engine.outlasted(partial(self._submitted, batch))
        except APIStatusError as error:
            if new and not may_pass(error):
                self._done(batch)  # so it is known that there is none
            if error.status_code in UNSPOKEN:
                raise EndpointError(
                    f"{self.engine.endpoint.url} does not speak OpenAI's batch protocol (HTTP {error.status_code}): remove "
                    f"`endpoint.batch`: {self.engine.without_keys(error)}"
                ) from None
            raise
        self._follow(batch, found)

    async def _submitted(self, batch: KeptBatch) -> Batch:
        """A batch at the endpoint: the one that was submitted before, or else a new one."""
        async with aclosing(self.api.listed()) as listed:
            async for known in listed:
                if known.useful and (known.key == batch.key or (batch.file and known.file == batch.file)):
                    return known
        uploaded_before = bool(batch.file)
        if not batch.file:
            batch.file = await self.api.upload(batch.requests)
            batch.write()
        try:
            return await self.api.create(batch, self.settings.window)
        except APIStatusError as error:
            if not uploaded_before or may_pass(error):
                raise
            batch.file = ""  # it may have been removed since
            batch.write()
            raise MalformedAnswer(str(error)) from None

    # Waiting
    async def _wait(self) -> None:
        """Wait until a batch has ended, and take its answers.

        Raises:
            EndpointError: if it does not name their file for long.
        """
        while self.live:
            ended = []
            for batch in self.live.values():
                found = await self._look(batch)
                self._follow(batch, found)
                if found.ended and not (found.late and self._awaits_file(batch, found)):
                    ended.append((batch, found))
            for batch, found in ended:
                await self._take(batch, found)
            if ended:
                return
            await asyncio.sleep(self.settings.poll)

    def _awaits_file(self, batch: KeptBatch, found: Batch) -> bool:
        """Whether its file of answers may still be named; what is asked again meanwhile is paid for twice.

        Raises:
            EndpointError: if it was not named for long, and there may be answers.
        """
        since = self.late_since.setdefault(batch.key, time.monotonic())
        if time.monotonic() - since <= self.engine.endpoint.patience:
            return True
        if found.completed == 0 and (found.counted or found.status != "completed" or found.error):
            return False  # none was answered
        done = (
            f"{found.completed:,} requests of batch {found.id} are answered"
            if found.completed
            else f"batch {found.id} is completed"
        )
        raise EndpointError(
            f"{self.engine.endpoint.url} says that {done}, and has named no file of answers for "
            f"{self.engine.endpoint.patience:,.0f} seconds. Run again to look again. {self._remedy(batch)}"
        )

    def _remedy(self, batch: KeptBatch) -> str:
        """What to do if the answers of a batch cannot be had."""
        aside = self.engine.spending.aside(batch.key)
        return (
            f"If that cannot be mended, remove {batch.path} to ask its requests again, and to pay for them again. What the batch "
            f"may have cost counts for the ceiling until you remove {aside}, too"
        )

    async def _look(self, batch: KeptBatch) -> Batch:
        return await self._patiently(batch, partial(self.api.look, batch.id), f"does not know batch {batch.id}")

    async def _patiently(self, batch: KeptBatch, ask: Callable[[], Awaitable[T]], gone: str) -> T:
        """What is got of a batch that is under way, of which nothing is lost or paid for meanwhile.

        Raises:
            EndpointError: if it cannot be had for long, or is not there.
        """
        url = self.engine.endpoint.url
        try:
            return await self.engine.outlasted(ask, by_time=True)
        except NotFoundError as error:
            raise EndpointError(f"{url} {gone}: {self.engine.without_keys(error)}. {self._remedy(batch)}") from None
        except ENDS as error:
            if not may_pass(error) or (asked_to_wait(error) or 0) > LONGEST_ASKED:
                raise
            said = self.engine.without_keys(error)
            raise EndpointError(
                f"{url} cannot be asked for batch {batch.id} for {self.engine.endpoint.patience:,.0f} seconds; run again to go "
                f"on: {said}"
            ) from None

    def _follow(self, batch: KeptBatch, found: Batch) -> None:
        """Keep where a batch stands, and say what is new."""
        now = {"id": found.id, "status": found.status, "completed": found.completed, "failed": found.failed}
        if now == {name: getattr(batch, name) for name in now}:
            return
        for name, value in now.items():
            setattr(batch, name, value)
        batch.write()
        failed = f", {found.failed:,} failed" if found.failed else ""
        self.engine.note(f"batch {found.id} is {found.status}: {found.completed:,} of {batch.total:,} answered{failed}")

    # Taking
    async def _take(self, batch: KeptBatch, found: Batch) -> None:
        """Take the answers of a batch that has ended.

        Raises:
            EndpointError: if it was not taken as a whole, or was cancelled.
            Exception: if what it says of its requests ends the job.
        """
        if found.status == "failed":
            self._done(batch)
            await self._refused(found)
            return
        self.full_since, before, seen = None, len(self.answers), set[str]()
        files = {what: file for what, file in (("output", found.output), ("error", found.error)) if file}
        await self._fetch(batch, found, files)
        for what in files:
            self.read(batch, found, what, seen)
        cancelled = found.status == "cancelled"
        missing = [name for name in batch.custom_ids if name in self.left and name not in seen]
        self._enter_unread(batch, found, missing)
        for name in () if cancelled else missing:
            self.again(self.left[name], Unanswered(f"batch {found.id} is {found.status} without an answer"))
        self.settle()
        self.hand_over()
        if self.broken is not None:
            raise self.broken
        self._done(batch)
        if self.fatal is not None:
            raise self.fatal
        if cancelled and self.left.keys() & set(batch.custom_ids):
            raise EndpointError(
                f"batch {found.id} was cancelled at {self.engine.endpoint.url}: {len(self.answers) - before:,} answers of "
                f"{batch.total:,} are kept. Run again to ask for the rest"
            )

    def _enter_unread(self, batch: KeptBatch, found: Batch, missing: list[str]) -> None:
        """Answers that were made, and cannot be read, are paid for: each at the most that a request can cost."""
        read = sum(row is not None for row in rows_of(batch.fetched("output"))) if found.output else 0
        entered = self.engine.spending.entered(found.id)
        for request in [self.left[name] for name in missing[: max(0, found.completed - read)]]:
            if request.id not in entered:
                lost = answer_of(request, "", "failed", Counts())
                self.engine.spending.enter(lost, Counts(), *self.engine.most(request), batch=found.id)

    def _done(self, batch: KeptBatch) -> None:
        self.engine.forget(batch)
        del self.live[batch.key]

    async def _refused(self, found: Batch) -> None:
        """A batch that was not taken as a whole: wait if there was no room for it.

        Raises:
            EndpointError: if there was another cause, or still is no room when another batch would have ended.
        """
        said = self.engine.masked(said_together(found.errors)) or "no cause is given"
        self.full_since = self.full_since or time.monotonic()
        waited = time.monotonic() - self.full_since
        if not any(isinstance(error, dict) and error.get("code") == FULL for error in found.errors):
            raise EndpointError(f"{self.engine.endpoint.url} does not take batch {found.id}: {said}")
        if waited > self.settings.seconds:
            raise EndpointError(f"{self.engine.endpoint.url} has had no room for a batch for {self.settings.window}: {said}")
        self.engine.note(f"there is no room for a batch; it is submitted again: {said}")
        await asyncio.sleep(self.settings.poll)

    async def _fetch(self, batch: KeptBatch, found: Batch, files: dict[str, str]) -> None:
        """Fetch the files of a batch, again if they are not whole."""
        paths = [batch.fetched(what) for what in files]
        for attempt in range(FETCHES):
            for path, file in zip(paths, files.values(), strict=True):
                if path.exists():
                    continue
                gone = f"has no file {file} of batch {found.id} any more"
                await self._patiently(batch, partial(self.api.fetch, file, path), gone)
            wrong = incomplete(paths, found.completed)
            if not wrong or attempt == FETCHES - 1:
                return
            print(f"the files of batch {found.id} are fetched again: {wrong}", file=sys.stderr)
            for path in paths:
                path.unlink()
            await asyncio.sleep(min(self.settings.poll, 2.0**attempt))
