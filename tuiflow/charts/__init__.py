"""Charts over a store: curves of runs that are followed, runs as points, and files for a paper.

What is drawn on a terminal comes out of `tuiflow.plot`; this reads what goes into it.
"""

from __future__ import annotations
