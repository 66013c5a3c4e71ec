"""Bad inputs: settings, names and numbers of a study."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

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


ROUTED = {"teachers": ["thorough", "hasty", "persyn"]}
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
    bad("unknown key", {"langauges": ["de"]}, "langauges: no such key", "allowed here: study, "),
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
    bad("no base", {"base": None}, "base"),
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
    bad("figure's width", nested(figures__gain__width=-1), "figures.gain.width", "not -1"),
    bad(
        "benchmark unknown",
        nested(evaluation__benchmarks__nope__formulation="cloze"),
        "unknown benchmark 'nope'",
        "one of lighteval's needs `task: lighteval`",
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
        "evaluation.benchmarks: ",
        "name a benchmark",
    ),
    bad(
        "task of lighteval unknown",
        nested(evaluation__benchmarks={"belebele_xx": {"task": "lighteval"}}),
        "unknown task of lighteval 'belebele_xx'",
        "docs/reference/lighteval.md lists all",
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
    bad(
        "one teacher in a race",
        nested(experiments__x={"compare": "race", "teachers": ["hasty"]}),
        "experiments.x",
        "two teachers",
    ),
    bad(
        "label twice", nested(experiments__x={"compare": "steps", "steps": [{"label": "a", "recipe": "public"}] * 2}), "label 'a'"
    ),
    bad("strength twice", ROUTED | nested(routing__strength=["hasty", "hasty"]), "routing.strength: 'hasty' is named more than"),
    bad("nothing to calibrate by", ROUTED | nested(routing__calibration=1), "routing.calibration: of 2 prompts", "raise"),
    *(
        bad(f"expression {keep!r}", nested(filters__expression={"keep": keep}), "filters", "expression.keep", *said)
        for keep, *said in (
            ("response_words >=", "is no expression"),
            ("x = 3", "is no expression"),
            ("@pd.io", "is no expression"),
            ("respose_words > 3", "unknown name 'respose_words'", "did you mean 'response_words'"),
            ("score_repetition < 1", "unknown name 'score_repetition'"),
            ("prompt.map(__import__)", "unknown name '__import__'"),
            ("prompt.to_csv('x')", "'.to_csv' cannot be used"),
            ("response_words", "not true or false"),
            ("response_words + 1", "not true or false"),
        )
    ),
    bad(
        "blank phrase",
        nested(filters__refusals={"phrases": {"de": ["nein", " "]}}),
        "refusals.phrases.de.1",
        "at least 1 character",
    ),
    bad("truth against itself", nested(truth__above=[["hasty", "hasty"]]), "truth.above: 'hasty' above 'hasty' cannot hold"),
    bad("truth in a circle", nested(truth__above=[["hasty", "thorough"], ["thorough", "hasty"]]), "truth.above", "cannot hold"),
    bad(
        "nothing left",
        {"missing": [{"teacher": name, "lang": lang} for name in ("hasty", "thorough") for lang in ("de", "id")]},
        "missing: it leaves no cell of the experiment 'main'",
    ),
    bad("plugin missing", {"plugins": ["no_such_module"]}, "bad.yaml", "no_such_module"),
    bad("Norwegian without quotes", {"languages": [False, "de"]}, "languages.0: ", "a valid string", "in quotes: 'no'"),
    bad("an empty plugin", {"plugins": [None]}, "plugins.0: ", "a valid string"),
    bad("a plugin with settings", {"plugins": [{"my_metric": None}]}, "plugins.0: ", "a valid string"),
    bad("a plugin that is a number", {"plugins": [1]}, "plugins.0: ", "a valid string"),
    bad("an impossible date", PLAIN.replace("study: bad", "study: 2024-13-45"), "bad.yaml", "2024-13-45", "in quotes"),
    bad("plugin with a name of Python's", {"plugins": ["os.path"]}, "plugins: 'os.path' is a module of Python's own", "rename"),
    bad("race of no experiment", {"race": {"least": 0.1}}, "race: no experiment is a race", "add one", "or leave it out"),
]
NUMBERS = [
    bad("a truth among numbers", {"seeds": [True]}, "`seeds`: true is no number"),
    bad("a truth for a number", nested(training__epochs=True), "training: ", "`epochs`: true is no number"),
    bad("a truth in a mapping", nested(seed_dataset__max_per_source={"x": False}), "`max_per_source`: false is no number"),
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
