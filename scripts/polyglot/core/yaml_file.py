"""YAML files that people write: a key that is there twice is an error, where plain YAML takes the last one in silence."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml


class _Loader(yaml.SafeLoader):
    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        seen: dict[Any, Any] = {}
        for key, _ in node.value:
            if key.value in seen:
                raise yaml.constructor.ConstructorError(
                    f"the key '{key.value}' is there twice",
                    seen[key.value],
                    "here again; rename one, or delete it",
                    key.start_mark,
                )
            seen[key.value] = key.start_mark
        return dict(super().construct_mapping(node, deep))


def read_yaml(path: Path) -> Any:
    """What a YAML file holds.

    Raises:
        OSError, UnicodeDecodeError, yaml.YAMLError: if it cannot be read; a key that is there twice is named with its lines.
    """
    with Path(path).open(encoding="utf-8") as file:
        return yaml.load(file, _Loader)
