"""Reading a pair from JSON that is nearly there: prose or fences around one object, raw line breaks, trailing commas, LaTeX,
quotation marks that are escaped or of another kind.

What the standard decoder cannot read is mended by json-repair (github.com/mangiucugna/json_repair), within limits: there must be
one object with a prompt and a response, once each, and nothing beside them; and the texts must be all that stands in it.
"""

from __future__ import annotations

import ast
import html
import json
import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

KEYS = ("prompt", "response")
MARKS = "\ufeff\u200b\u200e\u200f\u2060 \t\r\n"
"""Byte-order mark, invisible signs and white space, which may stand around an answer."""
AFTER = ",}" + "".join(filter(str.isspace, map(chr, range(0x3001))))
"""What may stand after the last text of an object."""
START = re.compile(r"""\{\s*["'“„«]?(?:prompt|response)["'”“»]?\s*:""", re.IGNORECASE)
"""Where an object with a prompt or a response starts."""
KEY = re.compile(r"""["'“„«](?:prompt|response)["'”“»]\s*:\s*["'“„«]""", re.IGNORECASE)
"""A key and the start of its text."""
GAP = r"\s*(?:(?:(?://|\#)[^\n]{0,300}\n|/\*[\s\S]{0,300}?\*/)\s*){0,3}"
NAMED = re.compile(rf"""(?:[{{,;，]|["'“”„«»]){GAP}["'“„«]?(?P<name>prompt|response)["'”“»]?\s*[:：]+\s*""", re.IGNORECASE)
"""Where a text of an object starts: its key after a brace, a comma, a semicolon or the end of another text, and comments."""
COMMENT = re.compile(r"(?<=[\"'])\s*/\*.{0,300}?\*/\s*\Z", re.DOTALL)
"""A comment after a text."""
MARK = "[“”„«»「」『』]"
"""Quotation marks that some models write where JSON has its own."""
SINGLE = re.compile(
    r"\{\s*'(prompt|response)'\s*:\s*'(.*)'\s*,\s*'(prompt|response)'\s*:\s*'(.*)'\s*,?\s*\}", re.IGNORECASE | re.DOTALL
)
"""An object in single quotation marks, with apostrophes in its texts."""
NO_LETTER = r"(?![^\W\d_])"
LATEX = re.compile(
    r"\\(?:\\|(?P<command>[bf]|u(?![0-9a-fA-F]{4})|[^\"\\/bfnrtu])"
    rf"|(?P<perhaps>t(?=ext[a-z]{{0,6}}\{{|(?:imes|heta|frac|binom|anh|au|ilde){NO_LETTER}|riangle|o\s*[\\$\d])"
    rf"|n(?=(?:abla|eq|otin|[lg]eq(?:slant|q)?){NO_LETTER})|r(?=ight|ho{NO_LETTER}|angle|ceil|floor|vert|brace))"
    r"|(?P<nu>n(?=u\s*[$^_\\])))"
)
"""A backslash that begins a LaTeX command or is none of JSON's escapes; JSON reads \\frac as a form feed and `rac`, and \\b as a
backspace, which no text means. A line break or a tab before a word may look alike: \\notin, or a Finnish verb on its own line;
\\nu, or a Croatian preposition before a formula."""
ESCAPE = re.compile(r"(\\.)|\"", re.DOTALL)
"""An escape, or a quotation mark that is not escaped."""
FORMULA = re.compile(
    r"(?P<line>(?<![\d$])\$(?=[^\s$])[^$\"]{1,300}(?<=\S)\$(?![0-9A-Za-z])|\\{1,2}\([^\"]{1,300}?\\{1,2}\))"
    r"|\$\$[^$\"]{1,2000}\$\$|\\{1,2}\[[^\"]{1,2000}?\\{1,2}\]"
)
"""A formula between LaTeX's signs, in a line or between lines. `$x = $y` is code, and `5 $` a price."""
MATHS_COMMAND = re.compile(r"[A-Za-z(\[{,;!|%&]")
"""What follows the backslash of a command in a formula; other signs are escaped in prose, too."""
PLACEHOLDERS = frozenset(
    (
        *("", "string", "str", "text", "translation", "the translation", "translated prompt", "the translated prompt"),
        *(
            form.format(name)
            for name in KEYS
            for form in ("{}", "the {}", "your {}", "{} here", "your {} here", "insert {} here", "new {}", "good {}", "a {}")
        ),
        *("a good response", "question", "answer", "your question", "your answer"),
    )
)
"""Words that stand for a text, without regard to case and brackets."""
SAID = re.compile(r'"(?:prompt|response)" \(([^()]{1,80})\)')
"""What a prompt template says that a key holds: "prompt" (the translation)."""


class Ambiguous(ValueError):
    """JSON that can be read in two ways; the message says why."""


