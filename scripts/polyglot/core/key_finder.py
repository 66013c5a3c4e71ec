"""Finds keys, tokens and passwords in texts, also encoded ones, so that none is archived, published or shown.

Two things are looked for: the values of environment variables that hold keys, and what has the form of a key. The forms are
those of detect-secrets (Apache-2.0), and those of model services that it does not know.
"""

from __future__ import annotations

import base64
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import Any
from urllib.parse import quote

from polyglot.core.decodings import CODES, INVISIBLE, STYLED, SUM, decodings, hexadecimal, without_line_ends

SECRET = "[secret]"
SHORTEST = 8
"""Characters of the shortest value of a variable that is taken for a key."""
NAMES = re.compile(r"KEY|TOKEN|SECRET|PASSW|CREDENTIAL", re.IGNORECASE)
"""Environment variables whose values are keys."""
CHUNK, OVERLAP = 50_000, 2_000
"""Characters of a long text that are looked at together, and those that neighbours share."""

OF_SK = (
    r"(?:[A-Za-z0-9]{1,30}-){0,3}(?=[A-Za-z]*\d)[A-Za-z0-9]{16,}[\w-]*",
    r"(?:admin|ant|None|or-v1|proj|service|svcacct)-(?=[\w-]{0,60}\d)[\w-]{30,}",
    r"lf-[0-9a-f]{8}-[0-9a-f-]{27}",
    r"(?=[\w-]{0,60}\d)(?=[\w-]{0,60}[a-z0-9][A-Z][\w-]{0,60}[a-z0-9][A-Z])[\w-]{20,}",
)
"""What follows `sk-` in a key: a run of letters and digits, also behind words; what a service writes so; or a mixture of small
and capital letters. Words with hyphens and years are none: they are names, as of files in Slovak."""
FORMS = {
    "a Hugging Face token": r"(?:hf|api_org)_[A-Za-z0-9]{20,}",
    "a key of a model service": rf"(?:c?sk-(?:{'|'.join(OF_SK)})|gsk_[A-Za-z0-9]{{30,}}|pplx-[A-Za-z0-9]{{30,}}"
    r"|xai-[A-Za-z0-9]{30,}|nvapi-[\w-]{30,}|r8_[A-Za-z0-9]{30,}|fw_[A-Za-z0-9]{20,}|tgp_v1_[\w-]{30,})",
    "a Google key": r"(?:AIza(?=[\w-]*\d)(?=[\w-]*[A-Z])[\w-]{35,}|GOCSPX-[\w-]{20,}|ya29\.[\w-]{20,})",
    "a GitHub token": r"(?:gh[pousr]_[A-Za-z0-9]{20,}|github_pat_\w{20,})",
    "a GitLab token": r"glpat-[\w-]{16,}",
    "an AWS access key": r"A(?:KIA|SIA)[0-9A-Z]{16}(?![0-9A-Z])",
    "a Slack token": r"xox[abeprs](?:\.xox[abeprs])?-\d+-[\w-]{10,}",
    "an npm token": r"npm_[A-Za-z0-9]{36}",
    "a Databricks token": r"dapi[a-f0-9]{32}",
    "a DigitalOcean token": r"do[oprt]_v1_[a-f0-9]{40,}",
}
"""Forms of keys from model hubs, endpoints and code hosts, with what to call them."""
BEGINNINGS = (
    *("hf_", "api_org_", "sk-", "gsk_", "pplx-", "xai-", "nvapi-", "r8_", "fw_", "tgp_v1_", "AIza", "GOCSPX-", "ya29."),
    *("ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_", "glpat-", "AKIA", "ASIA", "xox", "npm_", "dapi", "_v1_"),
)
"""Any of these is in whatever has one of the forms: to look for them is much faster than to look for the forms."""
BEFORE = (
    *(r"(?<![A-Za-z0-9])", r"(?<=\\[nrtbf])", r"(?<=\\x[0-9a-fA-F]{2})", r"(?<=\\u[0-9a-fA-F]{4})", r"(?<=\\U[0-9a-fA-F]{8})"),
    *(r"(?<=%[0-9a-fA-F]{2})", r"(?<=\[[mK])", r"(?<=[\[;]\dm)", r"(?<=[\[;]\d\dm)", r"(?<=;\d\d\dm)"),
)
"""What stands before a key: no letter or digit, but for those that end a spelt character or a colour of a terminal."""
STARTS = {name: re.compile(rf"(?:{'|'.join(BEFORE)}){form}") for name, form in FORMS.items()}
ANY_FORM = re.compile(rf"(?:{'|'.join(BEFORE)})(?:{'|'.join(FORMS.values())})")
LOGINS = re.compile(r"(?<=://)(?!(?i:user(?:name)?:(?:pass|pwd|\*|x{3}|<|\{|\$)))[^\s/:@\"'<>]*:[^\s/@\"'<>]+(?=@)")
"""User and password in an address; not the words `user:password` of manuals."""
NAMED = re.compile(
    r"(?i:bearer[ \t]+|[?&]sig=|(?:(?:api|secret)[_-]?key|(?:access|auth)[_-]?token|client[_-]?secret)[\"']?[ \t]*[:=][ \t]*)"
    r"[\"']?(?=[\w+/.=%-]*\d)(?=[\w+/.=%-]*[a-z])[\w+/.=%-]{20,}",
    re.ASCII,
)
"""A key beside its name, as in a header or a setting; names of variables, which are in capitals, are none."""
NEEDED = {"a key (Mailchimp Access Key)": "-us"}
"""What a key has in it that a detector knows, where looking for that is much faster than the detector."""
WORDS = ("bearer", "sig=", "key", "token", "secret")
"""One of these is in what has that form, in capitals or not."""
_KIND = r"[A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----"
PRIVATE = re.compile(rf"-----BEGIN {_KIND}.*?(?:-----END {_KIND}|\Z)", re.DOTALL)

