"""What may be answered to `polyglot init`, in a terminal or by options: understood, or refused with one sentence."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from pydantic import ValidationError

from polyglot.core.given_path import STUDY_FILE, last_name
from polyglot.core.lookup import unknown
from polyglot.core.rows import FileError, rows_file, stream_rows
from polyglot.engines.addresses import ADDRESSES, is_own
from polyglot.engines.manners import PRESETS
from polyglot.evaluation.forms import Choice, Expression, Item, Preference, Problem
from polyglot.evaluation.items import TEST
from polyglot.registry import Registries
from polyglot.registry.connections import base_address
from polyglot.registry.data import Language
from polyglot.registry.models import Model

Role = Literal["teacher", "judge", "embedding", "base"]
NAME = re.compile(r"[a-z0-9][a-z0-9._+-]*")
VARIABLE = re.compile(r"[A-Z][A-Z0-9_]*")
PRICE = re.compile(r"\d*\.?\d+/\d*\.?\d+")
KEYS = ("name", "preset", "url", "model", "key", "hub", "revision", "folder", "reference", "price", "tokens", "size", "gpus")
"""What the description of a model may say."""
LONGEST_ANSWER, LONGEST_RATING = 2048, 1024
"""Tokens, where the answer names none."""
FORMS: dict[type[Item], str] = {Preference: "likelihood", Problem: "generative", Expression: "math", Choice: "letter"}
"""A kind of benchmark item to the formulation that it is for."""

Entry = dict[str, Any]


class Wrong(ValueError):
    """An answer that cannot be used; the message says why, and what can."""


@dataclass(frozen=True)
class Chosen:
    """A model, benchmark or language: its name, and the entries that it needs in the study's own registry."""

    name: str
    entries: Mapping[str, Entry] = field(default_factory=dict)


@dataclass(frozen=True)
class Prompts:
    """Where the prompts of a language are: a file, or sources of the registry."""

    lang: str
    file: Path | None = None
    sources: Sequence[str] = ()


@dataclass(frozen=True)
class Answers:
    """All that a study's folder is written from.

    `base` and `benchmarks` are empty for a ranking by the data alone, which may do without a `judge`.
    """

    name: str
    languages: Sequence[Chosen]
    prompts: Sequence[Prompts]
    teachers: Sequence[Chosen]
    judge: Chosen | None
    embedding: Chosen
    base: Chosen | None
    benchmarks: Sequence[tuple[str, Entry, Mapping[str, Entry]]]
    budget: float | None
    copy: bool
    requests: int | None = None


class Taken:
    """Models that are chosen so far: no two of one name that are not the same, and no teacher twice."""

    def __init__(self, registries: Registries) -> None:
        self.registries = registries
        self.teachers: set[str] = set()
        self.entries: dict[str, Entry] = {}

    def model(self, text: str, role: Role) -> Chosen:
        """A model that fits beside the others (see `model`); a judge that is a teacher too gets a name of its own."""
        chosen = model(text, role, self.registries)
        if role == "teacher" and chosen.name in self.teachers:
            raise Wrong(f"'{chosen.name}' is named twice; give one another name: name=...")
        if role == "judge" and chosen.name in self.entries:
            entry = chosen.entries.get(chosen.name)
            chosen = Chosen(f"{chosen.name}-judge", {f"{chosen.name}-judge": entry}) if entry else chosen
        for name, entry in chosen.entries.items():
            if self.entries.setdefault(name, entry) != entry:
                raise Wrong(f"two models are called '{name}'; give one another name: name=...")
        if role == "teacher":
            self.teachers.add(chosen.name)
        return chosen


def study_name(text: str, root: Path, *, folder: Path | None = None, force: bool = False) -> str:
    """A study's name.

    Args:
        folder: where the study goes, if not to config/NAME. force: whether a study that is there may be written over.
    """
    if not NAME.fullmatch(text):
        raise Wrong(f"'{text}' is no name: small letters, digits, dots, underscores and hyphens")
    if text in ("study", "replication") or (root / f"config/{text}.yaml").exists():
        raise Wrong(f"'{text}' is taken; choose another name")
    if folder is None and (root / "config" / text).exists() and not (root / f"config/{text}/{STUDY_FILE}").exists():
        raise Wrong(f"config/{text} is a folder of the project; choose another name")
    place = folder or root / "config" / text
    if (place / STUDY_FILE).exists() and not force:
        raise Wrong(f"{os.path.relpath(place)} is there already; --force writes over it")
    return text


