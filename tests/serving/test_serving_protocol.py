"""Bytes to table and back: the forms that are served, and mistakes, which are all the client's."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tuiflow.errors import ModelError
from tuiflow.models import ColSpec, Schema, TensorSpec
from tuiflow.serving.answers import encode
from tuiflow.serving.mistakes import RequestError
from tuiflow.serving.protocol import Style, parse_request

JSON = "application/json"
SPLIT_2019 = "application/json; format=pandas-split"
RECORDS_2019 = "application/json; format=pandas-records"
SCHEMA = Schema(
    [ColSpec("double", "a"), ColSpec("long", "b"), ColSpec("string", "z", required=False)]
)
DOUBLES = Schema([ColSpec("double", "a"), ColSpec("double", "b")])
TENSOR = Schema([TensorSpec("float64", (-1, 2))])
SPLIT = {"columns": ["z", "b", "a"], "data": [["x", 1, 2.5], [None, 2, 3]]}
RECORDS = [{"a": 2.5, "b": 1, "z": "x"}, {"b": 2, "a": 3}]
ROWS = {"a": [2.5, 3.0], "b": [1, 2], "z": ["x", None]}


def body(value: Any) -> bytes:
    return json.dumps(value).encode()


def rows(data: Any) -> dict[str, list[Any]]:
    assert isinstance(data, pd.DataFrame)
    objects = data.astype(object).where(data.notna(), None)
    return {str(name): objects[name].tolist() for name in sorted(objects.columns)}


@pytest.mark.parametrize(
    ("content", "content_type", "style"),
    [
        (body({"dataframe_split": SPLIT}), JSON, Style.WRAPPED),
        (body({"dataframe_split": SPLIT, "client_id": 7}), JSON, Style.WRAPPED),
        (b"\xef\xbb\xbf" + body({"dataframe_split": SPLIT}), JSON, Style.WRAPPED),
        (body({"dataframe_split": SPLIT}), 'Application/JSON; charset="UTF-8"', Style.WRAPPED),
        (body({"dataframe_records": RECORDS}), JSON, Style.WRAPPED),
        (body({"instances": RECORDS}), JSON, Style.WRAPPED),
        (body({"instances": [[2.5, 1, "x"], [3, 2, None]]}), JSON, Style.WRAPPED),
        (body({"inputs": ROWS}), JSON, Style.WRAPPED),
        (b"b,a,z\n1,2.5,x\n2,3,\n", "text/csv", Style.WRAPPED),
        (b'"b","a","z"\r\n1,2.5,"x"\r\n\r\n2,3,""\r\n', "text/csv;charset=utf-8", Style.WRAPPED),
        (body(SPLIT), SPLIT_2019, Style.BARE),
        (body({**SPLIT, "index": [0, 1]}), "application/json;format=pandas-split", Style.BARE),
        (body(RECORDS), RECORDS_2019, Style.BARE),
    ],
)
def test_every_form_gives_the_same_table(content: bytes, content_type: str, style: Style) -> None:
    asked = parse_request(content, content_type, SCHEMA)
    assert asked.style is style
    assert asked.params is None
    assert rows(asked.data) == ROWS


def test_numbers_come_in_the_order_and_type_of_the_schema() -> None:
    content = body({"dataframe_split": {"columns": ["b", "a"], "data": [[1, 2], [None, 4]]}})
    data = parse_request(content, JSON, DOUBLES).data
    assert isinstance(data, pd.DataFrame)
    assert list(data.columns) == ["a", "b"]
    assert [str(dtype) for dtype in data.dtypes] == ["float64", "float64"]
    assert data["a"].tolist() == [2.0, 4.0]
    assert data["b"][0] == 1.0
    assert math.isnan(data["b"][1])


def test_params_are_passed_on() -> None:
    asked = parse_request(body({"instances": RECORDS, "params": {"top": 3}}), JSON, SCHEMA)
    assert asked.params == {"top": 3}


def test_text_columns_of_a_csv_keep_their_spelling() -> None:
    words = ["007", "NA", "null", "None", "nan", "N/A", " x"]
    lines = "".join(f"1,NA,{word}\n" for word in words)
    data = parse_request(f"a,b,z\n{lines}1,2,\n".encode(), "text/csv", SCHEMA).data
    assert rows(data)["z"] == [*words, None]
    assert data["b"].isna().sum() == len(words)  # in columns of numbers they are missing values
    for schema in (Schema([ColSpec("string")] * 2), Schema([TensorSpec("str", (-1, 2))])):
        found = parse_request(b"x,y\n007,NA\n", "text/csv", schema).data
        assert found.to_numpy().tolist() == [["007", "NA"]]


def test_missing_times_of_a_csv_and_of_one_without_a_schema() -> None:
    times = Schema([ColSpec("datetime", "t")])
    assert rows(parse_request(b"t\n2024-01-01\nNA\n", "text/csv", times).data) == {
        "t": ["2024-01-01", None]
    }
    data = parse_request(b",t\nNA,x\n1,null\n", "text/csv", None).data
    assert data.isna().to_numpy().tolist() == [[True, False], [False, True]]


def test_long_cells_of_a_csv() -> None:
    long = "x" * 200_000
    assert rows(parse_request(f"t\n{long}\n".encode(), "text/csv", None).data) == {"t": [long]}


@pytest.mark.parametrize(
    ("value", "schema", "expected"),
    [
        ({"inputs": [[1, 2], [3, 4.5]]}, TENSOR, np.array([[1, 2], [3, 4.5]])),
        ({"instances": [[1, 2]]}, TENSOR, np.array([[1, 2]])),
        ({"inputs": [[1, 2]]}, None, np.array([[1, 2]])),
        ({"inputs": [1.5, 2]}, None, np.array([1.5, 2.0])),
        # A truth is no number and a number no text.
        ({"inputs": [[1, True]]}, None, np.array([[1, True]], dtype=object)),
        ({"inputs": [[1, "a"]]}, None, np.array([[1, "a"]], dtype=object)),
    ],
)
def test_arrays(value: Any, schema: Schema | None, expected: np.ndarray[Any, Any]) -> None:
    data = parse_request(body(value), JSON, schema).data
    assert isinstance(data, np.ndarray)
    assert data.dtype == expected.dtype
    assert data.tolist() == expected.tolist()


def test_arrays_by_name() -> None:
    schema = Schema([TensorSpec("float64", (-1,), "x"), TensorSpec("float64", (-1, 2), "y")])
    by_name = {"x": [1, 2], "y": [[1, 2], [3, 4]]}
    by_row = [{"x": 1, "y": [1, 2]}, {"x": 2, "y": [3, 4]}]
    for value in ({"inputs": by_name}, {"instances": by_row}):
        data = parse_request(body(value), JSON, schema).data
        assert isinstance(data, dict)
        assert {name: array.tolist() for name, array in data.items()} == by_name


def test_one_column_by_position() -> None:
    schema = Schema([ColSpec("double", "only")])
    assert rows(parse_request(body({"instances": [1, 2]}), JSON, schema).data) == {
        "only": [1.0, 2.0]
    }


def test_without_a_schema_types_are_inferred() -> None:
    data = parse_request(b"n,t\n1,x\n2,y\n", "text/csv", None).data
    assert rows(data) == {"n": [1, 2], "t": ["x", "y"]}


def _split(**changes: Any) -> bytes:
    return body({"dataframe_split": {"columns": ["a", "b"], "data": [[1, 2]], **changes}})


@pytest.mark.parametrize(
    ("content", "content_type", "status", "words"),
    [
        # content types
        (_split(), None, 415, ["no Content-Type", "application/json", "-H"]),
        (_split(), "", 415, ["no Content-Type"]),
        (_split(), "application/x-www-form-urlencoded", 415, ["curl -d", "-H", "text/csv"]),
        (_split(), "text/plain", 415, ["text/plain is not served", "dataframe_split"]),
        (_split(), "application/json; charset=latin-1", 415, ["latin-1", "UTF-8"]),
        (_split(), "application/json; format=pandas-table", 415, ["pandas-table", "pandas-split"]),
        (_split(), "application/json; foo=bar", 415, ["'foo'"]),
        (b"a\n1", "text/csv; header=absent", 415, ["'header'"]),
        # JSON that is none
        (b"", JSON, 400, ["no body"]),
        (b"  \n", JSON, 400, ["no body"]),
        (b"{", JSON, 400, ["not valid JSON"]),
        (b"\xff\xfe", JSON, 400, ["not valid JSON"]),
        (b'{"inputs": [NaN]}', JSON, 400, ["not valid JSON", "null"]),
        (b'{"inputs": [-Infinity]}', JSON, 400, ["not valid JSON", "null"]),
        (b"[" * 100_000, JSON, 400, ["not valid JSON"]),
        # JSON of another shape
        (b"[[1, 2]]", JSON, 400, ["a list", "dataframe_split", "format=pandas-records"]),
        (b"3", JSON, 400, ["a number"]),
        (b"null", JSON, 400, ["null"]),
        (b"{}", JSON, 400, ["no key"]),
        (b'{"foo": 1}', JSON, 400, ["'foo'", "dataframe_split"]),
        (b'{"inputs": [1], "instances": [1]}', JSON, 400, ["'instances', 'inputs'"]),
        (b'{"inputs": [1], "params": 3}', JSON, 400, ["params", "object"]),
        (
            body({"columns": ["a", "b"], "data": [[1, 2]]}),
            JSON,
            400,
            ["bare table", "dataframe_split", "format=pandas-split"],
        ),
        (_split(), SPLIT_2019, 400, ["leave out dataframe_split"]),
        (body({"a": 1}), RECORDS_2019, 400, ["list of records"]),
        # tables
        (_split(columns=["a", "a"]), JSON, 400, ["'a' twice"]),
        (_split(columns="ab"), JSON, 400, ["columns must be a list"]),
        (_split(columns=["a", None]), JSON, 400, ["columns must be a list"]),
        (_split(data=[[1]]), JSON, 400, ["row 0 has 1 values for 2 columns"]),
        (_split(data=[[1, 2], 3]), JSON, 400, ["row 1 is a number"]),
        (_split(data=[]), JSON, 400, ["no rows"]),
        (_split(data="x"), JSON, 400, ["must be an object"]),
        (_split(rows=[]), JSON, 400, ["'rows'"]),
        (b'{"dataframe_split": [1]}', JSON, 400, ["must be an object"]),
        (b'{"dataframe_records": []}', JSON, 400, ["no rows"]),
        (b'{"dataframe_records": {"a": 1}}', JSON, 400, ["list of records"]),
        (b'{"dataframe_records": [{"a":1,"b":2},{"a":1}]}', JSON, 400, ["Record 1 lacks 'b'"]),
        (b'{"instances": []}', JSON, 400, ["no rows"]),
        (b'{"instances": {}}', JSON, 400, ["must be a list"]),
        (b'{"inputs": 3}', JSON, 400, ["must be a list"]),
        (b'{"inputs": {"a": 1, "b": 2}}', JSON, 400, ["a list for each name"]),
        (b'{"inputs": {"a": [1], "b": [1, 2]}}', JSON, 400, ["different lengths"]),
        # columns
        (_split(columns=["a"], data=[[1]]), JSON, 400, ["lacks the column 'b'"]),
        (_split(columns=["x", "a"]), JSON, 400, ["lacks the column 'b'", "has the column 'x'"]),
        (
            _split(columns=["a", "b", "c"], data=[[1, 2, 3]]),
            JSON,
            400,
            ["has the column 'c'", "columns are 'a', 'b'"],
        ),
        # CSV
        (b"", "text/csv", 400, ["no rows"]),
        (b"a,b\n", "text/csv", 400, ["no rows"]),
        (b"a,b\n1,2\n1\n", "text/csv", 400, ["Line 3", "1 fields", "2 columns"]),
        (b"a,b\n1,2,3\n", "text/csv", 400, ["Line 2", "3 fields"]),
        (b"a,b,a\n1,2,3\n", "text/csv", 400, ["'a' twice"]),
        (b"a,b\n1,\xff\n", "text/csv", 400, ["not UTF-8"]),
        (b'a,b\n1,"2\n', "text/csv", 400, ["can't be read"]),
        (b",a,b\n0,1,2\n", "text/csv", 400, ["has the column ''", "index=False"]),
        (b"a;b\n1;2\n", "text/csv", 400, ["has the column 'a;b'"]),
    ],
)
def test_mistakes_are_told(
    content: bytes, content_type: str | None, status: int, words: list[str]
) -> None:
    with pytest.raises(RequestError) as caught:
        parse_request(content, content_type, DOUBLES)
    assert caught.value.status == status
    assert caught.value.error_code in ("BAD_REQUEST", "INVALID_PARAMETER_VALUE")
    for word in words:
        assert word in caught.value.message


def test_a_misfit_is_told_apart_from_a_malformed_body() -> None:
    with pytest.raises(RequestError) as caught:
        parse_request(_split(columns=["a"], data=[[1]]), JSON, DOUBLES)
    assert caught.value.error_code == "INVALID_PARAMETER_VALUE"


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ({"inputs": []}, "empty"),
        ({"inputs": [[]]}, "empty"),
        ({"inputs": [[1, 2], [3]]}, "ragged"),
        ({"instances": [{"x": 1}, {"y": 1}]}, "different keys"),
    ],
)
def test_mistaken_arrays(value: Any, words: str) -> None:
    with pytest.raises(RequestError, match=words):
        parse_request(body(value), JSON, TENSOR)


_JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["a", "b", "z", "columns", "data", "index"]), inner, max_size=4
        )
    ),
    max_leaves=15,
)
_BODIES = st.one_of(
    st.binary(max_size=60),
    st.builds(body, _JSON_VALUES),
    st.builds(
        lambda key, value: body({key: value}),
        st.sampled_from(["dataframe_split", "dataframe_records", "instances", "inputs"]),
        _JSON_VALUES,
    ),
    st.builds(
        lambda columns, data: body({"dataframe_split": {"columns": columns, "data": data}}),
        st.lists(st.sampled_from(["a", "b", "z", 3]), max_size=4),
        st.lists(st.lists(_JSON_VALUES, max_size=4), max_size=3),
    ),
    st.text(alphabet='ab,z"\n\r;1.5e\0', max_size=40).map(str.encode),
)
_TYPES = st.sampled_from([JSON, "text/csv", SPLIT_2019, RECORDS_2019, None, "application/json;;"])


@given(_BODIES, _TYPES, st.sampled_from([None, SCHEMA, DOUBLES, TENSOR]))
@example(b"a,b\n1," + b"9" * 400, "text/csv", DOUBLES)
@example(b"a,b\n1,1e999", "text/csv", DOUBLES)
@example(body({"inputs": [[10**30, -(10**30)]]}), JSON, TENSOR)
@example(b'{"inputs": ' + b"[" * 500 + b"1" + b"]" * 500 + b"}", JSON, TENSOR)
def test_whatever_is_sent_is_read_or_refused(
    content: bytes, content_type: str | None, schema: Schema | None
) -> None:
    try:
        asked = parse_request(content, content_type, schema)
    except RequestError as error:
        assert 400 <= error.status < 500
        assert error.message
    else:
        assert len(asked.data) > 0


@pytest.mark.parametrize(
    ("predictions", "expected"),
    [
        (np.array([5.655099099229192, 1.0]), [5.655099099229192, 1.0]),
        (np.array([0.1], dtype=np.float32), [0.10000000149011612]),
        (np.array([[1, 2], [3, 4]]), [[1, 2], [3, 4]]),
        (np.array([1.0, np.nan, np.inf, -np.inf]), [1.0, None, None, None]),
        (np.array(["red", "white"]), ["red", "white"]),
        (np.array(["red", 1, None], dtype=object), ["red", 1, None]),
        (np.array([True, False]), [True, False]),
        (pd.DataFrame({"a": [1, 2], "b": ["x", None]}), [{"a": 1, "b": "x"}, {"a": 2, "b": None}]),
        (pd.Series([1.5, 2.5], name="y"), [{"y": 1.5}, {"y": 2.5}]),
        (pd.DataFrame({"t": pd.to_datetime(["2026-01-31"])}), [{"t": "2026-01-31T00:00:00"}]),
        ([np.float64(1.5), np.int64(2)], [1.5, 2]),
        ({"p": np.array([0.5]), 1: "x"}, {"p": [0.5], "1": "x"}),
        ([b"\x00\xff"], ["AP8="]),
        (3, 3),
        (np.array([[1, "NaT"]], "timedelta64[s]"), [["P0DT0H0M1S", None]]),
        (pd.DataFrame({"d": pd.to_timedelta([1], unit="s")}), [{"d": "P0DT0H0M1S"}]),
        ([np.timedelta64(1, "s"), np.timedelta64("NaT", "s")], ["P0DT0H0M1S", None]),
        (np.array(["2024-01-02", "NaT"], "datetime64[D]"), ["2024-01-02", None]),
    ],
)
def test_predictions_as_json(predictions: Any, expected: Any) -> None:
    assert json.loads(encode(predictions, Style.BARE)) == expected
    assert json.loads(encode(predictions, Style.WRAPPED)) == {"predictions": expected}


def test_predictions_that_json_has_no_place_for() -> None:
    with pytest.raises(ModelError, match="JSON"):
        encode([object()], Style.BARE)
