"""`polyglot init`: from answers to a folder that passes the checks of a run; wrong answers are said, and asked again."""

from __future__ import annotations

import io
import json
import os
import pty
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from polyglot.__main__ import main
from polyglot.registry import load_registries
from polyglot.study.configuration import Study
from polyglot.workflow.init.answers import Answers, Chosen, Prompts, model
from polyglot.workflow.init.texts import files
from polyglot.workflow.inputs.models import ModelInputs
from polyglot.workflow.loading import load_study

API = "preset=openai,model=gpt-5-mini,price=0.25/2"
OWN = "url=http://localhost:8001/v1,model=our/Llama-X,key=OUR_KEY,tokens=900"
BASE = "hub=Qwen/Qwen3-0.6B-Base,reference=Qwen/Qwen3-0.6B"
NAMED = {"synthesis.prompts", "intrinsic.embedding"}
"""What a study of real models must name, be it the default or not."""


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """200 prompts, and a benchmark, in Swahili."""
    rows = [{"prompt": f"Swali la {number}?", "response": f"Jibu {number}."} for number in range(200)]
    (tmp_path / "sw.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    (tmp_path / "quiz/sw").mkdir(parents=True)
    item = {"question": "Mji mkuu wa Kenya?", "choices": ["Nairobi", "Mombasa", "Kisumu"], "answer": 0}
    (tmp_path / "quiz/sw/test.jsonl").write_text(json.dumps(item) + "\n", encoding="utf-8")
    return tmp_path


@pytest.fixture
def asked(data: Path) -> dict[str, list[str]]:
    return {
        "--to": [str(data / "mine")],
        "--languages": ["sw"],
        "--prompts": [str(data / "sw.jsonl")],
        "--teacher": [API],
        "--judge": ["gpt-4o-mini"],
        "--embedding": ["minilm"],
        "--base": [BASE],
        "--benchmark": [f"quiz={data / 'quiz'}"],
    }


Init = Callable[..., None]


@pytest.fixture
def init(asked: dict[str, list[str]], repository: Path, monkeypatch: pytest.MonkeyPatch) -> Init:
    """The command with these options changed; None leaves one out."""
    monkeypatch.chdir(repository)
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    monkeypatch.setattr(sys, "stdin", io.StringIO())  # no terminal

    def run(*more: str, **changed: list[str] | None) -> None:
        options = asked | {f"--{name}": value for name, value in changed.items() if value is not None}
        options = {name: value for name, value in options.items() if changed.get(name[2:], value) is not None}
        main(["init", "--no-plan", *more, *(part for name, values in options.items() for part in (name, *values))])

    return run


def test_the_folder_holds_a_study_that_can_be_run(
    init: Init, data: Path, repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    init("--teacher", OWN, "--teacher", "command-a", "--budget", "5", benchmark=[f"quiz={data / 'quiz'}", "--benchmark", "xcopa"])
    folder = data / "mine"
    study, registries = load_study(folder / "study.yaml", repository)
    assert study.teachers == ["llama-x", "command-a", "gpt-5-mini"]
    endpoint = registries.models["llama-x"].endpoint
    assert endpoint is not None
    assert (endpoint.url, endpoint.model, endpoint.api_key) == ("http://localhost:8001/v1", "our/Llama-X", "OUR_KEY")
    assert registries.models["llama-x"].sampling.max_new_tokens == 900
    assert study.seed_dataset.files == {"sw": str(folder / "prompts/sw.jsonl")}
    assert (folder / "prompts/sw.jsonl").read_bytes() == (data / "sw.jsonl").read_bytes()
    assert study.methods == ["generate", "respond"]
    assert (study.base, registries.models[study.base].reference) == ("qwen3-0.6b-base", "qwen3-0.6b-base-reference")
    assert study.evaluation.benchmarks["xcopa"].hub
    assert study.evaluation.benchmarks["quiz"].folder == str(data / "quiz")
    assert study.intrinsic.reward.kind == "rubric_judge"
    assert not (folder / "languages.yaml").exists()
    said = capsys.readouterr().out
    assert "checked: the study can be run" in said
    assert f"snakemake --configfile {folder}/study.yaml" in said
    assert "export OUR_KEY=..." in said
    assert "export OPENAI_API_KEY=..." in said  # of a model of config/models.yaml too


def test_requests_of_a_ranking_and_the_length_of_a_base_are_written(init: Init, data: Path, repository: Path) -> None:
    base = data / "base"
    base.mkdir()
    (base / "config.json").write_text('{"max_position_embeddings": 512}')
    init("--requests", "60", base=[f"folder={base},reference={base},size=0.1"])
    study, _ = load_study(data / "mine/study.yaml", repository)
    assert (study.screen.requests, study.training.max_length) == (60, 512)
    with pytest.raises(SystemExit, match="requests: 'many' is no whole number above 0"):
        init("--force", "--requests", "many")


def test_nothing_that_is_written_is_a_default(init: Init, data: Path) -> None:
    init()
    raw = yaml.safe_load((data / "mine/study.yaml").read_text(encoding="utf-8"))

    def defaults(section: type[Any], values: dict[str, Any], prefix: str = "") -> list[str]:
        found = []
        for key, value in values.items():
            field, name = section.model_fields[key], f"{prefix}{key}"
            if isinstance(value, dict) and isinstance(field.annotation, type) and hasattr(field.annotation, "model_fields"):
                found += defaults(field.annotation, value, f"{name}.")
            elif value == field.default:
                found.append(name)
        return found

    assert set(defaults(Study, raw)) <= NAMED


def test_it_writes_over_nothing_without_force(init: Init, data: Path) -> None:
    init()
    study = data / "mine/study.yaml"
    study.write_text("# mine now\n", encoding="utf-8")
    with pytest.raises(SystemExit, match="mine is there already; --force writes over it"):
        init()
    assert study.read_text(encoding="utf-8") == "# mine now\n"
    study.unlink()
    with pytest.raises(SystemExit, match=r"has models\.yaml, .* already; --force writes over them"):
        init()
    assert not study.exists()
    init("--force")
    assert "study: mine" in study.read_text(encoding="utf-8")


def test_prompts_may_stay_where_they_are_and_english_ones_are_translated(init: Init, data: Path, repository: Path) -> None:
    (data / "en.jsonl").write_text('{"prompt": "Why?", "response": "So."}\n', encoding="utf-8")
    init("--reference-prompts", prompts=[f"sw={data / 'sw.jsonl'}", f"en={data / 'en.jsonl'}"])
    study, _ = load_study(data / "mine/study.yaml", repository)
    assert study.seed_dataset.files == {"sw": str(data / "sw.jsonl"), "en": str(data / "en.jsonl")}
    assert study.methods == ["generate", "translate", "respond"]
    assert not (data / "mine/prompts").exists()


def test_a_language_that_no_standard_knows_gets_an_entry(init: Init, data: Path, repository: Path) -> None:
    (data / "quiz/sw").rename(data / "quiz/qaa")
    init(languages=["qaa=Ours/Yetu/Latin"])
    _, registries = load_study(data / "mine/study.yaml", repository)
    assert registries.languages["qaa"].endonym == "Yetu"


def test_a_teacher_may_judge_with_answers_of_its_own_length(init: Init, data: Path, repository: Path) -> None:
    init(judge=[API])
    study, registries = load_study(data / "mine/study.yaml", repository)
    judge, teacher = (registries.models[name] for name in (study.intrinsic.reward.model, "gpt-5-mini"))
    assert study.intrinsic.reward.model == "gpt-5-mini-judge"
    assert (judge.sampling.temperature, teacher.sampling.temperature) == (0.0, 0.8)


def test_a_ranking_by_the_data_alone_names_no_base_and_no_benchmark(repository: Path, data: Path) -> None:
    registries = load_registries(repository / "config")
    registries.know(["sw"])
    answers = Answers(
        name="mine",
        languages=[Chosen("sw")],
        prompts=[Prompts("sw", data / "sw.jsonl")],
        teachers=[Chosen("gpt-4o-mini")],
        judge=Chosen("skywork-reward-v2-8b"),
        embedding=Chosen("minilm"),
        base=None,
        benchmarks=[],
        budget=None,
        copy=True,
    )
    raw = yaml.safe_load(files(answers, registries, data / "mine")["study.yaml"])
    assert {"base", "evaluation", "training"} & raw.keys() == set()
    assert raw["intrinsic"]["reward"] == {"model": "skywork-reward-v2-8b"}


@pytest.mark.parametrize("name", ["no", "true", "123", "1e3", "2026-01-01", "null", "0x1f", "1_000", "12.30"])
def test_words_that_yaml_takes_for_something_else_stay_names(name: str, init: Init, data: Path, repository: Path) -> None:
    (data / "quiz/sw").rename(data / "quiz/no")
    init(
        to=[str(data / name)],
        languages=["no"],
        prompts=[f"no={data / 'sw.jsonl'}"],
        teacher=[f"{API},name={name}"],
        base=[f"{BASE},name=off"],
        embedding=["hub=a/b,name=yes"],
        benchmark=[f"{name}={data / 'quiz'}"],
    )
    study, _ = load_study(data / name / "study.yaml", repository)
    assert (study.study, study.languages, study.teachers, study.base) == (name, ["no"], [name], "off")
    assert study.intrinsic.embedding == "yes"
    assert (list(study.seed_dataset.files), list(study.evaluation.benchmarks)) == (["no"], [name])


@pytest.mark.parametrize(
    ("option", "answer", "message"),
    [
        ("languages", "germn", "'germn' is a code that neither ISO 639 nor CLDR explains; give it as germn=NAME/OWN NAME/SCRIPT"),
        ("prompts", "nowhere.jsonl", "there is no file nowhere.jsonl, nor a source of this name"),
        ("prompts", "cidar", "the source 'cidar' has no rows in 'sw'; it has: ar"),
        ("teacher", "thorogh", "unknown model 'thorogh'"),
        ("teacher", "preset=opnai,model=x", "unknown preset 'opnai'; did you mean 'openai'?"),
        ("teacher", "modl=x", "unknown key 'modl'; did you mean 'model'?"),
        ("teacher", "preset=azure,model=x", "where is it? Add url=URL"),
        ("teacher", "url=localhost,model=x", "url: 'localhost' is not the address of a server: http:// or https://"),
        ("teacher", "preset=openai,model=x,price=cheap", "price: 'cheap' must be PROMPT/COMPLETION"),
        (
            "teacher",
            "name=gpt-4o-mini,preset=openai,model=x",
            "'gpt-4o-mini' is a model of config/models.yaml; take it",
        ),
        ("judge", "minilm", "'minilm' is a model for embedding; here: chat or reward"),
        ("embedding", API, "a model's own files are needed here, not an endpoint"),
        ("base", "hub=Qwen/Qwen3-0.6B-Base", "a base needs its instruction-tuned relative"),
        ("judge", "none", "students of a base need a judge"),
        ("benchmark", "global-mmlu-lite", "'global-mmlu-lite' has no items in sw; it has: ar, de, en, es, id, ja. Take one"),
        ("budget", "-1", "budget: '-1' is not above 0"),
        ("benchmark", "quizz=nowhere", "there is no nowhere/sw/test.jsonl"),
    ],
)
def test_a_wrong_answer_gets_one_clear_message_and_nothing_is_written(
    init: Init, data: Path, option: str, answer: str, message: str
) -> None:
    with pytest.raises(SystemExit) as error:
        init(**{option: [answer]})
    assert str(error.value).startswith("init: ")
    assert message in str(error.value)
    assert not (data / "mine").exists()


def test_a_key_is_named_and_never_shown(init: Init) -> None:
    with pytest.raises(SystemExit) as error:
        init(teacher=["preset=openai,model=x,key=sk-abcdefgh12345678"])
    assert "the name of the environment variable" in str(error.value)
    assert "sk-abcdefgh12345678" not in str(error.value)


def test_without_a_terminal_all_that_is_not_said_is_named(init: Init) -> None:
    with pytest.raises(SystemExit, match="not said: --prompts, --judge, --base"):
        init(prompts=None, judge=None, base=None)


@pytest.mark.slow
def test_in_a_terminal_wrong_answers_are_asked_again(data: Path, repository: Path) -> None:
    answers = ["swa hili", "sw", "", "nowhere", str(data / "sw.jsonl"), "gpt4", "gpt-4o-mini", OWN]
    answers += ["mistral", "their-large", "sk-abcdefgh12345678", "", "2", "2/6", "", "minilm", "gpt-4o-mini"]
    answers += ["minilm", "hub=a/b", BASE, f"quiz={data / 'quiz'}", "", "-5", "20"]
    master, slave = pty.openpty()
    os.write(master, "".join(f"{line}\n" for line in answers).encode())
    done = subprocess.run(
        [sys.executable, "-m", "polyglot", "init", "--no-plan", "--to", str(data / "mine")],
        cwd=repository,
        stdin=slave,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        env=os.environ | {"PYTHONPATH": str(repository / "scripts")},
    )
    os.close(slave)
    os.close(master)
    assert done.returncode == 0, done.stderr
    for said in (
        "'swa hili' is no code",
        "there is no file nowhere",
        "unknown model 'gpt4'",
        "'minilm' is a model for embedding",
    ):
        assert said in done.stderr
    assert "sk-abcdefgh12345678" not in done.stdout + done.stderr
    study, registries = load_study(data / "mine/study.yaml", repository)
    assert study.teachers == ["gpt-4o-mini", "llama-x", "their-large"]
    assert study.synthesis.budget == 20
    large = registries.models["their-large"]
    assert large.endpoint is not None
    assert large.price is not None
    assert (large.endpoint.url, large.endpoint.api_key) == ("https://api.mistral.ai/v1", "MISTRAL_API_KEY")
    assert (large.price.prompt, large.price.completion) == (2, 6)


@pytest.mark.parametrize("judged", [True, False])
def test_a_ranking_needs_neither_base_nor_benchmark_nor_judge(
    init: Init, data: Path, repository: Path, capsys: pytest.CaptureFixture[str], judged: bool
) -> None:
    init(base=["none"], benchmark=None, **({} if judged else {"judge": ["none"]}))
    study, registries = load_study(data / "mine/study.yaml", repository)
    assert (study.base, dict(study.evaluation.benchmarks), study.intrinsic.judged) == ("", {}, judged)
    assert not {"nano-reward", "nano-base"} & set(ModelInputs(study, registries).used)
    said = capsys.readouterr().out
    assert f"  snakemake rank --configfile {data / 'mine/study.yaml'}" in said
    assert "polyglot try" in said


@pytest.mark.parametrize(
    ("named", "told"), [("nosuch", "unknown benchmark 'nosuch'"), ("global-mmlu-lite", "without a base there are none")]
)
def test_a_benchmark_without_a_base_is_refused(init: Init, named: str, told: str) -> None:
    with pytest.raises(SystemExit, match=told):
        init(base=["none"], languages=["id"], benchmark=[named])


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ("{}/swahili-1b/base", "swahili-1b-base"),
        ("{}/swahili-1b/checkpoint-200", "swahili-1b-checkpoint-200"),
        ("{}/swahili-1b", "swahili-1b"),
        ("{}/swahili-1b/base,name=ours", "ours"),
    ],
)
def test_a_model_is_not_called_by_a_word_that_any_folder_could_have(said: str, name: str, data: Path, repository: Path) -> None:
    for folder in ("base", "checkpoint-200", "instruct"):
        (data / "swahili-1b" / folder).mkdir(parents=True)
    described = f"folder={said.format(data)},reference={data}/swahili-1b/instruct"
    assert model(described, "base", load_registries(repository / "config")).name == name
