"""How values are written for a person, on the screen and in the shell. Pure functions."""

from __future__ import annotations

import math
import re
import time
import unicodedata
from collections.abc import Iterable

MISSING = "–"

STATUS_GLYPHS = {
    "RUNNING": "⏵",
    "SCHEDULED": "…",
    "FINISHED": "✓",
    "FAILED": "✗",
    "KILLED": "■",
    "STALE": "◌",
}

_HARMFUL = frozenset(("Cc", "Cf", "Cn", "Cs", "Zl", "Zp"))
_KEPT_JOINER = "\u200c"  # part of Persian spelling, without a width anywhere
# Blank letters: no terminal agrees with another on their width.
_FILLERS = frozenset("\u115f\u1160\u3164\uffa0")
# Combining marks of no particular script; no language stacks more than 4 of them.
_MARKS = "[\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff]"
_PILE = re.compile(f"(?<={_MARKS * 4}){_MARKS}+")


def clean(text: str, limit: int | None = None) -> str:
    """Return `text` as one harmless line: control characters as symbols, cut to `limit` characters.

    C0 controls become their Unicode control pictures (␛ for escape). Everything else that is not
    text (C1, bidi and other invisible marks, lone surrogates, line separators, unassigned code
    points) becomes `�`. What only varies the look of an emoji (joiners, variation selectors, skin
    tones) is left out, since terminals disagree on the width of such sequences, and no more than 4
    combining marks stand on one character.
    """
    if limit is not None and len(text) > limit:
        text = text[: max(limit - 1, 0)] + "…"
    if text.isascii() and text.isprintable():
        return text
    return _PILE.sub("", text.translate(_SHOWN))


def clean_block(text: str) -> str:
    """Like `clean`, but line breaks stay and tabs become spaces to the next multiple of 4."""
    lines = text.replace("\r\n", "\n").split("\n")
    return "\n".join(clean(line.expandtabs(4)) for line in lines)


class _Shown(dict[int, str]):
    """How each code point is shown; the first ones that are met are remembered."""

    def __missing__(self, code: int) -> str:
        shown = _clean_char(chr(code))
        if len(self) < 8192:
            self[code] = shown
        return shown


_SHOWN = _Shown()


def _clean_char(char: str) -> str:
    code = ord(char)
    if code < 0x20:
        return chr(0x2400 + code)
    if code == 0x7F:
        return "␡"
    if _only_varies_an_emoji(code):
        return ""
    if char in _FILLERS or (unicodedata.category(char) in _HARMFUL and char != _KEPT_JOINER):
        return "�"
    return char


def _only_varies_an_emoji(code: int) -> bool:
    return (
        code == 0x200D
        or 0xFE00 <= code <= 0xFE0F
        or 0x1F3FB <= code <= 0x1F3FF
        or 0xE0100 <= code <= 0xE01EF
    )


def number(value: float | None, digits: int = 4) -> str:
    """Write a number with `digits` significant digits; NaN and ±inf as such, None as `–`."""
    if value is None:
        return MISSING
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "inf" if value > 0 else "-inf"
    if value == int(value) and abs(value) < 10**15:
        return str(int(value))
    magnitude = abs(value)
    if 1e-4 <= magnitude < 1e6:
        places = max(digits - 1 - math.floor(math.log10(magnitude)), 0)
        return f"{value:.{places}f}"
    return f"{value:.{digits - 1}e}"


def exact(value: float) -> str:
    """Write a number with all its digits, a whole one without a point: `12345678901`, `0.001`."""
    if math.isfinite(value) and value == int(value) and abs(value) < 10**16:
        return str(int(value))
    return number(value) if not math.isfinite(value) else repr(value)


def number_column(values: Iterable[float | None], digits: int = 4) -> list[str]:
    """Write a column of numbers with the same number of decimals, so that they compare by eye.

    The decimals are those that give the smallest plain magnitude `digits` significant digits, at
    most 6; very large or small columns are written in scientific form.
    """
    items = list(values)
    finite = [abs(v) for v in items if v is not None and math.isfinite(v) and v != 0]
    if not finite or all(v == int(v) for v in finite if v < 1e15):
        return [number(v, digits) for v in items]
    if max(finite) >= 1e6 or max(finite) < 1e-4:
        return [number(v, digits) for v in items]
    top = math.floor(math.log10(max(finite)))
    places = min(max(digits - 1 - top, digits - 1 if top < 1 else 1), 6)
    return [
        f"{v:.{places}f}" if v is not None and math.isfinite(v) else number(v, digits)
        for v in items
    ]


def ago(then_ms: int, now_ms: int) -> str:
    """How long ago, in one unit: `now`, `42s ago`, `3m ago`, `2h ago`, `5d ago`, else the date."""
    seconds = (now_ms - then_ms) // 1000
    if seconds < 1:
        return "now"
    for size, unit in ((60, "s"), (3600, "m"), (86400, "h"), (86400 * 30, "d")):
        if seconds < size:
            return f"{seconds // {'s': 1, 'm': 60, 'h': 3600, 'd': 86400}[unit]}{unit} ago"
    return time.strftime("%Y-%m-%d", time.localtime(then_ms / 1000))


def moment(then_ms: int) -> str:
    """Absolute local time, to the second."""
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(then_ms / 1000))


def duration(milliseconds: int | None) -> str:
    """`0.2s`, `41s`, `3m 04s`, `2h 05m`, `3d 04h`; None as `–`."""
    if milliseconds is None:
        return MISSING
    seconds = milliseconds / 1000
    if seconds < 10:
        return f"{seconds:.1f}s"
    whole = int(seconds)
    if whole < 60:
        return f"{whole}s"
    if whole < 3600:
        return f"{whole // 60}m {whole % 60:02d}s"
    if whole < 86400:
        return f"{whole // 3600}h {whole % 3600 // 60:02d}m"
    return f"{whole // 86400}d {whole % 86400 // 3600:02d}h"


def size(count: int | None) -> str:
    """Bytes in powers of 1024: `812 B`, `1.2 kB`, `34.0 MB`; None as `–`."""
    if count is None:
        return MISSING
    if count < 1024:
        return f"{count} B"
    value, unit = count / 1024, "kB"
    for larger in ("MB", "GB", "TB"):
        if value < 1024:
            break
        value, unit = value / 1024, larger
    return f"{value:.1f} {unit}"


def shorten_middle(text: str, width: int) -> str:
    """Cut the middle out of a long key: `validation/…/loss`."""
    if len(text) <= width:
        return text
    if width <= 1:
        return "…"[:width]
    head = (width - 1) // 2
    return text[:head] + "…" + text[len(text) - (width - 1 - head) :]


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return `; did you mean 'x'?` for the nearest known name, or nothing where none is near."""
    from difflib import get_close_matches  # 4 ms, and only mistakes need it

    near = get_close_matches(word, list(known), n=1)
    return f"; did you mean '{near[0]}'?" if near else ""


SPARKS = "▁▂▃▄▅▆▇█"


def sparkline(values: Iterable[float], width: int = 8) -> str:
    """Draw finite values as `width` block characters, each the mean of its share."""
    finite = [v for v in values if math.isfinite(v)]
    if not finite:
        return ""
    count = min(width, len(finite))
    means = []
    for index in range(count):
        part = finite[index * len(finite) // count : (index + 1) * len(finite) // count]
        means.append(math.fsum(value / len(part) for value in part))  # the sum may overflow
    low, high = min(means), max(means)
    span = high - low
    if span == 0 or not math.isfinite(span):
        return SPARKS[3] * count
    return "".join(SPARKS[min(int((m - low) / span * 8), 7)] for m in means)
