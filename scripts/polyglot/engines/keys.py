"""Keys and secret headers of an endpoint, which environment variables hold."""

from __future__ import annotations

import os

from polyglot.registry.connections import unusable
from polyglot.registry.models import Endpoint


def lacking_keys(endpoint: Endpoint) -> str:
    """What is wrong with the environment variables that an endpoint needs, in one sentence; "" if nothing is."""
    unset = [name for name in endpoint.secrets if not (os.environ.get(name) or "").strip()]
    if unset:
        return f"{endpoint.url} needs a key: set the environment variable {' and '.join(unset)}"
    wrong = [f"{name} cannot be sent: {told}" for name in endpoint.secrets if (told := unusable(os.environ[name]))]
    return f"{endpoint.url}: the environment variable {'; '.join(wrong)}" if wrong else ""
