"""Bad inputs of every kind: each ends in one message that names file, key or row, and the remedy; nothing is written.

What is read before the first job is read here by the functions that a run calls; tests/workflow/test_bad_inputs.py holds that
Snakemake, a job and the commands tell their messages without a traceback.
"""

from __future__ import annotations

import gzip
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from polyglot.__main__ import main
from polyglot.core.errors import ConfigurationError, foreseen
from polyglot.workflow.loading import choose_study_file, load_study, merge
from polyglot.workflow.named_files import check_named_files

BASE: dict[str, Any] = {
    "study": "bad",
    "languages": ["de", "id"],
    "teachers": ["thorough", "hasty"],
    "base": "nano-base",
    "evaluation": {"benchmarks": {"global-mmlu-lite": {"formulation": "cloze"}}},
}
PLAIN = yaml.safe_dump(BASE)


@dataclass(frozen=True)
class Bad:
    """A bad input.

    Attributes:
        change: keys of the study that differ from `BASE`'s; or its file's whole text or bytes.
        said: parts of the message.
        files: name to content of files in the folder `own`.
    """

    name: str
    change: Mapping[str, Any] | str | bytes
    said: tuple[str, ...]
    files: Mapping[str, str | bytes] = field(default_factory=dict)


def bad(name: str, change: Mapping[str, Any] | str | bytes, *said: str) -> Bad:
    return Bad(name, change, said)


def own(files: Mapping[str, str | bytes], name: str, change: Mapping[str, Any], *said: str) -> Bad:
    return Bad(name, change, said, files)


def put(folder: Path, files: Mapping[str, str | bytes]) -> None:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())


def begin(repository: Path) -> None:
    """What Snakemake's start reads of the study in this folder."""
    study, registries = load_study(choose_study_file(repository, [Path("bad.yaml")], []), repository)
    check_named_files(study, registries, [])


def started(case: Bad, folder: Path, repository: Path) -> str:
    """What the start of a run with this input says before any job."""
    put(folder / "own", case.files)
    (folder / "own").mkdir(exist_ok=True)
    (folder / "config").symlink_to(repository / "config")
    file = folder / "bad.yaml"
    content = case.change if isinstance(case.change, str | bytes) else yaml.safe_dump(merge(BASE, case.change))
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
    with pytest.raises(ConfigurationError) as error:
        begin(repository)
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*")} == before
    return str(foreseen(error.value))


def nested(**keys: Any) -> dict[str, Any]:
    """A change by keys joined by two underscores."""
    found: dict[str, Any] = {}
    for key, value in keys.items():
        *outer, last = key.split("__")
        inner = found
        for name in outer:
            inner = inner.setdefault(name, {})
        inner[last] = value
    return found


