"""The `vllm` engine: offline batches in this process, on GPUs or, for tests and small models, on the CPU."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from polyglot.engines.base import Answer, Request, Start
from polyglot.models.context import too_long
from polyglot.models.tokenization import load_tokenizer
from polyglot.registry.models import Model

CPU_ENVIRONMENT = {
    "VLLM_CPU_KVCACHE_SPACE": "1",
    "VLLM_CPU_OMP_THREADS_BIND": "nobind",
    "VLLM_ENABLE_V1_MULTIPROCESSING": "0",
}
CPU_OPTIONS: dict[str, Any] = {"dtype": "float32", "enforce_eager": True, "max_num_seqs": 128}
QUIET = {"VLLM_NO_USAGE_STATS": "1", "DO_NOT_TRACK": "1", "VLLM_CONFIGURE_LOGGING": "1", "VLLM_LOGGING_LEVEL": "WARNING"}
BATCH = 4096
"""Requests per batch: many, because the slowest answer of a batch leaves the engine idle; a killed job loses one batch."""


def open_llm(folder: Path, model: Model, *, on_cpu: Mapping[str, Any], **options: Any) -> Any:
    """vLLM's `LLM` for a model's folder, on GPUs or, for tests and small models, on the CPU.

    Args:
        on_cpu: further arguments of `vllm.LLM` where there is no GPU.
        options: arguments on every device; the registry's override them.
    """
    import torch

    gpu = torch.cuda.is_available()
    for name, value in (QUIET | ({} if gpu else CPU_ENVIRONMENT)).items():
        os.environ.setdefault(name, value)
    from vllm import LLM

    options |= {"tensor_parallel_size": max(1, model.gpus), "seed": 0}
    if model.context is not None:
        options["max_model_len"] = model.context
    own = options | ({} if gpu else CPU_OPTIONS | {**on_cpu}) | model.engine_options
    return LLM(model=str(folder), **own)


class VLLMEngine:
    """Answers batches with vLLM: continuous batching, prefix caching, a seed for each request.

    A JSON schema is enforced by `StructuredOutputsParams`; answers are validated again afterwards, like every engine's.
    """

    deterministic = False  # batch composition changes rounding
    batch_size = BATCH

    def __init__(self, folder: Path, model: Model, chat_template: Path | None = None) -> None:
        # on a CPU, chunked prefill is incompatible with per-request seeds
        whole = {"enable_chunked_prefill": False, "max_num_batched_tokens": max(16384, model.context or 4096)}
        self.llm = open_llm(folder, model, on_cpu=whole, enable_prefix_caching=True)
        self.name, self.sampling = str(folder), model.sampling
        self.context = int(self.llm.llm_engine.model_config.max_model_len)
        self.template: str | None = None
        self.ends: list[int] = []
        if chat_template is not None:
            tokenizer = load_tokenizer(folder, chat_template)
            self.template, self.ends = tokenizer.chat_template, [tokenizer.eos_token_id]

    def chat(self, requests: list[Request]) -> list[Answer]:
        """The answer to every request, in order.

        Raises:
            ContextError: if a prompt fills the model's context.
        """
        from vllm.exceptions import VLLMValidationError

        messages: list[Any] = [request.messages for request in requests]
        try:
            parameters = [self._parameters(request) for request in requests]
            outputs = self.llm.chat(messages, parameters, use_tqdm=False, chat_template=self.template)
        except (ValueError, VLLMValidationError):
            self._refuse_long(requests)
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
            stop_token_ids=self.ends,
            structured_outputs=StructuredOutputsParams(json=request.schema) if request.schema is not None else None,
        )

    def _refuse_long(self, requests: list[Request]) -> None:
        """Raises ContextError if a prompt fills the context."""
        tokenizer: Any = self.llm.get_tokenizer()
        options = {"chat_template": self.template, "add_generation_prompt": True, "return_dict": True}
        for request in requests:
            tokens = len(tokenizer.apply_chat_template(request.messages, **options)["input_ids"])
            if tokens >= self.context:
                raise too_long(self.name, request.id, tokens, self.context) from None


def start(given: Start) -> VLLMEngine:
    """The engine of a model's folder."""
    assert given.folder is not None  # set for every local model
    return VLLMEngine(given.folder, given.model, given.chat_template)
