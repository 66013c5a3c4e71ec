"""A key that is typed where it does not belong is refused, and in no message, log or traceback."""

from __future__ import annotations

import traceback
from pathlib import Path

import pytest

from polyglot.registry.base import Registry, RegistryError
from polyglot.registry.models import Model

OWN = "labkey-4711-geheim"
"""A key without a form by which it is known."""
CAPITALS = "A94F3B0CD11E8E5517AA"
ENTRY = "lab:\n  engine: openai\n  endpoint:\n    url: http://localhost:8000/v1\n    model: m\n"


@pytest.mark.parametrize(
    ("said", "secret"),
    [
        (ENTRY + f"    api_key: {OWN}\n", OWN),
        (ENTRY + f"    api_key: {CAPITALS}\n", CAPITALS),
        (ENTRY + "    api_key: AKIA0123456789ABCDEF\n", "AKIA0123456789ABCDEF"),
        (ENTRY + "    api_key: sk-proj-0123456789abcdefghij\n", "sk-proj-0123456789abcdefghij"),
        (ENTRY + f"    headers: {{X-Key: {OWN}}}\n", OWN),
        (ENTRY + f"    apikey: {OWN}\n", OWN),
        (ENTRY + f"    api_key: [{OWN}]\n", OWN),
        (ENTRY + f"    api_key: {{value: {OWN}}}\n", OWN),
        (ENTRY + f"  endpoints: {{api_key: {OWN}}}\n", OWN),
        (ENTRY + "    token: hf_abcdefghijklmnopqrstuvwxyz\n", "hf_abcdefghijklmnopqrstuvwxyz"),
        (ENTRY.replace("//", f"//ada:{OWN}@"), OWN),
        (ENTRY.replace("//", f"//{OWN}@"), OWN),
        (ENTRY.replace("/v1", f"/v1?api_key={OWN}"), OWN),
        (ENTRY.replace("/v1", f"/v1?access_token={OWN}"), OWN),
        (ENTRY + "    api_key: 'sk-proj-0123456789abcdefghij\n", "sk-proj-0123456789abcdefghij"),
        (ENTRY + "  label: Our model (sk-proj-0123456789abcdefghij)\n", "sk-proj-0123456789abcdefghij"),
    ],
)
def test_a_key_in_a_registry_is_refused_and_not_repeated(tmp_path: Path, said: str, secret: str) -> None:
    path = tmp_path / "models.yaml"
    path.write_text(said)
    with pytest.raises(RegistryError) as found:
        Registry(path, Model)
    assert str(path) in str(found.value)
    assert secret not in "".join(traceback.format_exception(found.value))


def test_names_of_variables_and_addresses_stay_as_they_are(tmp_path: Path) -> None:
    path = tmp_path / "models.yaml"
    path.write_text(
        ENTRY.replace("/v1", "/v1?api-version=2026-01-01") + "    api_key: LAB_KEY_2026\n    headers: {Authorization: LOGIN}\n"
    )
    endpoint = Registry(path, Model)["lab"].endpoint
    assert endpoint is not None
    assert endpoint.secrets == ["LAB_KEY_2026", "LOGIN"]
    assert endpoint.url.endswith("?api-version=2026-01-01")
