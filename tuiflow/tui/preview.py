"""What an artifact is and what of it can be shown: bounded reads, nothing run. No framework."""

from __future__ import annotations

import csv
import io
import json
import stat
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import Enum
from functools import partial
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from tuiflow import text
from tuiflow.lines import is_text
from tuiflow.tui import tables
from tuiflow.tui.file_lines import FileLines, Spans
from tuiflow.tui.highlight import highlighted
from tuiflow.tui.json_tree import JsonTree
from tuiflow.tui.tables import CELL_WIDTH, CsvLines, is_number

if TYPE_CHECKING:
    from PIL.Image import Image

TEXT_LIMIT = 256 * 1024
"""Bytes of a text that are read at once; of a longer one, the lines that are looked at."""
MARKDOWN_LIMIT = 64 * 1024
JSON_LIMIT = 2 << 20
JSON_WIDTH = 56


class Kind(Enum):
    TEXT = "text"
    JSON = "JSON"
    TABLE = "table"
    MARKDOWN = "Markdown"
    IMAGE = "image"
    BINARY = "binary"


@dataclass(frozen=True, slots=True)
class Preview:
    """`lines` are harmless single lines with the `spans` of each; `source` is the Markdown text
    (harmless too), `tree` a JSON value, `image` a decoded image, and `opens` gives the lines of a
    file that is too long to be read at once.

    `facts` says in a few words what the file is; `notice`, where not empty, what is not shown.
    `header` is the number of leading lines that head a table.
    """

    kind: Kind
    facts: str
    lines: tuple[str, ...] = ()
    spans: Sequence[Spans] = ()
    source: str = ""
    tree: JsonTree | None = None
    image: Image | None = field(default=None, compare=False)
    opens: Callable[[], FileLines] | None = field(default=None, compare=False)
    notice: str = ""
    header: int = 0


def read_preview(path: Path) -> Preview:
    """Look into a file. Raises OSError where it can't be read."""
    status = path.stat()
    if not stat.S_ISREG(status.st_mode):
        return Preview(Kind.BINARY, "not a regular file")
    size = status.st_size
    with path.open("rb") as file:
        head = file.read(TEXT_LIMIT)
        kind = _kind(path.name, head)
        if kind is Kind.JSON and len(head) < size <= JSON_LIMIT:
            head += file.read()
    told = text.size(size)
    if kind is Kind.IMAGE:
        return _image(path, f"{_type_name(path.name, head)} · {told}")
    if kind is Kind.BINARY:
        if head.startswith(b"PAR1"):
            return _parquet(path, told)
        return Preview(kind, f"{_type_name(path.name, head)} · {told}")
    if size > len(head):
        return _long(path, kind, head, told)
    content = head.decode("utf-8-sig", errors="replace")
    if kind is Kind.JSON:
        try:
            return Preview(kind, f"JSON · {told}", tree=JsonTree(json.loads(content)))
        except (ValueError, RecursionError):
            return Preview(Kind.TEXT, f"not valid JSON · {told}", _lines(content))
    if kind is Kind.TABLE:
        table = _table(content, _delimiter(path.name, content))
        if table is not None:
            facts = f"table, {len(table) - 1:,} rows · {told}"
            return Preview(Kind.TABLE, facts, table, header=1)
    lines = _lines(content)
    if kind is Kind.MARKDOWN and size <= MARKDOWN_LIMIT:
        return Preview(kind, f"Markdown · {told}", lines, source=text.clean_block(content))
    return Preview(Kind.TEXT, f"text · {told}", lines, highlighted(path.name, lines))


def _long(path: Path, kind: Kind, head: bytes, told: str) -> Preview:
    """A text of any length, by its lines."""
    if kind is Kind.TABLE:
        content = head.decode("utf-8-sig", errors="replace")
        opens = partial(CsvLines, path, _delimiter(path.name, content))
        return Preview(kind, f"table · {told}", opens=opens, header=1)
    facts = f"{'JSON, too long to fold' if kind is Kind.JSON else 'text'} · {told}"
    return Preview(Kind.TEXT, facts, opens=partial(FileLines, path))


def _image(path: Path, facts: str) -> Preview:
    from tuiflow.tui.pictures import NoPicture, read_picture

    try:
        return Preview(Kind.IMAGE, facts, image=read_picture(path))
    except NoPicture as reason:
        return Preview(Kind.IMAGE, facts, notice=str(reason))


def _parquet(path: Path, told: str) -> Preview:
    facts = f"Parquet table · {told}"
    try:
        rows, shape, left = tables.read_parquet(path)
    except ImportError:
        notice = "Its rows are read with pyarrow: pip install 'tuiflow[parquet]'"
        return Preview(Kind.BINARY, facts, notice=notice)
    except ValueError as error:
        return Preview(Kind.BINARY, facts, notice=text.clean(f"It can't be read: {error}", 200))
    facts = f"Parquet table, {shape} · {told}"
    lines = tuple(align(rows)) if rows else ()
    return Preview(Kind.TABLE, facts, lines, notice=left, header=1)


def json_or_text(content: str, width: int = JSON_WIDTH) -> tuple[str, ...]:
    """The lines of a JSON text set out, or those of any other text as they are.

    A line goes on beyond `width` only where a single value does.
    """
    pretty = _pretty_json(content, width)
    return _lines(content) if pretty is None else tuple(pretty)


def _lines(content: str) -> tuple[str, ...]:
    lines = text.clean_block(content).split("\n")
    if lines and not lines[-1]:
        lines.pop()
    return tuple(lines)