NAME = "use small letters, digits"
FILES = [
    bad("unclosed bracket", "study: bad\nlanguages: [de\n", "bad.yaml", "line 2", "Correct the YAML"),
    bad("tab", "study: bad\n\tlanguages: [de]\n", "bad.yaml", "line 2", "cannot start any token"),
    bad("empty", "", "bad.yaml", "a mapping of keys"),
    bad("a list", "- a\n", "bad.yaml", "a mapping of keys", "found a list"),
    bad("a text", "hello", "bad.yaml", "a mapping of keys"),
    bad("Latin-1", b"study: bad\ndescription: \xe4\n", "bad.yaml: byte 24 is not UTF-8", "save the file as UTF-8"),
    bad("UTF-16", PLAIN.encode("utf-16"), "bad.yaml: byte 0 is not UTF-8", "save the file"),
    bad("two documents", f"{PLAIN}---\n{PLAIN}", "bad.yaml", "expected a single document"),
    bad("nested deep", "[" * 5000 + "]" * 5000, "bad.yaml", "nested too deep"),
    bad(
        "a Python object", "study: !!python/object/apply:os.system [x]", "bad.yaml", "could not determine a constructor", "line 1"
    ),
    bad("a NUL", "study: b\0ad", "bad.yaml", "special characters are not allowed"),
    bad("duplicate key", f"{PLAIN}\nstudy: bad\n", "bad.yaml", "duplicate key 'study'", "rename one, or delete it"),
    bad("duplicate key inside", f"{PLAIN}\ntraining: {{epochs: 1, epochs: 2}}\n", "bad.yaml", "duplicate key 'epochs'"),
    bad("a number as key", f"{PLAIN}\n1: x\n", "bad.yaml: 1 is no key", "config/README.md"),
    bad("a list as key", f"{PLAIN}\n? [a]\n: x\n", "bad.yaml", "a key must be a word"),
    bad("unknown key", {"langauges": ["de"]}, "langauges: no such key", "allowed here: study, description, languages"),
    bad("unknown key inside", nested(training__learing_rate=1), "training.learing_rate: no such key", "learning_rate"),
    bad("a key for a section", {"training": "fast"}, "bad.yaml", "training: ", "'fast'"),
    bad(
        "a value of billions of parts",
        "study: bad\n" + "a0: &a0 [x, x]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]\n" for n in range(1, 40)),
        "a39: no such key",
    ),
    bad("no study", "languages: [de]\n", "bad.yaml", "study: Field required"),
]
NAMES = [
    bad("outside", {"study": "../evil"}, "bad.yaml", "study: ", NAME),
    bad("no name", {"study": ""}, "study: ", NAME),
    bad("white space", {"study": "a b/ü\n"}, "study: ", NAME),
    bad("a line feed at the end", {"study": "bad\n"}, "study: ", NAME),
    bad("300 letters", {"study": "x" * 300}, "study: ", "at most 100 characters"),
    bad("a date", {"study": "2024-05-12"}, "study: ", "must be the file's own name"),
    bad("a date without quotes", PLAIN.replace("study: bad", "study: 2024-05-12"), "study: ", "a valid string"),
    bad("a wildcard", {"study": "a{b}"}, "study: ", NAME),
    bad("dots", {"study": ".."}, "study: ", NAME),
    bad("another's name", {"study": "demo"}, "'demo' must be the file's own name"),
    bad("the audit's name", {"study": "replication"}, "'replication' is reserved"),
    bad("no languages", {"languages": []}, "languages: ", "at least 1"),
    bad("languages as text", {"languages": "de"}, "languages: ", "a valid list", "'de'"),
    bad("unknown language", {"languages": ["xx"]}, "languages: unknown language 'xx'", "ISO 639"),
    bad("language twice", {"languages": ["de", "de"]}, "languages: named more than once: de"),
    bad("no is false", PLAIN.replace("- de\n", "- no\n"), "languages.0: ", "a valid string", "False"),
    bad("only the source language", {"languages": ["en"]}, "languages: 'en' is the language that `translate` starts from"),
    bad(
        "teacher mistyped",
        {"teachers": ["thorogh"]},
        "teachers: unknown model 'thorogh'; did you mean 'thorough'?",
        "models.yaml",
    ),
    bad("teacher twice", {"teachers": ["hasty", "hasty"]}, "teachers: named more than once: hasty"),
    bad("teacher as number", {"teachers": [1]}, "teachers.0: ", "a valid string"),
    bad("teacher is an embedding model", {"teachers": ["minilm"]}, "teachers: 'minilm' is a model for embedding; here: chat"),
    bad("teacher with a reserved name", {"teachers": ["base"]}, "teachers: 'base' is reserved", "another id"),
    bad("no base", {"base": None}, "base: "),
    bad("base without reference", {"base": "thorough"}, "'thorough' needs a `reference`", "models.yaml"),
    bad("method unknown", {"methods": ["transate"]}, "methods.0: ", "translate"),
    bad("recipe mistyped", {"recipe": "equl"}, "recipe: 'equl' is no recipe", "did you mean 'equal'?"),
    bad("recipe of none", {"recipe": "equal-0"}, "recipe: 'equal-0' is no recipe", "a size such as -500"),
    bad(
        "recipe of too many", {"recipe": "equal-99999999999999999999"}, "'equal-99999999999999999999'", "raise synthesis.requests"
    ),
    bad("experiment main", nested(experiments__main__compare="teachers"), "'main' is the main experiment"),
    bad("experiment screen", nested(experiments__screen__compare="teachers"), "'screen' names", "choose another name"),
    bad("experiment over a table", nested(experiments__leaderboard__compare="teachers"), "experiments.leaderboard", "rename"),
    bad("experiment over a figure", nested(experiments__gain__compare="teachers"), "experiments.gain", "rename"),
    bad(
        "experiment over another's table",
        {"experiments": {"b": {"compare": "bases"}, "b_agreement": {"compare": "teachers"}}},
        "b_agreement",
        "rename",
    ),
    bad("experiment with a slash", {"experiments": {"a/b": {"compare": "teachers"}}}, "experiments.a/b", NAME),
    bad("comparison unknown", nested(experiments__x__compare="nonsense"), "experiments.x.compare", "'teachers', 'bases'"),
    bad("experiment's language", {"experiments": {"x": {"compare": "teachers", "languages": ["xx"]}}}, "experiments.x.languages"),
    bad("experiment's teacher", {"experiments": {"x": {"compare": "teachers", "teachers": ["y"]}}}, "experiments.x.teachers"),
    bad(
        "step without teacher",
        {"experiments": {"x": {"compare": "steps", "languages": ["de"], "steps": [{"label": "a", "recipe": "equal"}]}}},
        "experiments.x.steps: each step needs a teacher",
    ),
    bad(
        "steps elsewhere",
        {"experiments": {"x": {"compare": "teachers", "steps": [{"label": "a", "recipe": "equal", "teacher": "hasty"}]}}},
        "steps: only for compare: steps",
    ),
    bad("run unknown", {"run": ["nope"]}, "run: unknown experiment 'nope'", "main"),
    bad(
        "missing unknown", {"missing": [{"teacher": "nope", "lang": "de"}]}, "missing: no cell has teacher 'nope'", "correct the"
    ),
    bad("truth unknown", nested(truth__above=[["nope", "hasty"]]), "truth: unknown teacher 'nope'", "thorough, hasty"),
    bad("truth of three", nested(truth__above=[["thorough", "hasty", "thorough"]]), "truth.above.0", "at most 2"),
    bad("figure unknown", nested(figures__nope__width=3), "figures: unknown figure 'nope'"),
    bad("figure's width", nested(figures__gain__width=-1), "figures.gain.width", "greater than 0"),
    bad(
        "benchmark unknown",
        nested(evaluation__benchmarks__nope__formulation="cloze"),
        "unknown benchmark 'nope'",
        "benchmarks.yaml",
    ),
    bad(
        "formulation impossible",
        nested(evaluation__benchmarks={"global-mmlu-lite": {"formulation": "generative"}}),
        "evaluation.benchmarks.global-mmlu-lite.formulation: 'generative' is none of: cloze, letter",
    ),
    bad(
        "no benchmarks",
        PLAIN.partition("evaluation")[0] + "evaluation: {benchmarks: {}}\n" + PLAIN[PLAIN.index("languages") :],
        "evaluation.benchmarks: none is used in 'de'",
    ),
    bad("group's benchmark", nested(evaluation__groups={"K": ["nope"]}), "evaluation.groups.K: unknown benchmark 'nope'"),
    bad("screen unknown", nested(screen__teachers=["nope"]), "screen.teachers: unknown model 'nope'"),
    bad("strength unknown", {"teachers": ["thorough", "hasty", "persyn"], "routing": {"strength": ["nope"]}}, "routing.strength"),
    bad(
        "rubric with a reward model",
        nested(intrinsic__reward={"kind": "rubric_judge", "model": "nano-reward"}),
        "intrinsic.reward.model: 'nano-reward' is a model for reward; here: chat",
    ),
    bad(
        "embedding with a chat model",
        nested(intrinsic__embedding="thorough"),
        "intrinsic.embedding: 'thorough' is a model for chat",
    ),
    bad("metric unknown", nested(intrinsic__measured=["distinct_22"]), "intrinsic.measured", "distinct_2"),
    bad("plugin missing", {"plugins": ["no_such_module"]}, "bad.yaml", "no_such_module"),
]
NUMBERS = [
    bad("seed below 0", {"seeds": [-1]}, "seeds.0", "greater than or equal to 0", "-1"),
    bad("seed of a half", {"seeds": [0.5]}, "seeds.0", "a valid integer", "0.5"),
    bad("seed twice", {"seeds": [0, 0]}, "seeds: named more than once: 0"),
    bad("seed too large", {"seeds": [99999999999999999999]}, "seeds", "larger than 2,147,483,647"),
    bad("no epochs", nested(training__epochs=0), "training.epochs", "greater than 0"),
    bad("rate not a number", nested(training__learning_rate=float("nan")), "training.learning_rate"),
    bad("rate infinite", nested(training__learning_rate=float("inf")), "training.learning_rate", "finite"),
    bad("rate below infinite", nested(training__learning_rate=float("-inf")), "training.learning_rate"),
    bad("rate as words", nested(training__learning_rate="fast"), "training.learning_rate", "a valid number", "'fast'"),
    bad("epochs infinite", nested(training__epochs=float("inf")), "training.epochs", "finite"),
    bad("batch too large", nested(training__batch_size=10**13), "training", "`batch_size` is larger than"),
    bad("alpha", nested(scoring__alpha=1.5), "scoring.alpha", "less than or equal to 1"),
    bad("bootstrap", nested(scoring__bootstrap=10), "scoring.bootstrap", "100"),
    bad("bootstrap too large", nested(scoring__bootstrap=10**18), "scoring", "`bootstrap` is larger than"),
    bad("confidence in percent", nested(scoring__confidence=95), "scoring.confidence", "less than 1"),
    bad("requests infinite", nested(synthesis__requests=float("inf")), "synthesis.requests"),
    bad("no requests", nested(synthesis__requests=0), "synthesis.requests", "greater than 0"),
    bad("budget infinite", nested(synthesis__budget=float("inf")), "synthesis.budget", "finite"),
    bad("shots below 0", nested(evaluation__benchmarks={"mgsm": {"formulation": "generative", "shots": -1}}), "mgsm.shots"),
    bad("a list for a number", nested(training__batch_size=[4]), "training.batch_size", "[4]"),
    bad(
        "longer than the base's context",
        nested(training__max_length=100_000),
        "training.max_length",
        "context of 512",
        "lower it",
    ),
]


