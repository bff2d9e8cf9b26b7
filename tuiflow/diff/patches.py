"""Unified diffs as Git writes them: taken apart by file, applied, and made anew. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

_HUNK = re.compile(rb"@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@")
_ESCAPE = re.compile(rb"\\([0-7]{3}|.)")
_ESCAPED = {b"n": b"\n", b"t": b"\t", b"r": b"\r", b"a": b"\a", b"b": b"\b", b"f": b"\f"}
_ESCAPED[b"v"] = b"\v"

MAX_LINES = 5_000
"""Texts of more lines are not compared line by line: that can take the square of their length."""

PREVIEW_WIDTH = 200


@dataclass(frozen=True, slots=True)
class FilePatch:
    """What a patch does to one file. `old` and `new` are paths in the repository, None where the
    file was made or removed; `body` begins with the first hunk and is empty for a binary file;
    `head` is what stands before it."""

    old: str | None
    new: str | None
    head: bytes
    body: bytes


def split_patch(patch: bytes) -> list[FilePatch]:
    """The patch by files; text that belongs to none is left out."""
    found = []
    for section in re.split(rb"^(?=diff --git )", patch, flags=re.MULTILINE):
        if section.startswith(b"diff --git "):
            at = re.search(rb"^@@ ", section, re.MULTILINE)
            head, body = (section[: at.start()], section[at.start() :]) if at else (section, b"")
            old, new = _names(head)
            if old is not None or new is not None:
                found.append(FilePatch(old, new, head, body))
    return found


def _names(head: bytes) -> tuple[str | None, str | None]:
    lines = head.splitlines()
    by_start: dict[bytes, str | None] = {}
    for line in lines[1:]:
        for start in (b"--- ", b"+++ ", b"rename from ", b"rename to "):
            if line.startswith(start):
                by_start[start] = _path(line[len(start) :], prefixed=len(start) == 4)
    if b"rename from " in by_start:
        return by_start[b"rename from "], by_start.get(b"rename to ")
    if b"--- " in by_start:
        return by_start[b"--- "], by_start.get(b"+++ ")
    # A binary or empty file, or a change of mode: both names are in the first line, and alike.
    name = _doubled(lines[0].removeprefix(b"diff --git "))
    made = any(line.startswith(b"new file") for line in lines)
    removed = any(line.startswith(b"deleted file") for line in lines)
    return (None if made else name), (None if removed else name)


def _path(name: bytes, prefixed: bool) -> str | None:
    name = name.removesuffix(b"\t")
    if name.startswith(b'"') and name.endswith(b'"'):
        name = _ESCAPE.sub(_unescaped, name[1:-1])
    if prefixed:
        if name == b"/dev/null":
            return None
        name = name[2:]
    return name.decode("utf-8", "surrogateescape")


def _unescaped(match: re.Match[bytes]) -> bytes:
    code = match[1]
    if len(code) == 3:
        return bytes([int(code, 8) & 255])
    return _ESCAPED.get(code, code)


def _doubled(names: bytes) -> str | None:
    """The name in `a/NAME b/NAME`."""
    middle = len(names) // 2
    one, other = names[:middle], names[middle + 1 :]
    first, second = _path(one, prefixed=True), _path(other, prefixed=True)
    return first if first == second else None


def apply(text: bytes, body: bytes) -> bytes | None:
    """The text after the hunks of a patch that was made against it; None where they don't fit."""
    lines = _lines(text)
    result: list[bytes] = []
    place = left_old = left_new = 0
    last = b""
    for line in _lines(body):
        sign, rest = line[:1], line[1:]
        if sign == b"\\":  # "\ No newline at end of file" speaks of the line before
            if last == b"+":
                result[-1] = result[-1].removesuffix(b"\n")
        elif left_old <= 0 and left_new <= 0:
            hunk = _HUNK.match(line)
            if hunk is None:
                return None
            left_old, left_new = (1 if n is None else int(n) for n in hunk.group(2, 4))
            start = int(hunk[1]) - (1 if left_old else 0)
            if not place <= start <= len(lines):
                return None
            result += lines[place:start]
            place = start
        elif sign == b"+":
            result.append(rest)
            left_new -= 1
        elif sign in (b" ", b"-"):
            if place >= len(lines) or lines[place].rstrip(b"\n") != rest.rstrip(b"\n"):
                return None
            if sign == b" ":
                result.append(lines[place])
                left_new -= 1
            place += 1
            left_old -= 1
        else:
            return None
        last = sign
    if left_old > 0 or left_new > 0:
        return None
    return b"".join(result + lines[place:])


