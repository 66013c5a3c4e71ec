"""`training.thoughts`: students learn a teacher's thoughts where the study says so, and nothing changes where it does not."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from polyglot.models.checks import check_base
from polyglot.models.tokenization import TokenizerError, load_tokenizer
from polyglot.training.examples import IGNORED, encode
from polyglot.training.machine import Machine
from polyglot.training.one_process import owned
from polyglot.training.settings import Training
from polyglot.training.students import fine_tune

PAIRS = pd.DataFrame(
    {
        "prompt": ["Was?", "Wer?", "Wo?"],
        "response": ["Das.", "Der.", "Da."],
        "thoughts": ["Baum und Stern", "", "Stern " * 60],
    }
)
KEEP = Training(thoughts="keep")


@pytest.fixture
def template(repository: Path) -> Path:
    return repository / "config/chat_templates/qwen3_with_thinking.jinja"


def test_a_study_that_drops_thoughts_is_recorded_as_before() -> None:
    assert "thoughts" not in Training().recorded
    assert set(Training().recorded) == set(Training.model_fields) - {"thoughts", "warmup_steps"}
    assert Training(warmup_steps=5).recorded["warmup_steps"] == 5
    assert Training().checked == {"max_length": 512, "loss": "response"}
    assert KEEP.checked == {"max_length": 512, "loss": "response", "thoughts": "keep"}
    assert Training(**KEEP.recorded) == KEEP
    machine = Machine(gpu=False, processes=1)
    assert "thoughts" not in owned(Training(), machine)
    assert owned(KEEP, machine)["thoughts"] == "keep"


def test_the_loss_is_on_thoughts_and_answer_alone(nano_model: Path, template: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tokenizer = load_tokenizer(nano_model, template)
    found = encode(tokenizer, PAIRS, loss="response", max_length=60, thoughts="reasoning_content")
    learned = [tokenizer.decode([label for label in one["labels"] if label != IGNORED]) for one in found]
    assert learned == ["<think>\nBaum und Stern\n</think>\n\nDas.<|im_end|>", "<think>\n\n</think>\n\nDer.<|im_end|>"]
    assert "1 examples left out" in capsys.readouterr().err  # no answer follows the third's thoughts
    dropped = [tokenizer.decode(one["input_ids"]) for one in encode(tokenizer, PAIRS, loss="response", max_length=60)]
    assert len(dropped) == 3
    assert not any("Stern" in text for text in dropped)


def test_a_base_that_writes_no_thoughts_is_refused_where_they_are_kept(nano_model: Path, template: Path, tmp_path: Path) -> None:
    check_base("nano", nano_model, max_length=64, marks=True, thoughts=True, chat_template=template)
    check_base("nano", nano_model, max_length=64, marks=True)
    for marks in (True, False):
        with pytest.raises(TokenizerError, match=r"the base nano .*writes no thoughts: name a file.*qwen3_with_thinking\.jinja"):
            check_base("nano", nano_model, max_length=64, marks=marks, thoughts=True)
    unmarked = tmp_path / "unmarked.jinja"
    around = (
        template.read_text()
        .replace("{%- generation -%}\n", "", 1)
        .replace("{{- message['content']", "{% generation %}{{- message['content']", 1)
    )
    unmarked.write_text(around)
    with pytest.raises(TokenizerError, match=r"does not mark thoughts and answer with \{% generation %\}"):
        check_base("nano", nano_model, max_length=64, marks=True, thoughts=True, chat_template=unmarked)


@pytest.mark.slow
def test_a_student_is_trained_on_thoughts_only_if_they_are_kept(nano_model: Path, template: Path, tmp_path: Path) -> None:
    def loss(training: Training, pairs: pd.DataFrame, name: str) -> float:
        how = {"seed": 0, "checkpoints": tmp_path / f"{name}-c", "chat_template": template}
        return float(fine_tune(nano_model, pairs, tmp_path / name, training, **how)["loss"])  # type: ignore[arg-type]

    once = Training(epochs=1, batch_size=4, learning_rate=1e-9, max_length=96)
    without = PAIRS.drop(columns="thoughts")
    assert loss(once, PAIRS, "a") == loss(once, without, "b")
    kept = loss(once.model_copy(update={"thoughts": "keep"}), PAIRS.iloc[:2], "c")
    assert kept != loss(once, PAIRS.iloc[:2], "d")
