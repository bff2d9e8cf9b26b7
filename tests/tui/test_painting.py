"""What is sent to the terminal: it must show what was painted, and say it in few bytes."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import pytest
from driving import screen_text, until
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from rich.cells import set_cell_size
from rich.console import Console
from rich.segment import ControlType, Segment
from rich.style import Style
from textual._compositor import ChopsUpdate, CompositorUpdate, LayoutUpdate
from textual.geometry import Region
from textual.strip import Strip
from vt import Terminal

from tuiflow.tui.app import TuiflowApp
from tuiflow.tui.wire import Wire

WIDTH, HEIGHT = 24, 4
SIZE = (WIDTH, HEIGHT)
CUTS = (0, 7, 16, WIDTH)

STYLES = st.builds(
    Style,
    color=st.sampled_from([None, "#c5cbd8", "#9ece6a", "red", "bright_blue", "color(99)"]),
    bgcolor=st.sampled_from([None, "#15171c", "#202532", "blue", "default"]),
    bold=st.sampled_from([None, True]),
    dim=st.sampled_from([None, True]),
    underline=st.sampled_from([None, True]),
    reverse=st.sampled_from([None, True, False]),
    link=st.sampled_from([None, None, None, "https://example.org/a"]),
)
CHARACTERS = st.sampled_from([*"ab0  ▂│✓é–漢", "e\u0301"])
TEXTS = st.lists(CHARACTERS, max_size=8).map("".join)


@st.composite
def strips(draw: st.DrawFn, width: int) -> Strip:
    """A strip of that many cells in some styles."""
    segments = []
    while width:
        take = draw(st.integers(1, width))
        style = draw(st.one_of(st.none(), STYLES))
        segments.append(Segment(set_cell_size(draw(TEXTS), take), style))
        width -= take
    return Strip(segments)


@st.composite
def updates(draw: st.DrawFn) -> LayoutUpdate | ChopsUpdate:
    """What Textual's compositor makes of a screen of three columns: all of it, or some spans."""
    widths = [after - before for before, after in pairwise(CUTS)]
    lines = [[draw(strips(width)) for width in widths] for _ in range(HEIGHT)]
    if draw(st.booleans()):
        return LayoutUpdate([list(line) for line in lines], Region(0, 0, *SIZE))
    spans = []
    for y in sorted(draw(st.sets(st.integers(0, HEIGHT - 1), min_size=1))):
        first = draw(st.integers(0, 2))
        spans.append((y, CUTS[first], CUTS[draw(st.integers(first + 1, 3))]))
    chops = [dict(zip(CUTS, line, strict=False)) for line in lines]
    return ChopsUpdate(chops, spans, [list(CUTS[1:])] * HEIGHT)


def console(colours: str = "truecolor") -> Console:
    return Console(color_system=colours, force_terminal=True, legacy_windows=False)  # type: ignore[arg-type]


@settings(max_examples=40, phases=[Phase.explicit, Phase.reuse, Phase.generate])
@given(st.lists(updates(), max_size=4), st.sampled_from(["truecolor", "256", "standard"]))
def test_the_terminal_shows_what_was_painted(
    painted: list[LayoutUpdate | ChopsUpdate], colours: str
) -> None:
    wire, ours, theirs = Wire(), Terminal(*SIZE), Terminal(*SIZE)
    for update in painted:
        for strip in _strips(update):
            strip._render_cache = None
            for segment in strip:
                if segment.style is not None:
                    segment.style._ansi = None  # it may hold another terminal's colours
        theirs.feed(update.render_segments(console(colours)))
        ours.feed(wire.least(update, SIZE).render_segments(console(colours)))
        assert ours.seen() == theirs.seen()


def _strips(update: LayoutUpdate | ChopsUpdate) -> Iterator[Strip]:
    if isinstance(update, LayoutUpdate):
        for line in update.strips:
            yield from line
    else:
        for chops in update.chops:
            yield from (strip for strip in chops.values() if strip is not None)


def whole(*lines: str | Strip, style: Style | None = None) -> LayoutUpdate:
    strips = [
        line if isinstance(line, Strip) else Strip([Segment(line.ljust(WIDTH), style)])
        for line in lines
    ]
    return LayoutUpdate([[strip] for strip in strips], Region(0, 0, WIDTH, len(strips)))


def sent(wire: Wire, update: LayoutUpdate) -> str:
    return wire.least(update, SIZE).render_segments(console())


