"""A terminal to try things on: as much of one (ECMA-48, xterm) as full-screen apps use."""

from __future__ import annotations

import re

from rich.cells import get_character_cell_size

_PART = re.compile(
    r"(?P<csi>\x1b\[(?P<private>[<=>?]?)(?P<numbers>[\d;]*)[ -/]*(?P<final>[@-~]))"
    r"|(?P<osc>\x1b\](?P<said>[^\x07\x1b]*)(?:\x07|\x1b\\))"
    r"|(?P<other>\x1bP[^\x1b]*\x1b\\|\x1b[()][0-9A-B]|\x1b[=>78])"
    r"|(?P<control>[\x00-\x1f])"
    r"|(?P<text>[^\x00-\x1f]+)"
)
_ENDS = {
    "22": ("1", "2"), "23": ("3",), "24": ("4", "21"), "25": ("5", "6"), "27": ("7",),
    "28": ("8",), "29": ("9",), "54": ("51", "52"), "55": ("53",),
}  # fmt: skip
Look = tuple[frozenset[str], str, str, str]
PLAIN: Look = (frozenset(), "", "", "")


class Terminal:
    """`cells` are (characters, look) by line; the second cell of a wide character has none.

    A look is the SGR codes of attributes, of the colour and of the background, and the link.
    """

    def __init__(self, columns: int, rows: int) -> None:
        self.columns, self.rows = columns, rows
        self.cells = [[(" ", PLAIN)] * columns for _ in range(rows)]
        self.x = self.y = 0
        self.look = PLAIN

    def feed(self, sent: str) -> None:
        """Do what was sent; ends in the midst of a sequence are not cared for."""
        for part in _PART.finditer(sent):
            if part["text"]:
                for char in part["text"]:
                    self._put(char)
            elif part["csi"] and not part["private"]:
                self._act(part["final"], part["numbers"])
            elif part["osc"] and part["said"].startswith("8;"):
                link = part["said"].split(";", 2)[2]
                self.look = (*self.look[:3], link)
            elif part["control"] == "\r":
                self.x = 0
            elif part["control"] == "\n":
                self.y, self.x = min(self.y + 1, self.rows - 1), 0

    def text(self) -> str:
        return "\n".join("".join(char for char, _ in line).rstrip() for line in self.cells)

    def seen(self) -> list[list[tuple[str, Look]]]:
        """The cells, less what nobody can see: the colour of blanks without a line about them."""
        return [[self._seen(char, look) for char, look in line] for line in self.cells]

    @staticmethod
    def _seen(char: str, look: Look) -> tuple[str, Look]:
        attributes, colour, background, link = look
        if char == " " and not attributes & {"4", "7", "9", "21", "51", "52", "53"}:
            attributes, colour = frozenset(), ""
        return char, (attributes, colour, background, link)

    def _put(self, char: str) -> None:
        wide = get_character_cell_size(char)
        if not wide:
            if self.x:
                before, look = self.cells[self.y][self.x - 1]
                place = self.x - 1 if before else self.x - 2
                before, look = self.cells[self.y][place]
                self.cells[self.y][place] = (before + char, look)
            return
        if self.x + wide <= self.columns:
            self.cells[self.y][self.x] = (char, self.look)
            if wide == 2:
                self.cells[self.y][self.x + 1] = ("", self.look)
            self.x += wide

    def _act(self, final: str, numbers: str) -> None:
        values = [int(number) if number else 1 for number in numbers.split(";")]
        if final == "H":
            self.y = min(values[0], self.rows) - 1
            self.x = min(values[1] if len(values) > 1 else 1, self.columns) - 1
        elif final == "C":
            self.x = min(self.x + values[0], self.columns - 1)
        elif final == "J":
            self.cells = [[(" ", PLAIN)] * self.columns for _ in range(self.rows)]
        elif final == "m":
            self._turn(numbers.split(";"))

    def _turn(self, codes: list[str]) -> None:
        attributes, colour, background, link = self.look
        place = 0
        while place < len(codes):
            code = codes[place]
            length = {"2": 5, "5": 3}[codes[place + 1]] if code in ("38", "48") else 1
            whole = ";".join(codes[place : place + length])
            place += length
            if code in ("", "0"):
                attributes, colour, background = PLAIN[:3]
            elif code in _ENDS:
                attributes -= set(_ENDS[code])
            elif 30 <= int(code) < 40 or 90 <= int(code) < 98:
                colour = "" if code == "39" else whole
            elif 40 <= int(code) < 50 or 100 <= int(code) < 108:
                background = "" if code == "49" else whole
            else:
                attributes |= {code}
        self.look = (attributes, colour, background, link)
