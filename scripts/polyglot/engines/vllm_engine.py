"""The `vllm` engine: offline batches in this process, on GPUs or, for tests and small models, on the CPU.

Several jobs of one submission share an engine instead (`polyglot.engines.served`), with the same arguments;
`polyglot.engines.vllm_start` decides which of the two it is.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from polyglot.core.devices import visible_gpus
from polyglot.core.errors import WrongInput
from polyglot.core.lookup import unknown
from polyglot.engines.base import Answer, Request
from polyglot.engines.bodies import Counts, answer_of, ending
from polyglot.engines.thoughts import Marks
from polyglot.models.context import too_long
from polyglot.models.thinking import template_variables
from polyglot.models.tokenization import answer_ends, load_tokenizer
from polyglot.registry.models import Model

CPU_ENVIRONMENT = {
    "VLLM_CPU_KVCACHE_SPACE": "1",
    "VLLM_CPU_OMP_THREADS_BIND": "nobind",
    "VLLM_ENABLE_V1_MULTIPROCESSING": "0",
}
GPU_ENVIRONMENT = {"VLLM_WORKER_MULTIPROC_METHOD": "spawn"}
"""The engine's process is started afresh, as vLLM's own server does it: a fork could not use GPUs if any library, a plugin, or
torch on a slice of a GPU (MIG) had asked CUDA's driver here before."""
CPU_OPTIONS: dict[str, Any] = {"dtype": "float32", "enforce_eager": True, "max_num_seqs": 128}
QUIET = {"VLLM_NO_USAGE_STATS": "1", "DO_NOT_TRACK": "1", "VLLM_CONFIGURE_LOGGING": "1", "VLLM_LOGGING_LEVEL": "WARNING"}
BATCH = 4096
"""Requests per batch: many, because the slowest answer of a batch leaves the engine idle; a killed job loses one batch."""


def arguments(folder: Path, model: Model, *, gpu: bool, on_cpu: Mapping[str, Any], **options: Any) -> dict[str, Any]:
    """Arguments of vLLM for a model's folder: those of `vllm.LLM`, and of its server.

    Args:
        gpu: whether there is one.
        on_cpu: further arguments where there is no GPU.
        options: arguments on every device; the registry's override them.
    """
    # all requests are texts: a multimodal model's towers need no memory
    options |= {"tensor_parallel_size": max(1, model.gpus), "seed": 0, "language_model_only": True}
    if model.context is not None:
        options["max_model_len"] = model.context
    return {"model": str(folder)} | options | ({} if gpu else CPU_OPTIONS | {**on_cpu}) | model.engine_options


def chat_arguments(folder: Path, model: Model, *, gpu: bool) -> dict[str, Any]:
    """Those of an engine that answers chats."""
    # on a CPU, chunked prefill and seeds of single requests do not go together
    whole = {"enable_chunked_prefill": False, "max_num_batched_tokens": max(16384, model.context or 4096)}
    parsed = {"reasoning_parser": model.thinking.parser} if model.thinking.parser else {}
    return arguments(folder, model, gpu=gpu, on_cpu=whole, enable_prefix_caching=True, **parsed)


def embedding_arguments(folder: Path, model: Model, *, gpu: bool) -> dict[str, Any]:
    """Those of an engine that embeds texts."""
    return arguments(folder, model, gpu=gpu, on_cpu={}, runner="pooling")


def variables(*, gpu: bool) -> dict[str, str]:
    """The environment variables that vLLM is run with, where they are not set already."""
    return QUIET | (GPU_ENVIRONMENT if gpu else CPU_ENVIRONMENT)


def open_llm(folder: Path, model: Model, given: Callable[..., dict[str, Any]]) -> Any:
    """vLLM's `LLM` in this process, on GPUs or, for tests and small models, on the CPU.

    On GPUs the engine is a process of its own.

    Args:
        given: `chat_arguments` or `embedding_arguments`.
    """
    gpu = visible_gpus() > 0
    for name, value in variables(gpu=gpu).items():
        os.environ.setdefault(name, value)
    from vllm import LLM

    if model.thinking.parser is not None:
        _check_parser(model.thinking.parser)
    return LLM(**given(folder, model, gpu=gpu))


def _check_parser(name: str) -> None:
    """Raises ValueError if vllm has no reasoning parser of this name."""
    from vllm.reasoning import ReasoningParserManager

    known = ReasoningParserManager.list_registered()
    if name not in known:
        raise WrongInput(f"thinking.parser: {unknown('reasoning parser', name, known, 'vllm has')}")


