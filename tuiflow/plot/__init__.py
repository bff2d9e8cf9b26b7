"""Line charts out of braille dots: arithmetic only, no screen and no framework.

`prepare` turns a metric's points into a `Line`, `compose` draws lines into a `Picture` of
characters, each with a tone that a widget gives a colour.
"""

from __future__ import annotations

from tuiflow.plot.ascii import to_ascii
from tuiflow.plot.canvas import FAINT
from tuiflow.plot.compose import BLANK, LINE, compose, extent
from tuiflow.plot.draw import Layer
from tuiflow.plot.frame import AXIS, Picture
from tuiflow.plot.line import PLAIN, Axis, Curve, Line, Look, prepare

__all__ = [
    "AXIS",
    "BLANK",
    "FAINT",
    "LINE",
    "PLAIN",
    "Axis",
    "Curve",
    "Layer",
    "Line",
    "Look",
    "Picture",
    "compose",
    "extent",
    "prepare",
    "to_ascii",
]