def twice(text: str) -> str | None:
    """A key that an object has twice; None if the text is not JSON, or has no such key."""
    try:
        json.loads(text, object_pairs_hook=_once)
    except Ambiguous as error:
        return str(error)
    except (ValueError, RecursionError):
        pass
    return None


def last_of_each(text: str) -> str | None:
    """JSON with the last of the keys that stand twice; None if none does."""
    return _written(json.loads(text)) if twice(text) is not None else None


def mended(text: str) -> str | None:
    """The object in a text as strict JSON; None if there is none, or if it could be read in several ways.

    Args:
        text: an answer that is not JSON as it is, or whose texts hold LaTeX commands with a single backslash.
    """
    try:
        for form in _forms(text.strip(MARKS)):
            form = _with_latex(form)
            if found := _objects(form) or _repaired(form):
                return found[0] if len(set(found)) == 1 else None
    except (Ambiguous, RecursionError):
        pass
    return None


def _forms(text: str) -> Iterator[str]:
    """A text, and what it may have meant: without comments or dots, with JSON's own quotation marks, within braces."""
    yield text
    if (bare := re.sub(r"([{,])\s*/\*.{0,300}?\*/|,\s*(?:\.\.\.|…)\s*(?=\}\s*$)", r"\1", text, flags=re.DOTALL)) != text:
        yield bare
    if text.startswith('"') and isinstance(within := _decoded(text), str):
        yield within
    if "&quot;" in text and not START.search(text):
        yield html.unescape(text)
    if re.search(r'\{(?:\s|\\n)*\\"(?:prompt|response)\\"', text):
        yield re.sub(r'\\([\\"n])', lambda found: "\n" if found[1] == "n" else found[1], text)
    if re.search(rf"\{{\s*{MARK}|[：，]", text):
        text = re.sub(rf"([{{,:：，]\s*){MARK}|{MARK}(?=\s*[:：,，}}])", lambda found: f'{found.group(1) or ""}"', text)
        yield re.sub(r'(?<=")\s*([：，])\s*(?=")', lambda found: {"：": ":", "，": ","}[found.group(1)], text)
    if re.match(r'"(?:prompt|response)"\s*:\s*"', text):
        yield f"{{{text.rstrip().removesuffix('}')}}}"


