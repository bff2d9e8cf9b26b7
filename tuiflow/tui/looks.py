"""How a cell looks, as a terminal is told: SGR codes (ECMA-48), and the shortest change of them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from rich.color import Color, ColorSystem
from rich.style import Style

RESET = "\x1b[m"

_ATTRIBUTES = (
    ("bold", "1"), ("dim", "2"), ("italic", "3"), ("underline", "4"), ("blink", "5"),
    ("blink2", "6"), ("reverse", "7"), ("conceal", "8"), ("strike", "9"), ("underline2", "21"),
    ("frame", "51"), ("encircle", "52"), ("overline", "53"),
)  # fmt: skip
_ENDS = {
    "1": "22", "2": "22", "3": "23", "4": "24", "5": "25", "6": "25", "7": "27", "8": "28",
    "9": "29", "21": "24", "51": "54", "52": "54", "53": "55",
}  # fmt: skip
"""What ends an attribute; some end two of them."""
_SEEN_ON_BLANKS = frozenset(("4", "7", "9", "21", "51", "52", "53"))


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """SGR codes of the attributes and colours, and what opens a link; empty for the terminal's own.

    There is one object for each look: compare them with `is`.
    """

    attributes: tuple[str, ...]
    colour: str
    background: str
    link: str

    @property
    def codes(self) -> tuple[str, ...]:
        return tuple(filter(None, (*self.attributes, self.colour, self.background)))


@lru_cache(4096)
def _look(attributes: tuple[str, ...], colour: str, background: str, link: str) -> Look:
    return Look(attributes, colour, background, link)


PLAIN = _look((), "", "", "")


@lru_cache(4096)
def look_of(style: Style | None, colours: ColorSystem) -> Look:
    """How text in this style looks on a terminal of so many colours."""
    if style is None:
        return PLAIN
    attributes = tuple(code for name, code in _ATTRIBUTES if getattr(style, name))
    link = f"\x1b]8;id={style.link_id};{style.link}\x1b\\" if style.link else ""
    return _look(
        attributes,
        _codes(style.color, colours, foreground=True),
        _codes(style.bgcolor, colours, foreground=False),
        link,
    )


def _codes(colour: Color | None, colours: ColorSystem, *, foreground: bool) -> str:
    if colour is None:
        return ""
    codes = ";".join(colour.downgrade(colours).get_ansi_codes(foreground))
    return "" if codes in ("39", "49") else codes


@lru_cache(4096)
def of_blank(look: Look) -> Look:
    """The look of a blank: its colour is not seen unless something is drawn about it."""
    if _SEEN_ON_BLANKS.intersection(look.attributes):
        return look
    return _look((), "", look.background, look.link)


@lru_cache(16384)
def change(old: Look, new: Look) -> str:
    """What has a terminal that writes in the old look write in the new one."""
    link = ""
    if old.link != new.link:
        link = new.link or "\x1b]8;;\x1b\\"
    codes = _changed(old, new)
    whole = ("0", *new.codes) if new.codes else ("",)
    shortest = min(codes, whole, key=lambda codes: len(";".join(codes)))
    return link + (f"\x1b[{';'.join(shortest)}m" if codes else "")


def _changed(old: Look, new: Look) -> tuple[str, ...]:
    ends = dict.fromkeys(_ENDS[code] for code in old.attributes if code not in new.attributes)
    begins = [code for code in new.attributes if code not in old.attributes or _ENDS[code] in ends]
    codes = [*ends, *begins]
    if old.colour != new.colour:
        codes.append(new.colour or "39")
    if old.background != new.background:
        codes.append(new.background or "49")
    return tuple(codes)
