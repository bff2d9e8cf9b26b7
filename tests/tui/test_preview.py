"""What is told and shown of an artifact."""

from __future__ import annotations

import json
import math
import os
import struct
import zlib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tuiflow.tui import preview
from tuiflow.tui.file_lines import FileLines
from tuiflow.tui.preview import Kind, read_preview


def png(width: int, height: int) -> bytes:
    def chunk(name: bytes, data: bytes) -> bytes:
        crc = zlib.crc32(name + data)
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", crc)

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IEND", b"")


def look(tmp_path: Path, name: str, content: bytes | str) -> preview.Preview:
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_preview(path)


def test_text_is_shown_as_harmless_lines(tmp_path: Path):
    shown = look(tmp_path, "notes.txt", "one\n\x1b[31mtwo\x07\nthree\u202e")
    assert shown.kind is Kind.TEXT
    assert shown.lines == ("one", "␛[31mtwo␇", "three�")
    assert shown.facts == "text · 22 B" and shown.notice == ""


def all_lines(shown: preview.Preview) -> FileLines:
    assert shown.opens is not None
    lines = shown.opens()
    while lines.scan():
        pass
    return lines


def test_a_large_text_is_opened_by_its_lines(tmp_path: Path):
    shown = look(tmp_path, "big.txt", "".join(f"line {number}\n" for number in range(100_000)))
    assert shown.kind is Kind.TEXT and shown.facts == "text · 1.0 MB" and shown.lines == ()
    lines = all_lines(shown)
    assert lines.total == 100_000 and lines.line(99_999) == "line 99999"


def test_a_large_table_is_opened_by_its_rows(tmp_path: Path):
    rows = "".join(f'{n},"a, {n}",0.5,\x1b[31m\n' for n in range(40_000))
    shown = look(tmp_path, "big.csv", "id,name,score,x\n" + rows)
    assert shown.kind is Kind.TABLE and shown.header == 1
    lines = all_lines(shown)
    assert lines.total == 40_001
    assert lines.line(0) == "   id  name      score  x"
    assert lines.line(40_000) == "39999  a, 39999    0.5  ␛[31m"


def test_a_sparse_huge_file_is_no_problem(tmp_path: Path):
    path = tmp_path / "huge.bin"
    with path.open("wb") as file:
        file.truncate(1 << 40)
    shown = read_preview(path)
    assert shown.kind is Kind.BINARY and "1.0 TB" in shown.facts


def test_a_pipe_is_not_waited_for(tmp_path: Path):
    os.mkfifo(tmp_path / "pipe")
    shown = read_preview(tmp_path / "pipe")
    assert shown.kind is Kind.BINARY and shown.facts == "not a regular file"


def test_json_is_a_tree(tmp_path: Path):
    content = {"b": [1, math.nan], "ü": "\x1b[2J", "rows": [[1, 2], []], "e": {}}
    shown = look(tmp_path, "a.json", json.dumps(content))
    assert shown.kind is Kind.JSON and shown.tree is not None
    assert [(node.name, node.value, node.folds) for node in shown.tree.rows()] == [
        ("b", "[1, NaN]", True),
        ("ü", '"\\u001b[2J"', None),
        ("rows", "", False),
        ("0", "[1, 2]", True),
        ("1", "[]", None),
        ("e", "{}", None),
    ]


def test_json_is_set_out_in_lines():
    words = ["some", "words", "that", "are", "too", "long", "for", "one", "line", "of", "text"]
    content = {"b": [1, math.nan], "ü": "\x1b[2J", "words": words, "rows": [[1, 2], []], "e": {}}
    lines = preview.json_or_text(json.dumps(content))
    assert lines[0] == "{" and '  "b": [1, NaN],' in lines
    assert max(map(len, lines)) <= preview.JSON_WIDTH + 1
    assert not any("\x1b" in line for line in lines)
    read = json.loads("\n".join(lines))
    assert read["ü"] == "\x1b[2J" and read["words"] == words and read["rows"] == [[1, 2], []]


printable = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E))


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | printable,
        lambda inner: st.lists(inner) | st.dictionaries(printable, inner),
        max_leaves=60,
    )
)
def test_json_that_is_set_out_is_the_same_json(value):
    assert json.loads("\n".join(preview.json_or_text(json.dumps(value)))) == value


def test_json_nested_deeply_unfolds_level_by_level(tmp_path: Path):
    shown = look(tmp_path, "a.json", "[" * 200 + "1" + "]" * 200)
    tree = shown.tree
    assert tree is not None
    for _ in range(300):
        folded = [node for node in tree.rows() if node.folds]
        if not folded:
            break
        tree.toggle(folded[0].path)
    assert tree.rows()[-1].value == "1" and len(tree.rows()) == 200


