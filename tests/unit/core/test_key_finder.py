"""Keys are found and removed however they are written, and ordinary texts are left alone."""

from __future__ import annotations

import base64
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from polyglot.core.key_finder import SECRET, KeyFinder, masked
from polyglot.core.text import visible
from polyglot.core.yaml_file import read_yaml

TOKEN = "hf_abcdefghijklmnopqrstuvwxyzABCD1234"
PASSWORD = "lab-pass"
ENCODINGS: Mapping[str, Callable[[str], str]] = {
    "plain": str,
    "base64": lambda key: base64.b64encode(key.encode()).decode(),
    "base64 of a header": lambda key: base64.urlsafe_b64encode(f"Bearer {key}".encode()).decode(),
    "base64 twice": lambda key: base64.b64encode(base64.b64encode(key.encode())).decode(),
    "base32": lambda key: base64.b32encode(key.encode()).decode(),
    "hexadecimal": lambda key: key.encode().hex(),
    "capital hexadecimal": lambda key: key.encode().hex().upper(),
    "address": lambda key: "".join(f"%{byte:02x}" for byte in key.encode()),
    "JSON": lambda key: "".join(f"\\u{ord(character):04x}" for character in key),
    "HTML": lambda key: "".join(f"&#x{ord(character):x};" for character in key),
    "quoted-printable": lambda key: "".join(f"={byte:02X}" for byte in key.encode()),
    "UTF-16": lambda key: key.encode("utf-16-le").decode("latin-1"),
    "two lines": lambda key: f"{key[:6]}\n{key[6:]}",
    "two lines of a shell": lambda key: f"{key[:6]}\\\n    {key[6:]}",
    "invisible characters": "\u200b".join,
    "combining joiners": "\u034f".join,
    "wide letters": lambda key: "".join(chr(ord(character) + 0xFEE0) for character in key),
    "octal": lambda key: "".join(f"\\{ord(character):o}" for character in key),
    "a sum in code": lambda key: f"'{key[:9]}' + '{key[9:]}'",
}
LONG = ("base64 twice", "HTML", "quoted-printable", "invisible characters", *list(ENCODINGS)[-4:])
SHORT = [name for name in ENCODINGS if name not in LONG]
PROSE = {
    "de": "Die Straßenbahnhaltestelle-am-Donaudampfschifffahrtsgesellschaftsplatz 1234567890 öffnet um 17:30 Uhr; siehe §5.",
    "en": "The risk-adjusted-return-on-capital of task-oriented-dialogue is 12.5%; see https://example.org/a/b?x=1&y=2#part-3.",
    "es": "LOS APARTAMENTOS DE LA CALLE MAYOR CUESTAN 1.250,50 EUROS AL MES.",
    "sw": "Kila mwanafunzi alinunua vitabu 12 kwa shilingi 45,000; jumla ni 12*45000=540000.",
    "hi": "रामू ने 25 रुपये में 5 केले खरीदे। एक केले का दाम 25/5=5 रुपये है।",
    "ja": "東京駅から新大阪駅まで、のぞみ号で約2時間30分かかります。",
    "ar": "اشترى أحمد 3 كتب بسعر 15 ريالا للكتاب الواحد.",
    "code": "import numpy as np\nfor i in range(10):\n    weights_and_sums_of_all[i] = np.sum(x[:, i] ** 2)\nURL = 'http://user:password@host'",
    "hash": "sha256 e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855; uuid 123e4567-e89b-12d3-a456-426614174000",
    "name": "def test_what_weighs_more_than_a_thousand_kilograms_is_heavy(): ...",
}


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_key_of_a_known_form_is_found_however_it_is_written(encoding: str) -> None:
    text = f"Vorher {ENCODINGS[encoding](TOKEN)} nachher.\nEin Satz."
    assert KeyFinder().find(text) == "a Hugging Face token"
    clean = KeyFinder().clean(text)
    assert KeyFinder().find(clean) is None
    assert SECRET in clean
    assert clean.endswith("\nEin Satz.")


@pytest.mark.parametrize("outer", ["base64", "hexadecimal"])
@pytest.mark.parametrize("inner", ["UTF-16", "invisible characters", "wide letters", "two lines", "a sum in code"])
def test_a_key_is_found_in_two_encodings_around_each_other(inner: str, outer: str) -> None:
    text = f"Vorher {ENCODINGS[outer](ENCODINGS[inner](f'Token: {TOKEN}!'))} nachher."
    assert KeyFinder().find(text) == "a Hugging Face token"
    assert KeyFinder().find(KeyFinder().clean(text)) is None


