"""What the rules are made from: files and settings of single jobs, stage by stage."""

from __future__ import annotations

from pathlib import Path

import pytest

from polyglot.core.errors import ConfigurationError
from polyglot.displays import catalogue
from polyglot.models.hub import HubError
from polyglot.study import paths
from polyglot.study.configuration import Study
from polyglot.workflow.inputs.displays import DisplayInputs
from polyglot.workflow.inputs.evaluation import EvaluationInputs
from polyglot.workflow.inputs.experiments import ExperimentInputs
from polyglot.workflow.inputs.hub import HubInputs
from polyglot.workflow.inputs.models import ModelInputs
from polyglot.workflow.inputs.publishing import PublishingInputs
from polyglot.workflow.inputs.replication import AuditInputs
from polyglot.workflow.inputs.routing import RoutingInputs
from polyglot.workflow.inputs.screening import ScreeningInputs
from polyglot.workflow.inputs.seeds import SeedInputs
from polyglot.workflow.inputs.selection import SelectionInputs
from polyglot.workflow.inputs.training_sets import TrainingSetInputs

from .conftest import Read

MISSING = {"teacher": "careless", "lang": "id", "reason": "out of memory"}
SET = {"study": "demo", "recipe": "equal", "teacher": "thorough", "lang": "de", "seed": "0"}


def test_a_models_files_are_made_fetched_or_nowhere(read: Read) -> None:
    demo, paper = ModelInputs(*read()), ModelInputs(*read("paper"))
    assert demo.folder("thorough") == "results/demo/models/thorough"
    assert paper.folder("gemma-3-4b-it") == "hub/models/gemma-3-4b-it"
    assert demo.folder("minilm") == paper.folder("gpt-4o-mini") == []
    assert ModelInputs(*read("paper", hub="/shared/hub/")).folder("gemma-3-4b-it") == "/shared/hub/models/gemma-3-4b-it"


def test_every_model_in_use_is_named_with_the_references_and_none_twice(read: Read) -> None:
    used = ModelInputs(*read(experiments={})).used
    assert set(used) >= {"thorough", "hasty", "germanist", "careless", "nano-base", "nano-reference", "nano-reward", "minilm"}
    assert "people" not in used
    assert len(used) == len(set(used))
    routed = ModelInputs(*read("persyn")).used
    assert "qwen-2.5-1.5b" in routed
    assert "persyn" not in routed


def test_only_a_model_from_elsewhere_is_checked_before_its_job(read: Read) -> None:
    demo, paper = ModelInputs(*read()), ModelInputs(*read("paper"))
    assert demo.base_check({"study": "demo", "base": "nano-base"}) == []
    assert paper.base_check({"study": "paper", "base": "olmo-3-7b"}) == "results/paper/checks/bases/olmo-3-7b.json"
    named = {"study": "paper", "teacher": "command-a", "lang": "de", "seed": "0"}
    assert paper.requests_check(named) == "results/paper/checks/requests/command-a/de/0.json"
    assert paper.requests_check({**named, "teacher": "gpt-4o-mini"}) == []
    assert demo.judge_check() == []
    assert paper.judge_check() == "results/paper/checks/judge.json"


def test_a_base_with_a_template_of_the_registry_is_evaluated_without(read: Read) -> None:
    models = ModelInputs(*read("paper"))
    template = models.chat_template("olmo-3-7b")
    assert template != []
    assert Path(str(template)).parts[:2] == ("config", "chat_templates")
    assert models.pretrained("olmo-3-7b")
    assert models.anchor_template({"model": "olmo-3-7b"}) == []


def test_a_judge_has_a_rubric_and_a_reward_model_perhaps_a_scale(read: Read) -> None:
    paper = ModelInputs(*read("paper"))
    assert paper.judge_template("judge") == "config/prompts/paper/judge.jinja"
    assert paper.measured_scale() == []
    demo = ModelInputs(*read())
    assert demo.judge_template("judge") == demo.judge_template("duel") == []
    assert demo.measured_scale() == []  # tuned on gold answers


def test_teachers_behind_an_endpoint_have_rules_of_their_own(read: Read) -> None:
    models = ModelInputs(*read("paper"))
    assert "gpt-4o-mini" in models.endpoint_teachers
    assert not set(models.endpoint_teachers) & set(models.local_teachers)
    assert "persyn" not in ModelInputs(*read()).local_teachers


def test_sources_of_one_repository_are_fetched_once(read: Read) -> None:
    sources = {"sources": {"de": ["wildchat"], "en": ["wildchat-english", "wildchat"]}}
    hub = HubInputs(*read(seed_dataset=sources))
    assert hub.source_folder("wildchat-english") == hub.source_folder("wildchat")
    assert len(hub.locks()) == 1


