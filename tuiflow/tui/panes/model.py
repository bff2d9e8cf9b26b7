"""Model: what the MLmodel files of a run say. No model is ever loaded here."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from tuiflow import text
from tuiflow.entities import Run
from tuiflow.errors import TuiflowError
from tuiflow.tui.actions import bindings
from tuiflow.tui.cells import pad
from tuiflow.tui.file_lines import Spans
from tuiflow.tui.highlight import highlighted
from tuiflow.tui.panes.base import RunPane, heading
from tuiflow.tui.preview import align
from tuiflow.tui.widgets.rows import Cell, Column, Row, RowsView

if TYPE_CHECKING:
    from tuiflow.models import MLmodel, ModelSignature

MOST_SPECS = 500
MOST_BYTES = 16 * 1024
"""Of an MLmodel or requirements file, that are shown."""
_LOADERS = ("sklearn", "xgboost", "lightgbm", "keras")
_NONE = 'This run has no model. tuiflow.sklearn.log_model(model, "model") logs one.'


@dataclass(frozen=True, slots=True)
class _Model:
    """A model of the run, or why its MLmodel file can't be read."""

    path: str
    description: MLmodel | None
    size: int
    error: str = ""
    text: tuple[str, ...] = ()
    """The lines of the MLmodel file."""
    spans: Sequence[Spans] = ()
    requirements: tuple[str, ...] = ()


