"""The configuration of a study: one YAML file, checked before any job starts.

Every key has a description; `config/README.md` is generated from them (`polyglot reference`).
"""

from __future__ import annotations

from functools import cached_property
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from polyglot.analysis.settings import Race, Screen, Statistics, Truth
from polyglot.core.cells import Cell
from polyglot.core.given_path import GivenPath
from polyglot.core.lookup import unknown
from polyglot.core.section import Name, Section, Words
from polyglot.evaluation.settings import Evaluation
from polyglot.intrinsic.settings import Intrinsic
from polyglot.nano.settings import NanoWorld
from polyglot.routing.settings import Routing
from polyglot.routing.strategies import STRATEGIES
from polyglot.routing.teachers import Routed, parse_routed
from polyglot.scoring.settings import Scoring
from polyglot.seeds.settings import SeedDataset
from polyglot.selection.settings import Selection
from polyglot.study.build import Build
from polyglot.study.experiments import Defaults, Experiment, Matrix, expand
from polyglot.study.explore import Explore
from polyglot.study.figures import ALL, Figure
from polyglot.study.reserved import MAIN, REPLICATION
from polyglot.synthesis.draws import Draw
from polyglot.synthesis.filters.settings import checked
from polyglot.synthesis.methods.base import METHODS, default_methods, known_method
from polyglot.synthesis.recipes import PEOPLE, PUBLIC, RULES, WHOLE, parse_recipe
from polyglot.synthesis.settings import Synthesis, Translation
from polyglot.training.settings import Training


class Plan(Section):
    """Assumptions behind the budget (`snakemake plan`). Throughputs are rough values for an 80 GB GPU and an 8B model, inversely
    proportional to model size; replace them with your own."""

    request_tokens: int = Field(default=700, gt=0, description="Tokens per request to a teacher, including few-shot pairs.")
    answer_tokens: int = Field(default=600, gt=0, description="Tokens per answer.")
    unread: float = Field(
        default=0.05,
        ge=0,
        le=1,
        description="Share of each attempt's answers that are to be a pair and hold none, so that they are asked for again "
        "(`synthesis.retries`); the yield table has what a teacher's share was.",
    )
    example_tokens: int = Field(default=700, gt=0, description="Tokens per training example.")
    usable_share: float = Field(
        default=0.95, gt=0, le=1, description="Share of a teacher's answers that is usable; what is lacking is asked for further."
    )
    judge_tokens: int = Field(default=150, gt=0, description="Tokens per judge's answer.")
    evaluation_tokens_read: int = Field(default=4_000_000, gt=0, description="Prompt tokens of all benchmarks of a language.")
    evaluation_tokens_written: int = Field(default=60_000, gt=0, description="Tokens of a model's answers to them.")
    tokens_read_per_second: float = Field(default=15_000, gt=0, description="Tokens that a GPU reads.")
    tokens_written_per_second: float = Field(default=3_000, gt=0, description="Tokens that a GPU writes, in large batches.")
    tokens_trained_per_second: float = Field(default=5_000, gt=0, description="Tokens that a GPU trains on.")
    start_minutes: float = Field(
        default=2.0, ge=0, description="Minutes from a job's start to its first token; none for a job that shares its start."
    )
    start_minutes_per_billion: float = Field(
        default=0.05, ge=0, description="The same, for each billion of parameters more; none for a job that shares an engine."
    )
    standard_error: float = Field(
        default=0.01,
        gt=0,
        description="Standard error of a student's gain that is wanted: the plan says what more items, trainings or draws of "
        "data would cost to reach it.",
    )
    draw_spread: float = Field(
        default=0.005, ge=0, description="Assumed standard deviation of a student's score between draws of a teacher's data."
    )
    training_spread: float = Field(
        default=0.005, ge=0, description="Assumed standard deviation between trainings on the same data."
    )
    teacher_spread: float = Field(
        default=0.006,
        ge=0,
        description="Assumed standard deviation of teachers in mean benchmark score, by which the plan says how long a race of "
        "teachers lasts; the paper's teachers: 0.006.",
    )
    language_spread: float = Field(
        default=0.007, ge=0, description="The same for teachers in a language, beyond their means; the paper's teachers: 0.007."
    )
    gpu_memory: float = Field(default=85.5, gt=0, description="Memory of a GPU in GB: 85.5 has an H100 of 80 GiB.")
    usd_per_gpu_hour: float | None = Field(default=None, ge=0, description="Price of a GPU hour; null counts endpoints only.")


class Archive(Section):
    """The archive of a study (`snakemake results/STUDY/archive.zip`)."""

    largest_mb: float = Field(
        default=1.0,
        ge=0,
        description="Largest file to include, in MB; larger ones are listed with hash and size. The inputs of scores and "
        "tables are always included.",
    )


