"""The dark and the light theme."""

from __future__ import annotations

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
