"""Several processes for one training: the same examples in each update, so the same student, however they are started, killed
or sharded. They run on the CPU; `sharded_on_cpu` opens accelerate's way to FSDP for it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyglot.nano.gold import gold_pairs
from polyglot.nano.world import World
from polyglot.training.batches import Batches, SeededOrder
from polyglot.training.checkpoints import is_complete
from polyglot.training.processes import TrainingError
from polyglot.training.settings import Training
from polyglot.training.students import fine_tune
from tests.multimodal import multimodal_base
from tests.patience import STANDSTILL, wait_until

TRAINING = Training(epochs=5, batch_size=8, gradient_accumulation=2, learning_rate=3e-3, checkpoint_steps=4)
"""Of 41 examples: three updates an epoch, the last of nine examples, 15 in all."""
SHARDED = """
import accelerate.state
from accelerate.utils import DistributedType
from polyglot.training.machine import Machine

start = accelerate.state.PartialState.__init__

def on_cpu(self, *arguments, **keywords):
    start(self, *arguments, **keywords)
    if getattr(self, "distributed_type", None) == DistributedType.MULTI_CPU:
        self.distributed_type = DistributedType.MULTI_GPU

accelerate.state.PartialState.__init__ = on_cpu
Machine.sharded = lambda self, training: self.processes > 1
"""


SLOW = """
if os.environ.get("RANK") == "1":
    import time
    import transformers

    write = transformers.Trainer._save_rng_state

    def slowly(self, folder):
        if os.path.basename(folder) != "checkpoint-4":
            return write(self, folder)
        os.makedirs(folder, exist_ok=True)
        open(os.path.join(folder, "rng_state_1.pth"), "w").close()
        time.sleep(2)
        write(self, folder)

    transformers.Trainer._save_rng_state = slowly
"""


def customize(folder: Path, monkeypatch: pytest.MonkeyPatch, code: str) -> None:
    """Let the processes of a training, and no others, run some code when they start."""
    site = folder / "site"
    site.mkdir(exist_ok=True)
    lines = "".join(f"    {line}\n" for line in code.splitlines())
    with (site / "sitecustomize.py").open("a") as file:
        file.write(f"import os\nif 'TORCHELASTIC_RUN_ID' in os.environ:\n{lines}")
    monkeypatch.setenv("PYTHONPATH", str(site))


@pytest.fixture
def sharded_on_cpu(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the processes take FSDP on the CPU, which accelerate offers to GPUs only."""
    customize(tmp_path, monkeypatch, SHARDED)


@pytest.fixture(scope="module")
def pairs(world: World) -> pd.DataFrame:
    return gold_pairs(world, ["de"], examples=41, seed=0)


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory, nano_model: Path, pairs: pd.DataFrame) -> tuple[Path, dict[str, Any]]:
    """The student of one process, with its summary."""
    folder = tmp_path_factory.mktemp("alone")
    return folder / "student", fine_tune(nano_model, pairs, folder / "student", TRAINING, seed=3, checkpoints=folder / "c")


def weights(folder: Path) -> dict[str, Any]:
    from safetensors.torch import load_file

    return dict(load_file(folder / "model.safetensors"))


def assert_same(one: Path, other: Path, base: Path) -> None:
    """The same tensors, to a thousandth of what training changed."""
    a, b, start = weights(one), weights(other), weights(base)
    assert a.keys() == b.keys() == start.keys()
    changed = max(float((a[name] - start[name]).abs().max()) for name in a)
    assert changed > 0.01
    assert max(float((a[name] - b[name]).abs().max()) for name in a) < changed / 1000