@dataclass(frozen=True)
class Form:
    """How a model is asked and its answers are read.

    Args:
        template: the text of a chat template that is not the tokenizer's own.
        ends: the tokens that end an answer. vllm itself knows of the generation configuration's and the tokenizer's, but of no
            template's.
        variables: those of the template that say how to think.
        marks: how thoughts are marked in answers, where no parser reads them.
        parser: the name of vLLM's reasoning parser, if there is one.
    """

    template: str | None
    ends: list[int]
    variables: dict[str, Any]
    marks: Marks
    parser: str | None

    @classmethod
    def of(cls, folder: Path, model: Model, chat_template: Path | None) -> Form:
        tokenizer = load_tokenizer(folder, chat_template)
        variables = template_variables(tokenizer, model.thinking, chat_template or folder)
        template = None if chat_template is None else tokenizer.chat_template
        return cls(template, answer_ends(folder, tokenizer), variables, Marks.of(tokenizer, variables), model.thinking.parser)

    @property
    def shows_special_tokens(self) -> bool:
        """Whether answers must be written out with special tokens, because some of them mark thoughts."""
        return bool(self.marks.hidden) and self.parser is None


class VLLMEngine:
    """Answers batches with vLLM: continuous batching, prefix caching, a seed for each request.

    A JSON schema is enforced by `StructuredOutputsParams`; answers are validated again afterwards, like every engine's.
    """

    deterministic = False  # batch composition changes rounding
    batch_size = BATCH

    def __init__(self, folder: Path, model: Model, chat_template: Path | None = None) -> None:
        self.llm = open_llm(folder, model, chat_arguments)
        self.name, self.sampling = str(folder), model.sampling
        self.context = int(self.llm.llm_engine.model_config.max_model_len)
        self.form, self.budget = Form.of(folder, model, chat_template), model.thinking.budget
        self.reader = Parsed(self.llm, self.form) if self.form.parser else None

    def chat(self, requests: list[Request]) -> list[Answer]:
        """The answer to every request, in order.

        Raises:
            ContextError: if a prompt fills the model's context.
        """
        from vllm.exceptions import VLLMValidationError

        messages: list[Any] = [request.messages for request in requests]
        try:
            parameters = [self._parameters(request) for request in requests]
            outputs = self.llm.chat(
                messages,
                parameters,
                use_tqdm=False,
                chat_template=self.form.template,
                chat_template_kwargs=self.form.variables or None,
            )
        except (ValueError, VLLMValidationError):
            self._refuse_long(requests)
            raise
        answers = []
        for request, output in zip(requests, outputs, strict=True):
            found = output.outputs[0]
            finish, note = ending(found.finish_reason)
            prompt = len(output.prompt_token_ids or [])
            text, thoughts, count = self.reader.read(request, output) if self.reader else self.form.marks.parted(found.text)
            counts = Counts(prompt, len(found.token_ids), count)
            answers.append(answer_of(request, text, finish, counts, thoughts=thoughts, note=note))
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
            stop_token_ids=self.form.ends,
            skip_special_tokens=not self.form.shows_special_tokens and (self.reader is None or self.reader.skips_special_tokens),
            thinking_token_budget=self.budget,
            structured_outputs=StructuredOutputsParams(json=request.schema) if request.schema is not None else None,
        )

    def _refuse_long(self, requests: list[Request]) -> None:
        """Raises ContextError if a prompt fills the context."""
        tokenizer: Any = self.llm.get_tokenizer()
        options = {"chat_template": self.form.template, "add_generation_prompt": True, "return_dict": True}
        for request in requests:
            tokens = len(tokenizer.apply_chat_template(request.messages, **options, **self.form.variables)["input_ids"])
            if tokens >= self.context:
                raise too_long(self.name, request.id, tokens, self.context) from None


class Parsed:
    """Thoughts and answers as vLLM's own server tells them apart: by the parser of a model's family.

    Raises:
        ValueError: if there is no such parser, or it cannot be used with the model's tokenizer.
    """

    def __init__(self, llm: Any, form: Form) -> None:
        from vllm.parser.parser_manager import ParserManager

        config = llm.llm_engine.model_config
        self.tokenizer: Any = llm.get_tokenizer()
        named = {"reasoning_parser_name": form.parser, "model_name": config.model, "tokenizer": self.tokenizer}
        try:
            self.parser = ParserManager.get_parser(**named, is_harmony=config.hf_config.model_type == "gpt_oss")
        except TypeError as error:
            raise WrongInput(f"thinking.parser '{form.parser}' of {config.model} cannot be used: {error}") from None
        self.given = {"chat_template_kwargs": form.variables, "model_config": config}
        self.skips_special_tokens = bool(self._made([])[1].skip_special_tokens)

    def read(self, request: Request, output: Any) -> tuple[str, str, int]:
        """(answer, thoughts, tokens of thoughts) of a `RequestOutput`."""
        parser, asked = self._made(request.messages)
        parser.set_prompt_token_ids(output.prompt_token_ids or [])
        found = output.outputs[0]
        thoughts, text, _ = parser.parse(found.text, asked, model_output_token_ids=found.token_ids)
        return text or "", thoughts or "", parser.count_reasoning_tokens(found.token_ids)

    def _made(self, messages: Any) -> tuple[Any, Any]:
        """A parser, which has a state, and the request as a server would get it."""
        from vllm.entrypoints.openai.chat_completion.protocol import ChatCompletionRequest

        parser = self.parser(self.tokenizer, None, **self.given)
        given = {"messages": messages, "chat_template_kwargs": self.given["chat_template_kwargs"] or None}
        return parser, parser.adjust_request(ChatCompletionRequest(**given))
