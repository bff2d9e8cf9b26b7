"""The one table of actions: bindings, footer, `?` help and the palette all come from it.

An action is handled by a method named after the last part of its id (`runs.serve` →
`action_serve`) on the focused widget, one of its parents, the screen or the app, whichever
comes first. Ids are stable so that a user can remap keys.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from tuiflow.keynames import shown


@dataclass(frozen=True, slots=True)
class Action:
    """One thing a person can do.

    `keys` are Textual key names or single characters, the first is the one shown; none means
    that it is found in the palette only. `where` names the context the keys belong to.
    """

    id: str
    keys: tuple[str, ...]
    title: str
    help: str
    where: str

    @property
    def handler(self) -> str:
        """Name of the method that carries it out."""
        return "action_" + self.id.rpartition(".")[2]

    @property
    def shown_key(self) -> str:
        """The first key as a person reads it, empty where there is none."""
        return self.shown_keys[0] if self.keys else ""

    @property
    def shown_keys(self) -> tuple[str, ...]:
        """The keys as a person reads them."""
        return tuple(map(shown, self.keys))

    @property
    def is_motion(self) -> bool:
        """Whether it only moves the cursor or the view."""
        return self.help.startswith("Move ")


CONTEXTS = {
    "everywhere": "Everywhere",
    "lists": "Lists",
    "runs": "Runs",
    "run": "A run",
    "chart": "Charts",
    "plots": "Charts of runs",
    "why": "What goes with a metric",
    "groups": "Groups of runs",
    "compare": "Compare",
    "models": "Models",
    "servers": "Servers",
    "field": "Text fields and the lists under them",
    "filter": "The filter bar",
    "dialog": "Dialogs",
    "columns": "Choosing columns",
    "views": "Saved views",
    "tags": "Editing tags and params",
    "note": "Editing notes",
    "export": "Writing runs to a file",
}
"""Contexts in the order help shows them, with their headings."""

ACTIONS: tuple[Action, ...] = (
    Action("app.help", ("?", "f1"), "help", "Show the keys that work here", "everywhere"),
    Action("app.palette", (":", "ctrl+p"), "palette", "Find an action by name", "everywhere"),
    Action("app.runs", ("1",), "Runs", "Go to the runs", "everywhere"),
    Action("app.models", ("2",), "Models", "Go to the registered models", "everywhere"),
    Action("app.servers", ("3",), "Servers", "Go to the model servers", "everywhere"),
    Action("app.back", ("escape",), "back", "Close, then clear, then go back", "everywhere"),
    Action("app.next_pane", ("tab",), "next pane", "Move to the next pane", "everywhere"),
    Action("app.jump", ("ctrl+o", ";"), "jump", "Go to a pane or tab by a letter", "everywhere"),
    Action("app.refresh", ("r",), "refresh", "Read everything again", "everywhere"),
    Action("app.copy_id", ("y",), "copy id", "Copy the id to the clipboard", "everywhere"),
    Action("app.undo", ("z",), "undo", "Undo the last change", "everywhere"),
    Action("app.theme", (), "light or dark", "Switch the light and the dark theme", "everywhere"),
    Action("app.themes", (), "themes", "Choose a theme", "everywhere"),
    Action("app.redraw", ("ctrl+l",), "redraw", "Draw the whole screen again", "everywhere"),
    Action("app.suspend", ("ctrl+z",), "suspend", "Put the app in the background", "everywhere"),
    Action("app.quit", ("q",), "quit", "Quit; asks while servers would end", "everywhere"),
    Action("lists.open", ("enter",), "open", "Open what is under the cursor", "lists"),
    Action("lists.down", ("j", "down"), "down", "Move down", "lists"),
    Action("lists.up", ("k", "up"), "up", "Move up", "lists"),
    Action("lists.left", ("h", "left"), "column left", "Move to the column on the left", "lists"),
    Action("lists.right", ("l", "right"), "column right", "Move to the next column", "lists"),
    Action("lists.top", ("g", "home"), "top", "Move to the first row", "lists"),
    Action("lists.bottom", ("G", "end"), "bottom", "Move to the last row", "lists"),
    Action("lists.half_down", ("ctrl+d",), "half down", "Move half a page down", "lists"),
    Action("lists.half_up", ("ctrl+u",), "half up", "Move half a page up", "lists"),
    Action("lists.page_down", ("pagedown",), "page down", "Move a page down", "lists"),
    Action("lists.page_up", ("pageup",), "page up", "Move a page up", "lists"),
    Action("lists.mark", ("space",), "mark", "Mark or unmark the row", "lists"),
    Action("lists.range", ("v",), "range", "Mark from here to where the cursor goes", "lists"),
    Action("lists.mark_all", ("a",), "mark all", "Mark every matching row", "lists"),
    Action("lists.unmark", ("u",), "unmark", "Unmark every row", "lists"),
    Action("lists.filter", ("/",), "filter", "Show only the runs that match a filter", "lists"),
    Action("lists.sort", ("o",), "sort", "Sort by this column; again: the other way", "lists"),
    Action("lists.sort_more", ("O",), "sort more", "Sort by this column, too", "lists"),
    Action("lists.columns", ("c",), "columns", "Choose the columns", "lists"),
    Action("lists.pin_column", ("|",), "pin column", "Keep this column on the left", "lists"),
    Action("lists.narrower", ("<",), "narrower", "Make this column narrower", "lists"),
    Action("lists.wider", (">",), "wider", "Make this column wider", "lists"),
    Action("lists.summary", ("i",), "summary", "Sum this column up: mean, quartiles …", "lists"),
    Action("lists.views", ("'",), "views", "Choose, rename or delete a saved view", "lists"),
    Action("lists.save_view", ("w",), "save view", "Save filter, order and columns", "lists"),
    Action("lists.follow", ("f",), "follow", "Go to live runs as they start, or stop", "lists"),
    Action("runs.diff", ("d",), "diff", "Compare the marked runs side by side", "runs"),
    Action("runs.serve", ("s",), "serve", "Serve the run's model over HTTP", "runs"),
    Action("runs.tags", ("t",), "tags", "Edit the tags", "runs"),
    Action("runs.note", ("e",), "note", "Edit the note", "runs"),
    Action("runs.export", ("x",), "export", "Write the marked or all runs to a file", "runs"),
    Action("runs.register", ("m",), "register", "Make the run's model a registered one", "runs"),
    Action("runs.move", ("M",), "move", "Move the runs to another experiment", "runs"),
    Action("runs.rerun", ("R",), "run again", "Do the run again with changed params", "runs"),
    Action("runs.pin", ("P",), "pin", "Keep the run on top, or no more", "runs"),
    Action("runs.copy", ("Y",), "copy", "Choose what to copy", "runs"),
    Action("runs.delete", ("D",), "delete", "Delete the marked runs or this one", "runs"),
    Action("runs.restore", ("U",), "restore", "Restore deleted runs", "runs"),
    Action("runs.deleted", (".",), "deleted", "Show the deleted runs, or the others again", "runs"),
    Action("runs.preview", ("p",), "preview", "Show or hide the preview", "runs"),
    Action("runs.experiments", ("E",), "experiments", "Show or hide the experiments", "runs"),
    Action("runs.fold", ("=",), "fold", "Fold or unfold the children of a run", "runs"),
    Action("runs.nest", ("Z",), "nest", "Children unfolded, folded, or in one list", "runs"),
    Action("runs.group", ("b",), "group", "Group the runs by this column", "runs"),
    Action("runs.charts", ("C",), "charts", "Draw the matching runs as points or bars", "runs"),
    Action("runs.why", ("I",), "why", "List the params that go with a metric", "runs"),
    Action("run.next_tab", ("]",), "next tab", "Go to the next tab", "run"),
    Action("run.previous_tab", ("[",), "previous tab", "Go to the previous tab", "run"),
    Action("run.search", ("/",), "search", "Search in the log or file that is shown", "run"),
    Action("run.next_match", ("n",), "next match", "Go to the next match of the search", "run"),
    Action("run.previous_match", ("N",), "match before", "Go to the match before", "run"),
    Action("run.download", ("w",), "save", "Save the artifact in a folder of yours", "run"),
    Action("run.copy", ("Y",), "copy", "Choose what to copy: id, commit, lines of code", "run"),
    Action("chart.zoom_in", ("+",), "zoom in", "Zoom into the chart", "chart"),
    Action("chart.zoom_out", ("-",), "zoom out", "Zoom out of the chart", "chart"),
    Action("chart.zoom_reset", ("0",), "reset", "Show the whole chart", "chart"),
    Action("chart.pan_left", ("h",), "pan left", "Move the view to the left", "chart"),
    Action("chart.pan_right", ("l",), "pan right", "Move the view to the right", "chart"),
    Action("chart.cross_left", ("left",), "read left", "Read the values off, to the left", "chart"),
    Action("chart.cross_right", ("right",), "read off", "Read the values off", "chart"),
    Action("chart.log", ("L",), "log scale", "Switch the logarithmic scale", "chart"),
    Action("chart.time", ("T",), "step or time", "Draw over steps, time or clock", "chart"),
    Action("chart.smooth", ("S",), "smooth", "Smooth the curves", "chart"),
    Action("chart.save", ("W",), "save", "Save the chart as SVG, PNG, PDF or CSV", "chart"),
    Action("plots.choose_x", ("X",), "x axis", "Choose what is drawn from left to right", "plots"),
    Action("plots.choose_y", ("Y",), "y axis", "Choose what is drawn upwards", "plots"),
    Action("plots.histogram", ("H",), "histogram", "Draw one column, or two again", "plots"),
    Action("plots.log_x", ("K",), "log x", "Switch the logarithmic scale of x", "plots"),
    Action("why.metric", ("m",), "metric", "Choose the metric that is asked about", "why"),
    Action("groups.key", ("b",), "group by", "Group by another column", "groups"),
    Action("groups.sort", ("o",), "sort", "Sort by the next column", "groups"),
    Action("compare.baseline", ("b",), "baseline", "Make this run the baseline", "compare"),
    Action("compare.fold", ("=",), "fold equal", "Fold or unfold the equal rows", "compare"),
    Action("compare.next_difference", ("n",), "next", "Go to the next difference", "compare"),
    Action("compare.previous_difference", ("N",), "previous", "Go to the one before", "compare"),
    Action("compare.transpose", ("t",), "transpose", "Swap rows and columns", "compare"),
    Action("compare.measure", ("v",), "last or best", "Go by a metric's other values", "compare"),
    Action("compare.direction", ("i",), "direction", "Say which way a metric is better", "compare"),
    Action("compare.export", ("x",), "export", "Write as Markdown, CSV or JSON", "compare"),
    Action("models.serve", ("s",), "serve", "Serve the model over HTTP", "models"),
    Action("models.promote", ("p",), "promote", "Set an alias, such as champion", "models"),
    Action("models.diff", ("d",), "diff", "Compare the runs of the marked versions", "models"),
    Action("models.tags", ("t",), "tags", "Edit the tags", "models"),
    Action("models.describe", ("e",), "describe", "Edit the description", "models"),
    Action("models.retrain", ("R",), "retrain", "Do the version's run again", "models"),
    Action("models.delete", ("D",), "delete", "Delete the model or version", "models"),
    Action("servers.invoke", ("i",), "invoke", "Send the request", "servers"),
    Action("servers.send", ("ctrl+s",), "send", "Send it while it is edited, too", "servers"),
    Action("servers.console", ("enter",), "console", "Edit the request", "servers"),
    Action("servers.copy", ("Y",), "copy", "Copy the curl command or the ssh tunnel", "servers"),
    Action("servers.detach", ("&",), "detach", "Let it live on when the app ends", "servers"),
    Action("servers.stop", ("X",), "stop", "Stop the server; it answers what it has", "servers"),
    Action("servers.restart", ("ctrl+r",), "restart", "Stop it and start it again", "servers"),
    Action("field.submit", ("enter",), "enter", "Take what is written or chosen", "field"),
    Action("field.next", ("down", "ctrl+n"), "next", "Move down in the list", "field"),
    Action("field.previous", ("up",), "previous", "Move up in the list", "field"),
    Action("field.next_page", ("pagedown",), "next page", "Move a page down in the list", "field"),
    Action("field.previous_page", ("pageup",), "page before", "Move a page up in it", "field"),
    Action("filter.complete", ("tab",), "complete", "Take the first or chosen offer", "filter"),
    Action("filter.offer", ("ctrl+space", "ctrl+@"), "offer", "Offer what may be here", "filter"),
    Action("filter.clear", ("escape",), "clear", "Close the offers, then clear it", "filter"),
    Action("dialog.cancel", ("escape",), "cancel", "Close it and change nothing", "dialog"),
    Action("columns.check", ("space",), "check", "Show the column, or don't", "columns"),
    Action("columns.earlier", ("shift+up", "alt+up"), "earlier", "Show it further left", "columns"),
    Action(
        "columns.later", ("shift+down", "alt+down"), "later", "Show it further right", "columns"
    ),
    Action("columns.default", ("ctrl+r",), "default", "Show the most used keys", "columns"),
    Action("views.save", ("w",), "save", "Save the present view", "views"),
    Action("views.rename", ("r",), "rename", "Give the view another name", "views"),
    Action("views.delete", ("D",), "delete", "Delete the view; the runs stay", "views"),
    Action("tags.edit", ("tab",), "edit", "Edit the value under the cursor", "tags"),
    Action("tags.remove", ("ctrl+d",), "remove", "Remove it; a param: as it was", "tags"),
    Action("tags.save", ("ctrl+s",), "save", "Save all changes, or start the run", "tags"),
    Action("note.save", ("ctrl+s",), "save", "Save the note; of many, add to each", "note"),
    Action("note.replace", ("ctrl+r",), "replace", "Of many: write it in place of each", "note"),
    Action("note.editor", ("ctrl+o",), "editor", "Go on in $EDITOR", "note"),
    Action("export.format", ("ctrl+f",), "format", "Write another format", "export"),
    Action("export.artifacts", ("ctrl+t",), "artifacts", "Copy the artifacts, too", "export"),
    Action("export.keep", ("ctrl+n",), "keep", "Keep the folders that are there", "export"),
)

_BY_ID = {item.id: item for item in ACTIONS}


def action(action_id: str) -> Action:
    """The action of that id; KeyError where there is none."""
    return _BY_ID[action_id]


def select(*where: str) -> tuple[Action, ...]:
    """The actions of these contexts; an argument with a dot is a single action's id."""
    return tuple(item for item in ACTIONS if item.where in where or item.id in where)


def remapped(keys: Mapping[str, tuple[str, ...]]) -> dict[str, Action]:
    """The table by id, in its order, with `keys` (of action ids) in the place of the defaults."""
    return {
        item.id: replace(item, keys=keys[item.id]) if item.id in keys else item for item in ACTIONS
    }


def meet(one: str, other: str) -> bool:
    """Whether keys of these two contexts can work at the same time, somewhere."""
    both = frozenset((one, other))
    if len(both) == 1 or both in _TOGETHER:
        return True
    if both & _DIALOGS:
        return False
    if both & _FIELDS:
        return "everywhere" in both
    return bool(both & _ON_ALL_SCREENS)


_ON_ALL_SCREENS = frozenset(("everywhere", "lists", "chart"))
_FIELDS = frozenset(("field", "filter"))
_DIALOGS = frozenset(("dialog", "columns", "views", "tags", "note", "export"))
"""Where the keys of screens don't work."""
_TOGETHER = frozenset(
    map(
        frozenset,
        [
            *(("runs", "run"), ("field", "filter"), ("field", "columns"), ("field", "tags")),
            *(("lists", "views"), ("lists", "dialog"), ("field", "dialog")),
            *(("dialog", other) for other in _DIALOGS),
        ],
    )
)
