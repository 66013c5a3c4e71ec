"""unsloth on the CPU: it trains on the same tokens as trl, to the same loss, and leaves a student that transformers can load."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from polyglot.training.checkpoints import is_complete
from polyglot.training.settings import Training

from ..patience import wait_until
from .conftest import TRAINING
from .run import observed

TUNINGS = ("full", "lora", "qlora")
Run = Callable[[str], dict[str, Any]]


@pytest.fixture(scope="module")
def unsloth_run(tmp_path_factory: pytest.TempPathFactory, wide_nano_model: Path, pairs: pd.DataFrame) -> Any:
    """`unsloth_run(tuning)` gives the summary, the labels of its batches and the student's folder."""
    folder = tmp_path_factory.mktemp("unsloth")
    found: dict[str, dict[str, Any]] = {}

    def run(tuning: str) -> dict[str, Any]:
        if tuning not in found:
            training = TRAINING.model_copy(update={"trainer": "unsloth", "tuning": tuning})
            found[tuning] = observed(wide_nano_model, pairs, folder / tuning, training)
        return {**found[tuning], "student": folder / tuning / "student"}

    return run


def weights(folder: Path) -> dict[str, Any]:
    from safetensors.torch import load_file

    return dict(load_file(folder / "model.safetensors"))


@pytest.mark.parametrize("tuning", TUNINGS)
def test_the_loss_curve_is_trls(tuning: str, unsloth_run: Run, trl_run: Run) -> None:
    """Both trainers see the same tokens, labels and order, step by step."""
    found, expected = unsloth_run(tuning), trl_run(tuning)
    assert [step for step, _ in found["curve"]] == [step for step, _ in expected["curve"]] == [10, 20, 30, 40, 50]
    losses = [loss for _, loss in expected["curve"]]
    assert losses[-1] < losses[0] - 0.05
    assert [loss for _, loss in found["curve"]] == pytest.approx(losses, rel=0.02)


@pytest.mark.parametrize("tuning", TUNINGS)
def test_each_step_has_the_examples_tokens_and_labels_of_trl(tuning: str, unsloth_run: Run, trl_run: Run) -> None:
    found = [[[list(part) for part in example] for example in batch] for batch in unsloth_run(tuning)["batches"]]
    assert found == trl_run(tuning)["batches"]


def test_labels_are_the_assistants_tokens_in_the_chat_template(
    unsloth_run: Run, wide_nano_model: Path, pairs: pd.DataFrame
) -> None:
    """Token by token, against the template's text of prompt and response apart."""
    from transformers import AutoTokenizer

    tokenizer: Any = AutoTokenizer.from_pretrained(wide_nano_model)
    expected = set()
    for prompt, response in zip(pairs["prompt"], pairs["response"], strict=True):
        turns = [{"role": "user", "content": prompt}]
        head = tokenizer(tokenizer.apply_chat_template(turns, add_generation_prompt=True, tokenize=False))["input_ids"]
        answer = tokenizer(f"{response}<|im_end|>")["input_ids"]
        tail = tokenizer("\n")["input_ids"]
        ids = head + answer + tail
        labels = [-100] * len(head) + answer + [-100] * len(tail)
        expected.add((tuple(ids[: TRAINING.max_length]), tuple(labels[: TRAINING.max_length])))
    seen = {(tuple(ids), tuple(labels)) for batch in unsloth_run("full")["batches"] for ids, labels in batch}
    kept = {example for example in expected if any(label != -100 for label in example[1])}
    assert seen == kept
    assert any(len(ids) == TRAINING.max_length for ids, _ in seen)
    assert any(len(ids) < TRAINING.max_length for ids, _ in seen)


@pytest.mark.parametrize("tuning", TUNINGS)
def test_the_student_is_a_whole_model_in_the_precision_of_training(
    tuning: str, unsloth_run: Run, wide_nano_model: Path, repository: Path
) -> None:
    """Loaded by transformers alone, in the main environment, it writes."""
    student = unsloth_run(tuning)["student"]
    after, before = weights(student), weights(wide_nano_model)
    assert after.keys() == before.keys()
    assert {str(value.dtype) for value in after.values()} == {"torch.float32"}
    changed = {name for name in after if not after[name].equal(before[name])}
    adapted = {name for name in after if name.split(".")[-2] in Training().lora.target_modules}
    assert changed == (set(after) if tuning == "full" else adapted)
    code = f"""
from transformers import AutoModelForCausalLM, AutoTokenizer
model, report = AutoModelForCausalLM.from_pretrained({str(student)!r}, output_loading_info=True)
assert not report["missing_keys"] and not report["unexpected_keys"], report
tokenizer = AutoTokenizer.from_pretrained({str(student)!r})
turns = [{{"role": "user", "content": "Was?"}}]
asked = tokenizer.apply_chat_template(turns, add_generation_prompt=True, return_dict=True, return_tensors="pt")
print(model.generate(**asked, max_new_tokens=5, do_sample=False).shape[1] - asked["input_ids"].shape[1])
"""
    done = subprocess.run([os.environ["POLYGLOT_PYTHON"], "-c", code], check=True, capture_output=True, text=True)
    assert 1 <= int(done.stdout) <= 5


JOB = """
import sys
from pathlib import Path
import pandas as pd
from polyglot.training.settings import Training
from polyglot.training.students import fine_tune
base, pairs, out, checkpoints, training = sys.argv[1:]
settings = Training.model_validate_json(training)
fine_tune(Path(base), pd.read_parquet(pairs), Path(out), settings, seed=3, checkpoints=Path(checkpoints))
"""


@pytest.mark.parametrize("tuning", ["full", "lora"])
def test_a_killed_training_resumes_to_the_same_student(
    tuning: str, tmp_path: Path, repository: Path, unsloth_run: Run, wide_nano_model: Path, pairs: pd.DataFrame
) -> None:
    """unsloth's patched trainer goes on from its checkpoint, in another process."""
    training = TRAINING.model_copy(update={"trainer": "unsloth", "tuning": tuning})
    pairs.to_parquet(tmp_path / "pairs.parquet")
    names = [wide_nano_model, tmp_path / "pairs.parquet", tmp_path / "student", tmp_path / "checkpoints"]
    command = [sys.executable, "-c", JOB, *map(str, names), training.model_dump_json()]
    environment = os.environ | {"PYTHONPATH": str(repository / "scripts")}
    job = subprocess.Popen(command, env=environment)
    wait_until(lambda: is_complete(tmp_path / "checkpoints/checkpoint-20"), tmp_path, job=job, every=0.001)
    job.send_signal(signal.SIGKILL)
    job.wait()
    assert not (tmp_path / "student").exists()
    log = subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stderr
    assert "fine-tuning: resumed, " in log
    assert not (tmp_path / "checkpoints").exists()
    whole, resumed = weights(unsloth_run(tuning)["student"]), weights(tmp_path / "student")
    assert all(whole[name].equal(resumed[name]) for name in whole)


def test_nothing_is_left_in_the_working_directory(unsloth_run: Run) -> None:
    unsloth_run("full")
    assert not Path("unsloth_compiled_cache").exists()