def entry(said: tuple[str, ...], name: str, *, budget: float | None = None, base: str | None = None, **settings: Any) -> Bad:
    """A study with a teacher behind an endpoint whose entry has these settings."""
    point = {"url": "http://127.0.0.1:9/v1", "model": "m"} | settings.pop("endpoint", {})
    model = {"engine": "openai", "endpoint": point, "reference": "nano-base", **settings}
    change: dict[str, Any] = {"teachers": ["thorough", "api"], "registries": "own", "nano": {"with_real_models": True}}
    change |= {"synthesis": {"budget": budget}} if budget is not None else {}
    change |= {"base": base, "teachers": ["thorough"]} if base is not None else {}
    return Bad(name, change, said, {"models.yaml": yaml.safe_dump({"api": model})})


def registry(name: str, said: tuple[str, ...], file: str, content: Any, **change: Any) -> Bad:
    text = content if isinstance(content, str | bytes) else yaml.safe_dump(content)
    return Bad(name, {"registries": "own", **change}, said, {file: text})


ADDRESS = ("own/models.yaml", "entry 'api'", "endpoint.url", "http:// or https://")
TUNED = {"examples": 10}
ENTRIES = [
    entry(("bases: 'api' is behind an endpoint", "own/models.yaml", "`hub` or `folder`"), "base behind an endpoint", base="api"),
    entry(("synthesis.budget: 'api' has no `price`", "own/models.yaml", "add `price"), "budget without price", budget=1.0),
    *(
        entry(ADDRESS, f"address {url!r}", endpoint={"url": url})
        for url in ("foo", "", "http://", "ftp://x/v1", "localhost:8000", "http://a b/v1", "http://x:99999/v1", "http://[::1/v1")
    ),
    entry(("entry 'api'", "endpoint.api_key"), "key typed as variable", endpoint={"api_key": "sk-123"}),
    entry(("entry 'api'", "price.prompt", "greater than or equal to 0"), "price below 0", price={"prompt": -1, "completion": 1}),
    entry(("entry 'api'", "price.prompt", "finite"), "price infinite", price={"prompt": float("inf"), "completion": 1}),
    entry(("entry 'api'", "endpoint.limits.requests"), "no requests a minute", endpoint={"limits": {"requests": 0}}),
    entry(("entry 'api'", "endpoint.timeout", "finite"), "waits for ever", endpoint={"timeout": float("inf")}),
    entry(("entry 'api'", "key 'nope': no such key", "allowed here: role"), "unknown key", nope=1),
    entry(("entry 'api' needs exactly one of", "['folder', 'endpoint']"), "two origins", folder="x"),
    entry(("sampling.temperature", "finite"), "temperature infinite", sampling={"temperature": float("inf")}),
    entry(("sampling.temperature",), "temperature not a number", sampling={"temperature": float("nan")}),
    entry(("sampling.top_p", "greater than 0"), "top_p 0", sampling={"top_p": 0}),
    entry(("sampling.max_new_tokens", "greater than 0"), "no tokens", sampling={"max_new_tokens": 0}),
    entry(
        ("sampling.max_new_tokens is 500", "context 400", "raise `context`"),
        "context too small",
        context=400,
        sampling={"max_new_tokens": 500},
    ),
    entry(("role", "'wizard'"), "role unknown", role="wizard"),
    registry("no origin", ("own/models.yaml: entry 'm' needs exactly one of",), "models.yaml", {"m": {"label": "M"}}),
    registry(
        "circle of one",
        ("entry 'm': gold_tuning.start goes in a circle", "pretraining"),
        "models.yaml",
        {"m": {"gold_tuning": {"start": "m", **TUNED}}},
    ),
    registry(
        "circle of two",
        ("in a circle: 'a' from 'b' from 'a'",),
        "models.yaml",
        {"a": {"gold_tuning": {"start": "b", **TUNED}}, "b": {"gold_tuning": {"start": "a", **TUNED}}},
    ),
    registry(
        "starts from nothing",
        ("entry 'm' starts from unknown model 'nope'",),
        "models.yaml",
        {"m": {"gold_tuning": {"start": "nope", **TUNED}}},
    ),
    registry(
        "chat template missing",
        ("entry 'm': unknown chat template 'nope.jinja'", "chatml.jinja"),
        "models.yaml",
        {"m": {"folder": "x", "chat_template": "nope.jinja"}},
    ),
    registry("name of config/", ("entry 'hasty' is in", "override: true"), "models.yaml", {"hasty": {"folder": "x"}}),
    registry("registry is a list", ("own/models.yaml: a registry is a mapping",), "models.yaml", "- a\n"),
    registry("registry is no YAML", ("own/models.yaml: cannot be read", "line 1"), "models.yaml", "a: ["),
    registry("registry in Latin-1", ("own/languages.yaml: cannot be read", "byte 0xe4"), "languages.yaml", b"a: \xe4"),
    registry(
        "direction unknown",
        ("own/languages.yaml: entry 'qq'", "direction", "'ltr' or 'rtl'"),
        "languages.yaml",
        {"qq": {"name": "Q", "endonym": "Q", "script": "Latin", "direction": "up"}},
    ),
    registry(
        "source without place",
        ("own/sources.yaml: entry 's' needs a `hub`", "`folder`"),
        "sources.yaml",
        {"s": {"prompt": "p", "languages": {"de": []}}},
    ),
    registry(
        "source without languages",
        ("own/sources.yaml: entry 's'", "languages"),
        "sources.yaml",
        {"s": {"folder": "x", "prompt": "p", "languages": {}}},
    ),
    registry(
        "source's folder missing",
        ("own/sources.yaml: entry 's', folder: there is no folder own/x", "correct the path"),
        "sources.yaml",
        {"s": {"folder": "x", "prompt": "p", "response": "r", "languages": {"de": []}}},
        seed_dataset={"sources": {"de": ["s"]}},
    ),
    registry(
        "source of another language",
        ("seed_dataset.sources.de: 's' has no rows in 'de'", "id"),
        "sources.yaml",
        {"s": {"folder": "x", "prompt": "p", "response": "r", "languages": {"id": []}}},
        seed_dataset={"sources": {"de": ["s"]}},
    ),
    Bad("registries missing", {"registries": "nowhere"}, ("registries: there is no folder nowhere",)),
    Bad("registries is a file", {"registries": "own/f"}, ("registries: there is no folder own/f",), {"f": ""}),
    Bad("hub is a file", {"hub": "own/f"}, ("hub: ", "own/f is a file", "another folder"), {"f": ""}),
]

