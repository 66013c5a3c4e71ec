"""What jobs on tasks of lighteval take."""

from __future__ import annotations

from polyglot.workflow.inputs.evaluation import EvaluationInputs
from polyglot.workflow.inputs.hub import HubInputs
from tests.unit.workflow.conftest import Read


def test_tasks_of_lighteval_are_prepared_from_data_that_are_fetched_once_or_in_a_folder(read: Read) -> None:
    chosen = {
        "belebele_deu_Latn_cf": {"task": "lighteval"},
        "belebele_arb_Arab_cf": {"task": "lighteval"},
        "xnli_deu_cf": {"task": "lighteval", "folder": "data/xnli", "shots": 3, "metric": "acc_norm"},
    }
    given = read(evaluation={"benchmarks": chosen, "groups": {}})
    hub, evaluation = HubInputs(*given), EvaluationInputs(*given)
    assert hub.locks() == ["hub/locks/datasets/belebele_deu_Latn_cf.json"]
    assert (hub.entry("belebele_deu_Latn_cf").hub, hub.entry("belebele_deu_Latn_cf").revision) == ("facebook/belebele", "main")
    assert hub.wanted("belebele_deu_Latn_cf") is None
    assert "belebele_deu_Latn_cf" in hub.data_to_fetch()
    assert "belebele_arb_Arab_cf" not in hub.data
    assert evaluation.of_lighteval == ["belebele_ind_Latn_cf", *chosen], "the embedded study's own, and these"
    assert evaluation.from_the_hub == []
    data = {name: evaluation.lighteval_data({"benchmark": name, "lang": "de"}) for name in chosen}
    assert list(data.values()) == ["hub/datasets/belebele_deu_Latn_cf"] * 2 + ["data/xnli/de"]
    assert "results/demo/tasks/belebele_arb_Arab_cf/ar" in evaluation.folders({"lang": "ar"})
    assert "results/demo/tasks/xnli_deu_cf/de" in evaluation.folders({"lang": "de"})
    assert not any("belebele_arb" in folder for folder in evaluation.folders({"lang": "de"}))
    assert evaluation.lighteval_task({"benchmark": "xnli_deu_cf", "lang": "de"}) == {
        "name": "xnli_deu_cf",
        "metric": "acc_norm",
        "shots": 3,
    }
