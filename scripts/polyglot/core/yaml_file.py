"""YAML files of the user: a duplicate key is an error, where plain YAML silently keeps the last one; so is a key to a service."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from polyglot.core.key_finder import form_of, masked
from polyglot.core.text import is_unicode


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

    def construct_scalar(self, node: Any) -> Any:
        held = form_of(str(node.value))
        if held:
            raise yaml.constructor.ConstructorError(
                None,
                None,
                f"here stands {held}, which is not repeated; name the environment variable that holds it instead (`api_key` or "
                "`headers` of an endpoint), and replace the key if others may have seen this file",
                node.start_mark,
            )
        value = super().construct_scalar(node)
        return _whole(value, node) if isinstance(value, str) and not is_unicode(value) else value

    def construct_object(self, node: Any, deep: bool = False) -> Any:
        try:
            return super().construct_object(node, deep)
        except (ValueError, LookupError, AttributeError, OverflowError) as error:
            told = f"'{node.value}' cannot be read as {node.tag.rpartition(':')[2]} ({error}); a text stands in quotes"
            raise yaml.constructor.ConstructorError(None, None, told, node.start_mark) from None


def _whole(text: str, node: Any) -> str:
    """A text whose halves of characters, as JSON writes those of emoji, are joined."""
    try:
        return text.encode("utf-16", "surrogatepass").decode("utf-16")
    except UnicodeDecodeError:
        told = "half a character (an unpaired surrogate); correct or delete it"
        raise yaml.constructor.ConstructorError(None, None, told, node.start_mark) from None


def read_yaml(path: Path) -> Any:
    """The content of a YAML file.

    Raises:
        OSError, UnicodeDecodeError, yaml.YAMLError: if it cannot be read; names the lines of a duplicate key, and of what has
            the form of a key to a service, without repeating it.
    """
    with Path(path).open(encoding="utf-8-sig") as file:
        try:
            return yaml.load(file, _Loader)
        except yaml.YAMLError as error:
            raise yaml.YAMLError(masked(str(error))) from None
        except UnicodeDecodeError:
            raise
        except (ValueError, OverflowError) as error:  # \\U with a number that is none of a character
            raise yaml.YAMLError(f"a character that does not exist is written with \\U ({error}); correct or delete it") from None
        except RecursionError:
            raise yaml.YAMLError("lists or mappings nested too deep to be read; write them flat") from None