PAIR = '{"prompt": "Wer?", "response": "Ich."}\n'
TABLE = "prompt,response\nWer?,Ich\n"


def seeds(name: str, content: str | bytes, *said: str, file: str = "s.jsonl") -> Bad:
    told = (f"seed_dataset.files.de: own/{file}", *said)
    return Bad(name, {"seed_dataset": {"files": {"de": f"own/{file}"}}}, told, {file: content})


SEEDS = [
    Bad("missing", {"seed_dataset": {"files": {"de": "own/s.jsonl"}}}, ("own/s.jsonl: file not found", "correct the path")),
    Bad("a folder", {"seed_dataset": {"files": {"de": "own/s.jsonl"}}}, ("own/s.jsonl", "unsupported"), {"s.jsonl/x": ""}),
    seeds("no response", '{"prompt": "a", "response": ""}\n' + PAIR, "row 1: empty response", "fill it in or delete the row"),
    seeds("broken line", PAIR + '{"prompt": \n', "row 2: not JSON", "one JSON object per line"),
    seeds("not UTF-8", PAIR.encode() + b'{"prompt": "\xe4", "response": "x"}\n', "row 2: byte 12", "iconv"),
    seeds("empty", "", "no rows"),
    seeds("blank lines alone", "\n\n  \n", "no rows"),
    seeds(
        "ids twice",
        '{"id": 1, "prompt": "a", "response": "b"}\n{"id": 1, "prompt": "c", "response": "b"}\n',
        "row 2: duplicate id",
        "its own id",
    ),
    seeds("null", PAIR + '{"prompt": null, "response": "x"}\n', "row 2: empty prompt", "fill it in"),
    seeds("a number", PAIR + '{"prompt": 5, "response": "x"}\n', "row 2: prompt is not text", "put it in quotes"),
    seeds("blank", PAIR + '{"prompt": "  ", "response": "x"}\n', "row 2: empty prompt"),
    seeds("an object as response", PAIR + '{"prompt": "a", "response": {"b": 1}}\n', "row 2: response is not text"),
    seeds("a list", PAIR + '["a"]\n', "row 2: a list, not an object"),
    seeds("not a known format", PAIR, "unsupported file type", ".jsonl", file="s.docx"),
    seeds("Parquet by another name", b"PAR1xxxxPAR1", "this is a Parquet file", "must end in .parquet"),
    seeds("zip by another name", b"PK\x03\x04xxx", "a zip archive or an Excel", "save it as CSV", file="s.csv"),
    seeds("gzip by another name", gzip.compress(PAIR.encode()), "compressed by gzip", "must end in .gz"),
    seeds("gzip by name alone", PAIR, "not compressed by gzip", "take .gz off", file="s.jsonl.gz"),
    seeds("gzip that breaks off", gzip.compress(PAIR.encode() * 500)[:-20], "breaks off", "get it again", file="s.jsonl.gz"),
    seeds("Git LFS pointer", "version https://git-lfs.github.com/spec/v1\noid x\n", "a Git LFS pointer", "git lfs pull"),
    seeds("UTF-16", TABLE.encode("utf-16"), "UTF-16", "iconv", file="s.csv"),
    seeds("Latin-1 table", TABLE.encode() + b"W\xe4r,Ich\n", "row 2: byte 1 of line 3", "iconv", file="s.csv"),
    seeds("Parquet cut short", b"PAR1xx", "not a readable Parquet file", "Write it again", file="s.parquet"),
    seeds("open quote", 'prompt,response\n"Wer,Ich\nWas,Das\n', "row 1: not a readable CSV", "Quote fields", file="s.csv"),
    seeds("shifted in every row", "prompt,response\nWer?,Ja, ich\nWas?,Nein, das\n", "row 1: 3 fields", "Quote", file="s.csv"),
    seeds("shifted in one row", TABLE + "Was?,Ja, das\n", "row 2: 3 fields, and 2 names", "Quote fields", file="s.csv"),
    seeds("commas at the ends", "prompt,response\nWer?,Ich,\n", "row 1: 3 fields", file="s.csv"),
    seeds("a row that breaks off", TABLE + "Was\nist das?,Das\n", "row 2: 1 fields, and 2 names", "line breaks", file="s.csv"),
    seeds("columns of one name", "prompt,prompt\na,b\n", "two columns are named 'prompt'; rename one", file="s.csv"),
    seeds("columns unknown", '{"frage": "a", "antwort": "b"}\n', "frage, antwort"),
    seeds(
        "another language", '{"prompt": "a", "response": "b", "lang": "id"}\n', "no rows in language 'de'", "name another file"
    ),
    seeds("language unknown", '{"prompt": "a", "response": "b", "lang": "xx"}\n', "row 1: unknown language", "languages.yaml"),
    seeds("nested deep", PAIR + '{"prompt": ' + "[" * 100_000 + "]" * 100_000 + "}\n", "row 2", "nested too deep"),
    seeds("half a character", PAIR + '{"prompt": "a \\ud83d", "response": "x"}\n', "row 2: prompt with an unpaired surrogate"),
    seeds("a number of 5,000 digits", PAIR + '{"prompt": ' + "9" * 5000 + "}\n", "row 2: not JSON"),
    seeds("turns without a user", '{"messages": [{"role": "assistant", "content": "x"}]}\n', "row 1: no turn of a user"),
]
TEMPLATE = {f"t/{name}.jinja": "x" for name in ("system", "generate", "translate", "respond")}
QUESTION = '{"question": "Q?", "choices": ["a", "b"], "answer": 0}\n'