def language(text: str, registries: Registries) -> Chosen:
    """A language: its code, or `CODE=NAME/OWN NAME/SCRIPT` for one that no standard knows."""
    code, _, said = text.partition("=")
    code = code.lower()
    if not NAME.fullmatch(code):
        raise Wrong(f"'{text}' is no code of a language, such as sw, yo or zh-hant")
    registries.know([code])
    if not said and code not in registries.languages:
        raise Wrong(f"'{code}' is a code that neither ISO 639 nor CLDR explains; give it as {code}=NAME/OWN NAME/SCRIPT")
    if not said:
        return Chosen(code)
    parts = said.split("/")
    if len(parts) != 3 or not all(parts):
        raise Wrong(f"'{said}' must be NAME/OWN NAME/SCRIPT, such as Swahili/Kiswahili/Latin")
    if code in registries.languages:
        raise Wrong(f"'{code}' is known as {registries.languages[code].name}; leave out what follows its code")
    entry = dict(zip(("name", "endonym", "script"), parts, strict=True))
    registries.languages.fill({code: Language.model_validate(entry)})
    return Chosen(code, {code: entry})


def prompts(text: str, languages: Sequence[str], registries: Registries) -> Prompts:
    """Prompts: `LANG=FILE`, `LANG=SOURCE+SOURCE`, or without a language for a study of one."""
    lang, sign, place = text.partition("=")
    if not sign:
        lang, place = languages[0], text
        if len(languages) > 1:
            raise Wrong(f"say of which language '{text}' is: LANG={text}")
    if lang not in (*languages, "en"):
        raise Wrong(f"prompts: {unknown('language', lang, [*languages, 'en'], 'the study has')}")
    named = place.split("+")
    if all(name in registries.sources for name in named):
        for name in named:
            if lang not in registries.sources[name].languages:
                raise Wrong(
                    f"the source '{name}' has no rows in '{lang}'; it has: {', '.join(registries.sources[name].languages)}"
                )
        return Prompts(lang, sources=named)
    file = Path(place).expanduser()
    if not file.is_file():
        raise Wrong(f"there is no file {place}, nor a source of this name (config/sources.yaml)")
    return Prompts(lang, _readable(file, lang, registries))


def _readable(file: Path, lang: str, registries: Registries) -> Path:
    from polyglot.seeds.seed_files import read_seed_file

    try:
        read_seed_file(file, lang, set(registries.languages))
    except ValueError as error:
        raise Wrong(str(error)) from None
    return file


def model(text: str, role: Role, registries: Registries) -> Chosen:
    """A model: a name of the registry, or a description such as `preset=openai,model=gpt-5-mini` (see `KEYS`).

    Raises:
        Wrong: never with the value of a key, which may be a secret.
    """
    if "=" not in text:
        if text not in registries.models:
            hint = "describe another one: preset=PRESET,model=NAME or url=URL,model=NAME"
            if role in ("base", "embedding"):
                hint = "describe another one: hub=OWNER/NAME or folder=PATH"
            raise Wrong(f"{unknown('model', text, _fitting(role, registries), 'there are')}; or {hint}")
        return Chosen(_fit(text, role, registries.models[text]))
    said = _described(text)
    entry = _endpoint(said) if "model" in said else _files(said)
    if role in ("base", "embedding") and "endpoint" in entry:
        raise Wrong("a model's own files are needed here, not an endpoint: hub=OWNER/NAME or folder=PATH")
    if role in ("teacher", "judge"):
        longest = LONGEST_ANSWER if role == "teacher" else LONGEST_RATING
        tokens = int(_number(said, "tokens") or longest)
        entry["sampling"] = {"max_new_tokens": tokens} if role == "teacher" else {"temperature": 0.0, "max_new_tokens": tokens}
    if role == "embedding":
        entry = {"role": "embedding"} | entry
    name = _name(said)
    entries = {name: entry}
    if role == "base":
        if "reference" not in said:
            raise Wrong("a base needs its instruction-tuned relative, whose score is the other end of the scale: reference=...")
        kind = "hub" if "hub" in said else "folder"
        entry["reference"] = f"{name}-reference"
        entries[f"{name}-reference"] = _files({**said, kind: said["reference"]})
    for key, one in entries.items():
        if key in registries.models:
            raise Wrong(f"'{key}' is a model of config/models.yaml; take it by its name, or give yours another: name=...")
        _check(one)
    return Chosen(name, entries)


