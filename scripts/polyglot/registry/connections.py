"""What an endpoint's entry may say of its address and its key: neither holds a key itself."""

from __future__ import annotations

import re
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
    return url
