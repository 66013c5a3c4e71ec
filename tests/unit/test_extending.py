"""docs/howto/extending.md: every example is taken from the page as it stands and used as the page says."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.blocks import Block, blocks_of, lay_out

PAGE = Path(__file__).resolve().parents[2] / "docs/howto/extending.md"
USED = {
    "A metric": """
        from polyglot.intrinsic.metrics import METRICS
        assert list(METRICS["exclamations"].measure(["?"], ["a! b!"])) == [2]
        assert [metric.name for metric in study.intrinsic.metrics][-1] == "exclamations"
        assert "exclamations" not in study.intrinsic.scored
    """,
    "A method": """
        from polyglot.core.prompts import PromptTemplates
        from polyglot.synthesis.methods.base import METHODS
        method = METHODS["stepwise"]
        asked = method.messages(PromptTemplates(root / study.synthesis.prompts), "German", [{"prompt": "Was ist 2 + 2?"}])
        assert asked[-1]["content"].endswith("step by step, and give the result last: Was ist 2 + 2?")
        assert method.pair({"prompt": "P"}, "R") == ("P", "R")
        assert study.matrices["main"].recipes == ["stepwise"]
    """,
    "An engine": """
        from polyglot.engines import ENGINES, open_engine
        from polyglot.engines.base import Request
        from polyglot.workflow.inputs.models import ModelInputs
        folder = Path("data/collected")
        folder.mkdir(parents=True)
        (folder / "answers.jsonl").write_text('{"asked": "2 + 2", "answer": "4"}', encoding="utf-8")
        engine = open_engine("collected", registries.models["collected"], folder, study.model_dump())
        asked = [Request(text, [{"role": "user", "content": text}], 0) for text in ("2 + 2", "2 + 3")]
        assert [answer.text for answer in engine.chat(asked)] == ["4", ""]
        models = ModelInputs(study, registries)
        assert models.requests_check({"study": "demo", "teacher": "collected", "lang": "de", "seed": "0"}) == []
    """,
    "A benchmark": """
        from polyglot.evaluation.tasks import Task, questions
        chosen = study.evaluation.benchmarks["riddles"]
        asked = questions(Task("riddles", "de", Path(chosen.folder) / "de", chosen), 0)
        assert [len(item.options) for item in asked.items] == [3, 2, 5]
        assert [item.options[item.answer] for item in asked.items] == ["Schnee", "warm", "vier"]
        assert "riddles" in study.evaluation.benchmarks_in("de")
        assert "riddles" not in study.evaluation.benchmarks_in("id")
    """,
    "A reader, a formulation, a weighting": """
        import pandas as pd
        from polyglot.evaluation.formulations import FORMULATIONS
        from polyglot.evaluation.items import write_items
        from polyglot.evaluation.tasks import Task, questions
        from polyglot.evaluation.weights import example_weights
        rows = [{"claim": f"Satz {n}", "true": n == 0, "topic": "a" if n < 2 else "b"} for n in range(3)]
        Path("hub/german").mkdir(parents=True)
        pd.DataFrame(rows).to_parquet("hub/german/test.parquet")
        facts, chosen = registries.benchmarks["claims"], study.evaluation.benchmarks["claims"]
        write_items("claims", facts, Path("hub"), "de", Path("tasks/de"))
        items = questions(Task("claims", "de", Path("tasks/de"), chosen), 0).items
        assert FORMULATIONS["yes-no"].ask(items[2], False, 0).gold == 1
        outcomes = pd.DataFrame({"example_id": list("012"), "category": "all", "subset": ["a", "a", "b"]})
        assert example_weights(facts.weighting, outcomes).tolist() == [0.25, 0.25, 0.5]
    """,
    "A routing strategy": """
        import pandas as pd
        from polyglot.routing.strategies import STRATEGIES, Known
        known = Known(pd.DataFrame({"request_id": ["a", "b"]}), teachers=["x", "y", "z"], strength=["z", "x", "y"])
        assert STRATEGIES["second"].choose(known) == ["x", "x"]
        assert "second" in study.routed_teachers
    """,
    "A quality of answers": """
        from polyglot.routing.qualities import QUALITIES
        assert QUALITIES[study.routing.quality].grade(["ab", "abcd"], ["abcd", "dcba"]) == [(-2, "compared"), (0, "compared")]
        assert QUALITIES[study.routing.quality].unfit(study.methods) == []
    """,
    "A filter": """
        import pandas as pd
        from polyglot.synthesis.filters.base import FILTERS, Examples, Settings
        examples = Examples(pd.DataFrame({"prompt": ["a", "b"], "response": ["LOUD", "soft"]}), "en")
        found = FILTERS["shouting"].find(examples, Settings())
        assert [verdict.problem for verdict in found] == ["100% of its letters are capitals", None]
        assert study.filters["shouting"] == {"action": "mark"}
        assert list(study.filters)[-1] == "shouting"
    """,
    "A selection rule": """
        import numpy as np
        from polyglot.selection.rules import select
        quality = np.array([0.9, 0.1, 0.5])
        assert select(["a", "b", "c"], quality, np.zeros(3, dtype=np.intp), rule="worst", size=2).tolist() == [1, 2]
        assert "worst-150" in study.matrices["selection"].recipes
    """,
    "A table or a figure": """
        import pandas as pd
        from polyglot.displays import catalogue
        from polyglot.displays.context import Context
        from polyglot.displays.makers import maker
        display = catalogue.tables(study)["best_languages"]
        assert display.inputs == {"cells": "scores/main/cells.csv"}
        scores = {"pg_signsafe": [0.1, 0.4, 0.2], "pg_signsafe_low": [0.0] * 3, "pg_signsafe_high": [0.5] * 3}
        cells = pd.DataFrame({"teacher": ["thorough", "thorough", "hasty"], "lang": ["de", "ar", "id"], **scores})
        context = Context.of(display.values(study, registries, study.scoring, name="demo"))
        table = maker("table", display.function)(context, cells)
        assert table.shown["Language"].tolist() == ["Indonesian", "Arabic"]
        assert table.shown["Score"].tolist() == ["0.200 [0.000, 0.500]", "0.400 [0.000, 0.500]"]
    """,
}
"""Section to what must hold with its examples in place; `study`, `registries` and `root` are those of the embedded study."""


def sections() -> dict[str, list[Block]]:
    """The page's sections with examples: their blocks."""
    found: dict[str, list[Block]] = {}
    for block in blocks_of(PAGE.parents[2], PAGE.relative_to(PAGE.parents[2])):
        known = block.file or block.registry or block.kind == "bash" or "In the study's file" in block.before
        assert known, f"{block}: what is this block for? ({block.before})"
        found.setdefault(block.section, []).append(block)
    return found


def test_every_section_is_tried() -> None:
    assert list(sections()) == list(USED)


@pytest.mark.parametrize("title", USED)
def test_the_examples_of_a_section_work(title: str, repository: Path, tmp_path: Path) -> None:
    shown = sections()[title]
    shutil.copytree(repository / "config", tmp_path / "config")
    lay_out(shown, tmp_path)
    given: dict[str, object] = {}
    for block in shown:
        given |= yaml.safe_load(block.text) if "In the study's file" in block.before else {}
    usual: dict[str, object] = {"experiments": {}, "run": None, "truth": {}, "routing": {}}
    plugins = {"plugins": [Path(block.file).stem for block in shown if block.file.endswith(".py")]}
    overrides = usual | plugins | given
    code = [
        "from pathlib import Path",
        "from polyglot.workflow.loading import load_study",
        f"root = Path({str(tmp_path)!r})",
        f"study, registries = load_study(root / 'config/demo.yaml', root, {overrides!r})",
        *(line.strip() for line in USED[title].splitlines()),
    ]
    environment = os.environ | {"PYTHONPATH": str(repository / "scripts")}
    done = subprocess.run(
        [sys.executable, "-c", "\n".join(code)], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
