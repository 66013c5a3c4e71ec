"""Jobs of one submission that share an engine: vLLM's own server, asked through the openai engine over the loopback interface.

Requests, seeds, sampling, schemas, chat template, statuses and side files are those of the offline engine
(`polyglot.engines.vllm_engine`). What the two compute is the same up to rounding, which depends on what else is in a batch.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from threading import Event
from typing import Any

import numpy as np
import numpy.typing as npt
from openai import APIConnectionError, APIStatusError, DefaultHttpxClient, OpenAI

from polyglot.core.submission import Submission
from polyglot.engines.base import Answer, Request
from polyglot.engines.bodies import Counts, TornBody, answer_of
from polyglot.engines.embedding import Embedder
from polyglot.engines.endpoint_errors import REFUSING, EndpointError
from polyglot.engines.openai_engine import OpenAIEngine
from polyglot.engines.server import RESTARTS, Address, Served, SharedServer
from polyglot.engines.server_keeper import NAME
from polyglot.engines.spending import Unpaid
from polyglot.engines.vllm_engine import Form
from polyglot.models.context import too_long
from polyglot.registry.models import Endpoint, Model

CONCURRENCY = 1000
"""Requests under way at a time: as many as the client has connections, about as many as vLLM takes up in one step on a GPU."""
NEUTRAL = {"min_p": 0.0, "repetition_penalty": 1.0, "presence_penalty": 0.0, "frequency_penalty": 0.0}
"""What the offline engine leaves alone; a server would take a model's own."""


class ServedEngine(OpenAIEngine):
    """Answers as the offline engine does, from a server that outlives the job.

    The server is started by the first question, so a job whose answers are all in its side file starts none. If it crashes, it is
    started again, and what was under way is asked once more. If the job is killed, what has come is safe.
    """

    deterministic = False  # what else is in a batch changes rounding

    def __init__(self, folder: Path, model: Model, submission: Submission, chat_template: Path | None = None) -> None:
        own = Endpoint(url="http://127.0.0.1", model=NAME, concurrency=CONCURRENCY, proxies=False)
        super().__init__(own, model.sampling, Unpaid())
        self.name = str(folder)
        self.server = SharedServer(submission, Served.of(folder, model, "chat", chat_template), folder.name)
        self.folder, self.model, self.chat_template = folder, model, chat_template
        self.turn = asyncio.Lock()
        self.connected: Address | None = None
        self.lost = False

    def chat(self, requests: list[Request]) -> list[Answer]:
        """Every request's answer, in order.

        Raises:
            Interrupted: if one cannot be had; what has come has been handed over.
            ServerError: if the server does not start.
        """
        if self.connected is None:
            self.form = Form.of(self.folder, self.model, self.chat_template)  # only now: this imports transformers
            self._connect(self.server.address())
        return super().chat(requests)

    def _connect(self, address: Address) -> None:
        if address == self.connected:
            return
        self.connected = address
        self.connect(f"{address.url}/v1", address.key)

    @property
    def timeout(self) -> None:
        """None: an answer takes as long as it takes."""

    async def asked(self, request: Request) -> tuple[Answer, Counts]:
        if self.lost:
            with self.waits():
                await self._found_again()
        try:
            answer, counts = await super().asked(request)
        except (APIConnectionError, TornBody):
            self.lost = True
            raise
        except APIStatusError as error:
            if error.status_code in REFUSING:
                await self._explain_refusal(request, error)
            raise
        if self.form.parser is None:
            text, thoughts, count = self.form.marks.parted(answer.text)
            counts = replace(counts, thoughts=count)
            answer = answer_of(request, text, answer.finish_reason, counts, thoughts=thoughts, note=answer.note)
        return answer, counts

    async def _found_again(self) -> None:
        given_up = Event()
        try:
            async with self.turn:
                if self.lost:
                    self._connect(await asyncio.to_thread(self.server.address, given_up))
                    self.lost = False
        finally:
            given_up.set()

    async def _explain_refusal(self, request: Request, error: APIStatusError) -> None:
        """A request that the offline engine stops at is no refusal by an endpoint.

        Raises:
            ContextError: if the prompt fills the context.
            EndpointError: otherwise.
        """
        body = {"model": NAME, "messages": request.messages, "chat_template_kwargs": self.form.variables or None}
        counted: Any = await next(self.clients).post(f"{self.connected.url}/tokenize", cast_to=object, body=body)  # type: ignore[union-attr]
        if counted["count"] >= counted["max_model_len"]:
            raise too_long(self.name, request.id, counted["count"], counted["max_model_len"]) from None
        raise EndpointError(f"vLLM's server does not take request {request.id}: {error}") from None

    def body(self, request: Request) -> dict[str, Any]:
        sampling = self.sampling
        options: dict[str, Any] = NEUTRAL | {"top_k": sampling.top_k or 0, "stop_token_ids": self.form.ends}
        if request.schema is not None:
            options["structured_outputs"] = {"json": request.schema}
        if self.form.variables:
            options["chat_template_kwargs"] = self.form.variables
        if self.form.shows_special_tokens:
            options["skip_special_tokens"] = False
        if self.model.thinking.budget is not None:
            options["thinking_token_budget"] = self.model.thinking.budget
        body = super().body(request)
        body.pop("response_format", None)
        return body | {"seed": request.seed % 2**63} | options


class ServedEmbedder(Embedder):
    """Embeds as vLLM's pooling does in a job's own process, from a server that outlives the job."""

    chunk = 1024

    def __init__(self, folder: Path, model: Model, submission: Submission) -> None:
        super().__init__(model)
        self.server = SharedServer(submission, Served.of(folder, model, "embed"), folder.name)

    def encode(self, texts: list[str]) -> npt.NDArray[np.float32]:
        for attempt in range(RESTARTS + 1):
            address = self.server.address()
            plain = DefaultHttpxClient(trust_env=False, timeout=None)
            client = OpenAI(base_url=f"{address.url}/v1", api_key=address.key, max_retries=0, timeout=None, http_client=plain)
            try:
                whole_context = {"truncate_prompt_tokens": -1}
                with client:
                    found = client.embeddings.create(model=NAME, input=texts, extra_body=whole_context).data
                return np.array([row.embedding for row in found], dtype=np.float32)
            except APIConnectionError:
                if attempt == RESTARTS:
                    raise
        raise AssertionError("never here")
