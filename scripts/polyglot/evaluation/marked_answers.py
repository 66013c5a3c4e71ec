"""Where an answer is marked: in a box, after ####, in a tag, after words such as "the answer is", in bold."""

from __future__ import annotations

import re
from collections.abc import Iterator

ANSWER = (
    r"(?:answer|antwort|odpověď|odpovědí|respuesta|jawaban(?:nya)?|sagot|réponse|risposta|resposta|antwoord|odpowiedź|odpowiedzią|"
    r"ответ(?:ом)?|відповідь|jibu|cevap|yanıt|đáp án|đáp số|câu trả lời|lösung|"
    r"الجواب|الإجابة|الاجابة|إجابة|جواب|پاسخ|答え|答|解答|正解|回答|答案|답|정답|উত্তর|उत्तर|जवाब|సమాధానం|జవాబు|คำตอบ|תשובה)"
)
RESULT = (
    r"(?:result|ergebnis|výsledek|resultado|hasil(?:nya)?|résultat|risultato|результат|النتيجة|結果|结果|total|gesamt|celkem)"
)
COPULA = (
    r"(?:is|was|are|equals|would be|will be|should be|ist|lautet|beträgt|sind|wäre|je|jsou|činí|zní|es|son|sería|será|adalah|"
    r"ialah|yaitu|yakni|sebesar|ay|est|sont|è|é|são|jest|to|равен|равна|равно|равняется|является|ni|là|هو|هي|هى|تساوي|يساوي|است|"
    r"는|은|हल|हो|है|হল|হলো|হচ্ছে|অবশ্যই|คือ|是|为|為|は|が)"
)
MARKED_BY_WORDS = re.compile(
    rf"(?<![^\W\d_]){ANSWER}(?![a-zà-ɏа-яё])(?:[^\d\n.!?。:=]{{0,60}}?(?:[:=]+|(?:(?<=[^a-zà-ɏа-яё])){COPULA}(?![a-zà-ɏа-яё])))?[\s*_$\"'「]*"
    rf"(?:\s[-–—]\s(?=\S))?"
    rf"|(?m:^)[ \t*_#>]*{RESULT}[*_]*\s*[:=][\s*_]*",
    re.IGNORECASE,
)
QUESTION = re.compile(
    r"\n[ \t*_#]*(?:question|q|problem|frage|aufgabe|otázka|úloha|pregunta|problema|pertanyaan|soal|tanong|suliranin|"
    r"domanda|pergunta|вопрос|задача|swali|soru|câu hỏi|السؤال|سؤال|مسألة|問題|質問|问题|"
    r"題目|题目|문제|질문|প্রশ্ন|प्रश्न|ప్రశ్న|โจทย์|คำถาม)"
    r"\s*\d*[*_]*\s*[:：]",
    re.IGNORECASE,
)
SENTENCE_END = re.compile(r"[.!?](?=\s+[^\s\d]|\s*$)|[。！？।۔؟]|(?<=\S)\n")
LONGEST = 400
"""Characters of a marked part that are read."""
BOLD = re.compile(
    r"\*\*(?!\s)(.{1,200}?)\*\*|(?<!\w)__(?!\s)(.{1,200}?)__(?!\w)|<(b|strong)>(.{1,200}?)</\3>|\\textbf\{([^{}]*)\}", re.DOTALL
)


def before_the_next_question(text: str) -> str:
    """A text up to where it goes on with a question of its own, if a number stands before that."""
    for found in QUESTION.finditer(text):
        if re.search(r"\d", text[: found.start()]):
            return text[: found.start()]
    return text


def marked(text: str) -> Iterator[tuple[str, bool]]:
    """The marked parts of a text, in the order in which they count, the last of a kind first.

    With each, whether it must start with its number: in bold there are headings too, and `####` can be one.
    """
    yield from ((part, False) for part in reversed(list(_boxed(text))))
    yield from ((found.group(1), True) for found in reversed(list(re.finditer(r"####(?!#)\s*(.+)", text))))
    yield from (
        (found.group(1), False) for found in reversed(list(re.finditer(r"<answer>(.{0,400}?)(?:</answer>|$)", text, re.DOTALL)))
    )
    for found in reversed(list(MARKED_BY_WORDS.finditer(text))):
        rest = text[found.end() : found.end() + LONGEST]
        end = SENTENCE_END.search(rest)
        yield rest[: end.start()] if end else rest, False
    for found in reversed(list(BOLD.finditer(text))):
        part = next(group for group in (found.group(1), found.group(2), found.group(4), found.group(5)) if group is not None)
        listed = re.fullmatch(r"\s*\d+[.)]\s*", part) and re.match(r"[ \t]*\S", text[found.end() :])
        if not listed:
            yield re.split(r"[=:]", part)[-1], True


def _boxed(text: str) -> Iterator[str]:
    """What stands in \\boxed{...} and \\fbox{...}, with braces in it."""
    for found in re.finditer(r"\\f?boxed?\s*(\{|\S+)", text):
        if found.group(1) != "{":
            yield found.group(1)
            continue
        depth, start = 1, found.end()
        for place in range(start, min(len(text), start + LONGEST)):
            depth += {"{": 1, "}": -1}.get(text[place], 0)
            if not depth:
                yield text[start:place]
                break
        else:
            yield text[start : start + LONGEST]
