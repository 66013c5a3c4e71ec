"""Bad inputs: entries of registries, and the files that a study names."""

from __future__ import annotations

import gzip
from typing import Any

import yaml

from .bad_settings import Bad, bad, nested, own


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
    registry(
        "width of no whole heads",
        ("own/models.yaml: entry 'mine'", "pretraining", "130 is no multiple of twice `heads`", "take 128"),
        "models.yaml",
        {"mine": {"pretraining": {"steps": 1, "languages": {"de": 1.0}, "hidden": 130, "heads": 4}}},
    ),
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
    *(
        entry(
            ("entry 'api', key 'endpoint.url'", "not the base address alone", "http://x/v1:"),
            f"address {url!r}",
            endpoint={"url": url},
        )
        for url in ("http://x/v1/chat/completions", "http://x/v1/completions/", "http://x/v1#a")
    ),
    entry(("endpoint.model", "at least 1 character"), "model blank", endpoint={"model": " "}),
    entry(("endpoint.headers", "the name of a header"), "header with its colon", endpoint={"headers": {"X: y": "MY_TEAM"}}),
    *(
        entry(("endpoint.options", f"'{name}' is set by the workflow"), f"option {name}", endpoint={"options": {name: value}})
        for name, value in (("messages", []), ("stream", True), ("n", 5), ("model", "other"))
    ),
    entry(
        ("'api_key' would be written into records", "`headers`"), "key among options", endpoint={"options": {"api_key": "q9Zx7"}}
    ),
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
    registry(
        "chat template elsewhere",
        ("entry 'm', key 'chat_template'", "should match pattern"),
        "models.yaml",
        {"m": {"folder": "x", "chat_template": "../../../etc/passwd"}},
    ),
    *(
        registry(
            f"items in {pattern}",
            ("own/benchmarks.yaml: entry 'b', key 'test.0'", said),
            "benchmarks.yaml",
            {"b": {"formulations": ["cloze"], "source": "x", "test": [pattern]}},
        )
        for pattern, said in (("/etc/*", "inside of the data set's folder"), ("../*", "inside"), ("{nam}.csv", "only {name}"))
    ),
    registry("name of config/", ("entry 'hasty' is in", "override: true"), "models.yaml", {"hasty": {"folder": "x"}}),
    registry("registry is a list", ("own/models.yaml: a registry is a mapping",), "models.yaml", "- a\n"),
    registry(
        "name of two lines", ("own/models.yaml: entry 'a\\nb': a name is one line",), "models.yaml", {"a\nb": {"folder": "x"}}
    ),
    registry(
        "nested deep in a registry", ("own/models.yaml: cannot be read", "write them flat"), "models.yaml", "a: " + "[" * 5000
    ),
    registry("registry is a folder", ("own/models.yaml: a folder", "rename it"), "models.yaml/x", "a"),
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
    seeds("a number of 5,000 digits", PAIR + '{"prompt": ' + "9" * 5000 + "}\n", "row 2: prompt is not text"),
    seeds(
        "a null character", PAIR + '{"prompt": "a\\u0000", "response": "x"}\n', "row 2: prompt with a null character", "delete it"
    ),
    seeds("a null in a turn", '{"messages": [{"role": "user", "content": "a\\u0000"}]}\n', "row 1: a turn with a null character"),
    seeds("a null as id", PAIR.replace("{", '{"id": "a\\u0000", '), "row 1: a null character in column 'id'"),
    seeds(
        "UTF-16 without a mark", TABLE.encode("utf-16-le"), "row 1: a null character, as UTF-16 without", "iconv", file="s.csv"
    ),
    seeds("null character", "Wer?\nW\0s?\n", "row 2: a null character", file="s.txt"),
    seeds("UTF-32", PAIR.encode("utf-32"), "UTF-32", "iconv -f utf-32"),
    *(
        seeds(f"web page as {ending}", "\ufeff\n<!DOCTYPE html>\n<html></html>\n", "this is a web page", file=f"s{ending}")
        for ending in (".jsonl", ".csv", ".txt", ".parquet")
    ),
    seeds("key twice", PAIR + '{"prompt": "a", "prompt": "b", "response": "x"}\n', "row 2: not JSON (the key 'prompt' stands"),
    seeds("key twice in a list", '[{"prompt": "a", "prompt": "b"}]', "the key 'prompt' stands there twice", file="s.json"),
    *(
        seeds(
            f"id {value}",
            f'{{"id": {value}, "prompt": "a", "response": "b"}}\n' + PAIR.replace("{", '{"id": 1, '),
            "row 1: no text in",
            "'id'",
        )
        for value in ("null", "true", '["q"]', '" "')
    ),
    seeds(
        "method unknown", PAIR.replace("}", ', "methods": "respnd"}'), "row 1: unknown method 'respnd'", "did you mean 'respond'"
    ),
    seeds("methods no text", PAIR.replace("}", ', "methods": 3}'), "row 1: neither a text nor a list", "separated by spaces"),
    seeds("turns without a user", '{"messages": [{"role": "assistant", "content": "x"}]}\n', "row 1: no turn of a user"),
]
TEMPLATE = {f"t/{name}.jinja": "x" for name in ("system", "generate", "translate", "respond")}


