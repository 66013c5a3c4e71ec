"""Control tokens of any chat template that stand in a text: a student would learn to open a turn of the user."""

from __future__ import annotations

import re
from collections.abc import Sequence

from polyglot.synthesis.filters.base import Examples, Filter, Settings, Verdict

TOKEN = re.compile(
    r"<[|\uff5c][^<>|\uff5c\n]{1,60}[|\uff5c]>"  # <|im_start|>, <|eot_id|>, DeepSeek's <｜User｜>
    r"|</?(?:start_of_turn|end_of_turn|start_of_image|bos|eos|pad|unk|unused\d+|extra_id_\d+|think|tool_call|tool_response"
    r"|tools|end_of_utterance|sep|mask)>"
    r"|\[/?(?:INST|SYSTEM_PROMPT|AVAILABLE_TOOLS|TOOL_CALLS|TOOL_RESULTS)\]|<</?SYS>>"
    r"|<[ES]OD>|\[(?:CLS|SEP|PAD|UNK|MASK)\]|\[gMASK\]"
)
"""Control tokens of the chat templates in use: ChatML, Llama, Gemma, Mistral, DeepSeek, Qwen, Phi, GLM, Cohere and gpt-oss, and
those of encoders."""
BEGIN, END = "<s>", "</s>"
"""Begin and end of a text for Llama and Mistral; in pairs within a text they are HTML, for words that are struck out."""


def control_tokens(text: str) -> list[str]:
    """The control tokens that a text has."""
    found = [token.group() for token in TOKEN.finditer(text)]
    around = text.strip().startswith(BEGIN) and text.strip().endswith(END)
    if around or text.count(BEGIN) != text.count(END):
        found += [token for token in (BEGIN, END) if token in text]
    return found


def _find(examples: Examples, settings: Settings) -> Sequence[Verdict]:
    """The number of control tokens in prompt and response."""
    verdicts = []
    for pair in examples.pairs:
        found = [token for text in pair for token in control_tokens(text)]
        told = ", ".join(dict.fromkeys(found))
        verdicts.append(Verdict(len(found), f"it has control tokens of a chat template: {told}" if found else None))
    return verdicts


CONTROL_TOKENS = Filter(
    "control_tokens", "control tokens of chat templates, such as `[INST]`", "control_token", _find, default=True
)
