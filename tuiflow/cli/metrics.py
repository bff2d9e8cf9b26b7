"""`tuiflow metrics`: the metrics of a run, their points, and a chart of them."""

from __future__ import annotations

import math
import shutil
from collections.abc import Iterable, Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TextIO

import typer

from tuiflow.cli import completion
from tuiflow.cli import output as out
from tuiflow.cli.options import FormatOption, OutputOption, RunArgument, StoreOption, open_existing
from tuiflow.cli.output import Column, Format
from tuiflow.cli.selecting import title
from tuiflow.entities import MetricSummary, Run
from tuiflow.errors import InvalidInput, NotFound
from tuiflow.protocols import History
from tuiflow.store import Store
from tuiflow.store.export import json_value
from tuiflow.text import clean, did_you_mean, moment, number

if TYPE_CHECKING:
    from tuiflow.plot import Curve, Look

POINTS_SHOWN = 100
"""Points of each metric in a table, where no --limit is given."""
NAMES_SHOWN = 10
PLOT_WIDTH, PLOT_HEIGHT = 80, 20
"""Size of a chart that goes to no terminal; on one, the height it has at most."""


class By(StrEnum):
    """The x axis of a chart; the values are those of `plot.Axis`."""

    STEP = "step"
    TIME = "time"
    CLOCK = "clock"


def register(app: typer.Typer) -> None:
    """Add the command to the app."""
    app.command("metrics")(metrics)


def metrics(
    run: RunArgument,
    keys: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="KEY",
            help="Metrics whose points are wanted.",
            autocompletion=completion.metrics,
            show_default=False,
        ),
    ] = None,
    as_csv: Annotated[bool, typer.Option("--csv", help="The same as --format csv.")] = False,
    plot: Annotated[bool, typer.Option("--plot", help="Draw a chart.")] = False,
    limit: Annotated[
        int | None,
        typer.Option(
            "--limit",
            "-n",
            min=0,
            help=f"The last points of each; 0: all. A table shows {POINTS_SHOWN}.",
            show_default=False,
        ),
    ] = None,
    save: Annotated[
        Path | None,
        typer.Option(
            "--save",
            metavar="FILE",
            help="Save the chart as .svg, .png or .pdf, or its data as .csv.",
            show_default=False,
        ),
    ] = None,
    by: Annotated[
        By, typer.Option("--by", help="What the chart is drawn over; time is since the start.")
    ] = By.STEP,
    log_axis: Annotated[bool, typer.Option("--log", help="A logarithmic chart.")] = False,
    smooth: Annotated[
        float,
        typer.Option("--smooth", min=0, max=0.999, help="Smooth the chart, as TensorBoard does."),
    ] = 0.0,
    ascii_only: Annotated[
        bool, typer.Option("--ascii", help="A chart of ASCII characters.")
    ] = False,
    output_format: FormatOption = Format.TABLE,
    output: OutputOption = None,
    store: StoreOption = None,
) -> None:
    """Show the metrics of a run; with KEY, the points of one or more, as a list or a chart."""
    if as_csv:
        if output_format not in (Format.TABLE, Format.CSV):
            raise InvalidInput("Give --csv or --format, not both.")
        output_format = Format.CSV
    if math.isnan(smooth):
        raise InvalidInput("--smooth takes a number from 0 to 0.999.")
    if save is not None:
        from tuiflow.charts import export

        if plot or output is not None or output_format is not Format.TABLE:
            raise InvalidInput("--save writes a chart to its file; leave --plot and the like out.")
        export.check_path(save)
    if plot and output_format is not Format.TABLE:
        raise InvalidInput("A chart has no format; leave out --plot or --format.")
    opened = open_existing(store)
    found = opened.get_run(opened.resolve_run(run))
    summaries = {item.key: item for item in opened.metric_summaries(found.info.run_id)}
    chart = plot or save is not None
    if chart and not keys and len(summaries) == 1:
        keys = list(summaries)
    if chart and not keys:
        raise InvalidInput(f"Name a metric to draw; run {title(found)} has: {_names(summaries)}.")
    for key in keys or ():
        if key not in summaries:
            hint = did_you_mean(key, summaries) or f"; it has: {_names(summaries)}."
            raise NotFound(f"Run {title(found)} has no metric {key!r}{hint}")
    chosen = [summaries[key] for key in dict.fromkeys(keys or ())]
    if save is not None:
        name = clean(found.info.run_name)
        look = _look(by, log_axis, smooth)
        drawn = export.CurveChart(_curves(opened, found, chosen), look, title=name)
        export.save(drawn, save)
        return
    with out.output(output) as stream:
        if plot:
            plain = ascii_only or not out.knows(stream, "⣿┤×▲")
            _draw(opened, found, chosen, stream, _look(by, log_axis, smooth), plain)
        elif chosen:
            histories = [
                (item.key, opened.metric_history(found.info.run_id, item.key)) for item in chosen
            ]
            _write_points(histories, output_format, limit, stream)
        else:
            _write_summaries(found, list(summaries.values()), output_format, stream)


def _names(keys: Iterable[str]) -> str:
    names = [clean(key) for key in keys]
    return ", ".join([*names[:NAMES_SHOWN], *(["…"] if len(names) > NAMES_SHOWN else [])]) or "none"