def _fitting(role: Role, registries: Registries) -> list[str]:
    """Models of the registry that may have this role in a study of real models."""
    roles = {"teacher": ("chat",), "judge": ("chat", "reward"), "embedding": ("embedding",), "base": ("chat",)}[role]
    nano = ("pretraining", "gold_tuning", "translator_training")
    found = {name: one for name, one in registries.models.items() if not any(getattr(one, origin) for origin in nano)}
    return [name for name, one in found.items() if one.role in roles and (role != "base" or one.reference)]


def _fit(name: str, role: Role, found: Model) -> str:
    roles = {"teacher": ("chat",), "judge": ("chat", "reward"), "embedding": ("embedding",), "base": ("chat",)}[role]
    if found.role not in roles:
        raise Wrong(f"'{name}' is a model for {found.role}; here: {' or '.join(roles)}")
    if role == "base" and not found.reference:
        raise Wrong(f"'{name}' has no `reference` in the registry, which a base needs")
    return name


def _described(text: str) -> dict[str, str]:
    """Keys and values of a description."""
    said: dict[str, str] = {}
    for part in text.split(","):
        key, sign, value = part.strip().partition("=")
        if key not in KEYS:
            raise Wrong(unknown("key", key, KEYS, "a model is described by") if sign else f"'{part.strip()}': KEY=VALUE is meant")
        if not value:
            raise Wrong(f"{key}: nothing follows")
        said[key] = value
    return said


def _endpoint(said: Mapping[str, str]) -> Entry:
    preset, key = said.get("preset"), said.get("key")
    if preset is not None and preset not in PRESETS:
        raise Wrong(f"preset: {PRESETS.unknown(preset)}")
    known = ADDRESSES.get(preset or "")
    url = said.get("url") or (known.url if known else None)
    if url is None:
        raise Wrong("where is it? Add url=URL" + ("" if preset else ", or preset=PRESET (polyglot list presets)"))
    try:
        base_address(url)
    except ValueError as error:
        repeated = "" if {"@", "?"} & {*url} else f"'{url}' is "  # a password is not
        raise Wrong(f"url: {repeated}{error}") from None
    usual = known.api_key if known and "url" not in said else None
    holder = None if key == "none" else variable(key) if key else usual
    optional = {"api_key": holder, "preset": preset}
    endpoint = {"url": url, "model": said["model"], **{name: value for name, value in optional.items() if value}}
    free = {"price": {"prompt": 0.0, "completion": 0.0}} if is_own(url) else {}
    return {"engine": "openai", "endpoint": endpoint, **free, **_price(said), **_size(said)}


def _files(said: Mapping[str, str]) -> Entry:
    if ("hub" in said) == ("folder" in said):
        raise Wrong("where is it? Say model=NAME with preset=PRESET or url=URL, or hub=OWNER/NAME, or folder=PATH")
    place: Entry = {"hub": said["hub"], "revision": said.get("revision", "main")} if "hub" in said else {}
    if "folder" in said:
        folder = Path(said["folder"]).expanduser().resolve()
        if not folder.is_dir():
            raise Wrong(f"there is no folder {said['folder']}")
        place = {"folder": str(folder)}
    gpus = _number(said, "gpus")
    return place | ({"gpus": int(gpus)} if gpus else {}) | _size(said)


def _size(said: Mapping[str, str]) -> Entry:
    size = _number(said, "size")
    return {"size": size} if size else {}


def variable(text: str) -> str:
    """The name of an environment variable with a key, or `none`; what else is said may be a key, and is never shown."""
    if text != "none" and not VARIABLE.fullmatch(text):
        raise Wrong("key: the name of the environment variable that holds the key, such as OPENAI_API_KEY; never the key itself")
    return text


def price(text: str) -> str:
    """A price as it is described: PROMPT/COMPLETION."""
    if not PRICE.fullmatch(text):
        raise Wrong(f"price: '{text}' must be PROMPT/COMPLETION in USD per million tokens, such as 0.4/1.6")
    return text


def whole(text: str, what: str) -> int:
    """A number of something, above 0."""
    if not (text.isascii() and text.isdigit() and int(text)):
        raise Wrong(f"{what}: '{text}' is no whole number above 0")
    return int(text)


