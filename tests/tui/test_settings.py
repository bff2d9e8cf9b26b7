"""The app with a user's settings: other keys, themes, density."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from driving import current, messages, screen_text, until
from textual.pilot import Pilot
from textual.theme import BUILTIN_THEMES
from textual.widgets import Input

from tuiflow.settings import OWN_THEMES, THEMES, Settings, parse_settings
from tuiflow.store import Store
from tuiflow.tui.app import TuiflowApp, told_problems
from tuiflow.tui.modals.confirm import ConfirmModal
from tuiflow.tui.modals.help import HelpModal
from tuiflow.tui.modals.themes import ThemesModal
from tuiflow.tui.screens.runs import RunsScreen
from tuiflow.tui.themes import DARK, LIGHT, theme_variables
from tuiflow.tui.views import save_last_experiment
from tuiflow.tui.widgets.rows import RowsView

KEYS = """
[keys]
"runs.delete" = "X"
"lists.down" = ["n", "ctrl+n"]
"lists.filter" = "F"
"runs.serve" = ""
"runs.diff" = "s"
"lists.mark" = ","
"app.themes" = "f8"
"app.help" = "f1"
"""

Make = Callable[..., TuiflowApp]


@pytest.fixture
def make(seeded: Store, fixed: None) -> Make:
    save_last_experiment(seeded, "1")

    def make(settings: Settings | None = None, **options: str) -> TuiflowApp:
        return TuiflowApp(
            seeded, clock=lambda: 1_764_000_000_000, host="gpu-07", settings=settings, **options
        )

    return make


def own_keys() -> Settings:
    settings, problems = parse_settings(KEYS.replace('"n", ', ""))
    assert problems == []
    return settings


async def ready(pilot: Pilot[object]) -> None:
    await until(pilot, lambda: "able-crane-41" in screen_text(pilot.app))


async def test_other_keys_do_it_and_the_old_ones_do_not(make: Make) -> None:
    app = make(own_keys())
    async with app.run_test(size=(120, 40)) as pilot:
        await ready(pilot)
        first = current(app)
        await pilot.press("j", "D", "d")
        assert (current(app), messages(app)) == (first, "d does nothing here · f1 lists the keys")
        await pilot.press("ctrl+n")
        await until(pilot, lambda: current(app) == "bold-otter-7")
        await pilot.press("comma", "comma", "s")
        await until(pilot, lambda: not isinstance(app.screen, RunsScreen))
        await pilot.press("escape", "X")
        await until(pilot, lambda: isinstance(app.screen, ConfirmModal))
        assert "bold-otter-7" in screen_text(app)


async def test_footer_and_help_show_them(make: Make) -> None:
    app = make(own_keys())
    async with app.run_test(size=(120, 40)) as pilot:
        await ready(pilot)
        foot = screen_text(app).splitlines()[-1]
        assert ", mark  s diff  serve  F filter" in foot
        assert foot.rstrip().endswith("f1 help")
        await pilot.press("question_mark")
        await pilot.press("f1")
        await until(pilot, lambda: isinstance(app.screen, HelpModal))
        await until(pilot, lambda: "Keys" in screen_text(app))
        assert "One row a run: ✓ finished, ✗ failed" in _help_text(app)
        lines = {" ".join(line.strip(" │").split()) for line in _help_text(app).splitlines()}
        assert "X Delete the marked runs or this one" in lines
        assert "s Compare the marked runs side by side" in lines
        assert "ctrl+n Move down" in lines
        assert "f8 Choose a theme" in lines
        assert not any("Serve the run" in line for line in lines), "it has no key"


def _help_text(app: TuiflowApp) -> str:
    return "\n".join(str(part.render()) for part in app.screen.query("#help > Static"))


async def test_widgets_tell_about_themselves_with_the_keys_of_the_user(make: Make) -> None:
    app = make(Settings({"lists.mark": ("f7",), "app.undo": ()}))
    async with app.run_test(size=(120, 40)) as pilot:
        await ready(pilot)
        await pilot.press("enter")
        await until(pilot, lambda: "Overview" in screen_text(app))
        await pilot.press("right_square_bracket", "question_mark")
        await until(pilot, lambda: "f7 draws several together" in _help_text(app))
        assert app.keyed("{lists.open} and {app.undo}, {no id}") == "enter and “undo”, {no id}"


async def test_palette_shows_them_and_finds_what_has_none(make: Make) -> None:
    app = make(own_keys())
    async with app.run_test(size=(120, 40)) as pilot:
        await ready(pilot)
        await pilot.press("colon", *"delete the marked")
        await until(pilot, lambda: "Delete          X" in screen_text(app))
        await pilot.press("escape", "colon", *"serve the run's")
        await until(pilot, lambda: "Serve the run's model over HTTP" in screen_text(app))
        assert "Serve           s" not in screen_text(app)


async def test_a_character_is_text_in_a_field(make: Make) -> None:
    app = make(own_keys())
    async with app.run_test(size=(120, 40)) as pilot:
        await ready(pilot)
        await pilot.press("F", "X", "comma", "F")
        assert isinstance(app.focused, Input)
        assert app.focused.value == "X,F"


async def test_the_defaults_stay_where_nothing_is_said(make: Make) -> None:
    app = make(own_keys())
    async with app.run_test(size=(120, 40)) as pilot:
        await ready(pilot)
        await pilot.press("G")
        await until(pilot, lambda: current(app) == "dire-moth-2")
        await pilot.press("k")
        await until(pilot, lambda: current(app) == "wry-lemur-6")
        await pilot.press("3")
        await until(pilot, lambda: "3 Servers" in screen_text(app))


async def test_mistakes_in_the_file_are_told_and_stay(make: Make) -> None:
    settings, problems = parse_settings(KEYS + '"runs.delet" = "Q"\n"runs.tags" = "n"\n')
    app = make(settings, mistakes=told_problems("~/c.toml", problems))
    async with app.run_test(size=(120, 40)) as pilot:
        await ready(pilot)
        assert "Config file ~/c.toml:" in messages(app)
        assert "line 11: there is no action 'runs.delet'; did you mean 'runs.delete'?" in messages(
            app
        )
        await pilot.press("G")
        assert "line 11" in messages(app)
        await pilot.press("escape")
        assert messages(app) == ""


def test_of_many_mistakes_some_are_told() -> None:
    problems = parse_settings("\n".join(f"x{number} = 1" for number in range(9)))[1]
    lines = told_problems("c", problems).splitlines()
    assert len(lines) == 7
    assert lines[-1] == "and 4 more; `tuiflow config check` tells them"


# themes


async def test_themes_are_seen_while_choosing(make: Make) -> None:
    app = make()
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        await pilot.press("colon", *"choose a theme")
        await until(pilot, lambda: "Choose a theme" in screen_text(app))
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, ThemesModal))
        assert app.screen.query_one(RowsView).key == "tuiflow-dark"
        await pilot.press("j")
        await until(pilot, lambda: app.theme == "tuiflow-light")
        await pilot.press("G")
        await until(pilot, lambda: app.theme == THEMES[-1])
        await pilot.press("escape")
        await until(pilot, lambda: not isinstance(app.screen, ThemesModal))
        assert app.theme == "tuiflow-dark"
        assert app.store.get_state("theme") is None
        app.action_themes()
        await until(pilot, lambda: isinstance(app.screen, ThemesModal))
        await pilot.press("j", "j", "enter")
        await until(pilot, lambda: app.store.get_state("theme") == "ansi-dark")
    again = make()
    assert again.theme == "ansi-dark"
    assert again.native_ansi_color


async def test_the_file_wins_over_what_was_chosen(make: Make) -> None:
    app = make(Settings(theme="nord"))
    assert app.theme == "nord"
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        app.action_theme()
        assert app.theme == "tuiflow-light"
        await until(pilot, lambda: "the config file names nord" in messages(app))
    assert make(Settings(theme="nord")).theme == "nord"
    assert make().theme == "tuiflow-light"


@pytest.mark.parametrize("name", THEMES)
def test_every_theme_has_all_that_the_style_sheet_needs(name: str) -> None:
    theme = {**BUILTIN_THEMES, DARK.name: DARK, LIGHT.name: LIGHT}[name]
    needed = set(DARK.variables)
    found = {**theme.to_color_system().generate(), **theme_variables(theme), **theme.variables}
    assert needed <= set(found)
    assert (DARK.name, LIGHT.name) == OWN_THEMES


@pytest.mark.parametrize("name", ["ansi-light", "solarized-light", "gruvbox"])
async def test_themes_are_worn(make: Make, name: str) -> None:
    app = make(Settings(theme=name))
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        strips = app.screen._compositor.render_strips()
        colors = {
            color.name
            for strip in strips
            for segment in strip
            if segment.style is not None
            for color in (segment.style.color, segment.style.bgcolor)
            if color is not None
        }
        assert colors
        if name == "ansi-light":
            assert not any(color.startswith("#") for color in colors), colors
        else:
            assert app.current_theme.background.lower() in colors


async def test_without_colours_the_cursor_is_reversed(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    app = make(Settings(theme="nord"))
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        row = next(
            strip
            for strip in app.screen._compositor.render_strips()
            if "able-crane-41" in strip.text
        )
        styles = [segment.style for segment in row.apply_filter(app._filters[-1], None)]
        assert any(style is not None and style.reverse for style in styles)


# density


async def test_compact_leaves_blank_lines_out(make: Make) -> None:
    rows = []
    for density in ("comfortable", "compact"):
        app = make(parse_settings(f'density = "{density}"')[0])
        async with app.run_test(size=(120, 40)) as pilot:
            await ready(pilot)
            await pilot.press("enter")
            await until(pilot, lambda app=app: "Overview" in screen_text(app))
            await until(pilot, lambda app=app: "rmse" in screen_text(app))
            lines = screen_text(app).splitlines()
            rows.append(next(place for place, line in enumerate(lines) if "rmse" in line))
    assert rows[1] < rows[0]
