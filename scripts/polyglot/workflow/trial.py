"""`polyglot try`: the first few requests of a study, asked of each teacher, before anything is run."""

from __future__ import annotations

import importlib.util
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from polyglot.core.devices import visible_gpus
from polyglot.core.errors import ConfigurationError
from polyglot.core.lookup import unknown
from polyglot.core.prompts import PromptTemplates
from polyglot.core.sidefile import SideFile
from polyglot.engines import engine_when_needed
from polyglot.engines.base import Answer, owner_of
from polyglot.engines.endpoint_errors import EndpointError
from polyglot.engines.spending import MILLION, CeilingReached
from polyglot.models.tokenization import given_file
from polyglot.registry.base import RegistryError
from polyglot.registry.models import Model, local_folder
from polyglot.seeds.seed_files import read_seed_dataset, sample_seeds
from polyglot.study import paths
from polyglot.synthesis.answers import ask, read_answers
from polyglot.synthesis.draws import Draw
from polyglot.synthesis.methods.base import METHODS
from polyglot.synthesis.requests import draw_requests, usable_rows
from polyglot.workflow.inputs.base import Inputs
from polyglot.workflow.inputs.models import ModelInputs
from polyglot.workflow.inputs.seeds import SeedInputs
from polyglot.workflow.inputs.training_sets import TrainingSetInputs

PACKAGES = {"vllm": "vllm", "transformers": "transformers"}
"""Engine to the package that it needs where it runs."""


@dataclass(frozen=True)
class Tried:
    """What a teacher answered.

    Args:
        answers: as `polyglot.synthesis.answers.read_answers` gives them; empty if none came.
        new: how many of them were asked for now; the others were kept from earlier.
        usd: what all of them cost; None for a model without a price. paid: what the new ones cost.
        seconds: what they took together.
        why: why it was not asked, or what ended it.
        free: whether the registry states a price of 0, as for servers of one's own.
    """

    teacher: str
    answers: pd.DataFrame = field(default_factory=pd.DataFrame)
    new: int = 0
    usd: float | None = None
    paid: float = 0.0
    seconds: float = 0.0
    why: str = ""
    free: bool = False


