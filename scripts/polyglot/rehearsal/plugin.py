"""A plugin of a rehearsal's study: its engines, under names of their own."""

from __future__ import annotations

from dataclasses import replace

from polyglot.engines import ENGINES
from polyglot.rehearsal.teachers import PREFIX, started_by

for _name in ("transformers", "vllm"):
    ENGINES.add(PREFIX + _name, replace(ENGINES[_name], start=started_by(ENGINES[_name])))
