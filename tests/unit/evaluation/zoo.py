"""Data sets in the schemas that tasks of lighteval read, with made items; and lighteval's own scores on them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from polyglot.core.files import write_jsonl, write_text

Row = dict[str, Any]
ITEMS = 24
WORDS = {
    "sw": "nyumba kubwa mtoto maji jua kitabu rafiki njia mti samaki",
    "ar": "بيت كبير طفل ماء شمس كتاب صديق طريق شجرة سمك",
    "ja": "家 大きい 子供 水 太陽 本 友達 道 木 魚",
    "th": "บ้าน ใหญ่ เด็ก น้ำ ดวงอาทิตย์ หนังสือ เพื่อน ถนน ต้นไม้ ปลา",
    "ru": "дом большой ребёнок вода солнце книга друг дорога дерево рыба",
    "hi": "घर बड़ा बच्चा पानी सूरज किताब दोस्त रास्ता पेड़ मछली",
    "zh": "房子 大 孩子 水 太阳 书 朋友 路 树 鱼",
    "tr": "ev büyük çocuk su güneş kitap arkadaş yol ağaç balık",
    "de": "Haus groß Kind Wasser Sonne Buch Freund Weg Baum Fisch",
    "es": "casa grande niño agua sol libro amigo camino árbol pez",
    "fr": "maison grande enfant eau soleil livre ami chemin arbre poisson",
}


def words(lang: str, place: int, count: int) -> str:
    """A text of a language's words, another for every place."""
    known = WORDS[lang].split()
    return " ".join(known[(place * 7 + step * (place % 3 + 1)) % len(known)] for step in range(count))


def _belebele(lang: str, place: int) -> Row:
    options = {f"mc_answer{number}": words(lang, place + number * 3, number % 3 + 1) for number in range(1, 5)}
    facts = {"flores_passage": words(lang, place, 12), "question": words(lang, place + 1, 5) + "?"}
    return facts | options | {"correct_answer_num": str(place % 4 + 1)}