def test_nothing_is_sent_for_what_is_there() -> None:
    wire = Wire()
    assert "able-crane-41" in sent(wire, whole("able-crane-41", "漢字", "", ""))
    assert sent(wire, whole("able-crane-41", "漢字", "", "")) == ""


def test_only_the_cells_that_differ_are_sent() -> None:
    wire = Wire()
    sent(wire, whole("rmse 0.7504", "mae 0.5837", "", ""))
    assert sent(wire, whole("rmse 0.7514", "mae 0.5837", "", "")) == "\x1b[1;10H1"
    assert sent(wire, whole("rmse 0.7514", "mae 0.5837", "r2", "")) == "\x1b[3Hr2"
    assert sent(wire, whole("Xmse 0.751X", "mae 0.5837", "r2", "")) == "\x1b[1HX\x1b[9CX"


def test_styles_are_changed_by_as_little_as_can_be() -> None:
    wire = Wire()
    grey, bold = Style(color="#808080", bgcolor="#101010"), Style(bold=True)
    line = Strip(
        [Segment("a  ", grey), Segment("b  ", grey + bold), Segment("c", grey), Segment(" " * 17)]
    )
    assert sent(wire, whole(line, "", "", "")).startswith(
        "\x1b[1H\x1b[38;2;128;128;128;48;2;16;16;16ma  \x1b[1mb  \x1b[22mc\x1b[m"
    )


def test_the_colour_of_blanks_is_not_seen() -> None:
    wire = Wire()
    sent(wire, whole("", "", "", "", style=Style(color="red", bgcolor="#101010")))
    assert sent(wire, whole("", "", "", "", style=Style(color="blue", bgcolor="#101010"))) == ""
    underlined = Style(color="blue", bgcolor="#101010", underline=True)
    assert sent(wire, whole("", "", "", "", style=underlined)) != ""


def test_lines_of_disputed_width_are_sent_whole() -> None:
    wire = Wire()
    sent(wire, whole("漢字 0.7504", "", "", ""))
    assert sent(wire, whole("漢字 0.7514", "", "", "")).startswith("\x1b[1H漢字 0.7514")
    # Once more where it goes: what stood behind it may have stood elsewhere.
    assert sent(wire, whole("字 0.7514", "", "", "")).startswith("\x1b[1H字 0.7514")
    assert sent(wire, whole("ab 0.7514", "", "", "")).startswith("\x1b[1Hab 0.7514")
    assert sent(wire, whole("ab 0.7524", "", "", "")) == "\x1b[1;8H2"


def test_everything_is_sent_after_a_resize_and_when_it_is_asked_for() -> None:
    wire = Wire()
    first = sent(wire, whole("a", "b", "c", "d"))
    wire.forget()
    assert sent(wire, whole("a", "b", "c", "d")) == first
    update = wire.least(whole("a", "b", "c", "d"), (WIDTH + 1, HEIGHT))
    assert update.render_segments(console()) == first


def test_what_acts_by_itself_is_sent_every_time() -> None:
    picture = Strip(
        [
            Segment("\x1b7\x1bPq#0~\x1b\\\x1b8\x1b[4C", None, [(ControlType.CURSOR_FORWARD, 0)]),
            Segment(" " * (WIDTH - 4)),
        ],
        WIDTH,
    )
    wire = Wire()
    first = sent(wire, whole("", picture, "", ""))
    again = sent(wire, whole("", picture, "", ""))
    assert "\x1bPq#0~" in first
    assert "\x1bPq#0~" in again
    # What it covers isn't known: all of that line is sent when it is gone.
    assert sent(wire, whole("", "", "", "")) == "\x1b[2H" + " " * WIDTH


def test_colours_are_those_the_terminal_has() -> None:
    grey = Strip([Segment("a" * WIDTH, Style(color="#808080"))])
    for colours, code in (("256", "38;5;244"), ("standard", "37"), ("truecolor", "38;2;128;128")):
        update = Wire().least(whole(grey), SIZE)
        assert code in update.render_segments(console(colours))


async def test_the_screen_is_drawn_again_by_a_key(
    app: TuiflowApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    painted: list[str] = []
    least = app.wire.least

    def noted(update: CompositorUpdate, size: tuple[int, int]) -> CompositorUpdate:
        # Where there is no terminal, nothing asks for what would be sent.
        painted.append(least(update, size).render_segments(console()))
        return update

    monkeypatch.setattr(app.wire, "least", noted)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "able-crane-41" in screen_text(app))
        painted.clear()
        await pilot.press("ctrl+l")
        await until(pilot, lambda: "able-crane-41" in "".join(painted))
