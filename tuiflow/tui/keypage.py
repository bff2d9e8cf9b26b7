"""The key page of the documentation, written from the action table."""

from __future__ import annotations

from tuiflow.tui.actions import ACTIONS, CONTEXTS, Action

_INTRODUCTION = """# Keys

`?` shows those that work where you are; `:` or `ctrl+p` finds an action by name. Letters do
nothing while a text field has the focus. The mouse works everywhere and is never needed. The file
of [settings](config.md) gives an action other keys, by its id.
"""


def key_page() -> str:
    """The Markdown of docs/keys.md: a table for each context."""
    parts = [_INTRODUCTION]
    for context, heading in CONTEXTS.items():
        rows = [_row(item) for item in ACTIONS if item.where == context]
        parts.append(
            "\n".join([f"## {heading}\n", "| keys | what | id |", "|---|---|---|", *rows, ""])
        )
    return "\n".join(parts)


def _row(item: Action) -> str:
    keys = " ".join(f"`{key}`" for key in item.shown_keys) or "in the palette"
    return f"| {keys} | {item.help} | `{item.id}` |"