@pytest.mark.parametrize("encoding", SHORT)
def test_the_value_of_a_variable_is_found_however_it_is_written(encoding: str) -> None:
    finder = KeyFinder({"LAB_KEY": PASSWORD})
    text = f"Vorher {ENCODINGS[encoding](PASSWORD)} nachher."
    found = finder.find(text)
    assert found == "the value of the environment variable LAB_KEY"
    assert finder.find(finder.clean(text)) is None


@pytest.mark.parametrize("written", ["utf-8", "latin-1"])
@pytest.mark.parametrize("value", ["pässwörter9", "Zürich-Löwe-77", "äöüßéèçñ"])
def test_a_value_with_letters_beyond_ascii_is_found_in_encoded_bytes(value: str, written: str) -> None:
    finder = KeyFinder({"LAB_KEY": value})
    short, long = value.encode(written), f"the login of the laboratory is {value}".encode(written)
    for content in (short, long):
        for text in (base64.b64encode(content).decode(), base64.b32encode(content).decode(), content.hex()):
            assert finder.find(f"Vorher {text} nachher.") == "the value of the environment variable LAB_KEY"
    assert finder.find(base64.b64encode(long.hex().encode()).decode()) == "the value of the environment variable LAB_KEY"


@pytest.mark.parametrize("after", range(8))
@pytest.mark.parametrize("before", range(8))
def test_a_key_is_found_wherever_its_base32_starts_and_ends(before: int, after: int) -> None:
    key = "hf_aB3dE5fG7hJ9kLmN0pQr"
    whole = base64.b32encode(b" " * before + key.encode() + b" " * after).decode()
    for text in (whole, whole.rstrip("="), f"Vorher {whole} nachher.", "QWERTZUI"[:before] + whole):
        assert KeyFinder().find(text) == "a Hugging Face token"
        assert KeyFinder().find(KeyFinder().clean(text)) is None


@pytest.mark.parametrize("length", range(8, 16))
@pytest.mark.parametrize("before", range(6))
def test_the_value_of_a_variable_is_found_wherever_its_base32_starts(before: int, length: int) -> None:
    finder = KeyFinder({"LAB_KEY": "lab-pass-and-more"[:length]})
    for after in ("", "e", "!?"):
        text = base64.b32encode(("e" * before + "lab-pass-and-more"[:length] + after).encode()).decode()
        assert finder.find(text) == "the value of the environment variable LAB_KEY"


VALUE = "aB3dE5fG7hJ9kLmN0pQrStUvWxYz1234"


@pytest.mark.parametrize(
    "named",
    [
        f"Authorization: Bearer {VALUE}",
        f"MISTRAL_API_KEY={VALUE}",
        f'{{"api_key": "{VALUE}"}}',
        f"export WANDB_API_KEY='{'0123abcd' * 5}'",
        f"api-key: {'0123abcd' * 4}",
        f"https://x.blob.core.windows.net/c?sv=1&sig={VALUE}%3D",
    ],
)
def test_a_key_without_a_form_is_found_beside_its_name(named: str) -> None:
    assert KeyFinder().find(f"Vorher {named} nachher.") == "a key beside its name"
    clean = KeyFinder().clean(f"Vorher {named} nachher.")
    assert "0123abcd" not in clean
    assert VALUE not in clean


BYTES = base64.urlsafe_b64encode(bytes(range(3, 250, 2))).decode().rstrip("=")
FORMS = {
    "OpenAI": f"sk-{(VALUE * 2)[:48]}",
    "OpenAI, of a project": f"sk-proj-{BYTES[:74]}T3BlbkFJ{BYTES[20:94]}",
    "OpenAI, a short one of a project": "sk-proj-0123456789abcdefghij",
    "OpenAI, of a service account": f"sk-svcacct-{BYTES[:60]}",
    "OpenAI, of an administrator": f"sk-admin-{BYTES[:60]}",
    "OpenAI, of nobody": f"sk-None-{VALUE[:20]}T3BlbkFJ{VALUE[:20]}",
    "Anthropic": f"sk-ant-api03-{BYTES[:93]}AA",
    "Anthropic, of an administrator": f"sk-ant-admin01-{BYTES[:93]}AA",
    "OpenRouter": f"sk-or-v1-{'0123abcd' * 8}",
    "DeepSeek and DashScope": f"sk-{'0123abcd' * 4}",
    "LiteLLM": "sk-aB3-dEfG_hJ9-LmN0p-QrS",
    "Langfuse": "sk-lf-12345678-9abc-4def-8123-456789abcdef",
    "Cerebras": f"csk-{(VALUE * 2)[:48].lower()}",
    "a gateway's": f"sk-my-team-{VALUE[:20]}",
    "Google": f"AIzaSy{VALUE}-",
    "Slack, a bot's": f"xoxb-123456789012-1234567890123-{VALUE[:24]}",
    "Slack, a user's": f"xoxp-123456789012-123456789012-123456789012-{'0123abcd' * 4}",
    "Slack, one that ends": f"xoxe.xoxp-1-{VALUE * 3}",
}
NO_KEYS = (
    "data/sk-instructions-2026.jsonl",
    "sk-wikipedia_20231101_cleaned.parquet",
    "https://news.example/sk-hynix-hbm3e-16-high-memory-2024",
    "sk-slovensko-hokej-2019-vysledky",
    "sk-SNK-Korpus-2024-preklady-v2.csv",
    "AIzawa-no-hana-wa-utsukushii-desu-ne",
    "AIzawa-no-hana-wa-utsukushii-desu-ne-2024-haru",
    "xoxb-mas-2024-hello",
)


