"""The dark and the light theme of our own, and what Textual's themes lack for our style sheet."""

from __future__ import annotations

from textual.color import Color
from textual.theme import Theme

DARK = Theme(
    name="tuiflow-dark",
    primary="#7aa2f7",
    secondary="#7dcfff",
    accent="#e0af68",
    success="#9ece6a",
    warning="#e0af68",
    error="#f7768e",
    foreground="#c5cbd8",
    background="#15171c",
    surface="#1c1e24",
    panel="#282b33",
    dark=True,
    variables={
        "dim": "#737b8c",
        "cursor": "#31363f",
        "line": "#2e323b",
        "series-0": "#7aa2f7",
        "series-1": "#e6a65c",
        "series-2": "#5fc4a5",
        "series-3": "#d57fc0",
        "series-4": "#d8d060",
        "series-5": "#b9a3f5",
        "better": "#9ece6a",
        "worse": "#f7768e",
        "input-selection-background": "#7aa2f7 35%",
        "scrollbar": "#363b45",
        "scrollbar-background": "#15171c",
    },
)

LIGHT = Theme(
    name="tuiflow-light",
    primary="#2a5fd0",
    secondary="#0b7c9c",
    accent="#9a6200",
    success="#2f7d2f",
    warning="#9a6200",
    error="#c0273f",
    foreground="#2b303b",
    background="#fbfbfa",
    surface="#f2f2f0",
    panel="#e4e5e4",
    dark=False,
    variables={
        "dim": "#737883",
        "cursor": "#dbe4f8",
        "line": "#d7d8d7",
        "series-0": "#2a5fd0",
        "series-1": "#b35c00",
        "series-2": "#00785c",
        "series-3": "#a3338c",
        "series-4": "#7a6a00",
        "series-5": "#6b46c1",
        "better": "#2f7d2f",
        "worse": "#c0273f",
        "input-selection-background": "#2a5fd0 25%",
        "scrollbar": "#c9cbcb",
        "scrollbar-background": "#fbfbfa",
    },
)

_SERIES = [f"series-{number}" for number in range(6)]

# The 16 colours of the terminal's own palette; which of them are legible on its background only its
# owner knows, so the cursor is reversed (tuiflow.tcss) and nothing else has a background.
_ANSI = {
    "dim": "ansi_bright_black",
    "cursor": "ansi_default",
    "line": "ansi_bright_black",
    "series-0": "ansi_blue",
    "series-1": "ansi_yellow",
    "series-2": "ansi_green",
    "series-3": "ansi_magenta",
    "series-4": "ansi_cyan",
    "series-5": "ansi_red",
    "better": "ansi_green",
    "worse": "ansi_red",
    "scrollbar": "ansi_bright_black",
    "scrollbar-background": "ansi_default",
}


def theme_variables(theme: Theme) -> dict[str, str]:
    """What the style sheet needs beside Textual's own variables, for a theme that lacks it."""
    if theme.ansi:
        return _ANSI
    colors = theme.to_color_system().generate()
    background, foreground = Color.parse(colors["background"]), Color.parse(colors["foreground"])
    primary = Color.parse(colors["primary"])
    like = DARK if theme.dark else LIGHT
    return {
        "dim": background.blend(foreground, 0.55).hex,
        "cursor": background.blend(primary, 0.25).hex,
        "line": background.blend(foreground, 0.2).hex,
        **{name: like.variables[name] for name in _SERIES},
        "better": colors["success"],
        "worse": colors["error"],
        "scrollbar": background.blend(foreground, 0.25).hex,
        "scrollbar-background": colors["background"],
        "input-selection-background": primary.with_alpha(0.3).hex,
    }
