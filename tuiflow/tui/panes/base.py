"""What the tabs of a run share."""

from __future__ import annotations

from textual.containers import Container
from textual.content import Content
from textual.widget import Widget

from tuiflow.entities import MetricSummary, Run, RunStatus
from tuiflow.text import clean
from tuiflow.tui.reader import Asks


class RunPane(Container, Asks):
    """One tab. `run` is the run as last read; `load` is called when it, or the store, has changed
    while the tab is looked at, and each time the tab is come to."""

    def __init__(self, run: Run) -> None:
        super().__init__()
        self.run = run

    def on_mount(self) -> None:
        self.load()
        self._focus_front()

    def show_run(self, run: Run) -> None:
        """Take the run as it is now. A tab that is still being built loads it when it is there."""
        self.run = run
        if self.is_mounted:
            self.load()

    def come_to(self, run: Run) -> None:
        """Take the run and the focus: the tab is looked at again."""
        self.show_run(run)
        if self.is_mounted:
            self._focus_front()

    def _focus_front(self) -> None:
        front = self.front()
        if self.display and front is not None:
            front.focus(scroll_visible=False)

    def load(self) -> None:
        """Ask the store for what this tab shows."""

    def front(self) -> Widget | None:
        """The widget that gets the focus when the tab is come to."""
        return None

    def clear_something(self) -> bool:
        """The tab's part of `esc`; False where nothing is open."""
        return False

    def copies(self) -> list[tuple[str, str]]:
        """What can be copied of this tab: what each is called, and the text."""
        return []

    @property
    def live(self) -> bool:
        """Whether the run goes on."""
        return self.run.info.shown_status == RunStatus.RUNNING


def heading(title: str, remark: str = "") -> Content:
    """The title of a section, with a remark after it."""
    return Content.assemble((title, "bold $secondary"), (f"  {remark}" if remark else "", "$dim"))


def plain(value: str, style: str = "$foreground", limit: int | None = None) -> Content:
    """Text from a run as a harmless line."""
    return Content.styled(clean(value, limit), style)


def interest(item: MetricSummary) -> tuple[bool, bool, str]:
    """Sorts metrics: curves, then single values, last what the system says about itself."""
    return item.key.startswith("system/"), item.count == 1, item.key
