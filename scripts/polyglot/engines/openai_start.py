"""Start of the `openai` engine, in the way that the registry says: a request at a time, or in batches."""

from __future__ import annotations

from pathlib import Path

from polyglot.engines.base import Start
from polyglot.engines.batch_engine import BatchEngine
from polyglot.engines.openai_engine import OpenAIEngine
from polyglot.engines.spending import Spending


def start(given: Start) -> OpenAIEngine:
    """The engine of an endpoint, with the study's spending so far and its ceiling."""
    model, study = given.model, given.study
    assert model.endpoint is not None  # ensured by `engine_problems`
    results = Path("results") / study["study"]
    spending = Spending(results / "ledger", given.name, model.rates, study["synthesis"]["budget"])
    kind = BatchEngine if model.batched else OpenAIEngine
    return kind(model.endpoint, model.sampling, spending, results / "endpoints" / f"{given.name}.json", model.thinking)
