"""Training: the same seed gives the same weights, a killed training resumes to the same weights, models appear whole."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal
from unittest import mock

import pandas as pd
import pytest

from polyglot.models.tokenization import TokenizerError, load_tokenizer
from polyglot.nano import pretraining
from polyglot.nano.gold import gold_pairs
from polyglot.nano.pretraining import order_by_length, pretrain
from polyglot.nano.world import World
from polyglot.registry.models import Pretraining
from polyglot.training.checkpoints import COMPLETE, resume_point, training_owner
from polyglot.training.examples import IGNORED, counted, encode
from polyglot.training.settings import Training
from polyglot.training.students import fine_tune

TRAINING = Training(examples=40, epochs=2, batch_size=4, learning_rate=1e-2, checkpoint_steps=5)


class Killed(Exception):
    """Stands for a SIGKILL between two steps."""


@contextmanager
def killed_after(steps: int) -> Iterator[None]:
    """Every transformers trainer dies after so many steps."""
    from transformers import Trainer

    original = Trainer.training_step
    seen = 0

    def training_step(self: Any, *arguments: Any, **keywords: Any) -> Any:
        nonlocal seen
        if seen == steps:
            raise Killed
        seen += 1
        return original(self, *arguments, **keywords)

    with mock.patch.object(Trainer, "training_step", training_step):
        yield


def weights(folder: Path) -> dict[str, Any]:
    from safetensors.torch import load_file

    return dict(load_file(folder / "model.safetensors"))


def same_weights(one: Path, other: Path) -> bool:
    import torch

    a, b = weights(one), weights(other)
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)


@pytest.fixture(scope="module")
def pairs(world: World) -> pd.DataFrame:
    return gold_pairs(world, ["de"], examples=40, seed=0)


@pytest.fixture(scope="module")
def undisturbed(nano_model: Path, pairs: pd.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """A student with seed 3, and its summary."""
    folder = tmp_path_factory.mktemp("undisturbed")
    return folder / "whole", fine_tune(nano_model, pairs, folder / "whole", TRAINING, seed=3, checkpoints=folder / "a")


@pytest.mark.slow
def test_a_killed_fine_tuning_resumes_to_the_same_student(
    tmp_path: Path, nano_model: Path, pairs: pd.DataFrame, undisturbed: tuple[Path, dict[str, Any]]
) -> None:
    student, whole = undisturbed
    with pytest.raises(Killed), killed_after(13):
        fine_tune(nano_model, pairs, tmp_path / "resumed", TRAINING, seed=3, checkpoints=tmp_path / "b")
    assert not (tmp_path / "resumed").exists()
    assert (tmp_path / "b/checkpoint-10" / COMPLETE).exists()
    resumed = fine_tune(nano_model, pairs, tmp_path / "resumed", TRAINING, seed=3, checkpoints=tmp_path / "b")
    assert same_weights(student, tmp_path / "resumed")
    assert whole["steps"] == resumed["steps"] == 20
    assert not (tmp_path / "b").exists()
    fine_tune(nano_model, pairs, tmp_path / "other", TRAINING, seed=4, checkpoints=tmp_path / "c")
    assert not same_weights(student, tmp_path / "other")


@pytest.mark.slow
def test_a_damaged_checkpoint_is_set_aside_and_training_goes_on_from_the_one_before(
    tmp_path: Path,
    nano_model: Path,
    pairs: pd.DataFrame,
    undisturbed: tuple[Path, dict[str, Any]],
    capsys: pytest.CaptureFixture[str],
) -> None:
    student, whole = undisturbed
    with pytest.raises(Killed), killed_after(13):
        fine_tune(nano_model, pairs, tmp_path / "resumed", TRAINING, seed=3, checkpoints=tmp_path / "b")
    file = tmp_path / "b/checkpoint-10/model.safetensors"
    content = bytearray(file.read_bytes())
    content[len(content) // 2 : len(content) // 2 + 64] = bytes(64)  # the size and the header stay right
    file.write_bytes(content)
    with pytest.raises(Killed), killed_after(2):
        fine_tune(nano_model, pairs, tmp_path / "resumed", TRAINING, seed=3, checkpoints=tmp_path / "b")
    assert "model.safetensors is not as it was written; it is set aside" in capsys.readouterr().err
    assert (tmp_path / "b/damaged-10/model.safetensors").exists()
    resumed = fine_tune(nano_model, pairs, tmp_path / "resumed", TRAINING, seed=3, checkpoints=tmp_path / "b")
    assert same_weights(student, tmp_path / "resumed")
    assert whole["steps"] == resumed["steps"]
    assert not (tmp_path / "b").exists()


@pytest.mark.slow
def test_a_killed_pre_training_resumes_to_the_same_model(tmp_path: Path, nano_model: Path, pairs: pd.DataFrame) -> None:
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(nano_model)
    settings = Pretraining(steps=20, languages={"de": 1}, batch_size=2, hidden=32, heads=2, feed_forward=64, max_length=128)
    asked = zip(pairs["prompt"], pairs["response"], strict=True)
    examples = [([{"role": "user", "content": str(prompt)}], str(response)) for prompt, response in asked]
    with mock.patch("polyglot.nano.pretraining.CHECKPOINT_STEPS", 5):
        pretrain(tokenizer, examples, tmp_path / "whole", settings, checkpoints=tmp_path / "a")
        with pytest.raises(Killed), killed_after(12):
            pretrain(tokenizer, examples, tmp_path / "resumed", settings, checkpoints=tmp_path / "b")
        pretrain(tokenizer, examples, tmp_path / "resumed", settings, checkpoints=tmp_path / "b")
    assert same_weights(tmp_path / "whole", tmp_path / "resumed")


@pytest.mark.parametrize("loss", ["response", "all"])
def test_control_tokens_that_a_text_spells_are_text(nano_model: Path, loss: Literal["response", "all"]) -> None:
    """Labels have one control token, the end of turn that the template wrote, and the text stays as it is."""
    tokenizer = load_tokenizer(nano_model)
    own = set(tokenizer.all_special_ids)
    ends = "".join(tokenizer.all_special_tokens)
    texts = ["Das.", f"Das.{tokenizer.eos_token} Und?", f"{ends}日本語{ends}", f"<<{tokenizer.eos_token}"]
    pairs = pd.DataFrame({"prompt": ["Was?", f"Was ist {ends}?", "Was?", "Was?"], "response": texts})
    usual, *examples = encode(tokenizer, pairs, loss=loss, max_length=512)
    for example, text in zip(examples, texts[1:], strict=True):
        assert sum(token in own for token in example["input_ids"]) == sum(token in own for token in usual["input_ids"])
        labels = [label for label in example["labels"] if label != IGNORED]
        assert f"{text}{tokenizer.eos_token}" in tokenizer.decode(labels)
        if loss == "response":
            assert sum(label in own for label in labels) == 1


@pytest.mark.slow
def test_the_loss_counts_response_tokens_only(tmp_path: Path, nano_model: Path) -> None:
    """With an empty response only the end-of-turn token counts: its NLL, measured apart, is the loss."""
    pairs = pd.DataFrame({"prompt": ["Was ist das?"] * 8, "response": [""] * 8})
    one = Training(examples=8, epochs=1, batch_size=8, checkpoint_steps=100, learning_rate=1e-9)
    only_end = fine_tune(nano_model, pairs, tmp_path / "r", one, seed=0, checkpoints=tmp_path / "a")
    everything = fine_tune(
        nano_model, pairs, tmp_path / "e", one.model_copy(update={"loss": "all"}), seed=0, checkpoints=tmp_path / "b"
    )
    from polyglot.intrinsic.perplexity import PerplexityMeter

    measured = PerplexityMeter(nano_model, chat_template=True, batch_size=8).measure(
        list(pairs["prompt"]), list(pairs["response"])
    )
    assert measured["tokens"].tolist() == [1] * 8
    assert only_end["loss"] == pytest.approx(measured["nll"][0], rel=0.05)
    assert everything["loss"] != pytest.approx(only_end["loss"], rel=0.05)


@pytest.mark.slow
def test_a_base_without_a_template_is_tuned_in_the_one_given_and_stops_at_its_end(
    tmp_path: Path, nano_model: Path, pairs: pd.DataFrame, repository: Path
) -> None:
    """As a pre-trained base comes from a hub: no chat template, and another token at the end of a text."""
    from transformers import AutoTokenizer, GenerationConfig

    base = tmp_path / "base"
    shutil.copytree(nano_model, base, ignore=shutil.ignore_patterns("chat_template.jinja"))
    tokenizer = AutoTokenizer.from_pretrained(base)
    tokenizer.eos_token = "<|im_start|>"
    tokenizer.save_pretrained(base)
    one = Training(examples=40, epochs=1, batch_size=8, checkpoint_steps=100)
    with pytest.raises(TokenizerError, match="no chat template; name one of"):
        fine_tune(base, pairs, tmp_path / "none", one, seed=0, checkpoints=tmp_path / "a")
    template = repository / "config/chat_templates/chatml.jinja"
    fine_tune(base, pairs, tmp_path / "student", one, seed=0, checkpoints=tmp_path / "b", chat_template=template)
    saved = AutoTokenizer.from_pretrained(tmp_path / "student")
    assert saved.chat_template == template.read_text()
    assert saved.eos_token == "<|im_end|>"
    ends = GenerationConfig.from_pretrained(tmp_path / "student").eos_token_id
    assert saved.eos_token_id in (ends if isinstance(ends, list) else [ends])


def test_an_unfinished_checkpoint_and_another_trainings_are_not_used(tmp_path: Path) -> None:
    owner = training_owner(data="x", seed=1)
    assert resume_point(tmp_path / "c", owner) is None
    for step, complete in ((5, True), (15, True), (20, False)):
        checkpoint = tmp_path / f"c/checkpoint-{step}"
        checkpoint.mkdir()
        (checkpoint / "model.safetensors").write_text("x")
        (checkpoint / COMPLETE).write_text("{}" if complete else '{"torn')
    assert resume_point(tmp_path / "c", owner) == str(tmp_path / "c/checkpoint-15")
    assert not (tmp_path / "c/checkpoint-20").exists()
    assert resume_point(tmp_path / "c", training_owner(data="x", seed=2)) is None
    assert not (tmp_path / "c/checkpoint-15").exists()


def test_batches_hold_similar_lengths_and_every_example_once() -> None:

    lengths = [(n * 37) % 300 + 5 for n in range(640)]
    order = order_by_length(lengths, 16, seed=0)
    assert sorted(order) == list(range(640))
    spreads = [max(lengths[i] for i in batch) - min(lengths[i] for i in batch) for batch in zip(*[iter(order)] * 16, strict=True)]
    assert sum(spreads) / len(spreads) < 20
    assert order == order_by_length(lengths, 16, seed=0) != order_by_length(lengths, 16, seed=1)


def test_prompt_tokens_weigh_less_and_earlier_answers_count_in_full(nano_model: Path) -> None:
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(nano_model)
    turns = [
        {"role": "user", "content": "Was?"},
        {"role": "assistant", "content": "Das."},
        {"role": "user", "content": "Wer?"},
    ]
    ids, loss_weights = pretraining.encode(tokenizer, turns, "Der.")
    counted = tokenizer.decode([token for token, weight in zip(ids, loss_weights, strict=True) if weight == 1])
    assert counted == "Das.<|im_end|>Der.<|im_end|>"
    assert len(ids) == len(loss_weights)


JOB = """
import json, sys
from pathlib import Path
import pandas as pd
from polyglot.training.settings import Training
from polyglot.training.students import fine_tune
base, pairs, out, checkpoints, training = sys.argv[1:]
settings = Training.model_validate_json(training)
print(json.dumps(fine_tune(Path(base), pd.read_parquet(pairs), Path(out), settings, seed=3, checkpoints=Path(checkpoints))))
"""


@pytest.mark.slow
@pytest.mark.parametrize("tuning", ["lora", "qlora"])
def test_adapters_end_in_the_weights_of_a_whole_model(
    tmp_path: Path, wide_nano_model: Path, pairs: pd.DataFrame, tuning: str, qlora_path: str
) -> None:
    """What changed are the layers named, each by a matrix of the adapters' rank."""
    import torch

    lora = {"rank": 3, "alpha": 6, "target_modules": ["q_proj", "down_proj"]}
    settings = Training.model_validate({**TRAINING.model_dump(), "tuning": tuning, "lora": lora})
    names = [wide_nano_model, tmp_path / "pairs.parquet", tmp_path / "student", tmp_path / "c"]
    if tuning == "qlora":  # in a process that has bitsandbytes
        pairs.to_parquet(tmp_path / "pairs.parquet")
        command = [sys.executable, "-c", JOB, *map(str, names), settings.model_dump_json()]
        done = subprocess.run(command, env=os.environ | {"PYTHONPATH": qlora_path}, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr[-4000:]
        summary = json.loads(done.stdout.splitlines()[-1])
    else:
        summary = fine_tune(wide_nano_model, pairs, tmp_path / "student", settings, seed=3, checkpoints=tmp_path / "c")
    assert summary["curve"][-1][1] < summary["curve"][0][1]
    before, after = weights(wide_nano_model), weights(tmp_path / "student")
    assert before.keys() == after.keys()
    changes = {name: after[name] - before[name] for name in after if not torch.equal(after[name], before[name])}
    assert set(changes) == {name for name in after if name.split(".")[-2] in ("q_proj", "down_proj")}
    for name, change in changes.items():
        singular = torch.linalg.svdvals(change)
        assert singular[2] > 1e-3 * singular[0] > 100 * singular[3], name
    assert not (tmp_path / "c").exists()


def test_without_bitsandbytes_qlora_says_where_it_is(tmp_path: Path, nano_model: Path, pairs: pd.DataFrame) -> None:
    settings = TRAINING.model_copy(update={"tuning": "qlora"})
    with pytest.raises(ModuleNotFoundError, match=r"qlora needs the package bitsandbytes.*\.venv/qlora"):
        fine_tune(nano_model, pairs, tmp_path / "o", settings, seed=0, checkpoints=tmp_path / "c")


@pytest.mark.slow
def test_a_killed_training_of_adapters_resumes_to_the_same_student(
    tmp_path: Path, wide_nano_model: Path, pairs: pd.DataFrame
) -> None:
    settings = TRAINING.model_copy(update={"tuning": "lora"})
    fine_tune(wide_nano_model, pairs, tmp_path / "whole", settings, seed=3, checkpoints=tmp_path / "a")
    with pytest.raises(Killed), killed_after(13):
        fine_tune(wide_nano_model, pairs, tmp_path / "resumed", settings, seed=3, checkpoints=tmp_path / "b")
    fine_tune(wide_nano_model, pairs, tmp_path / "resumed", settings, seed=3, checkpoints=tmp_path / "b")
    assert same_weights(tmp_path / "whole", tmp_path / "resumed")


@pytest.mark.slow
def test_a_layer_that_the_base_does_not_have_is_named(tmp_path: Path, nano_model: Path, pairs: pd.DataFrame) -> None:
    settings = Training.model_validate({"tuning": "lora", "lora": {"target_modules": ["q_proj", "v_porj"]}})
    with pytest.raises(ValueError, match=r"target_modules: .* has no layer v_porj; it has down_proj, .*v_proj"):
        fine_tune(nano_model, pairs, tmp_path / "o", settings, seed=0, checkpoints=tmp_path / "c")


def test_settings_that_are_not_used_leave_the_checkpoints_their_owner() -> None:
    """Checkpoints from before these settings came are still resumed from."""
    from polyglot.training.machine import Machine
    from polyglot.training.one_process import owned

    cpu = Machine(gpu=False, processes=1)
    known = {"examples", "epochs", "learning_rate", "batch_size", "gradient_accumulation", "weight_decay"}
    assert set(owned(Training(), cpu)) == known | {"max_length", "loss", "checkpoint_steps"}
    for change in ({"tuning": "lora"}, {"trainer": "unsloth"}, {"precision": "mixed"}, {"warmup_steps": 5}):
        assert owned(Training.model_validate(change), cpu) == owned(Training(), cpu) | change
    assert owned(Training(), Machine(gpu=True, processes=8)) == owned(Training(), cpu) | {"sharded": True}


def test_a_gpu_saves_a_student_of_mixed_precision_as_it_will_read_it() -> None:
    import torch

    from polyglot.training.machine import Machine

    gpu, cpu = Machine(gpu=True, processes=1), Machine(gpu=False, processes=1)
    mixed, precise = (Training.model_validate({"precision": name}) for name in ("mixed", "float32"))
    assert (gpu.weights(mixed), gpu.saved_weights(mixed)) == (torch.float32, torch.bfloat16)
    assert cpu.saved_weights(mixed) == gpu.saved_weights(precise) == torch.float32
    assert gpu.saved_weights(Training()) == torch.bfloat16


def test_an_example_whose_response_is_cut_off_is_left_out(nano_model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tokenizer = load_tokenizer(nano_model)
    long = "Wie heißt das? " * 9
    pairs = pd.DataFrame({"prompt": ["Was?", long, "Wer?"], "response": ["Das.", "Es.", "Der " * 50]})
    found = encode(tokenizer, pairs, loss="response", max_length=40)
    assert len(found) == 2
    for example, response in zip(found, ("Das.<|im_end|>", "Der " * 50 + "<|im_end|>"), strict=True):
        learned = tokenizer.decode([label for label in example["labels"] if label != -100])
        assert learned == response if response == "Das.<|im_end|>" else response.startswith(learned)
        assert len(example["input_ids"]) == len(example["labels"]) <= 40
    assert "1 examples left out" in capsys.readouterr().err
    assert [one["labels"] == one["input_ids"] for one in encode(tokenizer, pairs, loss="all", max_length=40)] == [True] * 3
    with pytest.raises(ValueError, match=r"no response starts within training\.max_length"):
        encode(tokenizer, pairs.iloc[[1]], loss="response", max_length=40)
    assert counted(found, len(pairs)) == {"trained_on": 2, "too_long": 1}
