"""A prompt template is text that somebody wrote: what fails in it is said by file, and it runs no Python."""

from __future__ import annotations

from pathlib import Path

import pytest

from polyglot.core.errors import WrongInput
from polyglot.core.prompts import PromptTemplates


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{{ ''.__class__.__mro__ }}", "access to attribute '__class__' of 'str' object is unsafe"),
        ("{{ items.append(1) }}", "attribute 'append' of 'list' object is unsafe"),
        ("{% for place in range(10**12) %}x{% endfor %}", "Range too big"),
        ('{% include "itself.jinja" %}', "maximum recursion depth"),
        ('{% include "/etc/hostname" %}', "/etc/hostname"),
        ("{{ 1 / 0 }}", "division by zero"),
        ("{{ kind + 1 }}", "can only concatenate str"),
        ("{{ prompt }}", "'prompt' is undefined; the variables of this template are items, kind"),
    ],
)
def test_what_fails_in_a_template_is_said_with_its_file(tmp_path: Path, text: str, told: str) -> None:
    (tmp_path / "itself.jinja").write_text(text)
    with pytest.raises(WrongInput, match=r"itself.jinja: ") as raised:
        PromptTemplates(tmp_path).render("itself", items=[1], kind="a")
    assert told in str(raised.value)
