"""Refusals: responses that begin with the words by which chat models decline, in the study's language or in English."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Annotated

from pydantic import Field, StringConstraints

from polyglot.synthesis.filters.base import Examples, Filter, Settings, Verdict

PHRASES: dict[str, tuple[str, ...]] = {
    "ar": (
        r"(?:عذرا|آسف|أعتذر|للأسف)[^.؟!\n]{0,40}(?:لا (?:أستطيع|يمكنني)|لست قادر)",
        r"لا (?:أستطيع|يمكنني) (?:مساعدتك|المساعدة|الإجابة|تقديم)",
    ),
    "cs": (
        r"(?:omlouvám se|je mi líto|bohužel)[^.?!\n]{0,40}(?:nemohu|nemůžu|nedokážu)",
        r"nemohu (?:vám|ti)? ?(?:pomoci|odpovědět)",
        r"jako (?:jazykový model|umělá inteligence)",
    ),
    "de": (
        r"(?:tut mir leid|entschuldigung|leider)[^.?!\n]{0,40}(?:kann ich|ich kann|darf ich|bin ich)[^.?!\n]{0,60}nicht",
        r"ich kann (?:ihnen|dir)? ?(?:dabei|damit|darauf)? ?(?:leider )?nicht (?:helfen|antworten|weiterhelfen)",
        r"als (?:ki|sprachmodell|künstliche intelligenz)\b",
    ),
    "en": (
        r"(?:(?:i am|i['’]m) (?:unable|not able)|sorry|i apologi[sz]e|unfortunately)[^.?!\n]{0,40}"
        r"(?:can ?not|can['’]t|unable|not able|won['’]t)",
        r"i (?:can ?not|can['’]t|won['’]t) (?:help|assist|provide|answer|comply|fulfil)",
        r"(?:i['’]m|i am|as) an? (?:ai|artificial intelligence|(?:large )?language model)\b",
    ),
    "es": (
        r"(?:lo siento|lamento|lamentablemente|perdón)[^.?!\n]{0,40}no puedo",
        r"no puedo (?:ayudar|responder|proporcionar)",
        r"como (?:modelo de lenguaje|una? ia)\b",
    ),
    "fr": (
        r"(?:désolée?|je regrette|malheureusement)[^.?!\n]{0,40}(?:je ne peux|ne suis pas en mesure)",
        r"je ne (?:peux|puis) pas (?:vous |t['’])?(?:aider|répondre|fournir)",
        r"en tant (?:que modèle de langage|qu['’]ia)",
    ),
    "hi": (
        r"(?:माफ़ कीजिए|क्षमा करें|मुझे खेद है)[^।?!\n]{0,60}(?:नहीं|असमर्थ)",
        r"एक (?:एआई|भाषा मॉडल) के रूप में",
    ),
    "id": (
        r"(?:maaf|mohon maaf|sayangnya)[^.?!\n]{0,40}(?:tidak (?:dapat|bisa)|tak bisa)",
        r"saya tidak (?:dapat|bisa) (?:membantu|menjawab|memberikan)",
        r"sebagai (?:model bahasa|kecerdasan buatan|ai)\b",
    ),
    "it": (
        r"(?:mi dispiace|spiacente|purtroppo)[^.?!\n]{0,40}non posso",
        r"non posso (?:aiutar|rispondere|fornire)",
        r"come (?:modello linguistico|ia|intelligenza artificiale)\b",
    ),
    "ja": (
        r"(?:申し訳|すみません|恐れ入り)[^。\n]{0,60}(?:できません|できかね|いたしかね|お答えでき)",
        r"(?:AI|言語モデル)(?:として|なので|ですので)",
    ),
    "ko": (
        r"(?:죄송|미안)[^.?!\n]{0,60}(?:없습니다|할 수 없|어렵습니다)",
        r"(?:AI|언어 모델)(?:로서|이기 때문)",
    ),
    "nl": (
        r"(?:het spijt me|sorry|helaas)[^.?!\n]{0,40}(?:kan ik|ik kan)[^.?!\n]{0,40}(?:niet|geen)",
        r"als (?:taalmodel|ai)\b",
    ),
    "pl": (
        r"(?:przepraszam|przykro mi|niestety)[^.?!\n]{0,40}nie (?:mogę|jestem w stanie)",
        r"jako (?:model językowy|sztuczna inteligencja)",
    ),
    "pt": (
        r"(?:desculpe|lamento|sinto muito|infelizmente)[^.?!\n]{0,40}não posso",
        r"não posso (?:ajudar|responder|fornecer)",
        r"como (?:modelo de linguagem|uma? ia)\b",
    ),
    "ru": (
        r"(?:извините|простите|к сожалению|мне жаль)[^.?!\n]{0,40}не могу",
        r"я не могу (?:помочь|ответить|предоставить)",
        r"как (?:языковая модель|искусственный интеллект)",
    ),
    "tl": (
        r"(?:paumanhin|pasensya|ikinalulungkot)[^.?!\n]{0,40}hindi (?:ko|ako)",
        r"hindi kita matutulungan",
        r"bilang isang (?:ai|modelo ng wika)\b",
    ),
    "tr": (
        r"(?:üzgünüm|maalesef|özür dilerim)[^.?!\n]{0,60}(?:amam|emem|amıyorum|emiyorum)",
        r"bir (?:dil modeli|yapay zeka) olarak",
    ),
    "vi": (
        r"(?:xin lỗi|rất tiếc)[^.?!\n]{0,40}không thể",
        r"tôi không thể (?:giúp|trả lời|cung cấp)",
        r"là (?:một )?(?:mô hình ngôn ngữ|ai)\b",
    ),
    "zh": (
        r"(?:抱歉|对不起|對不起|很遗憾)[^。\n]{0,30}(?:无法|不能|無法|没有办法)",
        r"我(?:无法|不能|無法)(?:帮助|回答|提供|協助)",
        r"作为(?:一个)?(?:人工智能|AI|语言模型)",
    ),
}
"""Languages to the words by which chat models decline."""
START = 120
"""Characters of a response in which such words must begin."""


class RefusalSettings(Settings):
    """Responses that decline. Words are known in these languages: ar, cs, de, en, es, fr, hi, id, it, ja, ko, nl, pl, pt, ru, tl,
    tr, vi and zh."""

    phrases: dict[str, list[Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]]] = Field(
        default={}, description="Further phrases of your own by language code, without regard to case: {sw: [samahani, siwezi]}."
    )


def _pattern(lang: str, settings: RefusalSettings) -> re.Pattern[str]:
    """The words of a language (a variant's are those of its language) and of English."""
    own = [re.escape(phrase) for phrase in settings.phrases.get(lang, [])]
    known = [phrase for code in dict.fromkeys((lang, lang.partition("-")[0], "en")) for phrase in PHRASES.get(code, ())]
    return re.compile("|".join([*own, *known]), re.IGNORECASE)


def _find(examples: Examples, settings: RefusalSettings) -> Sequence[Verdict]:
    """1 for a refusal, else 0."""
    pattern = _pattern(examples.lang, settings)
    verdicts = []
    for response in examples.rows["response"]:
        found = pattern.search(response)
        declined = found is not None and found.start() < START
        verdicts.append(Verdict(float(declined), f"it declines: {found.group()}" if found and declined else None))
    return verdicts


REFUSALS = Filter("refusals", "responses that decline to answer", "refusal", _find, RefusalSettings)