def dollars(text: str) -> float:
    """An amount of money, above 0."""
    found = _number({"budget": text}, "budget")
    if not found or found <= 0:
        raise Wrong(f"budget: '{text}' is not above 0")
    return found


def _price(said: Mapping[str, str]) -> Entry:
    if "price" not in said:
        return {}
    prompt, completion = map(float, price(said["price"]).split("/"))
    return {"price": {"prompt": prompt, "completion": completion}}


def _number(said: Mapping[str, str], key: str) -> float | None:
    try:
        return float(said[key]) if key in said else None
    except ValueError:
        raise Wrong(f"{key}: '{said[key]}' is no number") from None


def _name(said: Mapping[str, str]) -> str:
    if "name" in said and not NAME.fullmatch(said["name"]):
        raise Wrong(f"name: '{said['name']}': small letters, digits, dots, underscores and hyphens")
    place = Path(said.get("model") or said.get("hub") or Path(said["folder"]).expanduser().resolve())
    whole = said.get("name") or last_name(place)
    return re.sub(r"[^a-z0-9._+-]+", "-", whole.lower()).strip("-._+") or "model"


def _check(entry: Entry) -> None:
    try:
        Model.model_validate(entry)
    except ValidationError as error:
        problem = error.errors()[0]
        raise Wrong(f"{'.'.join(map(str, problem['loc']))}: {problem['msg']}") from None


def benchmark(text: str, languages: Sequence[str], registries: Registries) -> tuple[str, Entry, Mapping[str, Entry]]:
    """A benchmark: a name of the registry, or `NAME=FOLDER` with {lang}/test.jsonl, test.csv or test.parquet.

    Returns:
        Its name, what the study says of it, and the entries that it needs in the study's own registry.
    """
    name, sign, place = text.partition("=")
    if not NAME.fullmatch(name):
        raise Wrong(f"'{name}' is no name: small letters, digits, dots, underscores and hyphens")
    if sign:
        return _own_benchmark(name, Path(place).expanduser(), languages, registries)
    facts = registries.benchmarks.get(name)
    if facts is None:
        near = unknown("benchmark", name, [one for one, found in registries.benchmarks.items() if found.hub])
        raise Wrong(f"{near}; or one of your own: NAME=FOLDER with {{lang}}/test.jsonl or test.csv")
    covered = [lang for lang in languages if lang in facts.languages]
    if not covered:
        has = ", ".join(facts.languages) or "none"
        raise Wrong(f"'{name}' has no items in {', '.join(languages)}; it has: {has}. Take one of your own: NAME=FOLDER")
    settings: Entry = {"formulation": facts.formulations[0], "hub": True}
    return name, _answered(settings) | ({"languages": covered} if covered != list(languages) else {}), {}


def _own_benchmark(
    name: str, folder: Path, languages: Sequence[str], registries: Registries
) -> tuple[str, Entry, Mapping[str, Entry]]:
    try:
        files = {lang: file for lang in languages if (file := rows_file(folder / lang, TEST)) is not None}
        there = list(files)
        if not there:
            raise Wrong(f"there is no {folder}/{languages[0]}/{TEST}.jsonl or {TEST}.csv; each language has a folder by its code")
        _, row = next(stream_rows(files[there[0]]), (0, {}))
    except FileError as error:
        raise Wrong(str(error)) from None
    form = next((form for kind, form in FORMS.items() if kind.told_by(row)), None)
    if form is None:
        raise Wrong(
            f"{files[there[0]]}: its rows are of no form: {'; '.join(kind.stated_as for kind in FORMS)}. Forms of benchmarks: "
            "config/README.md (evaluation.benchmarks.<name>.folder)"
        )
    known = registries.benchmarks.get(name)
    if known is not None and form not in known.formulations:
        raise Wrong(f"'{name}' is a benchmark of another form in config/benchmarks.yaml; give yours another name")
    settings = _answered({"formulation": form, "folder": str(folder.resolve())})
    settings |= {"languages": there} if there != list(languages) else {}
    forms = ["letter", "cloze"] if form == "letter" else [form]
    return name, settings, {} if known else {name: {"formulations": forms, "source": "our own"}}


def _answered(settings: Entry) -> Entry:
    """Settings with room for written answers, where answers are written."""
    return settings | ({"max_new_tokens": 512} if settings["formulation"] in ("generative", "math") else {})
