"""Bytes ↔ table: what `/invocations` takes and gives. Pure: no HTTP framework, no model.

Today's forms (MLflow ≥ 2, `mlflow/pyfunc/scoring_server`) answer `{"predictions": …}`:
`text/csv`, and `application/json` holding an object with exactly one of `dataframe_split`,
`dataframe_records`, `instances` and `inputs`, and maybe `params`. The forms of 2019 (MLflow 1)
answer the bare predictions: `application/json; format=pandas-split` and `…=pandas-records`.

Strict where MLflow is lenient, so that a mistake is never a wrong answer: an extra column, a row of
another length, a repeated column and a `NaN` (which is not JSON) are refused.
"""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import chain
from typing import TYPE_CHECKING, Any

import orjson

from tuiflow.models.datatypes import DataType
from tuiflow.models.schema import Schema, check_columns
from tuiflow.serving.mistakes import RequestError, mismatch

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

CSV = "text/csv"
JSON = "application/json"
SPLIT, RECORDS, INSTANCES, INPUTS = "dataframe_split", "dataframe_records", "instances", "inputs"
KEYS = (SPLIT, RECORDS, INSTANCES, INPUTS)
OLD_FORMATS = {"pandas-split": SPLIT, "pandas-records": RECORDS}

_ACCEPTED = (
    f"{JSON} (an object with one of {', '.join(KEYS)}), {CSV}, or, as in 2019,"
    f" {JSON}; format=pandas-split or format=pandas-records"
)
_FORM = "application/x-www-form-urlencoded"
_BOM = b"\xef\xbb\xbf"
_NUMBERS = {int, float, type(None)}
_TEXT_TYPES = (DataType.string, DataType.binary, DataType.datetime)
# What pandas reads as missing; in text columns only an empty cell is.
_MISSING = (
    *("", " ", "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND"),
    *("1.#QNAN", "<NA>", "N/A", "NA", "NULL", "NaN", "None", "n/a", "nan", "null"),
)
# Python's own limit for a cell is 128 KiB; bodies are bounded before they come here.
_MAX_CELL = 2**31 - 1


class Style(StrEnum):
    """How predictions are written: in an object under `predictions`, or bare."""

    WRAPPED = "wrapped"
    BARE = "bare"


@dataclass(frozen=True, slots=True)
class ScoringRequest:
    """What a request asks: `data` is a table, an array, or arrays by name."""

    data: pd.DataFrame | np.ndarray[Any, Any] | dict[str, np.ndarray[Any, Any]]
    style: Style
    params: dict[str, Any] | None = None


def parse_request(body: bytes, content_type: str | None, schema: Schema | None) -> ScoringRequest:
    """Read a request's body. `schema` is the model's input schema, where it has one.

    Raises RequestError with status 415 for a content type that is not served, else 400.
    """
    kind, options = _content_type(content_type)
    body = body.removeprefix(_BOM)
    if kind == CSV:
        if options:
            raise _unsupported(f"{CSV} takes no parameter {_names(options)}")
        return ScoringRequest(_from_csv(body, schema), Style.WRAPPED)
    old = options.pop("format", None)
    if options:
        raise _unsupported(f"{JSON} takes no parameter {_names(options)}")
    if old is None:
        return _from_today(_load(body), schema)
    if old not in OLD_FORMATS:
        raise _unsupported(f"format={old} is not known")
    return ScoringRequest(_from_old(_load(body), OLD_FORMATS[old], old, schema), Style.BARE)


def _content_type(header: str | None) -> tuple[str, dict[str, str]]:
    """The media type and its parameters, `charset` checked and taken out."""
    parts = [part.strip() for part in (header or "").split(";")]
    kind = parts[0].lower()
    if not kind:
        raise _unsupported("The request has no Content-Type", hint=True)
    if kind == _FORM:
        raise _unsupported(f"{_FORM}, which curl -d sends by itself, is not served", hint=True)
    if kind not in (CSV, JSON):
        raise _unsupported(f"Content-Type {kind} is not served")
    options = {}
    for part in parts[1:]:
        name, _, value = part.partition("=")
        if part:
            options[name.strip().lower()] = value.strip().strip('"').lower()
    charset = options.pop("charset", "utf-8")
    if charset not in ("utf-8", "utf8"):
        raise RequestError(f"Text in {charset} is not served; send UTF-8.", 415)
    return kind, options