class ModelPane(RunPane):
    """The models left where there are several, the facts of one right."""

    HELP = "The models of the run: flavor, signature, size, and the lines that load one."
    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings(
            "lists.down",
            "lists.up",
            "lists.top",
            "lists.bottom",
            "lists.half_down",
            "lists.half_up",
            "lists.page_down",
            "lists.page_up",
        ),
    ]

    def __init__(self, run: Run) -> None:
        super().__init__(run)
        self._models: dict[str, _Model] = {}
        self._asked: tuple[str, ...] | None = None

    def compose(self) -> ComposeResult:
        with Horizontal():
            yield RowsView([Column("model", flexible=True)], id="models")
            with VerticalScroll(id="model"):
                yield Static(id="model-facts")

    def front(self) -> Widget:
        models = self.query_one("#models")
        return models if models.display else self.query_one("#model")

    @property
    def model_path(self) -> str | None:
        """The artifact path of the model that is shown."""
        return self.query_one("#models", RowsView).key

    def load(self) -> None:
        if self._asked == self.run.model_paths:
            return
        self._asked = self.run.model_paths
        run_id, paths = self.run.info.run_id, self.run.model_paths
        self.query_one("#models").display = len(paths) > 1
        self.ask("models", lambda: [self._describe(run_id, path) for path in paths], self._got)

    def _describe(self, run_id: str, path: str) -> _Model:
        from tuiflow.models import read_mlmodel

        try:
            folder = self.store.artifact_path(run_id, path)
            size = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
            lines = self._read(run_id, f"{path}/MLmodel")
            requirements = self._read(run_id, f"{path}/requirements.txt")
            return _Model(
                path,
                read_mlmodel(folder),
                size,
                "",
                lines,
                highlighted("MLmodel", lines),
                requirements,
            )
        except OSError as error:
            return _Model(path, None, 0, f"It can't be read: {error.strerror or error}.")
        except TuiflowError as error:
            return _Model(path, None, 0, error.message)

    def _read(self, run_id: str, path: str) -> tuple[str, ...]:
        """The first lines of a small text; none where there is no such file."""
        try:
            with self.store.artifact_path(run_id, path).open("rb") as file:
                data = file.read(MOST_BYTES)
        except (OSError, TuiflowError):
            return ()
        block = text.clean_block(data.decode("utf-8", "replace"))
        return tuple(block.removesuffix("\n").split("\n"))

    def _got(self, models: list[_Model]) -> None:
        self._models = {model.path: model for model in models}
        rows = [
            Row(path, (Cell(path, "bad" if model.error else "name"),))
            for path, model in self._models.items()
        ]
        self.query_one("#models", RowsView).show(rows)
        self._draw()

    @on(RowsView.Moved)
    def _draw(self) -> None:
        model = self._models.get(self.model_path or "")
        facts = self.query_one("#model-facts", Static)
        if model is None:
            facts.update(Content.styled("" if self._asked else _NONE, "$dim"))
        elif model.description is None:
            facts.update(
                Content.assemble(heading(text.clean(model.path)), "\n\n", (model.error, "$error"))
            )
        else:
            facts.update(Content("\n").join(self._lines(model, model.description)))

    def _lines(self, model: _Model, description: MLmodel) -> list[Content]:
        pairs = [
            ("path", model.path),
            ("size", text.size(model.size)),
            ("flavors", ", ".join(description.flavors)),
            *_flavor_facts(description.flavors),
            ("created", f"{description.utc_time_created} UTC"),
            ("example", "yes" if description.saved_input_example_info else "no input example"),
        ]
        lines = [heading("model")]
        for name, value in pairs:
            line = Content.assemble(
                (pad(name, 14), "$dim"), (text.clean(value, 200), "$foreground")
            )
            lines.append(line)
        lines += [Content(""), heading("load or serve it", "Y copies")]
        for _, code in load_lines(self.run.info.run_id, model.path, description.flavors):
            lines.append(Content.styled(f"  {text.clean(code)}", "$foreground"))
        lines += [Content(""), heading("signature"), *_signature_lines(description.signature)]
        if model.requirements:
            lines += [Content(""), heading("requirements")]
            lines += [Content.styled(f"  {line}", "$foreground") for line in model.requirements]
        if model.text:
            lines += [Content(""), heading("MLmodel"), *_coloured(model.text, model.spans)]
        return lines

    def copies(self) -> list[tuple[str, str]]:
        model = self._models.get(self.model_path or "")
        if model is None or model.description is None:
            return []
        uri = f"runs:/{self.run.info.run_id}/{model.path}"
        flavors = model.description.flavors
        return [("model", uri), *load_lines(self.run.info.run_id, model.path, flavors)]

    def action_down(self) -> None:
        self._scroll(1)

    def action_up(self) -> None:
        self._scroll(-1)

    def action_page_down(self) -> None:
        self._scroll(self.size.height)

    def action_page_up(self) -> None:
        self._scroll(-self.size.height)

    def action_half_down(self) -> None:
        self._scroll(self.size.height // 2)

    def action_half_up(self) -> None:
        self._scroll(-(self.size.height // 2))

    def action_top(self) -> None:
        self.query_one("#model", VerticalScroll).scroll_home(animate=False)

    def action_bottom(self) -> None:
        self.query_one("#model", VerticalScroll).scroll_end(animate=False)

    def _scroll(self, lines: int) -> None:
        self.query_one("#model", VerticalScroll).scroll_relative(y=lines, animate=False)


def load_lines(
    run_id: str, path: str, flavors: Mapping[str, Mapping[str, object]]
) -> list[tuple[str, str]]:
    """The lines that load or serve a model, each by what it is called."""
    uri = json.dumps(f"runs:/{run_id}/{path}", ensure_ascii=False)
    modules = ["pyfunc", *(name for name in flavors if name in _LOADERS)]
    return [
        *((name, f"tuiflow.{name}.load_model({uri})") for name in modules),
        ("serve", f"tuiflow serve -r {run_id} -m {shlex.quote(path)} -p 5001"),
    ]


def _signature_lines(signature: ModelSignature | None) -> list[Content]:
    if signature is None:
        return [Content.styled("  none: any input is passed on to the model", "$dim")]
    first, *others = align(_specs(signature))
    lines = [Content.styled("  " + first, "$dim")]
    return lines + [Content.styled("  " + line, "$foreground") for line in others]


_STYLES = {"name": "$primary", "string": "$success", "number": "$accent", "comment": "$dim"}


def _coloured(lines: Sequence[str], spans: Sequence[Spans]) -> list[Content]:
    found = []
    for number, line in enumerate(lines):
        content = Content.styled("  " + line, "$foreground")
        for start, end, tone in spans[number] if spans else ():
            content = content.stylize(_STYLES.get(tone, "$secondary"), start + 2, end + 2)
        found.append(content)
    return found


def _flavor_facts(flavors: Mapping[str, Mapping[str, object]]) -> list[tuple[str, str]]:
    """What the flavors say about how the model was made."""
    facts = []
    python = flavors.get("python_function", {}).get("python_version")
    if python:
        facts.append(("python", str(python)))
    for name, flavor in flavors.items():
        for key in ("sklearn_version", "serialization_format"):
            if key in flavor:
                label = {"sklearn_version": "scikit-learn", "serialization_format": "format"}[key]
                facts.append((label, str(flavor[key])))
        if name != "python_function" and "code" in flavor and flavor["code"]:
            facts.append(("code", str(flavor["code"])))
    return facts


def _specs(signature: ModelSignature) -> list[list[str]]:
    """The signature as rows under a heading."""
    from tuiflow.models.datatypes import type_text

    rows = [["part", "name", "type", ""]]
    for part, schema in (("input", signature.inputs), ("output", signature.outputs)):
        for number, spec in enumerate(schema or ()):
            name = str(number) if spec.name is None else text.clean(str(spec.name), 60)
            rows.append(
                [part, name, text.clean(spec.type_text, 60), "" if spec.required else "optional"]
            )
    for param in signature.params or ():
        default = text.clean(f"default {param.default!r}", 60)
        rows.append(
            ["param", text.clean(param.name, 60), text.clean(type_text(param.dtype), 60), default]
        )
    if len(rows) > MOST_SPECS:
        rows = [*rows[:MOST_SPECS], ["", f"… {len(rows) - MOST_SPECS:,} more", "", ""]]
    return rows
