"""Methods: each says what teachers are shown and what they write, and all else asks it; the published ones stay as they are."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pandas as pd
import pytest

from polyglot.core.hashing import content_id
from polyglot.core.lookup import UnknownName
from polyglot.core.prompts import PromptTemplates
from polyglot.engines.base import Answer
from polyglot.nano.datasets import seed_dataset
from polyglot.nano.world import World
from polyglot.seeds.seed_files import read_seed_file
from polyglot.synthesis.answers import parse_answer, read_answers
from polyglot.synthesis.draws import Draw
from polyglot.synthesis.methods.base import (
    METHODS,
    Method,
    default_methods,
    known_method,
    own_templates,
    pair_json,
    template_files,
)
from polyglot.synthesis.mixing import mix
from polyglot.synthesis.recipes import TRANSLATED, parse_recipe
from polyglot.synthesis.requests import build_requests, for_method, short_enough, usable_rows, without_shots

SEEDS = pd.DataFrame(
    {
        "id": ["a", "b", "c"],
        "prompt": ["Was?", "Wer?", "Wie?"],
        "response": ["Das Haus.", "", "So geht es."],
        "methods": ["generate respond", "respond", ""],
    }
)


@pytest.fixture
def templates(repository: Path) -> PromptTemplates:
    return PromptTemplates(repository / "config/prompts/nano")


def test_an_unknown_method_says_what_there_is_and_the_nearest() -> None:
    with pytest.raises(
        UnknownName, match=r"unknown method 'back-translate'; did you mean 'back-translation'\? there are: generate, tr"
    ):
        METHODS["back-translate"]


def test_an_unknown_recipe_says_what_there_is_and_the_nearest() -> None:
    with pytest.raises(
        ValueError, match=r"'tranlate-500' is no recipe: unknown part 'tranlate'; did you mean 'translate'\?.*public"
    ):
        parse_recipe("tranlate-500")


def test_every_method_is_named_as_in_the_lookup_and_has_a_template_in_both_folders(repository: Path) -> None:
    for name, method in METHODS.items():
        assert method.name == name
        for folder in ("nano", "chat"):
            files = template_files(str(repository / "config/prompts" / folder), [] if method.translated else [name])
            assert all(Path(file).is_file() for file in files), files


def test_the_published_methods_are_the_default() -> None:
    assert default_methods() == ["generate", "translate", "respond"]
    assert parse_recipe("equal").parts == ("generate", "translate", "respond")


PUBLISHED = {
    "generate": ("5c960632a07f9dca", None),
    "translate": ("068b0a7ae2c121ce", None),
    "respond": ("97fe25f5ca5c31a3", "prompt"),
}
"""Method to a fingerprint of its requests, from before methods could be looked up, and the text that it keeps."""


def test_requests_of_the_published_methods_are_what_they_always_were(world: World, templates: PromptTemplates) -> None:
    """Their ids are in studies under way: ids, seeds and the order of draws must not change."""
    for method, (known, kept) in PUBLISHED.items():
        seeds = seed_dataset(world, "en" if method == "translate" else "de", limit=10, seed=0)
        found = build_requests(Draw(0), method, "de", "German", seeds, templates, count=20, shots=2)
        assert content_id(*found["request_id"], *map(str, found["request_seed"])) == known, method
        assert found["prompt"].notna().all() == (kept == "prompt")
        assert "response" not in found.columns


def test_back_translation_shows_a_response_and_keeps_it(world: World, templates: PromptTemplates) -> None:
    seeds = seed_dataset(world, "de", limit=10, seed=0)
    asked = build_requests(Draw(0), "back-translation", "de", "German", seeds, templates, count=len(seeds), shots=2)
    known = seeds.set_index("id").loc[[ids[0] for ids in asked["sources"]]]
    assert asked["response"].tolist() == known["response"].tolist()
    assert asked["prompt"].isna().all()
    assert set(asked["response"]) == set(seeds["response"])  # without replacement
    for messages, row in zip(asked["messages"], known.itertuples(), strict=True):
        assert row.response in messages[1]["content"]
        assert row.prompt not in messages[1]["content"]


def test_a_back_translation_becomes_a_training_example(world: World, templates: PromptTemplates) -> None:
    """The prompt is the teacher's, the response is people's; its language is judged by what the teacher wrote."""
    seeds = seed_dataset(world, "de", limit=10, seed=0)
    asked = build_requests(Draw(0), "back-translation", "de", "German", seeds, templates, count=3, shots=2)
    texts = [" Wie heißt die Hauptstadt von Italien?\n", "I would like to know what the weather will be.", ""]
    answers = {name: Answer(name, text, "stop", 9, 9) for name, text in zip(asked["request_id"], texts, strict=True)}
    found = read_answers(asked, answers, teacher="t", languages=["de", "en"], language_confidence=0.05)
    assert found["status"].tolist() == ["ok", "wrong_language", "empty"]
    mixed = mix({"back-translation": [found]}, examples=5, seed=0)
    assert mixed[["prompt", "response"]].to_numpy().tolist() == [[texts[0].strip(), asked["response"][0]]]
    assert asked.loc[0, "response"]


def test_rows_that_can_serve_a_method(tmp_path: Path) -> None:
    assert for_method(SEEDS, "back-translation").tolist() == [True, False, True], "rows for generate have people's responses"
    assert for_method(SEEDS, "respond").tolist() == [True, True, True]
    bare = SEEDS.drop(columns="methods")
    assert usable_rows(bare, "back-translation", longest=None, shots=1)["id"].tolist() == ["a", "c"], "an empty response is none"
    assert usable_rows(bare, "respond", longest=None, shots=1)["id"].tolist() == ["a", "b", "c"]
    assert short_enough(SEEDS, "back-translation", longest=9, shots=1).tolist() == [True, True, False], "its response counts"


def test_a_seed_row_needs_a_response_where_one_of_its_methods_does(tmp_path: Path) -> None:
    def read(methods: str) -> pd.DataFrame:
        path = tmp_path / "seeds.jsonl"
        path.write_text(json.dumps({"prompt": "Was?", "response": "", "methods": methods}) + "\n")
        return read_seed_file(path, "de", {"de"})

    assert len(read("respond translate")) == 1
    assert len(read("")) == 1  # a file without any response holds prompts
    for methods in ("generate", "respond back-translation"):
        with pytest.raises(ValueError, match="empty response"):
            read(methods)


def test_a_method_that_starts_from_a_translation_is_named_in_recipes_only() -> None:
    assert TRANSLATED == ("nllb-respond", "nllb-both")
    with pytest.raises(ValueError, match="'nllb-both' uses the requests of `translate`; name it in a recipe"):
        known_method("nllb-both")
    with pytest.raises(ValueError, match="'nllb-both' needs the method translate; the study's methods are: respond"):
        parse_recipe("nllb-both", ["respond"])
    for recipe, author in {
        "nllb-both": "translator",
        "nllb-respond": "teacher",
        "public": "people",
        "nllb-both+public": "teacher",
    }.items():
        assert parse_recipe(recipe).written_by == author


def test_a_method_brings_its_own_template_and_its_own_way_to_read_answers(
    templates: PromptTemplates, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Upper(Method):
        def pair(self, request: object, text: str) -> tuple[str, str]:
            prompt, response = super().pair(request, text)  # type: ignore[arg-type]
            return prompt, response.upper()

    monkeypatch.setattr(METHODS, "_known", dict(METHODS._known))
    METHODS.add("shout", Upper("shout", "shouts", template="In {{ language }}: {{ prompt }}"))
    asked = build_requests(Draw(0), "shout", "de", "German", SEEDS, templates, count=1, shots=1)
    assert asked["messages"][0][1]["content"] == f"In German: {asked['prompt'][0]}"
    assert parse_answer(asked.to_dict("records")[0], Answer("r", "leise", "stop", 1, 1))[3] == "LEISE"
    assert template_files("p", ["respond", "shout"]) == ["p/system.jinja", "p/respond.jinja"]
    assert own_templates(["respond", "shout"]) == {"shout": "In {{ language }}: {{ prompt }}"}
    assert parse_recipe("shout+respond-20", ["shout", "respond"]).parts == ("shout", "respond")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"name": "Shout!"}, "use small letters"),
        ({"name": "top-10k"}, "no size at the end"),
        ({"shows": ("response",)}, "must differ"),
        ({"shows": ()}, "must differ"),
    ],
)
def test_a_method_that_cannot_be_is_refused(changes: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Method(**({"name": "shout", "about": "shouts"} | changes))  # type: ignore[arg-type]


def test_a_pair_is_read_from_an_object_alone_or_in_a_fence() -> None:
    for text in (pair_json("Was?", "Das."), f"```json\n{pair_json(' Was?', 'Das. ')}\n```"):
        assert METHODS["generate"].pair({}, text) == ("Was?", "Das.")


def test_prompts_alone_leave_generate_without_shots_and_it_shows_the_prompts(repository: Path) -> None:
    seeds = pd.DataFrame({"id": ["a", "b"], "prompt": ["Habari?", "Jina lako?"], "response": ["", ""], "methods": ["", ""]})
    assert without_shots(seeds, "generate")
    assert not without_shots(seeds, "respond")
    assert not without_shots(seeds.assign(response=["Nzuri.", ""]), "generate")
    rows = usable_rows(seeds, "generate", longest=None, shots=2)
    templates = PromptTemplates(repository / "config/prompts/chat")
    asked = build_requests(Draw(0), "generate", "sw", "Swahili", rows, templates, count=3, shots=2)
    for messages in asked["messages"]:
        assert '"Habari?"' in messages[1]["content"]
        assert "with good responses, as JSON objects" not in messages[1]["content"]
        assert '"response": ""' not in messages[1]["content"]


def test_the_papers_prompts_have_its_ten_categories_and_show_pairs_as_text(repository: Path) -> None:
    """Figures 10 to 12 of arXiv 2604.11290."""
    templates = PromptTemplates(repository / "config/prompts/paper")
    shots = [{"prompt": "Was?", "response": "Das."}, {"prompt": "Wer?", "response": "Der."}]
    system, asked = METHODS["generate"].messages(templates, "German", shots)
    assert "expert in German" in system["content"]
    numbered = re.findall(r"^(\d+)\. \S", asked["content"].partition("exactly one of these categories")[2], re.MULTILINE)
    assert numbered == [str(number) for number in range(1, 11)]
    assert "Prompt: Was?\nResponse: Das.\n\nPrompt: Wer?\nResponse: Der.\n\nNew example:" in asked["content"]
    alone = METHODS["generate"].messages(templates, "Swahili", [{"prompt": "Habari?", "response": ""}])[1]["content"]
    assert "Prompt: Habari?\n\nNew example:" in alone
    assert "Response:" not in alone
    for name in ("translate", "respond"):
        content = METHODS[name].messages(templates, "German", [{"prompt": "Why?"}])[1]["content"]
        assert content.endswith("\n\nWhy?")
    for name, rows in {"generate": shots, "translate": [{"prompt": "Why?"}]}.items():
        assert 'JSON object that has the keys "prompt"' in METHODS[name].messages(templates, "German", rows)[1]["content"]