@given(batch=st.integers(1, 64), accumulation=st.integers(1, 16), processes=st.integers(1, 16), examples=st.integers(1, 999))
def test_processes_share_an_update_evenly_or_say_why_not(batch: int, accumulation: int, processes: int, examples: int) -> None:
    training = Training(batch_size=batch, gradient_accumulation=accumulation)
    if batch * accumulation % processes:
        with pytest.raises(ValueError, match=f"{processes} GPUs cannot share {batch * accumulation} examples.*multiple"):
            Batches.of(training, processes)
        return
    batches = Batches.of(training, processes)
    assert batches.per_device * batches.accumulation * processes == batch * accumulation
    assert batches.per_device <= batch
    assert Batches.of(training, 1) == Batches(batch, accumulation, 1)
    blanks = batches.blanks(examples)
    assert blanks == 0 if processes == 1 else (examples + blanks) % (batches.per_device * processes) == 0
    assert blanks < batches.per_device * processes


def test_the_order_is_a_single_process_s_order_in_every_epoch() -> None:
    from accelerate.data_loader import SeedableRandomSampler

    expected: Any = SeedableRandomSampler(range(41), data_seed=3)
    for epoch in (0, 1, 4):
        expected.set_epoch(epoch)
        found = list(SeededOrder(41, 7, seed=3, epoch=lambda epoch=epoch: epoch))  # type: ignore[misc]
        assert found == [*expected, *range(41, 48)]


@pytest.mark.slow
@pytest.mark.parametrize("sharded", [False, True])
def test_two_processes_train_the_student_of_one(
    tmp_path: Path,
    nano_model: Path,
    pairs: pd.DataFrame,
    alone: tuple[Path, dict[str, Any]],
    sharded: bool,
    request: pytest.FixtureRequest,
) -> None:
    """With real processes, which exchange real gradients, also where each holds a part of the model only."""
    training = TRAINING.model_copy(update={"gradient_checkpointing": True})
    if sharded:
        request.getfixturevalue("sharded_on_cpu")
    found = fine_tune(nano_model, pairs, tmp_path / "student", training, seed=3, checkpoints=tmp_path / "c", processes=2)
    student, expected = alone
    assert [step for step, _ in found["curve"]] == [step for step, _ in expected["curve"]] == [10, 15]
    assert [loss for _, loss in found["curve"]] == pytest.approx([loss for _, loss in expected["curve"]], rel=1e-4)
    assert found["loss"] == pytest.approx(expected["loss"], rel=1e-4)
    assert found["steps"] == expected["steps"] == 15
    assert_same(student, tmp_path / "student", nano_model)
    assert not (tmp_path / "c").exists()


