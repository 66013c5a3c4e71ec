"""."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

from polyglot.core.hashing import content_id, stable_seed
from polyglot.core.prompts import PromptTemplates
from polyglot.engines.base import Answer, FinishReason
from polyglot.synthesis.methods.base import pair_json
from polyglot.synthesis.recipes import NLLB_BOTH, NLLB_RESPOND

if TYPE_CHECKING:
    from polyglot.synthesis.translation import Translation


def translated_data(
    asked: pd.DataFrame,
    prompts: Sequence[Translation],
    responses: Sequence[Translation],
    templates: PromptTemplates,
    *,
    language: str,
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Data that a machine-translation model made of the seed dataset, in the forms of requests and answers.

    Args:
        asked: requests of the method `translate`; prompts and responses belong to their seed rows, in their order.
        prompts, responses: translations of the seed rows' prompts and responses.

    Returns:
        (requests of `nllb-respond`, requests of `nllb-both`, answers to the latter).
    """
    respond: list[dict[str, Any]] = []
    both: list[dict[str, Any]] = []
    answers = []
    for row, prompt, response in zip(asked.to_dict("records"), prompts, responses, strict=True):
        messages = templates.chat("respond", language=language, prompt=prompt.text)
        shared = {"lang": row["lang"], "seed": row["seed"], "sources": list(row["sources"])}
        for method, rows, text in ((NLLB_RESPOND, respond, prompt.text), (NLLB_BOTH, both, None)):
            request_id = content_id(method, row["request_id"], json.dumps(messages, ensure_ascii=False))
            rows.append(
                {
                    "request_id": request_id,
                    "method": method,
                    **shared,
                    "messages": messages,
                    "prompt": text,
                    "prompt_cut": prompt.finish_reason == "length",
                    "request_seed": stable_seed("request", request_id),
                }
            )
        cut: FinishReason = "length" if "length" in (prompt.finish_reason, response.finish_reason) else "stop"
        answer = Answer(
            id=both[-1]["request_id"],
            text=pair_json(prompt.text, response.text),
            finish_reason=cut,
            prompt_tokens=prompt.prompt_tokens + response.prompt_tokens,
            completion_tokens=prompt.completion_tokens + response.completion_tokens,
        )
        answers.append(answer.as_dict())
    return pd.DataFrame(respond), pd.DataFrame(both), pd.DataFrame(answers)
