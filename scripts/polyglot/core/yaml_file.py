"""YAML files of the user: a duplicate key is an error, where plain YAML silently keeps the last one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml


class _Loader(yaml.SafeLoader):
    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        seen: dict[Any, Any] = {}
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise yaml.constructor.ConstructorError(None, None, "a key must be a word", key.start_mark)
            if key.value in seen:
                raise yaml.constructor.ConstructorError(
                    f"duplicate key '{key.value}'",
                    seen[key.value],
                    "here again; rename one, or delete it",
                    key.start_mark,
                )
            seen[key.value] = key.start_mark
        return dict(super().construct_mapping(node, deep))


def read_yaml(path: Path) -> Any:
    """The content of a YAML file.

    Raises:
        OSError, UnicodeDecodeError, yaml.YAMLError: if it cannot be read; a duplicate key is named with its lines.
    """
    with Path(path).open(encoding="utf-8-sig") as file:
        return yaml.load(file, _Loader)