JOB = """
import sys
from pathlib import Path
import pandas as pd
from polyglot.training.settings import Training
from polyglot.training.students import fine_tune

if __name__ == "__main__":
    base, pairs, out, checkpoints, training = sys.argv[1:]
    fine_tune(Path(base), pd.read_parquet(pairs), Path(out), Training.model_validate_json(training), seed=3,
              checkpoints=Path(checkpoints), processes=2)
"""


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["copied", "sharded and multimodal"])
def test_a_killed_training_of_two_processes_resumes_to_the_same_student(
    tmp_path: Path,
    repository: Path,
    nano_model: Path,
    pairs: pd.DataFrame,
    alone: tuple[Path, dict[str, Any]],
    kind: str,
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Killed in the middle of an epoch, as soon as there is a checkpoint: none of its processes writes on, the slower one has
    written its part, and the rest of the epoch is the same."""
    if kind != "copied":
        request.getfixturevalue("sharded_on_cpu")
    customize(tmp_path, monkeypatch, SLOW)
    base, expected = nano_model, alone[0]
    if kind != "copied":
        base, expected = multimodal_base("gemma3", nano_model, tmp_path / "gemma"), tmp_path / "expected"
        fine_tune(base, pairs, expected, TRAINING, seed=3, checkpoints=tmp_path / "alone")
    (tmp_path / "job.py").write_text(JOB)
    pairs.to_parquet(tmp_path / "pairs.parquet")
    names = [base, tmp_path / "pairs.parquet", tmp_path / "student", tmp_path / "c"]
    command = [sys.executable, str(tmp_path / "job.py"), *map(str, names), TRAINING.model_dump_json()]
    path = os.pathsep.join(filter(None, [os.environ.get("PYTHONPATH"), str(repository / "scripts")]))
    job = subprocess.Popen(command, env=os.environ | {"PYTHONPATH": path})
    wait_until(lambda: is_complete(tmp_path / "c/checkpoint-4"), tmp_path, job=job, every=0.001)
    processes = psutil.Process(job.pid).children(recursive=True)
    job.send_signal(signal.SIGKILL)
    job.wait()
    assert len(psutil.wait_procs(processes, timeout=STANDSTILL)[0]) == len(processes) >= 2
    assert not (tmp_path / "student").exists()
    again = subprocess.run(command, env=os.environ | {"PYTHONPATH": path}, check=False, capture_output=True, text=True)
    assert again.returncode == 0, again.stderr[-4000:]
    assert "fine-tuning: resumed, " in again.stderr
    assert_same(expected, tmp_path / "student", base)


@pytest.mark.slow
def test_two_processes_train_adapters_of_a_multimodal_base(tmp_path: Path, nano_model: Path, pairs: pd.DataFrame) -> None:
    base = multimodal_base("gemma3", nano_model, tmp_path / "gemma")
    training = TRAINING.model_copy(update={"tuning": "lora", "epochs": 1, "learning_rate": 1e-2})
    for processes in (1, 2):
        out = tmp_path / str(processes)
        fine_tune(base, pairs, out, training, seed=3, checkpoints=tmp_path / "c", processes=processes)
    assert_same(tmp_path / "1", tmp_path / "2", base)


GRADIENTS = """
import torch
import transformers

step = transformers.Trainer.training_step

def training_step(self, *arguments, **keywords):
    loss = step(self, *arguments, **keywords)
    assert self.accelerator.state.fsdp_plugin.mixed_precision_policy.reduce_dtype == torch.float32
    groups = [module._get_fsdp_state()._fsdp_param_group for module in self.model.modules() if hasattr(module, "_get_fsdp_state")]
    held = [parameter for group in groups if group for parameter in group.fsdp_params]
    assert held
    for parameter in held:
        assert parameter.unsharded_accumulated_grad is None
        assert getattr(getattr(parameter, "_unsharded_param", None), "grad", None) is None
        assert parameter.sharded_param.grad.dtype == torch.float32
    return loss

transformers.Trainer.training_step = training_step
"""


@pytest.mark.slow
def test_between_batches_each_process_holds_its_share_of_the_gradient(
    tmp_path: Path, nano_model: Path, pairs: pd.DataFrame, sharded_on_cpu: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the precision of the weights, with mixed precision too; the assertions run in the processes, after every batch."""
    customize(tmp_path, monkeypatch, GRADIENTS)
    training = TRAINING.model_copy(update={"precision": "mixed", "gradient_accumulation": 8, "batch_size": 2, "epochs": 1})
    found = fine_tune(nano_model, pairs, tmp_path / "student", training, seed=3, checkpoints=tmp_path / "c", processes=2)
    assert found["steps"] == 3


@pytest.mark.slow
def test_an_error_of_a_process_is_told_in_one_message(
    tmp_path: Path, nano_model: Path, pairs: pd.DataFrame, capfd: pytest.CaptureFixture[str]
) -> None:
    from transformers import AutoModelForCausalLM, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(nano_model)
    tokenizer.chat_template = None
    tokenizer.save_pretrained(tmp_path / "base")
    AutoModelForCausalLM.from_pretrained(nano_model).save_pretrained(tmp_path / "base")
    with pytest.raises(TrainingError, match=r"^process [01] of 2: TokenizerError: .*has no chat template; name one"):
        fine_tune(tmp_path / "base", pairs, tmp_path / "o", TRAINING, seed=3, checkpoints=tmp_path / "c", processes=2)
    assert "Traceback" in capfd.readouterr().err