class Missing(Section):
    """Abandoned cells, which get no measurement."""

    teacher: Name = Field(description="The teacher.")
    lang: Name = Field(description="The language.")
    base: Name | None = Field(default=None, description="Only with this base; null: with every one.")
    recipe: Name | None = Field(default=None, description="Only with this recipe; null: with every one.")
    reason: Words = Field(default="given up", description="The reason; shown wherever the cell is missing.")

    def covers(self, cell: Cell) -> bool:
        """Whether it includes this cell."""
        same = (self.teacher, self.lang) == (cell.teacher, cell.lang)
        return same and self.base in (None, cell.base) and self.recipe in (None, cell.recipe)


class Study(Section):
    """One study: its teachers, languages, measurements and scoring."""

    study: Name = Field(description="Name of the study; its files are results/{study}/...")
    extends: str | None = Field(
        default=None,
        description="File of another study that this one inherits from, seen from this file: what is not said here is as there. "
        "Mappings are merged, lists and single values replaced.",
    )
    read_from: list[str] = Field(
        default=[],
        description="Files that the configuration was made of, the study's own first; the workflow writes it into "
        "results/STUDY/config.yaml, where all is merged.",
    )
    description: Words = Field(default="", description="The study's question, in one sentence.")
    languages: list[Name] = Field(min_length=1, description="Target languages.")
    source_language: Name = Field(default="en", description="Source language of methods such as `translate`.")
    teachers: list[Name] = Field(
        min_length=1,
        description=f"Teachers: models of the registry, or routed teachers: {', '.join(f'`{name}`' for name in STRATEGIES)} (see "
        "`routing`).",
    )
    methods: list[Annotated[Name, AfterValidator(known_method)]] = Field(
        default=default_methods(), min_length=1, description="Methods for generating data; see above, and `plugins`."
    )
    seeds: list[Annotated[int, Field(ge=0)]] = Field(
        default=[0],
        min_length=1,
        description="Seeds. With each, other requests are drawn and another student is trained, so the spread between seeds is "
        "that of data and training together.",
    )
    trainings: int = Field(
        default=1,
        gt=0,
        description="Students that are trained on each seed's data. With 2 or more, the spread between trainings is estimated "
        "apart from that between draws of data. A further training needs no further answers of a teacher. With one seed, the "
        "intervals do not contain what another draw of data would change.",
    )
    base: Name | Literal[""] = Field(
        default="",
        description="Student base of the main experiment; the registry names its reference. Without one, no student is trained: "
        "teachers are ranked by their data alone (`snakemake rank`).",
    )
    recipe: Name = Field(
        default="equal",
        description="Training set of the main experiment: `equal` parts of each method; one method (also "
        "`nllb-respond`, `nllb-both`), or several joined by +; or `public`, the seed dataset itself; or a selection from "
        f"`equal`: {', '.join(f'`{name}`' for name in RULES)}. A suffix such as -500 or -25k sets its size; for the same "
        "parts, smaller sizes are subsets of larger ones.",
    )
    experiments: dict[Name, Experiment] = Field(
        default={}, description="Further experiments by name; each produces a table and a figure of that name."
    )
    run: list[Name] | None = Field(
        default=None,
        description="Experiments that `snakemake all` runs (`main` is the main one); null runs all. `snakemake experiments` "
        "runs all but those that compare `race`, `routing` or `selection`: `snakemake race`, `route` and `select` run these.",
    )
    missing: list[Missing] = Field(
        default=[], description="Abandoned cells, e.g. because a teacher failed; tables and figures show them as missing."
    )
    plugins: list[str] = Field(
        default=[],
        description="Your own Python modules that add metrics, methods, engines and more (docs/howto/extending.md); they are "
        "looked for in the folder that you run in and on PYTHONPATH.",
    )
    registries: GivenPath | None = Field(
        default=None,
        description="Folder with `models.yaml`, `languages.yaml`, `benchmarks.yaml` or `sources.yaml` of your own, which add to "
        "those of config/; null: the study's own folder, if its file is named study.yaml; else none.",
    )
    hub: str = Field(
        default="hub", description="Folder of models from the hub. A model whose folder already exists is not fetched."
    )
    nano: NanoWorld = Field(default=NanoWorld(), description="The embedded micro-world.")
    seed_dataset: SeedDataset = Field(default=SeedDataset(), description="Human-written prompts.")
    synthesis: Synthesis = Field(default=Synthesis(), description="How teachers are prompted.")
    filters: Annotated[dict[Name, dict[str, Any]], BeforeValidator(checked)] = Field(
        default={},
        validate_default=True,
        description="Filters of usable answers, with their settings, in the order in which they run; see above. Default filters "
        "that are not named here run before them.",
    )
    translation: Translation = Field(default=Translation(), description="Machine translation of the seed dataset.")
    intrinsic: Intrinsic = Field(default=Intrinsic(), description="Measurements of the data.")
    training: Training = Field(default=Training(), description="Fine-tuning of the students.")
    evaluation: Evaluation = Field(
        default=Evaluation(benchmarks={}), description="Evaluation of base, reference and students; needed where there is a base."
    )
    scoring: Scoring = Field(default=Scoring(), description="From measurements to scores.")
    statistics: Statistics = Field(default=Statistics(), description="Analyses of the main experiment.")
    race: Race = Field(default=Race(), description="Races of teachers (`snakemake race`).")
    screen: Screen = Field(
        default=Screen(), description="Ranking and screening from a small sample (`snakemake rank`, `snakemake screen`)."
    )
    routing: Routing = Field(default=Routing(), description="Routed teachers such as `persyn`.")
    selection: Selection = Field(default=Selection(), description="Recipes that select, such as `mdaq`.")
    build: Build = Field(default=Build(), description="The data set at the end of the study (`snakemake build`).")
    plan: Plan = Field(default=Plan(), description="Assumptions behind the budget (`snakemake plan`).")
    archive: Archive = Field(default=Archive(), description="The study's archive.")
    truth: Truth = Field(default=Truth(), description="Known ground truth to check the scores against.")
    figures: dict[Name, Figure] = Field(
        default={}, description="The look of figures by name, and under `all` of every figure (docs/howto/figures.md)."
    )
    explore: Explore = Field(default=Explore(), description="The page to look at the data (`snakemake explore`).")

    @model_validator(mode="after")
    def _coherent(self) -> Study:
        if self.study == REPLICATION:
            raise ValueError(f"study: '{REPLICATION}' is reserved for the audit of the paper's published numbers")
        for key in ("languages", "teachers", "methods", "seeds"):
            values = getattr(self, key)
            repeated = sorted({str(value) for value in values if values.count(value) > 1})
            if repeated:
                raise ValueError(f"{key}: named more than once: {', '.join(repeated)}")
        taken = [name for name in self.methods if name in (WHOLE, PUBLIC, *RULES)]
        if taken:
            raise ValueError(f"methods: '{taken[0]}' is the name of a recipe; give the method another")
        reserved = sorted({"base", "reference", PEOPLE} & set(self.teachers))
        if reserved:
            raise ValueError(f"teachers: '{reserved[0]}' is reserved in tables; give the model another id")
        starting = [name for name in self.methods if METHODS[name].seeds == "source"]
        if starting and self.source_language in self.languages:
            raise ValueError(
                f"languages: '{self.source_language}' is the language that `{starting[0]}` starts from (source_language)"
            )
        if MAIN in self.experiments:
            raise ValueError(f"experiments: '{MAIN}' is the main experiment; set base, recipe, teachers and languages instead")
        if not self.base and self.experiments:
            raise ValueError("experiments: each trains students, and the study has no `base`; name one, or leave them out")
        if self.base and not self.intrinsic.judged:
            raise ValueError("intrinsic.reward.kind: scores of students need a judge; `none` is for a study without a `base`")
        if self.base and not self.evaluation.benchmarks:
            raise ValueError("evaluation.benchmarks: students of a base are evaluated; name a benchmark, or leave out `base`")
        if (common := self.figures.get(ALL)) and common.title:
            raise ValueError(f"figures.{ALL}.title: a title is one figure's; set figures.NAME.title")
        if ALL in self.experiments:
            raise ValueError(f"experiments: '{ALL}' means every figure under `figures`; choose another name")
        for name, meaning in (("screen", "the screening's"), ("rank", "the ranking's"), ("plan", "the budget's")):
            if name in self.experiments:
                raise ValueError(f"experiments: '{name}' names {meaning} tables; choose another name")
        for name in self.run or []:
            if name != MAIN and name not in self.experiments:
                raise ValueError(f"run: {unknown('experiment', name, [MAIN, *self.experiments])}")
        named = [("recipe", self.recipe), *([("race.small", self.race.small)] if self.race.small else [])]
        for name, experiment in self.experiments.items():
            recipes = (*(experiment.recipes or []), *(step.recipe for step in experiment.steps))
            named += [(f"experiments.{name}.recipes", recipe) for recipe in recipes]
        for where, recipe in named:
            try:
                parse_recipe(recipe, self.methods)
            except ValueError as error:
                raise ValueError(f"{where}: {error}") from None
        return self

    def figure(self, name: str) -> Figure:
        """The look of a figure: its own, and where that says nothing, that of all."""
        return self.figures.get(name, Figure()).over(self.figures.get(ALL, Figure()))

    @cached_property
    def matrices(self) -> dict[str, Matrix]:
        """Every experiment with its cells, the main one first."""
        question = self.description or "Which teacher writes the best data?"
        main = Experiment(compare="teachers", question=question)
        defaults = Defaults(
            base=self.base,
            recipe=self.recipe,
            teachers=self.teachers,
            languages=self.languages,
            seeds=self.seeds,
            trainings=self.trainings,
            methods=self.methods,
            translator=self.translation.model,
        )
        return {name: expand(name, one, defaults) for name, one in {MAIN: main, **self.experiments}.items()}

    def routed(self, teacher: str) -> Routed | None:
        """The routed teacher of this name; None for a model."""
        return parse_routed(teacher, self.base)

    @cached_property
    def routed_teachers(self) -> dict[str, Routed]:
        """Every routed teacher of the study's experiments."""
        names = dict.fromkeys(name for matrix in self.matrices.values() for name in matrix.teachers)
        return {name: routed for name in names if (routed := self.routed(name)) is not None}

    @cached_property
    def single_teachers(self) -> list[str]:
        """The study's teachers without routed ones."""
        return [name for name in self.teachers if self.routed(name) is None]

    @cached_property
    def routed_among(self) -> list[str]:
        """Teachers that routed ones choose from."""
        return self.routing.teachers or self.single_teachers

    @cached_property
    def routed_languages(self) -> list[str]:
        """Languages that routed teachers are used in: routers are trained on all of them."""
        cells = (cell for matrix in self.matrices.values() for cell in matrix.cells)
        used = {cell.lang for cell in cells if cell.teacher in self.routed_teachers}
        known = dict.fromkeys(lang for matrix in self.matrices.values() for lang in matrix.languages)
        return [lang for lang in known if lang in used]

    @cached_property
    def named_languages(self) -> list[str]:
        """Every language that the study names, for whatever it is."""
        used = [lang for matrix in self.matrices.values() for lang in matrix.languages]
        given = (*self.seed_dataset.files, *self.seed_dataset.sources, *self.nano.languages, *self.synthesis.detected_languages)
        return list(dict.fromkeys([*self.languages, self.source_language, *used, *given]))

    @cached_property
    def seed_sources(self) -> list[tuple[str, str]]:
        """(source, language) of every public data set that the study's seed dataset comes from."""
        languages = {lang for matrix in self.matrices.values() for lang in matrix.languages} | {self.source_language}
        return [(source, lang) for lang in sorted(languages) for source in self.seed_dataset.sources.get(lang, [])]

    def hole(self, cell: Cell) -> str | None:
        """Why a cell was abandoned; None if it was not."""
        return next((gap.reason for gap in self.missing if gap.covers(cell)), None)

    @cached_property
    def measured(self) -> dict[str, list[Cell]]:
        """The cells of every experiment, without abandoned ones."""
        return {name: [cell for cell in matrix.cells if self.hole(cell) is None] for name, matrix in self.matrices.items()}

    @property
    def default_experiments(self) -> list[str]:
        """Experiments that `snakemake all` runs; none without a base."""
        return (self.run or list(self.matrices)) if self.base else []

    @cached_property
    def bases(self) -> list[str]:
        """Student bases of all experiments; none where teachers are ranked by their data alone."""
        return list(dict.fromkeys(base for matrix in self.matrices.values() for base in matrix.bases if base))

    @cached_property
    def recipes(self) -> list[str]:
        """Recipes of all experiments, sorted."""
        small = [self.race.small] if self.race.small and any(one.compare == "race" for one in self.matrices.values()) else []
        return sorted({*small, *(recipe for matrix in self.matrices.values() for recipe in matrix.recipes)})

    @cached_property
    def selecting(self) -> list[str]:
        """Those of them that select samples."""
        return [recipe for recipe in self.recipes if parse_recipe(recipe, self.methods).rule]

    @property
    def encoder(self) -> str:
        """The encoder that quality models start from."""
        return self.selection.encoder or self.intrinsic.embedding

    @property
    def screened_teachers(self) -> list[str]:
        """Candidates of the screening."""
        return self.screen.teachers or self.single_teachers

    @property
    def screened_languages(self) -> list[str]:
        return self.screen.languages or self.languages

    @property
    def likelihood_base(self) -> str:
        """The model whose perplexity a ranking shows; "" if it shows none."""
        return self.screen.base or self.base

    @property
    def screening_draw(self) -> str:
        """The draw that candidates are screened with."""
        return str(Draw(self.seeds[0], sample="screen"))

    @property
    def calibration_draw(self) -> str:
        """The draw that routers are calibrated with."""
        return str(Draw(self.routing.seed, sample="calibration"))

    @property
    def routed_bases(self) -> list[str]:
        """Bases that routed teachers choose for."""
        return list(dict.fromkeys(routed.base or self.base for routed in self.routed_teachers.values()))
