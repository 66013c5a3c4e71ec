"""`nllb-respond` and `nllb-both`: a machine-translation model translates the seed rows of the method `translate`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from polyglot.core.hashing import content_id, stable_seed
from polyglot.synthesis.methods.base import METHODS, Method, pair_json

if TYPE_CHECKING:
    import pandas as pd

    from polyglot.core.prompts import PromptTemplates
    from polyglot.engines.base import FinishReason
    from polyglot.synthesis.translation import Translation

NLLB_RESPOND, NLLB_BOTH = "nllb-respond", "nllb-both"

RESPOND_TO_TRANSLATED = Method(
    NLLB_RESPOND,
    "writes the response to a machine-translated prompt",
    seeds="source",
    rows_of="translate",
    translated=True,
)
TRANSLATED = Method(
    NLLB_BOTH,
    "does nothing: a translation model translates prompt and response",
    writes="pair",
    seeds="source",
    rows_of="translate",
    translated=True,
    written_by="translator",
)


def translated_data(
    asked: pd.DataFrame,
    prompts: Sequence[Translation],
    responses: Sequence[Translation],
    templates: PromptTemplates,
    *,
    language: str,
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Machine-translated seed data, as requests and answers.

    Args:
        asked: requests of the method `translate`; prompts and responses belong to their seed rows, in their order.
        prompts, responses: translations of the seed rows' prompts and responses.

    Returns:
        (requests of `nllb-respond`, requests of `nllb-both`, answers to the latter).
    """
    import pandas as pd

    from polyglot.engines.base import Answer

    respond: list[dict[str, Any]] = []
    both: list[dict[str, Any]] = []
    answers = []
    for row, prompt, response in zip(asked.to_dict("records"), prompts, responses, strict=True):
        messages = METHODS["respond"].messages(templates, language, [{"prompt": prompt.text}])
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