def test_what_has_a_folder_is_not_fetched_and_a_folder_of_something_else_is_an_error(
    read: Read, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub = HubInputs(*read("paper"))
    monkeypatch.chdir(tmp_path)
    assert "gemma-3-4b-it" in hub.models_to_fetch()
    folder = tmp_path / "hub/models/gemma-3-4b-it"
    folder.mkdir(parents=True)
    assert "gemma-3-4b-it" not in hub.models_to_fetch()
    (folder / "hub_source.json").write_text('{"repository": "someone/else", "revision": "main"}')
    with pytest.raises(HubError, match="someone/else"):
        hub.models_to_fetch()


def test_a_seed_dataset_is_the_worlds_unless_sources_or_a_file_are_named(read: Read) -> None:
    assert SeedInputs(*read()).files({"lang": "de"}) == ["results/demo/nano/seed/de.parquet"]
    named = SeedInputs(*read(seed_dataset={"sources": {"de": ["aya", "oasst2"]}, "files": {"de": "mine.jsonl"}}))
    assert named.files({"lang": "de"}) == [
        *("results/demo/sources/aya/de.parquet", "results/demo/sources/oasst2/de.parquet"),
        "mine.jsonl",
    ]
    assert named.counts() == ["results/demo/sources/aya/de.csv", "results/demo/sources/oasst2/de.csv"]


def test_a_training_set_is_mixed_block_by_block(read: Read) -> None:
    sets = TrainingSetInputs(*read())
    assert sets.files(SET) == [
        f"results/demo/synthetic/thorough/de/{part}/0.parquet" for part in ("generate", "translate", "respond")
    ]
    large = {**SET, "recipe": "respond-380"}
    assert sets.parts(large) == [["respond", 2, 0]]
    assert sets.files(large) == [f"results/demo/synthetic/thorough/de/respond/{draw}.parquet" for draw in ("0", "0-block2")]
    assert sets.size(large) == 380


def test_answers_to_further_requests_come_after_the_blocks_of_their_part(read: Read) -> None:
    mine = {"compare": "sizes", "recipes": ["respond-380"], "teachers": ["thorough"], "languages": ["de"]}
    sets = TrainingSetInputs(*read(experiments={"mine": mine}, synthesis={"shortfall": "refill"}))
    draws = ("0", "0-block2")
    assert sets.files({**SET, "recipe": "respond-380"}) == [
        *(f"results/demo/synthetic/thorough/de/respond/{draw}.parquet" for draw in draws),
        *(f"results/demo/further/synthetic/thorough/de/respond/{draw}.parquet" for draw in draws),
    ]
    assert sets.wants({**SET, "seed": "0-block2"}) == [[["respond"], 190]]
    assert sets.most_further(SET) == 100
    assert len(sets.files(SET)) == 6
    assert len(sets.files({**SET, "seed": "0-screen"})) == len(sets.files({**SET, "teacher": "persyn"})) == 3


def test_what_people_or_a_translation_model_wrote_is_the_same_for_every_teacher(read: Read) -> None:
    sets = TrainingSetInputs(*read())
    assert sets.files({**SET, "recipe": "public", "teacher": "people"}) == ["results/demo/seed/de.parquet"]
    translated = sets.files({**SET, "recipe": "nllb-both-150"})
    assert translated == ["results/demo/synthetic/nano-nllb/de/nllb-both/0.parquet"]


def test_recipes_of_routing_and_selection_are_there_where_they_are_used(read: Read) -> None:
    sets = TrainingSetInputs(*read())
    assert set(sets.recipes) - set(sets.mixed) == {"mdaq-150", "mmr-150", "quality-only-150", "diversity-only-150", "random-150"}
    only = {"experiments": {"routing": {"compare": "routing", "teachers": ["oracle"]}}, "recipe": "respond"}
    study, registries = read("persyn", **only, run=["routing"])
    assert {"equal", "equal-10500"} <= set(TrainingSetInputs(study, registries).recipes)


def test_an_added_language_does_not_change_among_which_languages_others_are_detected(read: Read) -> None:
    few, many = (TrainingSetInputs(*read(languages=languages, truth={})) for languages in (["de"], ["de", "id", "ar"]))
    assert few.detected_languages({"lang": "de"}) == many.detected_languages({"lang": "de"})


def test_benchmarks_are_the_worlds_the_hubs_or_in_a_folder(read: Read, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert EvaluationInputs(*read()).folders({"lang": "de"}) == [
        f"results/demo/tasks/{name}/de" for name in ("global-mmlu-lite", "m-rewardbench", "mgsm")
    ]
    own = {"mgsm": {"formulation": "generative", "folder": "data/mgsm", "max_new_tokens": 90, "shots": 4}}
    evaluation = EvaluationInputs(*read(evaluation={"benchmarks": own, "groups": {}}))
    monkeypatch.chdir(tmp_path)
    assert (
        "evaluation.benchmarks.mgsm.folder: there is no data/mgsm/de/test.jsonl; correct the folder"
        in evaluation.missing_items()[0]
    )
    (tmp_path / "data/mgsm/de").mkdir(parents=True)
    (tmp_path / "data/mgsm/de/test.jsonl").touch()
    assert not any("/de/" in said for said in evaluation.missing_items())
    assert EvaluationInputs(*read()).missing_items() == []
    assert "data/mgsm/de" in evaluation.folders({"lang": "de"})
    beside = ["open-answers", "win-rate", "translation", "native-text"]
    assert evaluation.of_the_world == ["global-mmlu-lite", "m-rewardbench", *beside]
    assert (evaluation.most_shots(), evaluation.study.evaluation.longest_answer) == (4, 90)
    assert evaluation.settings({"lang": "de"})["benchmarks"]["mgsm"]["shots"] == 4


def test_a_cell_given_up_has_no_files_and_a_reason(read: Read) -> None:
    main = {"experiment": "main"}
    whole, holed = (ExperimentInputs(*read(missing=missing)) for missing in ([], [MISSING]))
    files = whole.files(paths.TRAINING_SET)
    lost = set(files(main)) - set(holed.files(paths.TRAINING_SET)(main))
    assert lost == {"results/demo/sft/equal/careless/id/0.parquet"}
    assert holed.given_up(main) == [["nano-base", "equal", "careless", "id", "out of memory"]]
    assert whole.given_up(main) == []
    assert set(whole.main_answers()) - set(holed.main_answers()) == {
        f"results/demo/synthetic/careless/id/{method}/0.parquet" for method in ("generate", "translate", "respond")
    }


def test_students_are_compared_with_their_base_and_its_reference(read: Read) -> None:
    experiments, named = ExperimentInputs(*read()), {"experiment": "large_student"}
    assert experiments.base_outcomes(named) == [
        "results/demo/evaluation/anchors/nano-large/de.parquet",
        "results/demo/judged/anchors/nano-large/id.parquet",  # a judge's verdicts are among them
    ]
    assert len(experiments.reference_outcomes(named)) == len(experiments.anchors(named)) == 2
    published = PublishingInputs(*read())
    assert published.base_outcomes({**SET, "base": "nano-large"}) == experiments.base_outcomes(named)[0]
    assert published.reference_outcomes({**SET, "base": "nano-large"}) == experiments.reference_outcomes(named)[0]


def test_people_and_routed_teachers_are_no_models_with_abilities(read: Read) -> None:
    experiments = ExperimentInputs(*read())
    assert {name for name, _ in experiments.single_authors({"experiment": "routing"})} == {
        "thorough",
        "hasty",
        "germanist",
        "careless",
    }
    assert "people" not in experiments.author_sizes({"experiment": "steps"})


def test_methods_are_scored_where_students_learn_from_one_alone(read: Read) -> None:
    assert ExperimentInputs(*read()).method_scores() == []  # `run` names the main experiment only
    assert ExperimentInputs(*read(run=None)).method_scores() == "results/demo/scores/methods/cells.csv"


def test_a_card_is_made_from_the_first_experiment_that_has_its_cell(read: Read) -> None:
    cells = PublishingInputs(*read(run=None)).scored(paths.CELLS, "recipe", "teacher", "lang")
    assert cells(SET) == "results/demo/scores/main/cells.csv"
    assert cells({**SET, "recipe": "respond-150"}) == "results/demo/scores/methods/cells.csv"
    with pytest.raises(ValueError, match="no experiment of this run has such a cell"):
        PublishingInputs(*read()).scored(paths.CELLS, "recipe")({**SET, "recipe": "respond-150"})


def test_a_screening_asks_for_less_than_the_study(read: Read) -> None:
    study, registries = read(seeds=[0, 1])
    screening = ScreeningInputs(study, registries)
    assert len(screening.files(paths.REWARD)) == 4 * 3
    assert (
        screening.files(paths.PERPLEXITY)[0] == "results/demo/intrinsic/equal/thorough/de/0-screen/perplexity/nano-base.parquet"
    )
    assert len(screening.answers()) == 4 * 3 * 3
    assert (screening.full_students(), screening.full_requests()) == (4 * 3 * 2, 4 * 3 * 2 * 3 * study.synthesis.requests)
    assert ScreeningInputs(*read(screen={"learn_from": "known.csv"})).known_scores() == "known.csv"


def test_the_audit_is_scored_as_the_paper_and_shows_what_was_published(read: Read) -> None:
    displays = DisplayInputs(*read(scoring={"alpha": 0.3, "scale": "frozen.csv"}))
    own, audit = {"study": "demo", "table": "leaderboard"}, {"study": "replication", "table": "leaderboard"}
    assert (displays.scoring(own).alpha, displays.scale(own)) == (0.3, "frozen.csv")
    assert (displays.scoring(audit).alpha, displays.scoring(audit).definition, displays.scale(audit)) == (0.5, "released", [])
    published = displays.files("figure")({"study": "replication", "figure": "weights"})
    assert (
        published.items()
        <= {
            name: path.replace("results/demo", "results/replication")
            for name, path in displays.files("figure")({"study": "demo", "figure": "weights"}).items()
        }.items()
    )
    assert displays.values("table")(audit)["study"] == "replication"


def test_every_published_table_is_read(repository: Path, read: Read) -> None:
    tables = AuditInputs(*read()).published(repository)
    assert tables == sorted(tables)
    assert "config/published/released/pg_scores_qlora.jsonl" in tables
    assert all((repository / table).is_file() for table in tables)
    assert "config/published/table12_pgr.csv" in tables


def test_the_audits_page_shows_all_of_the_audits_own_tables_and_figures(read: Read) -> None:
    audit = AuditInputs(*read())
    shown = audit.shown()
    assert {(one["kind"], one["name"]) for one in shown} == {
        (kind, name) for kind, known in catalogue.REPLICATION.items() for name in known
    }
    for one in shown:
        assert {one["path"], f"{one['path']}.md"} & set(audit.files()), one["name"]


def test_each_way_to_route_is_given_what_it_chooses_by(read: Read) -> None:
    routing = RoutingInputs(*read())
    named = {"lang": "de", "seed": "0"}
    needs = {name: set(routing.assignment_files({"routed": name, **named})) - {"requests"} for name in routing.routed}
    assert needs == {
        "strong": set(),
        "mix": set(),
        "family-strong": set(),
        "persyn": {"router"},
        "car": {"calibration"},
        "oracle": {"answers", "quality", "learnability"},
    }
    assert routing.assignment_files({"routed": "persyn", **named})["router"] == "results/demo/routing/routers/nano-base/router"


def test_a_routed_teacher_that_asks_has_answers_of_its_own(read: Read) -> None:
    routing, named = RoutingInputs(*read()), {"lang": "de", "seed": "0"}
    own = routing.gathered_answers({"routed": "mix", **named})
    assert own[0] == "results/demo/routing/answers/mix/thorough/de/generate/0.parquet"
    assert len(own) == 4 * 3
    assert routing.gathered_answers({"routed": "strong", **named}) == [
        f"results/demo/answers/thorough/de/{method}/0.parquet" for method in ("generate", "translate", "respond")
    ]


def test_calibration_files_are_in_the_order_of_their_names(read: Read) -> None:
    routing = RoutingInputs(*read())
    rewards = routing.calibration_files(paths.REWARD, recipe="equal")({"base": "nano-base"})
    pairs = routing.calibration_pairs()
    assert rewards == [f"results/demo/intrinsic/equal/{name}/{lang}/0-calibration/reward.parquet" for name, lang in pairs]
    assert len(routing.calibration_files(paths.SYNTHETIC)({"base": "nano-base"})) == 3 * len(pairs)


def test_only_bases_of_the_router_have_one(read: Read) -> None:
    study, registries = read()
    routing, named = RoutingInputs(study, registries), {"experiment": "routing"}
    assert routing.bases(named) == routing.bases_with_router(named) == ["nano-base"]
    without = {"routing": {"compare": "routing", "languages": ["de"], "teachers": ["thorough", "mix", "car"]}}
    assert RoutingInputs(*read(experiments=without)).judged(named) == []
    assert [fact["name"] for fact in routing.facts(named)] == list(routing.routed)
    assert routing.single(named) == ["thorough", "hasty", "germanist", "careless"]


def test_a_family_without_teachers_is_named(read: Read) -> None:
    study, registries = read()
    alone = Study.model_validate(study.model_dump() | {"routing": {"teachers": ["germanist"]}})
    with pytest.raises(ConfigurationError, match="'family-strong' needs a teacher of the family of 'nano-base'"):
        RoutingInputs(alone, registries).strongest_first("family-strong")


@pytest.mark.parametrize(("pooled", "pool", "languages"), [(False, "de", ["de"]), (True, "all", ["de", "id"])])
def test_samples_are_selected_from_their_language_or_from_all(read: Read, pooled: bool, pool: str, languages: list[str]) -> None:
    selection = SelectionInputs(*read(selection={"pooled": pooled}))
    named = {**SET, "recipe": "mdaq-150"}
    assert selection.clusters(named) == f"results/demo/selection/clusters/thorough/{pool}/0.parquet"
    assert selection.languages(named) == selection.languages({"pool": pool, "teacher": "thorough"}) == languages
    assert selection.pool_files(paths.TRAINING_SET)(named) == [
        f"results/demo/sft/equal/thorough/{lang}/0.parquet" for lang in languages
    ]
    assert selection.rule(named) == "mdaq"


def test_students_of_selected_data_meet_that_of_the_whole_set(read: Read) -> None:
    selection = SelectionInputs(*read())
    cells = selection.duelling_cells({"experiment": "selection"})
    assert {cell[1] for cell in cells} == {"mdaq-150", "mmr-150", "quality-only-150", "diversity-only-150", "random-150"}
    assert len(selection.duels({"experiment": "selection"})) == len(cells) == 5 * 2 * 2
    assert selection.duelling_sets({"lang": "id"}) == [
        f"results/demo/sft/equal/{name}/id/0.parquet" for name in ("thorough", "careless")
    ]


def test_quality_is_learnt_from_the_world_or_from_a_users_pairs(read: Read) -> None:
    world, own = (SelectionInputs(*read(selection={"pairs": pairs})) for pairs in (None, "pairs.jsonl"))
    assert world.pairs() == own.lexicons() == []
    assert world.lexicons()[0] == "config/nano_world/en.yaml"
    assert own.pairs() == "pairs.jsonl"


def test_sources_are_limited_alike_or_each_by_its_languages(read: Read) -> None:
    sources = {"de": ["aya", "oasst2"], "id": ["aya", "cendol"], "en": ["gsm8k"]}
    for most, expected in (
        (500, (500, 500, 500)),
        (None, (None, None, None)),
        ({"aya": {"de": 241}, "cendol": 3000}, (241, None, 3000)),
    ):
        study, registries = read(seed_dataset={"sources": sources, "max_per_source": most})
        seeds = SeedInputs(study, registries)
        asked = (("aya", "de"), ("aya", "id"), ("cendol", "id"))
        assert tuple(seeds.most({"source": name, "lang": lang}) for name, lang in asked) == expected


def test_a_study_says_which_of_its_files_have_prompts_alone(read: Read, tmp_path: Path) -> None:
    alone, pairs, bad = tmp_path / "alone.txt", tmp_path / "pairs.csv", tmp_path / "bad.csv"
    alone.write_text("Was?\n")
    pairs.write_text("prompt,response\na,b\n")
    bad.write_text("x,y\na,b\n")
    files = {"de": str(alone), "id": str(pairs), "ar": str(bad), "en": str(tmp_path / "absent.txt")}
    study, registries = read(seed_dataset={"files": files})
    (told,) = SeedInputs(study, registries).without_shots()
    assert told == f"seed_dataset.files.de: {alone} has no responses, so generate has no shots: its requests show prompts alone"
    assert SeedInputs(study.model_copy(update={"methods": ["respond"]}), registries).without_shots() == []


def test_a_rule_that_measures_nothing_needs_no_model_for_ones_own_data(read: Read, tmp_path: Path) -> None:
    own = tmp_path / "own.jsonl"
    own.write_text('{"prompt": "a"}')
    needs = {"random": (False, False), "quality-only": (True, False), "diversity-only": (False, True), "mdaq": (True, True)}
    needs["mmr"] = (True, True)
    for rule, (quality, clusters) in needs.items():
        encoder = {"encoder": "xlm-roberta-large"} if quality else {}
        inputs = SelectionInputs(*read("paper", selection={"datasets": {"own": str(own)}, "rule": rule, **encoder}))
        assert bool(inputs.own_quality({"dataset": "own"})) == quality
        assert bool(inputs.own_embedder({"dataset": "own"})) == clusters
    assert inputs.own_files() == ["results/paper/select/own.jsonl"]
    assert inputs.own_asked(["results/paper/select/own.csv"]) == inputs.own_asked(["select"]) == {"own": str(own)}
    inputs.check_own(["all"])
    with pytest.raises(ConfigurationError, match=r"selection: .*own\.jsonl: no row has a prompt and a response"):
        inputs.check_own(["select"])
