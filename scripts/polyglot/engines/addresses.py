"""Where the services and servers of the presets are, and what the variable with a key is usually called."""

from __future__ import annotations

import ipaddress
from typing import NamedTuple
from urllib.parse import urlsplit


class Address(NamedTuple):
    """A base address, and the environment variable of its key; None for a server that asks for none."""

    url: str
    api_key: str | None = None


ADDRESSES = {
    "openai": Address("https://api.openai.com/v1", "OPENAI_API_KEY"),
    "openai-reasoning": Address("https://api.openai.com/v1", "OPENAI_API_KEY"),
    "gemini": Address("https://generativelanguage.googleapis.com/v1beta/openai", "GEMINI_API_KEY"),
    "mistral": Address("https://api.mistral.ai/v1", "MISTRAL_API_KEY"),
    "deepseek": Address("https://api.deepseek.com/v1", "DEEPSEEK_API_KEY"),
    "anthropic": Address("https://api.anthropic.com/v1", "ANTHROPIC_API_KEY"),
    "openrouter": Address("https://openrouter.ai/api/v1", "OPENROUTER_API_KEY"),
    "ollama": Address("http://localhost:11434/v1"),
    "llama.cpp": Address("http://localhost:8080/v1"),
    "vllm": Address("http://localhost:8000/v1"),
    "sglang": Address("http://localhost:30000/v1"),
    "lm-studio": Address("http://localhost:1234/v1"),
}
"""By preset, from the services' documentation and the servers' default ports; azure has one for each customer."""


def is_own(url: str) -> bool:
    """Whether an address is that of a server of one's own, on this machine or in a private network, which nobody is paid for."""
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_private
    except ValueError:
        return "." not in host or host.endswith((".local", ".localhost", ".internal"))