def _lines(text: bytes) -> list[bytes]:
    """Lines with their ends; only a line feed ends one, as in Git."""
    lines = [line + b"\n" for line in text.split(b"\n")]
    last = lines.pop()[:-1]
    return [*lines, last] if last else lines


@dataclass(frozen=True, slots=True)
class LineChange:
    """How two texts differ: lines of a unified diff with `context` lines around, and counts."""

    added: int
    removed: int
    lines: tuple[str, ...]


def compare_lines(one: Sequence[str], other: Sequence[str], context: int = 3) -> LineChange | None:
    """The unified diff, without the two lines of names; None where the texts are too long."""
    start = 0
    least = min(len(one), len(other))
    while start < least and one[start] == other[start]:
        start += 1
    end = 0
    while end < least - start and one[-1 - end] == other[-1 - end]:
        end += 1
    first, second = len(one) - end, len(other) - end
    if max(first, second) - start > MAX_LINES:
        return None
    # What is alike on both ends is left out but for the context: it would only take time.
    before = max(start - context, 0)
    a = list(one[before : min(first + context, len(one))])
    b = list(other[before : min(second + context, len(other))])
    lines: list[str] = []
    added = removed = 0
    for group in _grouped(a, b, context):
        place, length = group[0][1], group[-1][2] - group[0][1]
        place_b, length_b = group[0][3], group[-1][4] - group[0][3]
        lines.append(f"@@ -{_span(before, place, length)} +{_span(before, place_b, length_b)} @@")
        for tag, a1, a2, b1, b2 in group:
            if tag == "equal":
                lines += [" " + line for line in a[a1:a2]]
                continue
            lines += ["-" + line for line in a[a1:a2]]
            lines += ["+" + line for line in b[b1:b2]]
            removed += a2 - a1
            added += b2 - b1
    return LineChange(added, removed, tuple(lines))


_Opcode = tuple[str, int, int, int, int]


def _grouped(a: list[str], b: list[str], context: int) -> Iterable[Sequence[_Opcode]]:
    import difflib

    if b >= a:
        yield from difflib.SequenceMatcher(None, a, b).get_grouped_opcodes(context)
        return
    # difflib finds another way back than there; both must count the same lines.
    for group in difflib.SequenceMatcher(None, b, a).get_grouped_opcodes(context):
        yield [(tag, a1, a2, b1, b2) for tag, b1, b2, a1, a2 in group]


def _span(before: int, start: int, length: int) -> str:
    place = before + start + (1 if length else 0)
    return f"{place}" if length == 1 else f"{place},{length}"


def decoded_lines(data: bytes) -> list[str] | None:
    """The lines of a text; None for binary data. A last line without an end says so."""
    if b"\0" in data:
        return None
    lines = data.decode("utf-8", "replace").split("\n")
    last = lines.pop()
    return [*lines, last + "  (no newline at the end)"] if last else lines


def preview(lines: Sequence[str]) -> str:
    """The first place that differs in one line: `@@ -31 +31 @@ -scale=False +scale=True`."""
    parts: list[str] = []
    for line in lines:
        if line.startswith("@@"):
            if parts:
                break
            parts.append(line[: line.find("@@", 2) + 2])
        elif line[:1] in ("-", "+"):
            parts.append(line[0] + " ".join(line[1:].split()))
    return " ".join(parts)[:PREVIEW_WIDTH]


def previews(patch: bytes) -> Mapping[str, str]:
    """The preview of each file of a patch without context, by its new path, else its old one."""
    found = {}
    for file in split_patch(patch):
        lines = file.body[: 4 * PREVIEW_WIDTH].decode("utf-8", "replace").split("\n")
        found[file.new or file.old or ""] = preview(lines)
    return found


def inverted_lines(lines: Iterable[str]) -> list[str]:
    """The hunks of a unified diff the other way round."""
    result: list[str] = []
    removed: list[str] = []
    added: list[str] = []
    last = result
    for line in lines:
        sign, rest = line[:1], line[1:]
        if sign == "-":
            last = added
            last.append("+" + rest)
        elif sign == "+":
            last = removed
            last.append("-" + rest)
        elif sign == "\\":  # speaks of the line before
            last.append(line)
        else:
            result += removed + added
            removed, added, last = [], [], result
            if sign == "@":
                old, new, end = line[3:].split(" ", 2)
                line = f"@@ -{new[1:]} +{old[1:]} {end}"
            result.append(line)
    return result + removed + added