def _unsupported(what: str, *, hint: bool = False) -> RequestError:
    how = f" With curl, add -H 'Content-Type: {JSON}'." if hint else ""
    return RequestError(f"{what}; send {_ACCEPTED}.{how}", 415)


def _load(body: bytes) -> Any:
    if not body.strip():
        raise RequestError("The request has no body; send the rows to predict.")
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        hint = ""
        if body[error.pos : error.pos + 9].lstrip(b"-").startswith((b"NaN", b"Infinity", b"nan")):
            hint = " (NaN and Infinity are not JSON: send null for a missing value)"
        raise RequestError(f"The body is not valid JSON: {error}{hint}.") from None


def _from_today(value: Any, schema: Schema | None) -> ScoringRequest:
    wanted = f"Send an object with exactly one of {', '.join(KEYS)}"
    if isinstance(value, list):
        raise RequestError(
            f"The body is a list. {wanted}, or a list of records with Content-Type"
            f" {JSON}; format=pandas-records."
        )
    if not isinstance(value, dict):
        raise RequestError(f"The body is {_kind(value)}. {wanted}.")
    keys = [key for key in KEYS if key in value]
    if not keys and "data" in value:
        raise RequestError(
            f'The body is a bare table. Send it as {{"{SPLIT}": …}}, or with Content-Type'
            f" {JSON}; format=pandas-split, which is answered by a bare list."
        )
    if len(keys) != 1:
        found = f"has {_names(keys)}" if keys else f"has {_names(value) or 'no key'}"
        raise RequestError(f"The body {found}. {wanted}.")
    params = value.get("params")
    if not isinstance(params, dict | None):
        raise RequestError(f"params must be an object, not {_kind(params)}.")
    key, content = keys[0], value[keys[0]]
    if key == SPLIT:
        data: Any = _from_split(content, key, schema)
    elif key == RECORDS:
        data = _from_records(content, key, schema)
    else:
        data = _from_tensors(content, key, schema)
    return ScoringRequest(data, Style.WRAPPED, params)


def _from_old(value: Any, key: str, name: str, schema: Schema | None) -> pd.DataFrame:
    if isinstance(value, dict) and key in value:
        raise RequestError(
            f"With format={name} the body is the table itself: leave out {key}, or send it with"
            f" Content-Type {JSON} alone."
        )
    if key == SPLIT:
        return _from_split(value, "The body", schema)
    return _from_records(value, "The body", schema)


def _from_split(value: Any, where: str, schema: Schema | None) -> pd.DataFrame:
    if not isinstance(value, dict) or not isinstance(value.get("data"), list):
        raise RequestError(f'{where} must be an object {{"columns": […], "data": [[…], …]}}.')
    if unknown := value.keys() - {"columns", "data", "index"}:
        raise RequestError(f"{where} has {_names(sorted(unknown))} beside columns, data and index.")
    rows: list[Any] = value["data"]
    names = value.get("columns")
    if names is None:
        names = _names_by_position(rows, schema)
    if not isinstance(names, list) or not all(type(name) in (str, int) for name in names):
        raise RequestError(f"{where}: columns must be a list of names.")
    return _table(names, _columns_of(rows, len(names), where), where, schema)


def _from_records(value: Any, where: str, schema: Schema | None) -> pd.DataFrame:
    if not isinstance(value, list) or not all(isinstance(record, dict) for record in value):
        raise RequestError(f'{where} must be a list of records, [{{"column": value, …}}, …].')
    names = list(dict.fromkeys(name for record in value for name in record))
    optional = {str(name) for name in schema.optional_input_names()} if schema else set()
    for row, record in enumerate(value):
        lacking = [name for name in names if name not in record and name not in optional]
        if lacking:
            raise mismatch(f"Record {row} lacks {_names(lacking)}, which others have.")
    return _table(names, [[r.get(name) for r in value] for name in names], where, schema)