def _decoded(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def holds_latex(text: str) -> bool:
    """Whether JSON's escapes in a text are LaTeX commands."""
    return _with_latex(text) != text


def _with_latex(text: str) -> str:
    """A text with LaTeX commands as JSON has them.

    What may be a line break or a tab is a command within a formula. It is one elsewhere only if a command that is none of JSON's
    escapes shows that the text doubles no backslash; a formula beside it does not show it.
    """
    formulas = list(FORMULA.finditer(text))
    starts = [formula.start() for formula in formulas]

    def within(found: re.Match[str]) -> bool:
        formula = formulas[place - 1] if (place := bisect_right(starts, found.start())) else None
        if formula is None or formula.end() <= found.start():
            return False
        return bool(found["perhaps"] or (found["nu"] and (shown or formula["line"])))

    backslashes = list(LATEX.finditer(text))
    shown = any(MATHS_COMMAND.match(found["command"] or "") for found in backslashes)
    shown = shown or any(map(within, backslashes))
    return LATEX.sub(
        lambda found: f"\\{found[0]}" if found["command"] or (shown and found["perhaps"]) or within(found) else found[0], text
    )


def is_echo(request: Mapping[Any, Any], prompt: str, response: str) -> bool:
    """Whether a pair is the form that the request shows, not an answer: the names of the keys, or words that stand for texts.

    Args:
        request: its `messages`, if known; what the template says of a key counts too.
    """
    turns: Sequence[Mapping[str, str]] = () if request.get("messages") is None else request["messages"]
    said = {_bare(words) for turn in turns for words in SAID.findall(turn["content"])}
    known = PLACEHOLDERS | said
    own = (_bare(prompt) == "prompt" or _bare(prompt) in said, _bare(response) == "response" or _bare(response) in said)
    return any(own) or (_bare(prompt) in known and _bare(response) in known)


def _bare(text: str) -> str:
    return re.sub(r"[\s<>\[\]{}().…\"'*_:]+", " ", text).strip().casefold()


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    names = [name for name, _ in pairs]
    for name in names:
        if names.count(name) > 1:
            raise Ambiguous(f"the key '{name}' stands there {names.count(name)} times")
    return dict(pairs)


def _objects(text: str) -> list[str]:
    """The pairs in a text that the decoder reads, with raw line breaks and whatever is around them."""
    decoder = json.JSONDecoder(strict=False, object_pairs_hook=_once)
    found, around, place, before = [], "", text.find("{"), 0
    while place >= 0:
        try:
            value, end = decoder.raw_decode(text, place)
        except Ambiguous:
            raise
        except ValueError:
            place = text.find("{", place + 1)
            continue
        value = _in_small_letters(value)
        if isinstance(value, dict) and set(KEYS) <= set(value):
            if not all(isinstance(value[name], str) for name in KEYS):
                raise Ambiguous("a value is no text")
            found.append(_written(value))
            around, before = around + text[before:place], end
        place = text.find("{", end)
    if found and KEY.search(around + text[before:]):
        raise Ambiguous("there are keys beside the object")
    meant = [pair for pair in found if not _is_form(**json.loads(pair))]  # an example of the form may stand before the pair
    return meant or found


def _in_small_letters(value: Any) -> Any:
    """An object whose keys are named in capital letters, with the names that were asked for."""
    if not isinstance(value, dict) or set(KEYS) & set(value):
        return value
    return _once([(name.lower(), one) for name, one in value.items()])


def _is_form(prompt: str, response: str) -> bool:
    return _bare(prompt) in PLACEHOLDERS and _bare(response) in PLACEHOLDERS


def _repaired(text: str) -> list[str]:
    """The pair that json-repair makes of the only object that starts as one."""
    from json_repair import repair_json

    starts = [found.start() for found in START.finditer(text)]
    if len(starts) != 1:
        return []
    part = text[starts[0] :]
    end = part.rfind("}")
    part = part[:end] if end >= 0 else part
    part = part.rstrip(AFTER).removesuffix("```").rstrip(AFTER) + "}"
    if not re.search(r"[\"'”]\}$", part):
        return []  # cut off within a text
    if (texts := _texts(part)) is None:
        return []
    value = _in_single_marks(part, texts) or _in_small_letters(repair_json(part, return_objects=True, skip_json_loads=True))
    if not isinstance(value, dict) or set(value) != set(KEYS):
        return []
    if any(not isinstance(value[name], str) or _signs(value[name]) != _signs(texts[name]) for name in KEYS):
        return []  # what json-repair has read is not all that stands there
    if any(re.search(r"""["'”]\s*[:+]\s*["'“]""", one) for one in texts.values()):
        return []
    return [_written(texts)]


def _signs(text: str) -> str:
    return re.sub(r"[\s\"'\\]+", "", text)


def _texts(part: str) -> dict[str, str] | None:
    """All that stands between the two keys of an object, and after the second; None if that is no pair of texts."""
    names = list(NAMED.finditer(part))
    if sorted(found["name"].lower() for found in names) != list(KEYS):
        return None
    first, second = names
    between = part[first.end() : second.start()] + part[second.start()].strip("{,;，")
    between = COMMENT.sub("", between.rstrip().rstrip(",;，"))
    found = [_text(between), _text(part[second.end() : -1])]
    pair = {name["name"].lower(): text.strip() for name, text in zip(names, found, strict=True) if text is not None}
    return pair if len(pair) == len(KEYS) else None


def _text(written: str) -> str | None:
    """What a text holds, from the mark before it to the mark after it; None if it may end elsewhere: with a mark that is escaped,
    or where one of the marks within it has no partner, or closes what none has opened."""
    written = written.rstrip()
    mark = "'" if written.startswith("'") else '"'
    inner = written.removeprefix(mark).removesuffix(mark)
    if mark == "'":
        inner = inner.replace(r"\\'", mark)  # escaped there; no LaTeX
    plain = re.sub(r"\\.", " ", inner, flags=re.DOTALL)
    marks = [found.start() for found in re.finditer(rf"(?<!\w){mark}|{mark}(?!\w)", plain)]
    stray = any(re.match(r"[\w.!?…].\s", plain[max(place - 1, 0) : place + 2]) for place in marks[::2])
    if plain.endswith("\\") or len(marks) % 2 or stray:
        return None
    try:
        return str(json.loads('"' + ESCAPE.sub(lambda found: found[1] or '\\"', inner) + '"', strict=False))
    except ValueError:
        return None


def _in_single_marks(text: str, texts: dict[str, str]) -> dict[str, str] | None:
    """The pair of an object in single quotation marks; None if it is none, or several texts in a row.

    Args:
        texts: what stands between its marks, where apostrophes may be.
    """
    if SINGLE.fullmatch(text) is None:
        return None
    try:
        found = {name: value.strip() for name, value in ast.literal_eval(text).items()}
        return texts if found == texts else None
    except (ValueError, SyntaxError, RecursionError):
        return None if any(re.search(r"'\s*,?\s*'", one) for one in texts.values()) else texts


def _written(value: Mapping[str, str]) -> str:
    return json.dumps({name: value[name] for name in KEYS}, ensure_ascii=False)