def _kind(name: str, head: bytes) -> Kind:
    if _image_facts(head) is not None:
        return Kind.IMAGE
    if not is_text(head):
        return Kind.BINARY
    suffix = PurePosixPath(name).suffix.lower()
    if suffix in (".json", ".geojson", ".ipynb"):
        return Kind.JSON
    if suffix in (".csv", ".tsv"):
        return Kind.TABLE
    if suffix in (".md", ".markdown"):
        return Kind.MARKDOWN
    return Kind.TEXT


def _pretty_json(content: str, width: int = JSON_WIDTH) -> list[str] | None:
    try:
        return list(_lines(_set_out(json.loads(content), width)))
    except (ValueError, RecursionError):
        return None


def _set_out(value: object, width: int, indent: str = "") -> str:
    """JSON by lines, as far as they have to be: what fits into one stays on one."""
    inline = json.dumps(value, ensure_ascii=False)
    if not isinstance(value, dict | list) or not value or len(indent) + len(inline) <= width:
        return inline
    inner = indent + "  "
    if isinstance(value, dict):
        parts = [
            f"{json.dumps(key, ensure_ascii=False)}: {_set_out(item, width, inner)}"
            for key, item in value.items()
        ]
        return "{\n" + ",\n".join(inner + part for part in parts) + f"\n{indent}}}"
    parts = [_set_out(item, width, inner) for item in value]
    if not any(isinstance(item, dict | list) for item in value):
        return "[\n" + "\n".join(_filled(parts, width, inner)) + f"\n{indent}]"
    return "[\n" + ",\n".join(inner + part for part in parts) + f"\n{indent}]"


def _filled(parts: list[str], width: int, indent: str) -> list[str]:
    """Scalars of a list, as many in a line as fit."""
    lines = [indent + parts[0]]
    for part in parts[1:]:
        lines[-1] += ","
        if len(lines[-1]) + len(part) + 2 <= width:
            lines[-1] += " " + part
        else:
            lines.append(indent + part)
    return lines


def _table(content: str, delimiter: str) -> tuple[str, ...] | None:
    reader = csv.reader(io.StringIO(content), delimiter=delimiter)
    try:
        rows = [[text.clean(cell, CELL_WIDTH) for cell in row] for row in reader]
    except csv.Error:
        return None
    return tuple(align(rows)) if rows else None


def _delimiter(name: str, content: str) -> str:
    if PurePosixPath(name).suffix.lower() == ".tsv":
        return "\t"
    first = content.split("\n", 1)[0]
    return max(",;\t|", key=first.count)


def align(rows: list[list[str]]) -> list[str]:
    """Set rows of cells into columns, numbers to the right; the first row heads them."""
    # Rich is there already: Textual is built on it. It knows how wide a character is.
    from rich.cells import cell_len

    count = max(map(len, rows))
    full = [row + [""] * (count - len(row)) for row in rows]
    widths = [max(cell_len(row[c]) for row in full) for c in range(count)]
    right = [all(is_number(row[c]) for row in full[1:]) and len(full) > 1 for c in range(count)]
    lines = []
    for row in full:
        cells = []
        for cell, width, numeric in zip(row, widths, right, strict=True):
            space = " " * (width - cell_len(cell))
            cells.append(space + cell if numeric else cell + space)
        lines.append("  ".join(cells).rstrip())
    return lines


_MAGIC = (
    (b"PK\x03\x04", "ZIP archive"),
    (b"\x1f\x8b", "gzip archive"),
    (b"%PDF-", "PDF document"),
    (b"\x80\x04\x95", "Python pickle"),
    (b"\x80\x05\x95", "Python pickle"),
    (b"\x93NUMPY", "NumPy array"),
    (b"PAR1", "Parquet table"),
    (b"SQLite format 3\0", "SQLite database"),
    (b"\x89HDF\r\n\x1a\n", "HDF5 file"),
    (b"\x7fELF", "program"),
)


def _type_name(name: str, head: bytes) -> str:
    image = _image_facts(head)
    if image is not None:
        return image
    if name.lower().endswith(".skops"):
        return "skops model"
    for magic, label in _MAGIC:
        if head.startswith(magic):
            return label
    return "binary file" if head else "empty file"


def _image_facts(head: bytes) -> str | None:
    """Type and size in pixels, from the header alone; None where it is no image."""
    if head.startswith(b"\x89PNG\r\n\x1a\n") and len(head) >= 24:
        return "PNG image · {} × {}".format(*struct.unpack(">II", head[16:24]))
    if head[:6] in (b"GIF87a", b"GIF89a") and len(head) >= 10:
        return "GIF image · {} × {}".format(*struct.unpack("<HH", head[6:10]))
    if head.startswith(b"\xff\xd8\xff"):
        pixels = _jpeg_pixels(head)
        return f"JPEG image · {pixels[0]} × {pixels[1]}" if pixels else "JPEG image"
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return "WebP image"
    if head.startswith(b"BM") and len(head) >= 26 and head[14:18] == b"\x28\0\0\0":
        return "BMP image · {} × {}".format(*struct.unpack("<ii", head[18:26]))
    return None


def _jpeg_pixels(head: bytes) -> tuple[int, int] | None:
    at = 2
    while at + 9 <= len(head) and head[at] == 0xFF:
        marker = head[at + 1]
        # SOF0..SOF15, without DHT, JPG and DAC, which share the range (ITU T.81, table B.1).
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack(">HH", head[at + 5 : at + 9])
            return width, height
        at += 2 + int(struct.unpack(">H", head[at + 2 : at + 4])[0])
    return None
