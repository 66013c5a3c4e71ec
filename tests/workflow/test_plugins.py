"""A plugin of a few lines outside the repository adds a metric, a method, an engine and a filter, and a run uses them."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

from polyglot.core.files import read_json, read_jsonl
from polyglot.core.hashing import file_hash

from .conftest import Workplace, share_the_world

pytestmark = pytest.mark.slow

PLUGIN = """\
from polyglot.engines import ENGINES
from polyglot.engines.base import Answer, EngineKind
from polyglot.intrinsic.metrics import METRICS, Metric
from polyglot.synthesis.filters.base import FILTERS, Filter, Verdict
from polyglot.synthesis.methods.base import METHODS, Method

class Parrot:
    deterministic, batch_size = True, None
    def chat(self, requests):
        return [Answer(one.id, one.messages[-1]["content"], "stop", 1, 1) for one in requests]

METHODS.add("retell", Method("retell", "tells it again", template="Erzähl das noch einmal: {{ prompt }}"))
ENGINES.add("parrot", EngineKind(lambda start: Parrot(), environment="transformers"))
FILTERS.add("numbers", Filter("numbers", "prompts with a 7", "seven", lambda examples, settings: [
    Verdict(prompt.count("7"), "it has a 7" if "7" in prompt else None) for prompt, response in examples.pairs
]))
METRICS.add("colons", Metric("colons", "colons", measure=lambda prompts, responses: [text.count(":") for text in responses]))
"""


@pytest.fixture
def plugin(starts: Path) -> Iterator[Path]:
    """The file of the plugin, in a folder outside the repository and on the path."""
    path = starts / "birds.py"
    path.write_text(PLUGIN, encoding="utf-8")
    yield path
    path.unlink(missing_ok=True)


@pytest.fixture
def plugged(tiny: Workplace, plugin: Path, tmp_path: Path) -> Workplace:
    """The tiny study, with a teacher that the plugin's engine runs and the plugin's method."""
    shutil.copytree(tiny.folder, tmp_path / "copy", symlinks=True, copy_function=shutil.copy2)
    workplace = Workplace(tmp_path / "copy")
    polly = {"label": "Polly", "folder": "results/demo/models/hasty", "engine": "parrot"}
    workplace.configure("models.yaml", lambda models: models | {"polly": polly})
    own = {
        "plugins": ["birds"],
        "teachers": ["polly"],
        "methods": ["retell", "back-translation"],
        "intrinsic": {"measured": ["colons"]},
        "filters": {"duplicates": {"action": "drop"}, "numbers": {}},
    }
    workplace.configure("demo.yaml", lambda study: share_the_world(study | own))
    return workplace


def test_a_plugins_metric_method_engine_and_filter_are_used_in_a_run(plugged: Workplace, plugin: Path) -> None:
    """A few lines outside the repository reach every rule's own process."""
    plugged.snakemake()
    results = plugged.folder / "results/demo"
    retold = pd.read_parquet(results / "synthetic/polly/de/retell/0.parquet").query("status == 'ok'")
    assert (retold["response"] == "Erzähl das noch einmal: " + retold["prompt"]).all()
    assert len(retold) > 0
    mixed = pd.read_parquet(results / "sft/equal/polly/de/0.parquet")
    assert set(mixed["method"]) == {"retell", "back-translation"}
    assert not mixed.duplicated(["prompt", "response"]).any()
    assert not mixed["prompt"].str.contains("7").any()
    statuses = pd.read_csv(results / "analysis/synthesis_yield.csv").groupby("status")["count"].sum()
    assert {"ok", "duplicate", "seven"} <= set(statuses.index)
    assert [one["filter"] for one in retold["decisions"].iloc[0]][-2:] == ["duplicates", "numbers"]
    assert pd.read_csv(results / "scores/main/cells.csv")["teacher"].tolist() == ["polly"]
    counted = mixed["response"].str.count(":").mean()
    assert pd.read_csv(results / "scores/main/intrinsic.csv")["colons"].tolist() == pytest.approx([counted])
    assert "colons" in (results / "tables/intrinsic.md").read_text(encoding="utf-8")

    ran = {line["code"] for line in read_jsonl(results / "provenance/jobs/synthesize/polly/de/0.jsonl") if "code" in line}
    (record,) = [read_json(results / f"provenance/code/{name}.json") for name in ran]
    assert record["plugin_hashes"] == {"birds.py": file_hash(plugin)}
    assert record["plugin_texts"] == {"birds.py": PLUGIN}

    again = plugged.snakemake("-n")
    assert "Nothing to be done" in again.stdout + again.stderr
    plugin.unlink()
    done = plugged.snakemake("-n", check=False)
    assert done.returncode != 0
    assert "plugins: 'birds' cannot be imported (ModuleNotFoundError: No module named 'birds')" in done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr
