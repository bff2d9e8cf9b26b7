"""Images: decoded within bounds, and drawn as half blocks, for Kitty and as sixels."""

from __future__ import annotations

import base64
import io
import re
import struct
import zlib
from pathlib import Path

import pytest
from PIL import Image

from tuiflow.tui import pictures
from tuiflow.tui.pictures import Cells, NoPicture, fit, half_blocks, read_picture, way


def chunk(name: bytes, data: bytes) -> bytes:
    crc = zlib.crc32(name + data)
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", crc)


def test_a_bomb_is_refused_by_its_header(tmp_path: Path) -> None:
    header = struct.pack(">IIBBBBB", 50_000, 50_000, 8, 2, 0, 0, 0)
    bomb = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 99))
    (tmp_path / "bomb.png").write_bytes(bomb + chunk(b"IEND", b""))
    with pytest.raises(NoPicture, match=r"50,000 × 50,000 pixels|too large"):
        read_picture(tmp_path / "bomb.png")


def test_a_file_that_is_huge_is_not_opened(tmp_path: Path) -> None:
    with (tmp_path / "huge.png").open("wb") as file:
        file.write(b"\x89PNG\r\n\x1a\n")
        file.truncate(1 << 40)
    with pytest.raises(NoPicture, match="more than 64 MB"):
        read_picture(tmp_path / "huge.png")


@pytest.mark.parametrize("damage", [lambda data: data[: len(data) // 2], lambda data: b"BM" + data])
def test_a_damaged_image_is_told(tmp_path: Path, damage) -> None:
    file = io.BytesIO()
    Image.effect_noise((64, 64), 50).save(file, "PNG")
    (tmp_path / "a.png").write_bytes(damage(file.getvalue()))
    with pytest.raises(NoPicture, match="damaged"):
        read_picture(tmp_path / "a.png")


def test_only_known_formats_are_decoded(tmp_path: Path) -> None:
    Image.new("RGB", (4, 4)).save(tmp_path / "a.png", "TIFF")
    with pytest.raises(NoPicture):
        read_picture(tmp_path / "a.png")


def test_what_is_transparent_is_black_and_what_is_large_is_made_smaller(tmp_path: Path) -> None:
    Image.new("RGBA", (4000, 1000), (255, 255, 255, 0)).save(tmp_path / "a.png")
    image = read_picture(tmp_path / "a.png")
    assert image.size == (1600, 400) and image.mode == "RGB"
    assert image.getpixel((5, 5)) == (0, 0, 0)


def test_the_proportions_stay() -> None:
    image = Image.new("RGB", (400, 200))
    assert fit(image, 80, 40) == Cells(80, 20)
    assert fit(image, 80, 10) == Cells(40, 10)
    assert fit(image, 80, 40, (10, 20)) == Cells(80, 20)
    assert fit(Image.new("RGB", (8, 8)), 200, 100) == Cells(64, 32)
    assert fit(Image.new("RGB", (4000, 1)), 80, 40) == Cells(80, 1)


def test_a_half_block_has_two_pixels() -> None:
    image = Image.new("RGB", (2, 2))
    image.putdata([(255, 0, 0), (255, 0, 0), (0, 0, 255), (0, 255, 0)])
    assert half_blocks(image, Cells(2, 1)) == [
        [(1, (255, 0, 0), (0, 0, 255)), (1, (255, 0, 0), (0, 255, 0))]
    ]
    assert half_blocks(Image.new("RGB", (9, 9)), Cells(5, 2)) == [[(5, (0,) * 3, (0,) * 3)]] * 2


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({"TERM": "xterm-256color"}, "blocks"),
        ({"TERM": "xterm-kitty"}, "kitty"),
        ({"TERM": "xterm-256color", "KITTY_WINDOW_ID": "1"}, "kitty"),
        ({"TERM": "foot"}, "sixel"),
        ({"TERM": "xterm-256color", "TERM_PROGRAM": "WezTerm"}, "sixel"),
        ({"TERM": "screen-256color", "KITTY_WINDOW_ID": "1"}, "blocks"),
        ({"TERM": "foot", "TMUX": "/tmp/tmux"}, "blocks"),
        ({"TERM": "xterm-kitty", "TUIFLOW_IMAGES": "blocks"}, "blocks"),
        ({"TERM": "tmux-256color", "TMUX": "x", "TUIFLOW_IMAGES": "Sixel"}, "sixel"),
    ],
)
def test_what_a_terminal_is_known_for(environment: dict[str, str], expected: str) -> None:
    assert way(environment) == expected


def noise(width: int, height: int) -> Image.Image:
    return Image.merge("RGB", [Image.effect_noise((width, height), sigma) for sigma in (9, 50, 90)])


def test_kitty_is_sent_the_image_in_chunks_and_shown_where_it_stands() -> None:
    image = noise(300, 200)
    size = Cells(20, 10)
    sent = pictures.kitty_image(image, size, 0x123456, (10, 20))
    parts = re.findall(r"\x1b_G([^;]*);([^\x1b]*)\x1b\\", sent)
    assert "".join(f"\x1b_G{keys};{data}\x1b\\" for keys, data in parts) == sent
    assert parts[0][0] == f"a=T,U=1,f=100,q=2,i={0x123456},c=20,r=10,m=1"
    assert [keys for keys, _ in parts[1:]] == ["m=1"] * (len(parts) - 2) + ["m=0"]
    assert all(len(data) <= 4096 and len(data) % 4 == 0 for _, data in parts)
    file = io.BytesIO(base64.b64decode("".join(data for _, data in parts)))
    assert Image.open(file).size == (200, 133)  # no larger than its place
    lines = pictures.kitty_placeholders(size)
    assert len(lines) == 10 and all(line.count(pictures.PLACEHOLDER) == 20 for line in lines)
    assert len({line[1] for line in lines}) == 10


def test_sixels_are_the_image() -> None:
    image = Image.new("RGB", (40, 40), (255, 0, 0))
    image.paste((0, 0, 255), (20, 20, 40, 40))
    drawn = read_sixels(pictures.sixel_image(image, Cells(4, 2), (10, 21)))
    assert drawn.size == (40, 42)
    assert drawn.getpixel((5, 5)) == (255, 0, 0) and drawn.getpixel((35, 40)) == (0, 0, 255)
    assert drawn.getpixel((35, 5)) == drawn.getpixel((5, 40)) == (255, 0, 0)


def read_sixels(data: str) -> Image.Image:
    """A small decoder (VT340 Programmer Reference, chapter 14)."""
    head = re.match(r'\x1bP0;1q"1;1;(\d+);(\d+)', data)
    assert head is not None and data.endswith("\x1b\\")
    image = Image.new("RGB", (int(head[1]), int(head[2])))
    palette: dict[int, tuple[int, ...]] = {}
    x = y = colour = 0
    tokens = re.findall(r"#\d+;2;\d+;\d+;\d+|#\d+|!\d+[?-~]|[?-~]|[$-]", data[head.end() : -2])
    assert "".join(tokens) == data[head.end() : -2]
    for token in tokens:
        if token.startswith("#"):
            colour, *rest = map(int, token[1:].split(";"))
            if rest:
                palette[colour] = tuple(round(part * 255 / 100) for part in rest[1:])
        elif token == "$":
            x = 0
        elif token == "-":
            x, y = 0, y + 6
        else:
            count = int(token[1:-1]) if token.startswith("!") else 1
            bits = ord(token[-1]) - 63
            for column in range(x, x + count):
                for bit in range(6):
                    if bits >> bit & 1:
                        image.putpixel((column, y + bit), palette[colour])
            x += count
    return image
