"""What is repaired is all of an answer: a text is not cut at a quotation mark within it, and no text is left out."""

from __future__ import annotations

import time

import pytest

from polyglot.engines.base import Answer
from polyglot.synthesis.answers import Reading, parse_answer

CODE = r'```c\n#include <stdio.h>\nint main(void) {\n  printf("Hallo\n");\n  return 0;\n}\n```\nFertig.'
CUT = {
    "C": f'{{"prompt": "Schreibe C.", "response": "{CODE}"}}',
    "C in the prompt": f'{{"prompt": "{CODE}", "response": "Das."}}',
    "a call": r'{"prompt": "q", "response": "s.split("\n") liefert Zeilen."}',
    "a call, with a raw line break": '{"prompt": "q", "response": "s.split("\n") liefert Zeilen."}',
    "a method": r'{"prompt": "q", "response": "Nutze "\n".join(zeilen) dafuer, und dann print."}',
    "two calls": r'{"prompt": "q", "response": "print("a\n")\nprint("b")"}',
    "speech": r'{"prompt": "q", "response": "Er sagte "ja".\n"Nein", sagte sie."}',
    "a dialogue": r'{"prompt": "q", "response": "Anna: "Hallo!"\n\n"Guten Tag", sagte Ben."}',
    "a text without letters": '{"prompt": "q", "response": "A" "..."}',
    "a list": '{"prompt": "q", "response": "First.", "Second."}',
    "a list, in the prompt": '{"prompt": "1. x", "2. y", "response": "b"}',
    "texts side by side": '{"prompt": "q", "response": "A" "B"}',
    "texts below each other": '{"prompt": "q", "response": "A"\n"B"}',
    "single marks side by side": "{'prompt': 'q', 'response': 'A' 'B'}",
    "a list in single marks": "{'prompt': 'q', 'response': 'First.', 'That's it.'}",
    "a key twice, after a semicolon": '{"prompt": "q", "response": "b"; "response": "c"}',
    "a key twice, after a line break": '{"prompt": "q", "response": "b"\n"response": "c"}',
    "a key twice, after a comment": '{"prompt": "q", "response": "b", // c\n"response": "c"}',
    "a prompt twice": '{"prompt": "q"\n"prompt": "r", "response": "b"}',
    "never closed": '{"prompt":"Write a set","response":"x = {"a", "b"}\nand then we',
    "never closed, a line less": '{"prompt":"Write a set","response":"x = {"a", "b"}',
    "never closed, single marks": "{'prompt':'Write a set','response':'x = {'a', 'b'}\nand then we",
    "never closed, single marks within": '{"prompt":"Write a set","response":"x = {\'a\', \'b\'}\nand then we',
    "never closed, after an escape": r'{"prompt":"q","response":"f(x) { return \"y\" }',
    "never closed, after speech": '{"prompt": "q", "response": "Sie sagte "ja"',
    "no brace before prose": '{"prompt": "q", "response": "b"\n\nI hope this helps! "Enjoy"',
    "no brace before prose, single marks": "{'prompt': 'q', 'response': 'b'\n\nI hope this helps! 'Enjoy'",
    "marks of another kind": '{"prompt": “Was?”, "response": “Das.”}',
}
WHOLE = {
    "a call": ('{"prompt": "q", "response": "print("hi")"}', "q", 'print("hi")'),
    "code": (r'{"prompt": "q", "response": "a = ["b", "c"]\nprint(a)"}', "q", 'a = ["b", "c"]\nprint(a)'),
    "speech": ('{"prompt": "Sag "Hallo"!", "response": "Er: "Nein." Sie: "Doch.""}', 'Sag "Hallo"!', 'Er: "Nein." Sie: "Doch."'),
    "speech and prose": ('Gern:\n{"prompt": "q", "response": "Sag "Hallo"!"}\nViel Erfolg!', "q", 'Sag "Hallo"!'),
    "speech in a fence": ('```json\n{"prompt": "q", "response": "Sag "Hallo"!"}\n```\nFertig.', "q", 'Sag "Hallo"!'),
    "marks at the ends": ('{"prompt": "q", "response": ""A" und "B""}', "q", '"A" und "B"'),
    "a mark in a word": ('{"prompt": "q", "response": "צה"ל",}', "q", 'צה"ל'),
    "a comma and prose": ('{"prompt": "q", "response": "Das.",}\nViel Erfolg!', "q", "Das."),
    "escapes": (r'{"prompt": "q\t\"r\"", "response": "a\\b \/ c",}', 'q\t"r"', "a\\b / c"),
    "comments": ('{"prompt": "q", # eins\n // zwei\n "response": "Das."}', "q", "Das."),
    "a comment before the comma": ('{"prompt": "q" /* eins */, "response": "Das."}', "q", "Das."),
    "the other way round": ('{"response": "Das.", "prompt": "q",}', "q", "Das."),
    "no mark at a start": ('{"prompt": q", "response": "Das."}', "q", "Das."),
    "no mark at an end": ('{"prompt": "q, "response": "Das."}', "q", "Das."),
    "a semicolon": ('{"prompt": "q"; "response": "Das."}', "q", "Das."),
    "two braces": ('{{"prompt": "q", "response": "Das."}}', "q", "Das."),
    "single marks": (r"{'prompt': 'What's up?', 'response': 'That's it.\nYes.'}", "What's up?", "That's it.\nYes."),
    "escaped single marks": (r"{'prompt': 'What\'s up?', 'response': 'That\'s it.'}", "What's up?", "That's it."),
    "marks of both kinds": ("{'prompt': 'q', 'response': \"That's it.\"}", "q", "That's it."),
}


def read(text: str) -> Reading:
    return parse_answer({"method": "generate"}, Answer("r", text, "stop", 10, 5))


@pytest.mark.parametrize("kind", CUT)
def test_a_text_that_would_be_cut_is_not_read(kind: str) -> None:
    found = read(CUT[kind])
    assert (found.status, found.prompt, found.response) == ("invalid_json", None, None)


@pytest.mark.parametrize("kind", WHOLE)
def test_a_text_with_marks_or_comments_is_read_as_a_whole(kind: str) -> None:
    text, prompt, response = WHOLE[kind]
    assert read(text) == ("ok", None, prompt, response, True)


@pytest.mark.parametrize(
    "part",
    ['"', '"//', '"//\n', '"/*', '" /* */', "',", '"prompt":', '", prompt:', "\\", '\\"', "x'", "$", "$a", "$$a", "\\(", "\\["],
)
def test_odd_objects_are_read_in_time(part: str) -> None:
    started = time.process_time()
    read(f'{{"prompt": "{part * (30_000 // len(part))}", "response": "b"}}')
    assert time.process_time() - started < 2