def test_a_long_array_comes_in_parts(tmp_path: Path):
    tree = look(tmp_path, "a.json", json.dumps({"a": list(range(1200)), "b": 1})).tree
    assert tree is not None
    assert [node.name for node in tree.rows()] == ["a", "b"]
    assert "1,200 items" in tree.rows()[0].value
    for shown in (500, 1000, 1200):
        tree.toggle("/0" if shown == 500 else "/0/rest")
        rows = tree.rows()
        more = [node.name for node in rows if node.is_rest]
        assert len(rows) == shown + len(more) + 2
        assert more == ([f"… {1200 - shown:,} more; enter shows some"] if shown < 1200 else [])


@pytest.mark.parametrize("content", ['{"a": 1', "[" * 100_000])
def test_broken_json_is_shown_as_text(tmp_path: Path, content: str):
    shown = look(tmp_path, "a.json", content)
    assert shown.kind is Kind.TEXT and shown.facts.startswith("not valid JSON")
    assert shown.lines


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("t.csv", 'name,value\nplain,1.5\n"a, b",20\n'),
        ("t.csv", 'name;value\nplain;1.5\n"a, b";20\n'),
        ("t.tsv", "name\tvalue\nplain\t1.5\na, b\t20\n"),
    ],
)
def test_a_table_has_aligned_columns_with_numbers_to_the_right(tmp_path, name, content):
    shown = look(tmp_path, name, content)
    assert shown.kind is Kind.TABLE and shown.header == 1
    assert shown.lines == ("name   value", "plain    1.5", "a, b      20")


def test_wide_characters_keep_the_columns_aligned():
    assert preview.align([["名前", "x"], ["a", "1"]]) == ["名前  x", "a     1"]


def test_a_table_with_one_broken_row_is_still_shown(tmp_path: Path):
    shown = look(tmp_path, "t.csv", "a,b\n1\n1,2,3\n\x1b[31m,2\n")
    assert shown.kind is Kind.TABLE and "␛[31m" in shown.lines[3]


def test_markdown_is_given_without_control_characters(tmp_path: Path):
    shown = look(tmp_path, "card.md", "# Model\n\n\x1b]0;title\x07text\n")
    assert shown.kind is Kind.MARKDOWN
    assert shown.source == "# Model\n\n␛]0;title␇text\n"


@pytest.mark.parametrize(
    ("name", "content", "facts"),
    [
        ("plot.png", png(640, 480), "PNG image · 640 × 480"),
        ("a.gif", b"GIF89a\x10\x00\x20\x00", "GIF image · 16 × 32"),
        (
            "a.jpg",
            b"\xff\xd8\xff\xe0\x00\x04ab\xff\xc0\x00\x11\x08\x00\x20\x00\x10" + b"\0" * 8,
            "JPEG image · 16 × 32",
        ),
        ("a.jpg", b"\xff\xd8\xff\xe0\xff", "JPEG image"),
        ("model.pkl", b"\x80\x04\x95\0\0", "Python pickle"),
        ("x.npz", b"PK\x03\x04\0\0", "ZIP archive"),
        ("model.skops", b"PK\x03\x04\0\0", "skops model"),
        ("noise", bytes(range(256)), "binary file"),
    ],
)
def test_what_is_not_text_tells_type_and_size(tmp_path, name, content, facts):
    shown = look(tmp_path, name, content)
    assert shown.kind in (Kind.IMAGE, Kind.BINARY)
    assert shown.facts.startswith(facts) and shown.facts.endswith(f"{len(content)} B")
    assert shown.lines == ()


def test_an_empty_file_is_an_empty_text(tmp_path: Path):
    shown = look(tmp_path, "empty.txt", b"")
    assert shown.kind is Kind.TEXT and shown.lines == () and "0 B" in shown.facts


@settings(max_examples=150, deadline=None)
@given(
    content=st.binary(max_size=400),
    name=st.sampled_from(["a.txt", "a.json", "a.csv", "a.tsv", "a.md", "a.png", "a"]),
)
def test_any_bytes_give_a_preview_of_printable_lines(tmp_path_factory, content, name):
    shown = look(tmp_path_factory.mktemp("any"), name, content)
    assert shown.facts
    for line in shown.lines:
        assert line.isprintable() or all(ord(char) >= 0x20 and ord(char) != 0x7F for char in line)