def items(name: str, row: str, *said: str, formulation: str = "cloze", benchmark: str = "global-mmlu-lite") -> Bad:
    change = {"evaluation": {"benchmarks": {benchmark: {"formulation": formulation, "folder": "own/b"}}}}
    return Bad(name, change, ("own/b/de/test.jsonl", *said), {"b/de/test.jsonl": QUESTION * 3 + row, "b/id/test.jsonl": QUESTION})


OTHERS = [
    bad(
        "templates missing",
        nested(synthesis__prompts="own/nope"),
        "synthesis.prompts: there is no folder own/nope",
        "config/prompts",
    ),
    own(
        TEMPLATE | {"t/generate.jinja": "{% if %}"},
        "template's syntax",
        nested(synthesis__prompts="own/t"),
        "synthesis.prompts: own/t/generate.jinja: line 1",
        "correct the template",
    ),
    own(
        {name: text for name, text in TEMPLATE.items() if "respond" not in name},
        "a template missing",
        nested(synthesis__prompts="own/t"),
        "own/t/respond.jinja: this prompt template does not exist",
    ),
    own(
        TEMPLATE | {"t/respond.jinja": b"\xe4"},
        "template in Latin-1",
        nested(synthesis__prompts="own/t"),
        "own/t/respond.jinja: byte 0 is not UTF-8",
        "save",
    ),
    Bad(
        "benchmark missing",
        nested(evaluation__benchmarks={"global-mmlu-lite": {"formulation": "cloze", "folder": "own/nope"}}),
        ("evaluation.benchmarks.global-mmlu-lite.folder: there is no own/nope/de/test.jsonl", "correct the folder"),
    ),
    items("no options", '{"question": "Q?"}\n', "row 4: no choices", "correct the row"),
    items("broken JSON", '{"question": \n', "row 4: not JSON"),
    items(
        "answer out of range", '{"question": "Q", "choices": ["a", "b"], "answer": 2}\n', "row 4: answer 2 is none of the places"
    ),
    items("one option", '{"question": "Q", "choices": ["a"], "answer": 0}\n', "row 4: choices has 1"),
    items("answer of no option", '{"question": "Q", "choices": ["a", "b"], "answer": "c"}\n', "row 4: answer 'c' is none of"),
    items("ids twice", '{"id": 1, "question": "Q", "choices": ["a", "b"], "answer": 0}\n', "row 4: id '1' is also used in row 2"),
    items("half a character", '{"question": "\\ud83d", "choices": ["a", "b"], "answer": 0}\n', "row 4: question", "surrogate"),
    items("a list", "[1]\n", "row 4: a list, not an object"),
    Bad("scale missing", nested(scoring__scale="own/nope.csv"), ("scoring.scale: own/nope.csv: file not found",)),
    own(
        {"s.csv": "teacher,lang\nA,de\n"},
        "scale without columns",
        nested(scoring__scale="own/s.csv"),
        "scoring.scale: own/s.csv: no column base, recipe, prompt_diversity",
        "scores/main/cells.csv",
    ),
    own(
        {"s.csv": "base,recipe,teacher,lang,prompt_diversity,response_diversity,perplexity,reward\nb,r,A,de,x,1,1,1\n"},
        "text in the scale",
        nested(scoring__scale="own/s.csv"),
        "own/s.csv: row 1: column 'prompt_diversity' holds 'x'",
    ),
    own({"s/x": ""}, "scale is a folder", nested(scoring__scale="own/s"), "scoring.scale: own/s", "unsupported"),
    own(
        {"p.jsonl": PAIR},
        "pairs without columns",
        {"selection": {"pairs": "own/p.jsonl"}, "experiments": {"x": {"compare": "selection", "recipes": ["equal", "mdaq-20"]}}},
        "selection.pairs: own/p.jsonl: missing column(s): instruction, revised, original",
    ),
    own(
        {"models.yaml": "m: {folder: m, reference: m}\n", "m/x": ""},
        "model without configuration",
        {"base": "m", "registries": "own", "nano": {"with_real_models": True}},
        "entry 'm', folder: own/m",
        "config.json",
    ),
]
CASES = [*FILES, *NAMES, *NUMBERS, *ENTRIES, *SEEDS, *OTHERS]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_run_begins_with_one_message(case: Bad, tmp_path: Path, repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    message = started(case, tmp_path, repository)
    for part in case.said:
        assert part in message


METRICS = "teacher,lang,prompt_diversity,response_diversity,perplexity,reward,pgr\nA,de,.5,.5,10,3,.2\nB,de,.4,.4,11,2,.1\n"
COMMANDS = [
    ("score m.csv --to out", METRICS.replace("perplexity", "x"), "missing column(s) perplexity"),
    ("score m.csv --to out", METRICS.replace("10,3", "ten,3"), "m.csv: row 1: column 'perplexity' holds 'ten'"),
    ("score m.csv --to out", METRICS.replace("10,3", "inf,3"), "row 1: column 'perplexity' holds 'inf'"),
    ("score m.csv --to out", METRICS + "A,de,.5,.5,10,3,.2\n", "row 3: duplicate row of (A, de)"),
    ("score m.csv --to out", METRICS + "C,de,.5,.5,10,3,.2,9\n", "m.csv: row 3: 8 fields, and 7 names"),
    ("score m.csv --to out", METRICS.replace("B,de", " ,de"), "row 2: column 'teacher' is empty"),
    ("score m.csv --to out", "teacher,lang\nA,de\n", "m.csv: no metric"),
    ("score m.csv --to out", "", "m.csv: the file is empty"),
    ("score m.csv --to out", METRICS.encode("utf-16"), "m.csv: this is UTF-16"),
    ("score m.csv --to out", b"\x00\xff\xe4\n", "m.csv"),
    ("score none.csv --to out", METRICS, "none.csv: file not found"),
    ("score . --to out", METRICS, "unsupported file type"),
    ("score m.csv --to out --definition signsafe", METRICS, "'signsafe' does not follow from these columns; possible: released"),
    ("verify none.zip", "", "none.zip: no archive"),
    ("verify m.csv", "hello", "m.csv failed verification"),
    ("trace none.csv", "", "none.csv"),
    ("result nostudy", "", "has no tables yet: run the study first"),
    ("publish none --to a/b", "", "none"),
    ("teachers check --configfile none.yaml", "", "none.yaml: there is no such study file"),
    ("list nonsense", "", "unknown"),
    ("watch nostudy --once", "", "nostudy"),
]


@pytest.mark.parametrize(("command", "content", "said"), COMMANDS, ids=lambda value: str(value)[:40])
def test_a_command_ends_with_one_message(
    command: str, content: str | bytes, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    put(tmp_path, {"m.csv": content})
    with pytest.raises(SystemExit) as error:
        main(command.split())
    assert error.value.code not in (0, None)
    assert said in str(error.value.code)
    assert not (tmp_path / "out").exists()
