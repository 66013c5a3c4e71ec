"""Cards: what licences say, what was measured, and flags."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml
from markdown_it import MarkdownIt

from polyglot.evaluation.settings import Benchmark
from polyglot.intrinsic.metrics import recorded
from polyglot.publishing.cards import (
    Scored,
    data_card,
    hub_licences,
    licence_lines,
    licence_name,
    model_card,
    row_of,
    set_measurements,
    unstated,
)
from polyglot.publishing.facts import TRAIN, set_facts, student_facts
from polyglot.registry import Registries
from polyglot.registry.data import BenchmarkFacts, Source
from polyglot.registry.models import Model
from polyglot.study.configuration import Study
from polyglot.workflow.loading import load_study

WORKFLOW = {"title": "polyglot-score", "license": "Apache-2.0"}
PAIRS = pd.DataFrame({"id": ["a", "b"], "method": ["respond"] * 2, "prompt": ["Was?", "Wer?"], "response": ["Das.", "Ich. ```"]})
THOUGHTFUL = PAIRS.assign(thoughts=["Also: das.", ""])
CELL = {
    "intrinsic": 0.2,
    **{"pg_signsafe": 1.25, "pg_signsafe_low": 0.5, "pg_signsafe_high": 2.0},
    **{"gain": 0.1, "gain_se": 0.02, "student_score": 0.6, "base_score": 0.5, "reference_score": 0.45},
}
FLAGGED = {"flagged": True, "reason": "reference below base"}


def facts(repository: Path, teacher: str, recipe: str = "equal", base: str | None = None) -> dict[str, Any]:
    study, registries = load_study(repository / "config/paper-revised.yaml", repository)
    of_set = {"recipe": recipe, "teacher": teacher, "lang": "de", "seed": "0"}
    return student_facts(study, registries, base=base, **of_set) if base else set_facts(study, registries, **of_set)


def card(
    repository: Path, teacher: str, cell: dict[str, Any] | None = CELL, recipe: str = "equal", pairs: pd.DataFrame = PAIRS
) -> str:
    return data_card(
        pairs,
        facts=facts(repository, teacher, recipe),
        answers=[pd.DataFrame({"method": ["respond"] * 3, "status": ["ok", "ok", "empty"]})],
        measured=pd.DataFrame(
            {"prompt_distance": [0.2, 0.4], "response_distance": [0.1, 0.1], "reward": [4.0, float("nan")], "distinct_2": 0.5}
        ),
        scored=Scored(cell=cell, gap=FLAGGED),
        template=repository / "report/data_card.md.jinja",
        workflow=WORKFLOW,
    )


@pytest.mark.parametrize(
    ("teacher", "hub", "says"),
    [
        ("llama-3.1-8b-instruct", "llama3.1", "begins with Llama"),
        ("gemma-3-4b-it", "gemma", "derivative under the same terms"),
        ("command-a", "cc-by-nc-4.0", "excludes commercial use"),
        ("gpt-4o-mini", "other", "terms of use"),
        ("granite-4.0", "apache-2.0", "sets no terms"),
    ],
)
def test_a_card_says_what_the_teachers_licence_says_about_its_output(repository: Path, teacher: str, hub: str, says: str) -> None:
    found = facts(repository, teacher)
    assert any(says in line for line in licence_lines(found, "Apache-2.0"))
    licences = hub_licences(found, "Apache-2.0")
    assert hub in (licences if isinstance(licences, list) else [licences])


def test_every_licence_of_the_registries_is_known(repository: Path) -> None:
    _, registries = load_study(repository / "config/paper.yaml", repository)
    known: list[Model | Source | BenchmarkFacts] = [
        *registries.models.values(),
        *registries.sources.values(),
        *registries.benchmarks.values(),
    ]
    assert {entry.licence for entry in known if entry.licence} <= set(registries.licences)


def test_every_source_and_model_from_elsewhere_says_what_to_cite_and_a_card_too(repository: Path) -> None:
    _, registries = load_study(repository / "config/paper.yaml", repository)
    assert [name for name, source in registries.sources.items() if source.hub and not source.cite] == []
    assert [name for name, model in registries.models.items() if (model.hub or model.endpoint) and not model.cite] == []
    lines = licence_lines(facts(repository, "granite-4.0"), "Apache-2.0")
    assert "Seed prompts from CohereLabs/aya_dataset (Singh et al., 2024, arXiv 2402.06619): Apache-2.0." in lines


def test_the_licences_of_seed_prompts_and_of_the_base_count_too(repository: Path) -> None:
    found = facts(repository, "granite-4.0", base="llama-3.1-8b")
    lines = licence_lines(found, "Apache-2.0")
    assert any("Llama 3.1 8B" in line and "begins with Llama" in line for line in lines)
    assert any(line.startswith("Seed prompts from ") for line in lines)
    assert "llama3.1" in hub_licences(found, "Apache-2.0")


def test_a_data_card_names_its_columns_and_thoughts_where_there_are_some(repository: Path) -> None:
    without, thoughtful = (card(repository, "gemma-3-4b-it", pairs=pairs) for pairs in (PAIRS, THOUGHTFUL))
    assert "# columns id, method, prompt, response\n" in without
    assert "Thoughts" not in without
    assert "# columns id, method, prompt, response, thoughts\n" in thoughtful
    assert (
        "- respond: 2 examples.\n- Thoughts (column `thoughts`): what the model wrote before its response, of 1 examples.\n"
        in thoughtful
    )


def test_names_and_answers_of_others_stay_texts_in_a_card(repository: Path) -> None:
    evil = "![p](http://evil/x.png) <script>x()</script> [l](javascript:x) $x$ | \\<b> `code` *b*"
    found = facts(repository, "granite-4.0")
    found |= {"language": evil, "author": evil, "recipe": "equal"}
    found["models"][0] |= {"label": evil, "licence": f"{evil}", "served_as": evil}
    text = data_card(
        PAIRS.assign(response=[f"```\n# {evil} \x1b[31m\u202e", "~~~"]),
        facts=found,
        answers=[],
        measured=pd.DataFrame({"prompt_distance": [0.2], "response_distance": [0.1], "reward": [4.0], "distinct_2": 0.5}),
        scored=Scored(cell=None, gap=None),
        template=repository / "report/data_card.md.jinja",
        workflow=WORKFLOW | {"repository-code": "https://a.b/c_d"},
    )
    _, head, body = text.split("---\n", 2)
    assert yaml.safe_load(head)["pretty_name"] == f"equal by {evil} in {evil} (seed 0)"
    tokens = MarkdownIt("commonmark", {"html": True}).enable("table").parse(body)
    inline = [inner for outer in tokens for inner in [outer, *(outer.children or ())]]
    assert not {token.type for token in inline} & {"html_inline", "html_block", "image"}
    assert {token.attrs["href"] for token in inline if token.type == "link_open"} == {"https://a.b/c_d"}
    assert sum(token.type == "heading_open" for token in tokens) == 6
    assert "".join(token.content for token in inline if token.type != "inline").count(evil) >= 5
    assert not any(character in text for character in "\x1b\u202e")


def test_a_data_card_has_front_matter_numbers_and_the_flag(repository: Path) -> None:
    text = card(repository, "gemma-3-4b-it")
    head = yaml.safe_load(text.split("---\n")[1])
    assert head["configs"] == [{"config_name": "default", "data_files": [{"split": "train", "path": TRAIN}]}]
    assert head["size_categories"] == "n<1K"
    assert "| respond | empty | 1 |" in text
    assert "prompt diversity (mean cosine distance): 0.300" in text
    assert "reward (1 to 5): 4.00" in text
    assert "examples that could be rated: 1 of 2" in text
    assert "perplexity" not in text  # it depends on the student base
    assert "+1.25 [+0.50, +2.00]" in text
    assert "⚑ Distrust scores of this language: reference below base." in text
    assert text.count("```") % 2 == 0  # a response cannot end its block


def test_a_card_has_the_further_metrics_of_the_study(repository: Path) -> None:
    study, registries = load_study(
        repository / "config/paper-revised.yaml", repository, {"intrinsic": {"measured": ["distinct_2"]}}
    )
    facts = set_facts(study, registries, recipe="equal", teacher="granite-4.0", lang="de", seed="0")
    assert facts["metrics"][-1]["name"] == "distinct_2"
    examples = pd.DataFrame({"prompt_distance": [0.2], "response_distance": 0.1, "reward": 4.0, "distinct_2": 0.5})
    found = dict(set_measurements(examples, recorded(facts["metrics"], ())))
    assert found["distinct-2 (share of distinct bigrams)"] == "0.500"


def test_a_set_that_was_never_scored_says_so_and_people_are_no_model(repository: Path) -> None:
    assert "This cell has no score." in card(repository, "gemma-3-4b-it", cell=None)
    people = card(repository, "people", recipe="public")
    assert "written by people" in people
    assert "synthetic" not in yaml.safe_load(people.split("---\n")[1])["tags"]


def test_a_cell_without_a_student_has_a_card_that_says_why(repository: Path) -> None:
    outcomes = pd.DataFrame(columns=["benchmark", "weight", "correct"])
    text = model_card(
        outcomes,
        facts=facts(repository, "gemma-3-4b-it", base="olmo-3-7b"),
        summary={"reason": "1 usable training examples; at least 2 are needed"},
        anchors={"base": outcomes, "reference": outcomes},
        scored=Scored(cell=None, gap=None),
        template=repository / "report/model_card.md.jinja",
        workflow=WORKFLOW,
    )
    assert "This student was not trained: 1 usable training examples" in text
    assert yaml.safe_load(text.split("---\n")[1])["base_model"].startswith("allenai/")


def test_a_model_card_says_what_was_trained_and_with_what(repository: Path) -> None:
    study, registries = load_study(repository / "config/paper-revised.yaml", repository)
    outcomes = pd.DataFrame({"benchmark": ["mgsm"] * 2, "weight": [0.5] * 2, "correct": [1, 0]})
    for settings, said in (
        ({"tuning": "full"}, "Supervised fine-tuning of all weights (trl): 30 steps"),
        (
            {"tuning": "qlora", "trainer": "unsloth"},
            "low-rank adapters on 4-bit weights (unsloth), merged into the base's weights: 30 steps",
        ),
    ):
        chosen = study.model_copy(update={"training": study.training.model_copy(update=settings)})
        of_set = {"recipe": "equal", "teacher": "gemma-3-4b-it", "lang": "de", "seed": "0"}
        text = model_card(
            outcomes,
            facts=student_facts(chosen, registries, base="llama-3.1-8b", **of_set),
            summary={"steps": 30, "epochs": 2, "examples": 100, "loss": 1.5},
            anchors={"base": outcomes, "reference": outcomes},
            scored=Scored(cell=CELL, gap=None),
            template=repository / "report/model_card.md.jinja",
            workflow=WORKFLOW,
        )
        assert said in " ".join(text.split())
        assert ("- lora.rank: 16" in text) == (settings["tuning"] != "full")
        head = yaml.safe_load(text.split("---\n")[1])
        assert head["license"] == "other"
        assert {"gemma", "llama3.1"} < set(head["license_name"].split(", "))
        assert "| mgsm | steps, 5-shot | 2 | 0.500 | 0.500 | 0.500 |" in text


def test_a_model_card_names_the_task_of_lighteval_that_presents_the_items(repository: Path) -> None:
    study, registries = load_study(repository / "config/paper-revised.yaml", repository)
    of_set = {"recipe": "equal", "teacher": "gemma-3-4b-it", "lang": "de", "seed": "0"}
    facts = student_facts(study, registries, base="llama-3.1-8b", **of_set)
    task = Benchmark.model_validate({"task": "lighteval", "name": {"de": "global_mmlu_deu"}, "shots": 2})
    outcomes = pd.DataFrame({"benchmark": ["mmlu"] * 2, "weight": [0.5] * 2, "correct": [1, 0]})
    text = model_card(
        outcomes,
        facts=facts | {"benchmarks": {"mmlu": task.model_dump(mode="json")}},
        summary={"steps": 30, "epochs": 2, "examples": 100, "loss": 1.5},
        anchors={"base": outcomes, "reference": outcomes},
        scored=Scored(cell=CELL, gap=None),
        template=repository / "report/model_card.md.jinja",
        workflow=WORKFLOW,
    )
    assert "| mmlu | global_mmlu_deu, 2-shot | 2 |" in text


def test_the_first_row_with_some_values_is_found() -> None:
    table = pd.DataFrame({"teacher": ["a", "b", "b"], "lang": ["de", "de", "id"], "pg": [1, 2, 3]})
    assert row_of(table, teacher="b") == {"teacher": "b", "lang": "de", "pg": 2}
    assert row_of(table, teacher="c") is None


def own_models(repository: Path, folder: Path, **stated: str) -> tuple[Study, Registries]:
    """The demo with an endpoint's teacher, a base from a folder and prompts of one's own."""
    shutil.copytree(repository / "config", folder / "config")
    models = folder / "config/models.yaml"
    licence = "".join(f"  licence: {name}\n" for name in stated.values())
    models.write_text(
        models.read_text(encoding="utf-8")
        + "\nmine:\n  engine: openai\n  endpoint: {url: http://127.0.0.1:9/v1, model: secret}\n"
        + licence
        + "\nfolder-base:\n  folder: /models/base\n  reference: nano-reference\n"
        + licence,
        encoding="utf-8",
    )
    (folder / "de.txt").write_text("Was?\n")
    seeds = {"files": {"de": str(folder / "de.txt")}, **stated}
    changes = {
        "teachers": ["mine"],
        "base": "folder-base",
        "languages": ["de"],
        "seed_dataset": seeds,
        "truth": {"above": [], "above_in": {}},
    }
    beside = ("open-answers", "win-rate", "translation", "native-text", "belebele_ind_Latn_cf")
    one_language = {name: {"languages": ["de"]} for name in beside}
    changes |= {"evaluation": {"benchmarks": one_language}}
    changes |= {"nano": {"with_real_models": True}, "experiments": {}, "run": ["main"], "missing": []}
    return load_study(folder / "config/demo.yaml", folder, changes)


def test_a_model_of_ones_own_without_a_licence_is_not_the_workflows(repository: Path, tmp_path: Path) -> None:
    found = student_facts(
        *own_models(repository, tmp_path), base="folder-base", recipe="equal", teacher="mine", lang="de", seed="0"
    )
    lines = "\n".join(licence_lines(found, "Apache-2.0"))
    assert "mine: licence not stated." in lines
    assert "folder-base: licence not stated." in lines
    assert "Seed prompts from de.txt: licence not stated." in lines
    assert "made by the workflow" not in lines
    assert hub_licences(found, "Apache-2.0") == "other"
    assert licence_name(found, "Apache-2.0") == "licence not stated"
    assert unstated(found) == ["mine", "folder-base", "de.txt"]


def test_a_stated_licence_is_stated(repository: Path, tmp_path: Path) -> None:
    found = student_facts(
        *own_models(repository, tmp_path, licence="MIT"), base="folder-base", recipe="equal", teacher="mine", lang="de", seed="0"
    )
    assert unstated(found) == []
    assert "Seed prompts from de.txt: MIT." in licence_lines(found, "Apache-2.0")
    assert hub_licences(found, "Apache-2.0") == "mit"
