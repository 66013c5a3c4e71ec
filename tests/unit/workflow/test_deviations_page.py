"""The published study: its page is fresh, every correction has a reason, and its settings are the printed ones."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from polyglot.core.errors import ConfigurationError
from polyglot.core.files import read_json
from polyglot.replication.published import read_published_table
from polyglot.study.configuration import Study
from polyglot.workflow.deviations_page import (
    BUDGETS_FILE,
    DEVIATIONS_FILE,
    DEVIATIONS_PAGE,
    HEAD,
    NAMES,
    comments,
    corrections,
    deviations_page,
)
from polyglot.workflow.loading import load_study


@pytest.fixture(scope="module")
def studies(repository: Path) -> tuple[Study, Study]:
    paper, revised = (load_study(repository / f"config/{name}.yaml", repository)[0] for name in ("paper", "paper-revised"))
    return paper, revised


def test_the_page_is_up_to_date(repository: Path) -> None:
    """`polyglot reference` writes it."""
    assert (repository / DEVIATIONS_PAGE).read_text(encoding="utf-8") == deviations_page(repository)


def test_corrections_read_as_a_list_with_reasons(repository: Path, studies: tuple[Study, Study]) -> None:
    lines = (repository / "config/paper-revised.yaml").read_text(encoding="utf-8").splitlines()
    assert len(lines) <= 26
    changed = {key.strip("`"): (before, after, why) for key, before, after, why in corrections(*studies, repository)}
    assert set(changed) == set(comments(repository / "config/paper-revised.yaml")) - NAMES
    assert changed["training.loss"][:2] == ("all", "response")
    assert changed["evaluation.benchmarks.mgsm.formulation"][:2] == ("number", "steps")
    assert all(len(why.split()) > 4 for _, _, why in changed.values())


def test_a_correction_without_a_reason_is_named(repository: Path, studies: tuple[Study, Study]) -> None:
    paper, revised = studies
    other = revised.model_copy(update={"seeds": [0]})
    with pytest.raises(ConfigurationError, match=r"paper-revised\.yaml: seeds: no comment beside it says why"):
        list(corrections(paper, other, repository))


def test_a_deviation_without_a_reason_or_with_a_key_that_is_gone_is_named(repository: Path, tmp_path: Path) -> None:
    (tmp_path / "docs").symlink_to(repository / "docs")
    (tmp_path / "config").mkdir()
    for file in (repository / "config").iterdir():
        if file.name != Path(DEVIATIONS_FILE).name:
            (tmp_path / "config" / file.name).symlink_to(file)
    for entry, message in (
        ({"setting": "Loss", "here": "other"}, r"no reason \(`why`\) for: Loss"),
        ({"setting": "Loss", "keys": ["training.los"], "why": "so"}, r"'Loss': training\.los: no such key in config/paper\.yaml"),
    ):
        (tmp_path / DEVIATIONS_FILE).write_text(yaml.safe_dump({"followed": [], "left": [entry]}), encoding="utf-8")
        with pytest.raises(ConfigurationError, match=message):
            deviations_page(tmp_path)


def test_the_examples_of_the_page_can_be_run(repository: Path, tmp_path: Path) -> None:
    (example,) = re.findall(r"```yaml\n(.*?)```", HEAD, re.DOTALL)
    extended = f"extends: {repository / 'config/paper.yaml'}"
    (tmp_path / "mine.yaml").write_text(example.replace("extends: paper.yaml", extended), encoding="utf-8")
    study, _ = load_study(tmp_path / "mine.yaml", repository)
    assert (study.training.epochs, study.training.examples, len(study.teachers)) == (1, 10_000, 2)
    alone = "study: tulu\nseed_dataset: {sources: {en: [tulu-3]}}\nrun: [translation]\n"
    assert "`seed_dataset: {sources: {en: [tulu-3]}}` and `run: [translation]`" in (repository / DEVIATIONS_FILE).read_text()
    (tmp_path / "tulu.yaml").write_text(f"{alone}{extended}\n", encoding="utf-8")
    study, _ = load_study(tmp_path / "tulu.yaml", repository)
    assert [source for source, lang in study.seed_sources if lang == "en"] == ["tulu-3"]


def test_sources_of_seeds_have_the_sizes_of_table_6(repository: Path) -> None:
    study, registries = load_study(repository / "config/paper.yaml", repository)
    printed = read_published_table(repository / "config/published/table06_seed_sizes.csv")
    sizes = {(row["source"], row["lang"]): row["instances"] for row in printed.to_dict("records")}
    found = {
        (registries.sources[source].published, lang): study.seed_dataset.most(source, lang) for source, lang in study.seed_sources
    }
    assert found == sizes


def test_an_update_has_the_printed_examples_on_the_gpus_of_the_code(studies: tuple[Study, Study]) -> None:
    """32, as 2 a GPU, 4 times, on 4 GPUs; the base's GPUs share an update."""
    training = studies[0].training
    assert training.batch_size * training.gradient_accumulation == 32 == 2 * 4 * 4
    assert (training.loss, training.warmup_steps, training.tuning) == ("all", 5, "full")


def test_the_budgets_of_both_studies_stay_within_what_a_cluster_can_start(repository: Path) -> None:
    for total in read_json(repository / BUDGETS_FILE)["studies"].values():
        assert total["students"] < total["engine_starts"] <= 900