def _from_csv(body: bytes, schema: Schema | None) -> pd.DataFrame:
    """Read CSV with a header line. Columns of text keep their spelling: `007`, `NA`."""
    import pandas as pd

    names = _check_csv(body)
    _check_names(names, "The CSV", schema)
    types = _types_by_name(names, schema)
    text = [name for name in names if types.get(name) in ("str", *_TEXT_TYPES)]
    spelt = [name for name in text if types[name] is not DataType.datetime]
    missing = {
        # pandas' name of a column that has none
        name or f"Unnamed: {place}": [""] if name in spelt else list(_MISSING)
        for place, name in enumerate(names)
    }
    try:
        frame = pd.read_csv(
            io.BytesIO(body),
            dtype=dict.fromkeys(text, str),
            index_col=False,
            low_memory=False,
            keep_default_na=False,
            na_values=missing,
        )
    except (ValueError, OverflowError) as error:  # pandas' parser errors are ValueErrors
        raise RequestError(f"The CSV can't be read: {error}.") from None
    # An empty cell is null in every column; pandas' NaN is no text.
    for name in frame.columns.intersection(text):
        frame[name] = frame[name].astype(object).where(frame[name].notna(), None)
    return frame


def _types_by_name(names: Sequence[str], schema: Schema | None) -> dict[str, object]:
    """The signature's types of a CSV's columns; of all tensors the one without names."""
    if schema is None:
        return {}
    if schema.has_input_names():
        return {str(spec.name): spec.type for spec in schema}
    if schema.is_tensor_spec():
        return dict.fromkeys(names, schema.inputs[0].type)
    return dict(zip(names, (spec.type for spec in schema), strict=False))


def _check_csv(body: bytes) -> list[str]:
    """The header's names. pandas would pad short rows and take a long first row for an index."""
    csv.field_size_limit(_MAX_CELL)
    try:
        lines = csv.reader(io.StringIO(body.decode("utf-8"), newline=""))
        names = next((row for row in lines if row), [])
        rows = 0
        for row in lines:
            rows += bool(row)
            if row and len(row) != len(names):
                raise RequestError(
                    f"Line {lines.line_num} of the CSV has {len(row)} fields,"
                    f" but its header names {len(names)} columns."
                )
    except UnicodeDecodeError as error:
        raise RequestError(f"The CSV is not UTF-8: {error.reason} at byte {error.start}.") from None
    except csv.Error as error:
        raise RequestError(f"The CSV can't be read: {error}.") from None
    if not names or not rows:
        raise RequestError("The CSV has no rows; send a header line and at least one row.")
    return names


def _from_tensors(value: Any, key: str, schema: Schema | None) -> Any:
    """TensorFlow Serving's forms: `instances` by row, `inputs` whole or by column name."""
    if isinstance(value, list) and value and all(isinstance(item, dict) for item in value):
        if schema is None or not schema.is_tensor_spec():
            return _from_records(value, key, schema)
        names = list(value[0])
        if any(item.keys() != value[0].keys() for item in value):
            raise RequestError(f"{key}: its objects have different keys.")
        value = {name: [item[name] for item in value] for name in names}
    if isinstance(value, dict) and value:
        if not all(isinstance(column, list) for column in value.values()):
            raise RequestError(f"{key} must hold a list for each name.")
        if len({len(column) for column in value.values()}) > 1:
            raise RequestError(f"{key}: its lists have different lengths.")
        if schema is None or not schema.is_tensor_spec():
            return _table(list(value), list(value.values()), key, schema)
        return {name: _array(column, f"{key}.{name}") for name, column in value.items()}
    if not isinstance(value, list):
        raise RequestError(f"{key} must be a list, or lists by column name, not {_kind(value)}.")
    if schema is None or schema.is_tensor_spec():
        return _array(value, key)
    if len(schema) == 1 and not any(isinstance(item, list) for item in value):
        return _table(schema.input_names(), [value], key, schema)
    names_by_position = _names_by_position(value, schema)
    return _table(names_by_position, _columns_of(value, len(names_by_position), key), key, schema)


def _names_by_position(rows: list[Any], schema: Schema | None) -> list[str | int]:
    if schema is not None and not schema.is_tensor_spec():
        return schema.input_names()
    return list(range(len(rows[0]))) if rows and isinstance(rows[0], list) else []


