"""The action table (tuiflow/actions.py) as Textual's bindings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from textual.binding import Binding, BindingsMap

from tuiflow.actions import ACTIONS, CONTEXTS, Action, action, select

__all__ = ["ACTIONS", "CONTEXTS", "Action", "action", "bindings", "rebound", "select"]

_FIRST = frozenset(("dialog", "columns", "tags", "note", "export"))
"""Contexts whose keys come before what a text field does with them."""
_MOVING = frozenset(("space", "up", "down", "left", "right", "home", "end", "pageup", "pagedown"))


def bindings(*where: str) -> list[Binding]:
    """Key bindings of the actions of these contexts or ids, for a widget's or screen's BINDINGS.

    Every one goes through `Acts.action_act`, which finds the handler. Characters and keys that
    move have priority over what Textual's own widgets do with them; a text field's own characters
    come first. An action without a key is bound to one that nobody can press, so that a widget
    tells all its actions.
    """
    return [binding for item in select(*where) for binding in _bindings_of(item)]


def rebound(bound: BindingsMap, actions: Mapping[str, Action]) -> BindingsMap:
    """Bindings of a widget with the keys of these actions, in the place of the table's."""
    result = BindingsMap()
    done = set()
    for _, binding in bound:
        item = actions.get(binding.id or "")
        if item is None:
            result.key_to_bindings.setdefault(binding.key, []).append(binding)
        elif item.id not in done:
            done.add(item.id)
            for new in Binding.make_bindings(_bindings_of(item)):
                result.key_to_bindings.setdefault(new.key, []).append(new)
    return result


def _bindings_of(item: Action) -> Iterator[Binding]:
    for key in item.keys or (f"unbound-{item.id}",):
        yield Binding(
            "comma" if key == "," else key,
            f"screen.act('{item.id}')",
            item.title,
            id=item.id,
            tooltip=item.help,
            priority=len(key) == 1 or key in _MOVING or item.where in _FIRST,
        )