def template(name: str, text: str, *said: str, file: str = "respond") -> Bad:
    files = TEMPLATE | {"t/judge.jinja": "x", "t/rate.jinja": "x", "t/duel.jinja": "x", f"t/{file}.jinja": text}
    settings = nested(synthesis__prompts="own/t", intrinsic__reward={"kind": "rubric_judge", "model": "hasty"})
    return Bad(name, settings, (f"synthesis.prompts: own/t/{file}.jinja: ", *said), files)


TEMPLATES = [
    template("template of another file", '{% include "/etc/passwd" %}', "it includes '/etc/passwd', which is no template"),
    template("template without an end", "{% for place in range(10**12) %}x{% endfor %}", "Range too big", "correct the template"),
    template("template in itself", '{% include "respond.jinja" %}', "maximum recursion depth", "correct the template"),
    template("template with Python", "{{ ''.__class__.__mro__ }}", "'__class__' of 'str' object is unsafe"),
    template("template with a variable mistyped", "{{ promt }}", "'promt' is undefined; the variables of this template are"),
    template("template of nothing", "{# #}", "the template gives an empty text; write in it what is asked"),
    template("template with a null", "{{ prompt }}\0", "a NUL character is in it", "delete it"),
    template("template with an unknown filter", "{{ prompt | nosuch }}", "line 1: No filter named 'nosuch'", "correct"),
    template("few shots mistyped", "{% for shot in shot %}{% endfor %}", "'shot' is undefined", "shots", file="generate"),
    template("a judge's template", "{{ answer }}", "'answer' is undefined; the variables", "response", file="judge"),
]
QUESTION = '{"question": "Q?", "choices": ["a", "b"], "answer": 0}\n'


def items(name: str, row: str, *said: str, formulation: str = "cloze", benchmark: str = "global-mmlu-lite") -> Bad:
    change = {"evaluation": {"benchmarks": {benchmark: {"formulation": formulation, "folder": "own/b"}}}}
    return Bad(name, change, ("own/b/de/test.jsonl", *said), {"b/de/test.jsonl": QUESTION * 3 + row, "b/id/test.jsonl": QUESTION})


RACE = {"learn_from": ["own/a.zip"]}
OTHERS = [
    own(
        {"a.zip": b"no archive"},
        "no archive to learn from",
        nested(race=RACE, experiments__race={"compare": "race"}),
        "race.learn_from: own/a.zip",
    ),
    Bad(
        "archive missing",
        nested(race=RACE, experiments__race={"compare": "race"}),
        ("race.learn_from", "own/a.zip"),
    ),
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
        "synthesis.prompts: there is no own/t/respond.jinja; write it",
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
    items("a null character", '{"question": "a\\u0000", "choices": ["a", "b"], "answer": 0}\n', "row 4: question has a null"),
    items(
        "a number of 5,000 digits",
        '{"question": ' + "9" * 5000 + ', "choices": ["a", "b"], "answer": ' + "9" * 5000 + "}\n",
        "row 4",
    ),
    items("half a character", '{"question": "\\ud83d", "choices": ["a", "b"], "answer": 0}\n', "row 4: question", "surrogate"),
    items(
        "two answers",
        '{"question": "Q", "choices": ["a", "b"], "answer": 1, "answer_from_1": 1}\n',
        "row 4: answer and answer_from_1 name different options",
    ),
    items("question is a list", '{"question": ["Q"], "choices": ["a", "b"], "answer": 0}\n', "row 4: question is a list"),
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