RUN = re.compile(r"[!-~]{16,}")
PIECES = (
    re.compile(r"[^\s\"'<>,;(){}\[\]|`]{12,}"),
    re.compile(r"[!-~]{12,}"),
    re.compile(r"[^\n]+"),
    *(re.compile(rf"[^\n]+(?:\n[^\n]*){{{count}}}") for count in (1, 2, 4, 8)),
    re.compile(r".+", re.DOTALL),
)
"""Pieces of a text that are removed when a key hides in them, from the smallest."""


@cache
def _detectors() -> dict[str, Any]:
    """The detectors of detect-secrets that know keys by their form alone, by what to call a key.

    Left out are those that guess (by entropy, or by words such as `password` beside a value), that of machines' addresses, and
    those of Artifactory and GitHub, whose forms ordinary words have too.
    """
    from detect_secrets.plugins import (
        aws,
        azure_storage_key,
        discord,
        gitlab_token,
        jwt,
        mailchimp,
        npm,
        openai,
        pypi_token,
        sendgrid,
        slack,
        square_oauth,
        stripe,
        telegram_token,
        twilio,
    )

    kinds = (
        *(aws.AWSKeyDetector, azure_storage_key.AzureStorageKeyDetector, discord.DiscordBotTokenDetector),
        *(gitlab_token.GitLabTokenDetector, jwt.JwtTokenDetector),
        *(mailchimp.MailchimpDetector, npm.NpmDetector, openai.OpenAIDetector, pypi_token.PypiTokenDetector),
        *(sendgrid.SendGridDetector, slack.SlackDetector, square_oauth.SquareOAuthDetector, stripe.StripeDetector),
        *(telegram_token.TelegramBotTokenDetector, twilio.TwilioKeyDetector),
    )
    return {f"a key ({kind.secret_type})": kind() for kind in kinds}


def form_of(text: str) -> str | None:
    """What to call the first thing in a text that has the form of a key; None if nothing has. Encodings are not looked at, and of
    detect-secrets' forms none: for messages, which must be fast and need no further package."""
    if any(beginning in text for beginning in BEGINNINGS) and ANY_FORM.search(text):
        return next(name for name, form in STARTS.items() if form.search(text))
    if "://" in text and LOGINS.search(text):
        return "a password in an address"
    lower = text.lower()
    if any(word in lower for word in WORDS) and NAMED.search(text):
        return "a key beside its name"
    return "a private key" if "PRIVATE KEY" in text and PRIVATE.search(text) else None


def masked(text: str) -> str:
    """A message without anything that has the form of a key."""
    return PRIVATE.sub(SECRET, LOGINS.sub(SECRET, NAMED.sub(SECRET, ANY_FORM.sub(SECRET, text))))


def _may_hold(text: str) -> bool:
    """Whether a text has anything as long and mixed as a key: texts of people hardly ever have."""
    if "PRIVATE KEY" in text or INVISIBLE.search(text) or STYLED.search(text) or SUM.search(text):
        return True
    for found in RUN.finditer(text):
        run = found[0]
        if any(sign in run for sign in "0123456789_%&\\") or not (run[1:].islower() or run.isupper()):
            return True
    return bool(CODES.search(text) or next(hexadecimal(text), None))