def _write_summaries(
    run: Run, items: Sequence[MetricSummary], output_format: Format, stream: TextIO
) -> None:
    names = ("key", "value", "min", "max", "first", "step", "count", "timestamp")
    if output_format is Format.JSON:
        records = [
            {name: json_value(getattr(item, name)) for name in names} for item in items
        ]  # fmt: skip
        out.write_json(records, stream)
        return
    if output_format is Format.CSV:
        cells = [[getattr(item, name) for name in names] for item in items]
        out.write_csv_rows(names, cells, stream)
        return
    columns = [
        Column("metric"),
        Column("last", right=True, style="bold"),
        *(Column(heading, right=True) for heading in ("min", "max", "step", "points")),
    ]
    rows = [
        [item.key, number(item.value, 6), number(item.min, 6), number(item.max, 6),
         str(item.step), f"{item.count:,}"]
        for item in items
    ]  # fmt: skip
    if output_format is Format.MD:
        out.write_markdown(columns, rows, stream)
    elif rows:
        out.write_table(columns, rows, stream)
    else:
        typer.echo(f"Run {title(run)} has no metrics.", err=True)


def _write_points(
    histories: Sequence[tuple[str, History]],
    output_format: Format,
    limit: int | None,
    stream: TextIO,
) -> None:
    table = output_format in (Format.TABLE, Format.MD)
    if limit is None:
        limit = POINTS_SHOWN if table else 0
    points = [
        (key, history.steps[index], history.timestamps[index], history.values[index])
        for key, history in histories
        for index in range(max(len(history.values) - limit, 0) if limit else 0, len(history.values))
    ]
    names = ("key", "step", "timestamp", "value")
    if output_format is Format.JSON:
        out.write_json(
            [dict(zip(names, map(json_value, point), strict=True)) for point in points], stream
        )
        return
    if output_format is Format.CSV:
        out.write_csv_rows(names, points, stream)
        return
    several = len(histories) > 1
    columns = [
        *([Column("metric")] if several else []),
        Column("step", right=True),
        Column("value" if several else histories[0][0], right=True, style="bold", verbatim=True),
        Column("time"),
    ]
    rows = [
        [*([key] if several else []), str(step), number(value, 6), moment(timestamp)]
        for key, step, timestamp, value in points
    ]
    if output_format is Format.MD:
        out.write_markdown(columns, rows, stream)
    else:
        out.write_table(columns, rows, stream)
    total = sum(len(history.values) for _, history in histories)
    if len(points) < total:
        typer.echo(f"the last {len(points):,} of {total:,} points; --limit 0 shows all", err=True)


_COLOURS = ("cyan", "yellow", "magenta", "green", "red", "blue")
_DASHES = (0, 6, 3, 1)
"""Lengths of the dashes that tell lines apart where there are no colours."""


def _look(by: By, log: bool, smooth: float) -> Look:
    from tuiflow.plot import Axis, Look

    return Look(Axis(by.value), log, smooth)


def _curves(store: Store, run: Run, items: Sequence[MetricSummary]) -> list[Curve]:
    from tuiflow.charts.curves import Curves

    counts = {item.key: item.count for item in items}
    return Curves(store).read(run.info, list(counts), counts)


def _draw(
    store: Store,
    run: Run,
    items: Sequence[MetricSummary],
    stream: TextIO,
    look: Look,
    plain: bool,
) -> None:
    from tuiflow.plot import LINE, Layer, compose, extent, prepare, to_ascii

    terminal = out.is_terminal(stream)
    size = shutil.get_terminal_size((PLOT_WIDTH, PLOT_HEIGHT + 4))
    width = max(size.columns, 20) if terminal else PLOT_WIDTH
    height = max(min(size.lines - len(items) - 3, PLOT_HEIGHT), 5) if terminal else PLOT_HEIGHT
    layers = []
    for index, curve in enumerate(_curves(store, run, items)):
        dash = 0 if terminal else _DASHES[index % len(_DASHES)]
        prepared = prepare(curve, look.axis, look.log, look.smooth)
        layers.append(Layer(prepared, LINE + index, dash))
    window = extent([layer.line for layer in layers]) or (0.0, 1.0)
    picture = compose(layers, window, width, height, log=look.log, axis=look.axis)
    rows = [(to_ascii(chars) if plain else chars, tones) for chars, tones in picture.rows]
    legend = [_legend(item, plain) for item in items]
    if not terminal:
        stream.write("".join(f"{line}\n" for line in [title(run), *legend]))
        stream.write("".join(f"{chars.rstrip()}\n" for chars, _ in rows))
        return
    from rich.console import Console
    from rich.text import Text

    console = Console(file=stream, highlight=False, width=width)
    console.print(Text(title(run), style="bold"))
    for index, line in enumerate(legend):
        console.print(Text(line, style=_colour(LINE + index)), overflow="ellipsis", no_wrap=True)
    for chars, tones in rows:
        text = Text(no_wrap=True)
        for char, tone in zip(chars, tones, strict=True):
            text.append(char, _colour(tone))
        console.print(text)


def _colour(tone: int) -> str:
    from tuiflow.plot import LINE

    return _COLOURS[(tone - LINE) % len(_COLOURS)] if tone >= LINE else "dim"


def _legend(item: MetricSummary, plain: bool) -> str:
    facts = [f"last {number(item.value, 6)}"]
    if item.count > 1 and not math.isnan(item.min):
        facts.append(f"min {number(item.min, 6)}, max {number(item.max, 6)}")
    facts.append(f"{item.count:,} point{'s' if item.count != 1 else ''}")
    return clean(item.key) + ": " + (", " if plain else " · ").join(facts)