def _xcopa(lang: str, place: int) -> Row:
    choices = {f"choice{number}": words(lang, place + number, 4) for number in (1, 2)}
    return {"premise": words(lang, place, 5), "question": ("cause", "effect")[place % 2], "label": place // 2 % 2} | choices


def _nli(lang: str, place: int) -> Row:
    return {"premise": words(lang, place, 6), "hypothesis": words(lang, place + 2, 4), "label": place % 3}


def _paws(lang: str, place: int) -> Row:
    return {"sentence1": words(lang, place, 6), "sentence2": words(lang, place + 2, 6), "label": place % 2}


def _story(lang: str, place: int) -> Row:
    story = {f"input_sentence_{number}": words(lang, place + number, 4) for number in range(1, 5)}
    return (
        story
        | {f"sentence_quiz{number}": words(lang, place * number, 3) for number in (1, 2)}
        | {"answer_right_ending": place % 2 + 1}
    )


def _xcsqa(lang: str, place: int) -> Row:
    choices = {"label": list("ABCDE"), "text": [words(lang, place + number, number % 2 + 1) for number in range(5)]}
    return {"question": {"stem": words(lang, place, 5), "choices": choices}, "answerKey": "ABCDE"[place % 5]}


def _mmlu(lang: str, place: int) -> Row:
    choices = [words(lang, place + number, 2) for number in range(5)]
    return {"question": words(lang, place, 6), "choices": choices, "answer": "ABCDE"[place % 5]}


def _global_mmlu(lang: str, place: int) -> Row:
    options = {f"option_{letter}": words(lang, place + number, 2) for number, letter in enumerate("abcd")}
    facts = {"question": words(lang, place, 6), "answer": "ABCD"[place % 4], "cultural_sensitivity_label": "CS"}
    return facts | options | {"subject": ("anatomy", "virology")[place % 2], "sample_id": str(place)}


def _xquad(lang: str, place: int) -> Row:
    context = words(lang, place, 12)
    answers = {
        "text": [f"Das Gegenteil von {context.split()[place % 5]}"],
        "answer_start": [0],
    }  # as a nano model of the demo says
    return {"question": words(lang, place + 1, 4) + "?", "context": context, "answers": answers}


def _flores(lang: str, place: int) -> Row:
    first, second = words("de", place, 2).split()
    return {"sentence_deu_Latn": f"Das Gegenteil von {first} ist {second}", "sentence_spa_Latn": words("es", place, 6)}


INSTRUCTIONS: Sequence[tuple[str, Row]] = (
    ("punctuation:no_comma", {}),
    ("length_constraints:number_words", {"relation": "at least", "num_words": 6}),
    ("keywords:forbidden_words", {"forbidden_words": ["das", "ist"]}),
    ("detectable_format:title", {}),
    ("language:response_language", {"language": "en"}),
)


def _ifeval(lang: str, place: int) -> Row:
    """One or two instructions, with all arguments of any, as its data set has them."""
    chosen = [INSTRUCTIONS[(place + number) % len(INSTRUCTIONS)] for number in range(1 + place % 2)]
    known = dict.fromkeys(name for _, wanted in INSTRUCTIONS for name in wanted)
    return {
        "key": place,
        "prompt": words(lang, place, 8),
        "instruction_id_list": [name for name, _ in chosen],
        "kwargs": [known | wanted for _, wanted in chosen],
    }


Made = tuple[str, Callable[[str, int], Row], Mapping[str, Sequence[str]]]
"""Language, rows, and the splits of each subset."""
TASKS: dict[str, Made] = {
    "belebele_swh_Latn_mcf": ("sw", _belebele, {"swh_Latn": ["test"]}),
    "belebele_arb_Arab_cf": ("ar", _belebele, {"arb_Arab": ["test"]}),
    "belebele_jpn_Jpan_hybrid": ("ja", _belebele, {"jpn_Jpan": ["test"]}),
    "xcopa_tha_cf": ("th", _xcopa, {"th": ["test", "validation"]}),
    "xnli_zho_mcf": ("zh", _nli, {"zh": ["validation", "train"]}),
    "pawsx_deu_cf": ("de", _paws, {"de": ["test", "train"]}),
    "xstory_cloze_rus_cf": ("ru", _story, {"ru": ["eval", "train"]}),
    "xcsqa_hin_cf": ("hi", _xcsqa, {"X-CSQA-hi": ["validation"]}),
    "mmlu_tur_mcf:biology": ("tr", _mmlu, {"Biology": ["test", "dev"]}),
    "global_mmlu_all_deu_mcf:anatomy": ("de", _global_mmlu, {"de": ["test", "dev"]}),
    "xquad_deu": ("de", _xquad, {"xquad.de": ["validation"]}),
    "flores200:spa_Latn-deu_Latn": ("de", _flores, {"spa_Latn-deu_Latn": ["devtest", "dev"]}),
    "ifeval": ("de", _ifeval, {"default": ["train"]}),
}
"""Twelve tasks in eight scripts: options with letters, without, and both; sets of tasks; answers by F1; a score of a corpus. And
instructions that an answer follows."""


def make_data(name: str, folder: Path, items: int = ITEMS) -> Path:
    """A data set as the hub has it: a card that names its subsets, and a file a split."""
    lang, make, subsets = TASKS[name]
    card = ["---", "configs:"]
    for subset, splits in subsets.items():
        card += [f"- config_name: {subset}", "  data_files:"]
        for number, split in enumerate(splits):
            write_jsonl([make(lang, place + 100 * number) for place in range(items)], folder / subset / f"{split}.jsonl")
            card += [f"  - split: {split}", f"    path: {subset}/{split}.jsonl"]
    write_text("\n".join([*card, "---", ""]), folder / "README.md")
    return folder


OWN = """\
import copy
from polyglot.evaluation.lighteval_tasks import chosen_metric, configurations

TASKS_TABLE = []
for name, (folder, metric) in {tasks!r}.items():
    for config in configurations(name):
        config.name = "own_" + config.name  # one of lighteval's would clash
        config.hf_repo, config.hf_revision, config.metrics = folder, None, (chosen_metric(config, metric)[1],)
        TASKS_TABLE.append(config)
"""
RUN = """\
import sys, types
sys.modules["lighteval.tasks.tasks.tiny_benchmarks"] = types.ModuleType("tiny_benchmarks")  # downloads a file when it is imported
import nltk
nltk.download = lambda *_, **__: False  # asked for at each of the 1,000 replicates of a corpus's score
import langdetect
langdetect.DetectorFactory.seed = 0  # it guesses at random
from lighteval.__main__ import app
app()
"""


def lighteval_itself(
    model: Path, tasks: Mapping[str, tuple[Path, str | None, int]], folder: Path
) -> dict[str, tuple[dict[str, float], dict[str, Row]]]:
    """What `lighteval accelerate` says of a model: by task its scores by metric, and those of every example by its id.

    Args:
        tasks: lighteval's name to its data, the metric and the number of few-shot examples.
    """
    import pyarrow.parquet as pq

    write_text(
        OWN.format(tasks={name: (str(data), metric) for name, (data, metric, _) in tasks.items()}), folder / "own_tasks.py"
    )
    asked = ",".join(f"own_{name}|{shots}" for name, (_, _, shots) in tasks.items())
    command = [sys.executable, "-c", RUN, "accelerate", f"model_name={model},dtype=float32,batch_size=4", asked]
    command += ["--custom-tasks", "own_tasks.py", "--output-dir", "out", "--save-details"]
    settings = {"HF_HUB_OFFLINE": "1", "HF_HOME": str(folder / "home"), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, env=os.environ | settings, check=False)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-6000:]
    (results,) = folder.glob("out/results/**/results_*.json")
    found = {}
    for name, scores in json.loads(results.read_text())["results"].items():
        task = name.rpartition("|")[0].removeprefix("own_")
        if task in tasks:
            (file,) = folder.glob(f"out/details/**/details_{name}_*.parquet")
            rows = pq.read_table(file).to_pylist()
            own = {key: value for key, value in scores.items() if not key.endswith("_stderr")}
            found[task] = (own, {row["doc"]["id"]: row["metric"] for row in rows})
    return found