def _mixed(found: str) -> bool:
    """Whether a find has a digit, which words that only look like a key have not."""
    return any(character.isdigit() for character in found)


@dataclass(frozen=True)
class KeyFinder:
    """Finds keys in texts and removes them.

    Args:
        known: name of an environment variable to its value.
    """

    known: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def here(cls, names: Iterable[str] = ()) -> KeyFinder:
        """With the keys in the environment of this process.

        Args:
            names: further variables that hold keys.
        """
        named = set(names)
        return cls(
            {
                name: value
                for name, value in os.environ.items()
                if (name in named or NAMES.search(name)) and len(value) >= SHORTEST and not value.startswith(("/", "~"))
            }
        )

    @cached_property
    def _spelt(self) -> dict[str, str]:
        """Every way in which a known value is written, to its variable; the longest first."""
        found = {form: name for name, value in self.known.items() for form in _spellings(value)}
        return dict(sorted(found.items(), key=lambda entry: -len(entry[0])))

    def find(self, text: str) -> str | None:
        """What key a text holds, in words that do not repeat it; None if it holds none."""
        joined = without_line_ends(text) if self.known else ""
        for form, name in self._spelt.items():
            if form in text or form in joined:
                return f"the value of the environment variable {name}"
        return next(
            filter(None, (self._held(text[start : start + CHUNK]) for start in range(0, len(text), CHUNK - OVERLAP))), None
        )

    def _held(self, text: str) -> str | None:
        if not _may_hold(text) and not ("\n" in text and _may_hold(without_line_ends(text))):
            return None
        texts = list(decodings(text))
        return next(filter(None, map(self._found, texts)), None) if self._may_be_found("\n".join(texts)) else None

    def _may_be_found(self, lines: str) -> bool:
        """Whether any of these lines may hold a key: asked of all decodings at once, because most are short and none has one."""
        named = any(value in lines for value in self.known.values()) or form_of(lines) is not None
        kinds = (kind for name, kind in _detectors().items() if NEEDED.get(name, "") in lines)
        return named or any(any(kind.analyze_string(lines)) for kind in kinds)

    def _found(self, text: str) -> str | None:
        for name, value in self.known.items():
            if value in text:
                return f"the value of the environment variable {name}"
        forms = (name for name, kind in _detectors().items() if any(map(_mixed, kind.analyze_string(text))))
        return form_of(text) or next(forms, None)

    def clean(self, text: str) -> str:
        """The text without the keys that it holds; of an encoded one, the piece that holds it goes."""
        if self.find(text) is None:
            return text
        for form in self._spelt:
            text = text.replace(form, SECRET)
        text = masked(text)
        for piece in PIECES:
            if self.find(text) is None:
                break
            text = piece.sub(lambda found: SECRET if self.find(found[0]) else found[0], text)
        return text

    def hide(self, text: str) -> str:
        """The text without known values as they are, and without what has the form of a key: a quick look, without decoding."""
        for value in self.known.values():
            text = text.replace(value, SECRET)
        return masked(text)

    def rows(self, texts: Iterable[str]) -> dict[int, str]:
        """Number of each text that holds a key, to what it holds."""
        return {number: found for number, text in enumerate(texts) if text and (found := self.find(text))}


def _spellings(value: str) -> Iterator[str]:
    """A value as it is, and in the encodings in which it may be too short to be noticed."""
    yield value
    yield "".join(f"\\u{ord(character):04x}" for character in value)
    yield "".join(f"&#{ord(character)};" for character in value)
    yield "\0".join(value)
    for raw in dict.fromkeys([value.encode(), value.encode("latin-1", "ignore")]):
        if len(raw) >= len(value):  # Latin-1 has all of its letters
            yield from _spellings_of_bytes(raw)


def _spellings_of_bytes(raw: bytes) -> Iterator[str]:
    yield quote(raw, safe="")
    yield "".join(f"%{byte:02X}" for byte in raw)
    yield "".join(f"%{byte:02x}" for byte in raw)
    yield from (raw.hex(), raw.hex().upper())
    for start in range(3):  # its place in a longer encoded text; the characters that its neighbours change are left out
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            whole = encode(b"\0" * start + raw).decode().rstrip("=")
            yield whole[(0, 2, 3)[start] : len(whole) - (1 if (len(raw) + start) % 3 else 0)]
    for start in range(5):
        whole = base64.b32encode(b"\0" * start + raw).decode().rstrip("=")
        yield whole[(0, 2, 4, 5, 7)[start] : len(whole) - (1 if (len(raw) + start) % 5 else 0)]