def _columns_of(rows: list[Any], width: int, where: str) -> list[Sequence[Any]]:
    for number, row in enumerate(rows):
        if not isinstance(row, list):
            raise RequestError(f"{where}: row {number} is {_kind(row)}, not a list of values.")
        if len(row) != width:
            raise RequestError(f"{where}: row {number} has {len(row)} values for {width} columns.")
    return list(zip(*rows, strict=True))


def _table(
    names: Sequence[str | int], columns: Sequence[Sequence[Any]], where: str, schema: Schema | None
) -> pd.DataFrame:
    import pandas as pd

    if not columns or not columns[0]:
        raise RequestError(f"{where} has no rows.")
    _check_names(names, where, schema)
    # The usual table, in one piece and in order: a fifth of the time that pandas takes to infer
    # each column. Whatever is no number stays for the model's enforcement to name.
    if (
        schema is not None
        and all(spec.type is DataType.double for spec in schema)
        and set(map(type, chain.from_iterable(columns))) <= _NUMBERS
    ):
        return _numbers(names, columns, schema)
    return pd.DataFrame(dict(zip(names, columns, strict=True)))


def _numbers(
    names: Sequence[str | int], columns: Sequence[Sequence[Any]], schema: Schema
) -> pd.DataFrame:
    import numpy as np
    import pandas as pd

    if schema.has_input_names():
        given = dict(zip(map(str, names), columns, strict=True))
        names = [name for name in schema.input_names() if str(name) in given]
        columns = [given[str(name)] for name in names]
    matrix = np.array(columns, dtype=np.float64)  # null becomes NaN
    return pd.DataFrame(matrix.T, columns=list(names))


def _check_names(names: Sequence[str | int], where: str, schema: Schema | None) -> None:
    twice = [name for name, count in Counter(map(str, names)).items() if count > 1]
    if twice:
        raise RequestError(f"{where} has {_names(twice)} twice.")
    if schema is None or schema.is_tensor_spec():
        return
    if not schema.has_input_names():
        if len(names) != len(schema):
            raise mismatch(f"The model takes {len(schema)} columns; {where} has {len(names)}.")
        return
    missing, extra = check_columns(schema, names)
    problems = [f"lacks {_columns(missing)}"] if missing else []
    problems += [f"has {_columns(extra)} that the model does not take"] if extra else []
    if problems:
        hint = " A column without a name is an index: write it with to_csv(index=False)."
        raise mismatch(
            f"{where} {' and '.join(problems)}. The model's columns are"
            f" {_names(schema.input_names())}.{hint if '' in extra else ''}"
        )


def _array(value: list[Any], where: str) -> np.ndarray[Any, Any]:
    import numpy as np

    if not value:
        raise RequestError(f"{where} is empty.")
    try:
        found = np.array(value)
        if found.dtype.kind in "US" and not _all_text(value):
            found = np.array(value, dtype=object)  # numpy would make text of its numbers
        elif found.dtype.kind in "iuf" and not _no_booleans(value):
            found = np.array(value, dtype=object)  # nor is true a 1
    except ValueError:
        raise RequestError(f"{where} is ragged: its rows differ in length.") from None
    if not found.size:
        raise RequestError(f"{where} is empty.")
    return found


def _all_text(value: Any) -> bool:
    return all(map(_all_text, value)) if isinstance(value, list) else isinstance(value, str)


def _no_booleans(value: Any) -> bool:
    return all(map(_no_booleans, value)) if isinstance(value, list) else not isinstance(value, bool)


def _names(names: Sequence[object] | Mapping[str, object], limit: int = 25) -> str:
    shown = ", ".join(
        repr(name) if isinstance(name, str) else str(name) for name in list(names)[:limit]
    )
    return f"{shown} and {len(names) - limit} more" if len(names) > limit else shown


def _columns(names: Sequence[object]) -> str:
    return f"the column{'' if len(names) == 1 else 's'} {_names(names)}"


def _kind(value: object) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "a boolean"
        case int() | float():
            return "a number"
        case str():
            return "a text"
        case list():
            return "a list"
        case _:
            return "an object"
