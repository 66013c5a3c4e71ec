"""What an endpoint's entry may say of its address and its key: neither holds a key itself."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from polyglot.core.errors import CONFIDENTIAL, VARIABLE
from polyglot.core.key_finder import form_of


def variable(name: str) -> str:
    """The name of an environment variable, as it is.

    Raises:
        ValueError: for what is none, or looks like a key itself, which is not repeated.
    """
    digits = sum(character.isdigit() for character in name)
    if not re.match(VARIABLE, name) or form_of(name) or (len(name) >= LONG_NAME and "_" not in name and digits >= MANY_DIGITS):
        raise ValueError(
            "the name of an environment variable belongs here, such as OPENAI_API_KEY, and not the key itself; set the variable "
            "to the key in the shell, and replace the key if others may have seen this file"
        )
    return name


LONG_NAME, MANY_DIGITS = 16, 4
"""Characters and digits from which a name in capitals without underscores is taken for a key."""


def base_address(url: str) -> str:
    """An endpoint's address, as it is.

    Raises:
        ValueError: for what is no address of a server, or holds a password or a key, which is not repeated.
    """
    try:
        parts = urlsplit(url)
        possible = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # a port that is none
        possible = False
    if not possible or any(character.isspace() for character in url):
        raise ValueError(
            "not the address of a server: http:// or https://, a host, perhaps a port, a path without spaces, such as "
            "https://api.openai.com/v1 or http://localhost:8000/v1"
        )
    if "@" in parts.netloc or any(CONFIDENTIAL.search(name) for name, _ in parse_qsl(parts.query, keep_blank_values=True)):
        raise ValueError(
            "an address with a password or key would be written into records; leave it out here, and name an environment "
            "variable that holds it in `api_key` or `headers` (such as Authorization: MY_LOGIN, with the value `Basic ...`)"
        )
    if parts.path.rstrip("/").endswith(CALLS) or parts.fragment:
        raise ValueError(
            f"not the base address alone, such as {url.partition('/v1')[0]}/v1: what is asked for ({', '.join(CALLS)}) is "
            "added to it"
        )
    return url


CALLS = ("/chat/completions", "/completions", "/responses", "/embeddings")
"""Ends of addresses that are taken for the base address by mistake."""
OF_REQUESTS = ("messages", "model", "stream", "n")
"""Fields of a request that are the engine's own."""
SECRET_FIELDS = re.compile(r"(?i)(api|auth|access|secret|private)[_-]?(key|token)|secret|passw|credential|authorization|bearer")


def header_name(name: str) -> str:
    """The name of a header, as it is.

    Raises:
        ValueError: for what is none.
    """
    if not re.fullmatch(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", name):
        raise ValueError("the name of a header belongs here, such as X-Team: letters, digits and '-', without a colon or space")
    return name


def body_fields(fields: dict[str, Any]) -> dict[str, Any]:
    """Further fields of a request's body, as they are.

    Raises:
        ValueError: for a field that is the engine's own, or that would hold a key, which is not repeated.
    """
    for name, value in fields.items():
        if name in OF_REQUESTS:
            raise ValueError(f"'{name}' is set by the workflow; leave it out (the model's name goes into `endpoint.model`)")
        if SECRET_FIELDS.search(name) and isinstance(value, str):
            raise ValueError(
                f"'{name}' would be written into records; leave it out here, and name an environment variable that holds it in "
                "`api_key` or `headers`"
            )
    return fields


def unusable(value: str) -> str | None:
    """Why an environment variable's value cannot be sent as a key or header, without repeating it; None if it can."""
    if not value.isascii() or not value.isprintable() or value != value.strip():
        return "it has line breaks, spaces at an end, or letters that are not ASCII; set it to the key alone"
    return None
