"""Walk YAML as nodes, which know their lines as loaded values do not."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tuiflow.errors import InvalidInput
from tuiflow.text import clean, did_you_mean

if TYPE_CHECKING:
    import yaml


def read_text(file: Path) -> str:
    """The text of a file. Raises InvalidInput where it can't be read or is not UTF-8."""
    try:
        return file.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise InvalidInput(f"{file.name} is not UTF-8 text.") from None
    except OSError as error:
        raise InvalidInput(f"{file} can't be read: {error.strerror}.") from None


def compose(text: str, file_name: str) -> yaml.Node | None:
    """The root of a YAML text, None for an empty one; nothing in it is constructed or executed.

    Raises InvalidInput naming `file_name` and the line.
    """
    import yaml

    try:
        root: yaml.Node | None = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise InvalidInput(f"{file_name} line {line} is not YAML: {error.problem}.") from None
    except (yaml.YAMLError, RecursionError) as error:
        first = clean(str(error).partition("\n")[0])
        raise InvalidInput(f"{file_name} is not YAML: {first}") from None
    return root


@dataclass(frozen=True, slots=True)
class Reader:
    """Takes values out of nodes; whatever is not as it should be is told with file and line."""

    file_name: str

    def mistake(self, node: yaml.Node, message: str) -> InvalidInput:
        return InvalidInput(f"{self.file_name} line {node.start_mark.line + 1}: {message}")

    def is_null(self, node: yaml.Node) -> bool:
        return bool(node.tag == "tag:yaml.org,2002:null")

    def text(self, node: yaml.Node, what: str) -> str:
        if not isinstance(node.value, str) or self.is_null(node):
            raise self.mistake(node, f"{what} must be a text.")
        return node.value

    def sequence(self, node: yaml.Node, what: str) -> list[yaml.Node]:
        import yaml

        if not isinstance(node, yaml.SequenceNode):
            raise self.mistake(node, f"{what} must be a list.")
        return list(node.value)

    def mapping(
        self, node: yaml.Node, what: str, known: tuple[str, ...] | None = None
    ) -> dict[str, yaml.Node]:
        """The values by key; a key that looks like a misspelt `known` one is a mistake."""
        import yaml

        if not isinstance(node, yaml.MappingNode):
            raise self.mistake(node, f"{what} must be a mapping of names to values.")
        values: dict[str, yaml.Node] = {}
        for key_node, value in node.value:
            key = self.text(key_node, f"a key of {what}")
            if key in values:
                raise self.mistake(key_node, f"{clean(key)!r} is given twice in {what}.")
            if known is not None and key not in known and (hint := did_you_mean(key, known)):
                raise self.mistake(key_node, f"{what} has an unknown key {clean(key)!r}{hint}")
            values[key] = value
        return values
