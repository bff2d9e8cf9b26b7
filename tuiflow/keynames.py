"""Names of keys, as Textual has them and as people write and read them. No I/O."""

from __future__ import annotations

import string
import unicodedata

_NAMED = frozenset(
    "enter tab escape space backspace delete insert home end pageup pagedown up down left right"
    " f1 f2 f3 f4 f5 f6 f7 f8 f9 f10 f11 f12".split()
)
_ALIASES = {
    "esc": "escape",
    "return": "enter",
    "del": "delete",
    "ins": "insert",
    "pgup": "pageup",
    "pgdn": "pagedown",
    "↑": "up",
    "↓": "down",
    "←": "left",
    "→": "right",
    "⏎": "enter",
    " ": "space",
}
_SHOWN = {
    "escape": "esc",
    "pagedown": "pgdn",
    "pageup": "pgup",
    "left": "←",
    "right": "→",
    "up": "↑",
    "down": "↓",
}
# Where Textual's name of a character is not Unicode's (textual/keys.py, KEY_NAME_REPLACEMENTS).
_RENAMED = {
    "/": "slash",
    "\\": "backslash",
    "@": "at",
    "-": "minus",
    "+": "plus",
    "_": "underscore",
}
_SENT_FOR_CTRL_SPACE = "ctrl+@"
_MODIFIERS = ("ctrl", "alt", "shift")
_SENT_AS = {
    "ctrl+h": "backspace",
    "ctrl+i": "tab",
    "ctrl+j": "enter",
    "ctrl+m": "enter",
    "ctrl+[": "escape",
}
_QUITS = frozenset(("ctrl+c", "ctrl+q"))


class KeyNameError(ValueError):
    """A text that names no key one could bind; the message says why."""


def shown(key: str) -> str:
    """A key as a person reads it."""
    modifiers, _, name = key.rpartition("+")
    return f"{modifiers}+{_SHOWN[name]}" if modifiers and name in _SHOWN else _SHOWN.get(key, key)


def canonical(text: str) -> str:
    """The one name of the key that a person has written: a character or Textual's name.

    `G`, `?` and `question_mark`, `esc`, `PageDown`, `ctrl+d`, `shift+tab`, `f5` are read. Raises
    KeyNameError for what is no key, or for one that a terminal sends as another.
    """
    if len(text) == 1 and text not in _ALIASES:
        if text.isprintable() and not unicodedata.combining(text):
            return text
        raise KeyNameError(f"{text!r} is no key")
    *modifiers, name = _split(text)
    base = _base(name)
    if not modifiers:
        return base
    if sorted(set(modifiers)) != sorted(modifiers) or not set(modifiers) <= set(_MODIFIERS):
        raise KeyNameError(f"{text!r} is no key")
    if len(base) == 1 and base.isalpha():
        if modifiers == ["shift"]:
            raise KeyNameError(f"{text!r} is written {base.upper()!r}")
        base = base.lower()
    key = "+".join([*sorted(modifiers, key=_MODIFIERS.index), _textual(base)])
    short = "+".join([*sorted(modifiers, key=_MODIFIERS.index), base])
    if short in _SENT_AS:
        raise KeyNameError(f"{short} can't be bound: terminals send {_SENT_AS[short]} for it")
    if short == _SENT_FOR_CTRL_SPACE:
        return short
    if key in _QUITS:
        raise KeyNameError(f"{key} can't be bound: it always quits")
    return key


def _split(text: str) -> list[str]:
    if text.endswith("++"):
        return [*text[:-2].casefold().split("+"), "+"]
    *modifiers, name = text.split("+")
    return [*(modifier.casefold() for modifier in modifiers), name]


def _base(name: str) -> str:
    if name in _ALIASES:
        return _ALIASES[name]
    if len(name) == 1:
        return name
    lower = name.casefold()
    if lower in _NAMED:
        return lower
    if lower in _ALIASES:
        return _ALIASES[lower]
    if lower in _CHARACTERS:
        return _CHARACTERS[lower]
    raise KeyNameError(f"{name!r} is no key")


def _textual(character: str) -> str:
    """What Textual calls a character that a modifier is pressed with."""
    if len(character) > 1 or character.isalnum():
        return character
    name = unicodedata.name(character, character).lower().replace("-", "_").replace(" ", "_")
    return _RENAMED.get(character, name)


_CHARACTERS = {_textual(character): character for character in string.punctuation}
