"""The `vllm` engine: offline batches in this process, on GPUs or, for tests and small models, on the CPU."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from polyglot.engines import Answer, Request
from polyglot.registry import Model

CPU_ENVIRONMENT = {
    "VLLM_CPU_KVCACHE_SPACE": "1",
    "VLLM_CPU_OMP_THREADS_BIND": "nobind",
    "VLLM_ENABLE_V1_MULTIPROCESSING": "0",
}
CPU_OPTIONS: dict[str, Any] = {"dtype": "float32", "enforce_eager": True, "max_num_seqs": 128}
"""On a CPU, chunked prefill and seeds of single requests do not go together."""
QUIET = {"VLLM_NO_USAGE_STATS": "1", "DO_NOT_TRACK": "1", "VLLM_CONFIGURE_LOGGING": "1", "VLLM_LOGGING_LEVEL": "WARNING"}
BATCH = 4096
"""Requests at a time: many, since a batch's slowest answer keeps the rest of the engine idle; a killed job loses one batch."""


class ContextError(ValueError):
    """A prompt that leaves no room for an answer; the message names the request and the remedy."""


class VLLMEngine:
    """Answers batches with vLLM: continuous batching, prefix caching, a seed for each request.

    A JSON schema is enforced by `StructuredOutputsParams`; answers are validated again afterwards, like every engine's.
    """

    deterministic = False  # what else is in a batch changes rounding
    batch_size = BATCH

    def __init__(self, folder: Path, model: Model) -> None:
        import torch

        on_cpu = not torch.cuda.is_available()
        for name, value in (QUIET | (CPU_ENVIRONMENT if on_cpu else {})).items():
            os.environ.setdefault(name, value)
        from vllm import LLM

        options: dict[str, Any] = {"tensor_parallel_size": max(1, model.gpus), "enable_prefix_caching": True, "seed": 0}
        if model.context is not None:
            options["max_model_len"] = model.context
        if on_cpu:
            room = model.context or 4096
            options |= CPU_OPTIONS | {"enable_chunked_prefill": False, "max_num_batched_tokens": max(16384, room)}
        self.llm = LLM(model=str(folder), **(options | model.engine_options))
        self.sampling = model.sampling
        self.room = int(self.llm.llm_engine.model_config.max_model_len)

    def chat(self, requests: list[Request]) -> list[Answer]:
        """Every request's answer, in order.

        Raises:
            ContextError: if a prompt fills the model's context.
        """
        from vllm.exceptions import VLLMValidationError

        messages: list[Any] = [request.messages for request in requests]
        try:
            outputs = self.llm.chat(messages, [self._parameters(request) for request in requests], use_tqdm=False)
        except (ValueError, VLLMValidationError) as error:
            if "context length" in str(error) or "max_model_len" in str(error):
                raise ContextError(self._longest(requests, error)) from None
            raise
        answers = []
        for request, output in zip(requests, outputs, strict=True):
            found = output.outputs[0]
            finish = "length" if found.finish_reason == "length" else "stop"
            prompt = len(output.prompt_token_ids or [])
            answers.append(Answer(request.id, found.text, finish, prompt, len(found.token_ids)))  # type: ignore[arg-type]
        return answers

    def _parameters(self, request: Request) -> Any:
        from vllm import SamplingParams
        from vllm.sampling_params import StructuredOutputsParams

        return SamplingParams(
            temperature=self.sampling.temperature,
            top_p=self.sampling.top_p,
            top_k=self.sampling.top_k or 0,
            max_tokens=self.sampling.max_new_tokens,
            seed=request.seed % 2**63,
            structured_outputs=StructuredOutputsParams(json=request.schema) if request.schema is not None else None,
        )

    def _longest(self, requests: list[Request], error: Exception) -> str:
        longest = max(requests, key=lambda request: sum(len(message["content"]) for message in request.messages))
        size = sum(len(message["content"]) for message in longest.messages)
        return (
            f"a prompt is longer than the model's context of {self.room} tokens (the longest, request {longest.id}, has {size:,} "
            f"characters): shorten the seed prompts, or set a larger `context` for the model. vLLM says: {error}"
        )