@pytest.mark.parametrize("key", FORMS.values(), ids=FORMS)
def test_every_service_s_form_is_found_and_goes_whole(key: str) -> None:
    assert KeyFinder().clean(f"Vorher {key} nachher.") == f"Vorher {SECRET} nachher."
    assert masked(f"Vorher {key} nachher.") == f"Vorher {SECRET} nachher."


@pytest.mark.parametrize("name", NO_KEYS)
def test_words_with_hyphens_and_a_year_are_no_key(name: str) -> None:
    assert KeyFinder().find(f"see {name} there") is None
    assert masked(name) == name


AFTER = {
    **{"a colour": "\x1b[31m", "two colours": "\x1b[1;32m", "no colour": "\x1b[0m", "one of 256 colours": "\x1b[38;5;208m"},
    **{"the rest of a line": "\x1b[K", "a null": "\0", "a carriage return": "\r", "an invisible space": "\u200b"},
    **{"a mark of direction": "\u202a", "a tag": "\U000e0001", "a space of an address": "%20"},
}


@pytest.mark.parametrize("before", AFTER.values(), ids=AFTER)
@pytest.mark.parametrize("written", [str, repr, ascii, visible])
def test_a_key_just_after_a_control_character_or_colour_is_found_and_masked(before: str, written: Callable[[str], str]) -> None:
    text = written(f"see{before}{TOKEN}\n")
    assert KeyFinder().find(text) == "a Hugging Face token"
    for clean in (KeyFinder().clean(text), KeyFinder().hide(text), masked(text)):
        assert TOKEN[3:] not in clean
        assert clean.startswith(written("see")[:4].rstrip("'"))


def test_a_key_in_two_colours_is_found() -> None:
    text = f"{TOKEN[:5]}\x1b[01;31m{TOKEN[5:]}\x1b[m"
    assert KeyFinder().find(text) == "a Hugging Face token"
    assert TOKEN[5:] not in KeyFinder().clean(text)


@pytest.mark.parametrize(
    "innocent",
    ["api_key: RESEARCH_GATEWAY_2_EUROPE_KEY", "api_key = os.environ['OPENAI_API_KEY_2024']", "api_key: your-own-key-goes-here"],
)
def test_the_name_of_a_variable_beside_a_keys_name_is_no_key(innocent: str) -> None:
    assert KeyFinder().find(innocent) is None


@pytest.mark.parametrize("lang", PROSE)
def test_a_text_without_a_key_stays_as_it_is(lang: str) -> None:
    assert KeyFinder().find(PROSE[lang]) is None
    assert KeyFinder().clean(PROSE[lang]) == PROSE[lang]


def test_a_private_key_goes_whole_and_a_message_is_masked() -> None:
    key = "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAA\n-----END OPENSSH PRIVATE KEY-----"
    assert KeyFinder().clean(f"a\n{key}\nb") == f"a\n{SECRET}\nb"
    assert masked(f"no {TOKEN}, nor https://ada:lovelace1@host/") == f"no {SECRET}, nor https://{SECRET}@host/"


def test_the_time_to_look_grows_with_the_texts() -> None:
    def seconds(times: int) -> float:
        began = time.process_time()
        assert KeyFinder({"LAB_KEY": PASSWORD}).rows([*PROSE.values()] * times) == {}
        return time.process_time() - began

    seconds(10)
    assert seconds(1000) < 20 * seconds(100) + 1


@pytest.mark.parametrize(
    "text", [f"label: {TOKEN}", f"{TOKEN}: 1", "url: https://ada:lovelace1@host/v1", f"a: *{TOKEN}", f"a: !{TOKEN} 1"]
)
def test_a_key_in_a_yaml_file_is_an_error_that_does_not_repeat_it(tmp_path: Path, text: str) -> None:
    import yaml

    path = tmp_path / "a.yaml"
    path.write_text(text)
    with pytest.raises(yaml.YAMLError) as found:
        read_yaml(path)
    assert TOKEN not in str(found.value)
    assert "lovelace1" not in str(found.value)
    assert found.value.__cause__ is None