@dataclass(frozen=True)
class Trial(Inputs):
    """The first requests of a study's own draw: the jobs of the study find the answers, and do not ask again."""

    @property
    def teachers(self) -> list[str]:
        """The models that data is asked of."""
        return list(dict.fromkeys([*self.study.single_teachers, *self.study.screened_teachers]))

    def check(self, teachers: Sequence[str], lang: str) -> None:
        """Check names that were typed.

        Raises:
            ConfigurationError: with the names that there are.
        """
        for name in teachers:
            if name not in self.teachers:
                raise ConfigurationError(unknown("teacher", name, self.teachers, "the study has"))
        if lang not in self.study.languages:
            raise ConfigurationError(unknown("language", lang, self.study.languages, "the study has"))

    def requests(self, lang: str, count: int) -> pd.DataFrame:
        """The first requests of a language: of the study's methods in turn (see `draw_requests` for the columns).

        Raises:
            ConfigurationError: if the prompts are not here yet, with the command that gets them.
            ValueError: if a file of prompts cannot be used, or has too few; names file, row and remedy.
        """
        study = self.study
        templates = PromptTemplates(Path(study.synthesis.prompts))
        parts = []
        for method in study.methods:
            seeds = self._seeds(study.source_language if METHODS[method].seeds == "source" else lang)
            how = {"shots": study.synthesis.shots}
            rows = usable_rows(seeds, method, longest=study.synthesis.longest, **how)
            language = self.registries.languages[lang].name
            each = -(-count // len(study.methods))
            parts.append(draw_requests(Draw(study.seeds[0]), method, lang, language, rows, templates, requests=each, **how))
        return pd.concat(parts).sort_index(kind="stable").head(count).reset_index(drop=True)

    def _seeds(self, lang: str) -> pd.DataFrame:
        """The seed dataset of a language, as its job makes it."""
        inputs = SeedInputs(self.study, self.registries)
        files = [Path(file) for file in inputs.files({"lang": lang})]
        lacking = next((file for file in files if not file.exists()), None)
        if lacking is not None:
            made = self.at(paths.SEED, lang=lang)
            raise ConfigurationError(f"the prompts in '{lang}' are not here yet ({lacking}); first: snakemake {made}")
        settings = self.study.seed_dataset
        seeds, _ = read_seed_dataset(files, lang, set(self.registries.languages), settings.turns)
        return sample_seeds(seeds, settings.max_prompts, settings.seed)

    def most(self, teacher: str, requests: pd.DataFrame) -> float | None:
        """USD that a teacher's answers can cost at most: a token is a byte at least; None without a price or a longest answer."""
        model = self.registries.models[teacher]
        if model.price is None or not model.sampling.max_new_tokens:
            return None
        read = sum(len(turn["content"].encode()) for messages in requests["messages"] for turn in messages)
        return (read * model.price.prompt + len(requests) * model.sampling.max_new_tokens * model.price.completion) / MILLION

    def why_not(self, teacher: str) -> str:
        """Why a teacher cannot be asked here and now; "" if it can."""
        model = self.registries.models[teacher]
        if model.endpoint is not None:
            only = model.batched and model.endpoint.preset == "azure"
            return "its deployment takes batches only" if only else ""
        package, gpus = PACKAGES.get(model.engine), visible_gpus() if model.gpus else 0
        folder = ModelInputs(self.study, self.registries).folder(teacher)
        if model.gpus > gpus:
            return f"a local model that needs {model.gpus} GPU{'s' * (model.gpus > 1)}; here: {gpus or 'none'}"
        if package is not None and importlib.util.find_spec(package) is None:
            return f"a local model whose engine, {model.engine}, is not in this environment"
        if folder and not Path(str(folder)).exists():
            return f"a local model whose files are not here yet; first: snakemake {folder}"
        return ""

    def ask(self, teacher: str, lang: str, requests: pd.DataFrame) -> Tried:
        """Ask a teacher; what it has answered before, in a trial or a job, is not asked for again."""
        why = self.why_not(teacher)
        if why:
            return Tried(teacher, why=why)
        try:
            return self._asked(teacher, lang, requests)
        except (EndpointError, CeilingReached, RegistryError) as error:
            return Tried(teacher, why=str(error))

    def _asked(self, teacher: str, lang: str, requests: pd.DataFrame) -> Tried:
        inputs = ModelInputs(self.study, self.registries)
        model = _single(self.registries.models[teacher])
        folder = None if model.endpoint else local_folder(model, inputs.folder(teacher))
        template = given_file(inputs.chat_template(teacher))
        owner = owner_of(model, folder, template)
        side = SideFile(Path(self.at(paths.TRIED_SIDE_FILE, teacher=teacher, lang=lang)), owner)
        jobs = [SideFile(path, owner) for path in self._of_jobs(teacher, lang)]
        wanted = set(requests["request_id"])
        known = {row["id"]: row for store in (side, *jobs) for row in store.rows() if row["id"] in wanted}
        tried = {row["id"] for row in side.rows()}
        if lacking := [row for name, row in known.items() if name not in tried]:
            side.append(lacking)
        began = time.monotonic()
        try:
            engine = engine_when_needed(teacher, model, folder, self.study.model_dump(mode="json"), template)
            size = self.study.synthesis.batch_size
            answers = ask(engine, requests, side, batch_size=size, title=f"{teacher} writes {lang}")
        finally:
            rows = [row for row in side.rows() if row["id"] in wanted]
            for job in jobs:
                job.keep(rows)
        side.finish()
        seconds = time.monotonic() - began
        return Tried(
            teacher,
            self._read(teacher, lang, requests, answers),
            new=len(wanted - known.keys()),
            usd=_cost(model, list(answers.values())),
            paid=_cost(model, [one for name, one in answers.items() if name not in known]) or 0.0,
            seconds=seconds,
            free=model.rates is not None and not (model.rates.prompt or model.rates.completion),
        )

    def _of_jobs(self, teacher: str, lang: str) -> Iterator[Path]:
        """Side files of the jobs that ask the same: the study's first draw, and the sample of a ranking."""
        for draw in (str(self.study.seeds[0]), self.study.screening_draw):
            yield Path(self.at(paths.ANSWERS_SIDE_FILE, teacher=teacher, lang=lang, seed=draw))

    def _read(self, teacher: str, lang: str, requests: pd.DataFrame, answers: dict[str, Answer]) -> pd.DataFrame:
        settings = self.study.synthesis
        return read_answers(
            requests,
            answers,
            teacher=teacher,
            languages=TrainingSetInputs(self.study, self.registries).detected_languages({"lang": lang}),
            language_confidence=settings.language_confidence,
            reading=settings.reading,
        )


def _single(model: Model) -> Model:
    """The model, asked request by request: nobody waits a day for five answers."""
    if model.endpoint is None or not model.batched:
        return model
    return model.model_copy(update={"endpoint": model.endpoint.model_copy(update={"batch": None})})


def _cost(model: Model, answers: Sequence[Answer]) -> float | None:
    if model.rates is None:
        return None
    return sum(
        (one.prompt_tokens * model.rates.prompt + one.completion_tokens * model.rates.completion) / MILLION for one in answers
    )
