"""Signatures: what is inferred, how it is written, and what data it lets through."""

from __future__ import annotations

import base64
import datetime
import json
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_matrix

from tuiflow.errors import InvalidInput
from tuiflow.models import ColSpec, ModelSignature, Schema, TensorSpec, infer_signature
from tuiflow.models.datatypes import AnyType, Array, DataType, Map, Object, Property, type_text
from tuiflow.models.enforce import check_columns, enforce, enforce_params
from tuiflow.models.schema import ParamSchema, ParamSpec


def inputs(data: object) -> Schema:
    schema = infer_signature(data).inputs
    assert schema is not None
    return schema


# inferring


def test_columns_of_a_table() -> None:
    frame = pd.DataFrame(
        {
            "i8": np.array([1, 2], "int8"),
            "i32": np.array([1, 2], "int32"),
            "i64": [1, 2],
            "u16": np.array([1, 2], "uint16"),
            "u32": np.array([1, 2], "uint32"),
            "f32": np.array([1, 2], "float32"),
            "f64": [1.0, 2.0],
            "gap": [1.0, np.nan],
            "b": [True, False],
            "s": ["x", "y"],
            "s_gap": ["x", None],
            "raw": [b"x", b"y"],
            "t": pd.to_datetime(["2024-01-01", "2024-01-02"]),
            "cat": pd.Categorical(["x", "y"]),
            "nullable": pd.array([1, None], dtype="Int64"),
        }
    )
    assert [(spec.name, str(spec.type), spec.required) for spec in inputs(frame)] == [
        ("i8", "integer", True),
        ("i32", "integer", True),
        ("i64", "long", True),
        ("u16", "integer", True),
        ("u32", "long", True),
        ("f32", "float", True),
        ("f64", "double", True),
        ("gap", "double", False),
        ("b", "boolean", True),
        ("s", "string", True),
        ("s_gap", "string", False),
        ("raw", "binary", True),
        ("t", "datetime", True),
        ("cat", "string", True),
        ("nullable", "long", False),
    ]


def test_sparse_columns_are_as_dense_ones() -> None:
    letters = pd.Series(["a", "b", "a"])
    for kind in (bool, "int64", "float32"):
        sparse = pd.get_dummies(letters, sparse=True, dtype=kind)
        dense = pd.get_dummies(letters, dtype=kind)
        assert inputs(sparse) == inputs(dense)
        pd.testing.assert_frame_equal(enforce(sparse, inputs(dense)), dense)


def test_arrays_are_tensors_with_a_free_first_dimension() -> None:
    assert inputs(np.zeros((5, 3), "float32")).inputs == (TensorSpec("float32", (-1, 3)),)
    assert inputs(np.array(["abc"])).inputs == (TensorSpec("str", (-1,)),)
    assert inputs(csr_matrix(np.eye(4))).inputs == (TensorSpec("float64", (-1, 4)),)
    named = inputs({"a": np.zeros(3), "b": np.zeros((3, 2), "int64")})
    assert named.inputs == (TensorSpec("float64", (-1,), "a"), TensorSpec("int64", (-1, 2), "b"))


def test_series_lists_and_rows() -> None:
    assert inputs(pd.Series([1.5, np.nan], name="y")).inputs == (ColSpec("double", "y", False),)
    assert inputs(pd.Series([1.5])).inputs == (ColSpec("double"),)
    assert inputs([1, 2]).inputs == (ColSpec("long"),)
    rows = [{"a": 1, "tags": ["x"]}, {"a": None, "b": {"c": 1.5}}, {"a": 2, "b": {"d": True}}]
    by_name = {spec.name: spec for spec in inputs(rows)}
    assert by_name["a"] == ColSpec("long", "a", False)
    assert by_name["tags"] == ColSpec(Array(DataType.string), "tags", False)
    pair = Object((Property("c", DataType.double, False), Property("d", DataType.boolean, False)))
    assert by_name["b"].type == pair
    assert type_text(pair) == "object {c: double, d: boolean}"


@pytest.mark.parametrize(
    "data",
    [
        pd.DataFrame({"a": [1j]}),
        pd.DataFrame({"a": [1, "x"]}),
        pd.DataFrame([[1, 2]], columns=["a", "a"]),
        pd.DataFrame({1.5: [1]}),
        np.array(3),
        object(),
        None,
    ],
    ids=["complex", "mixed", "twice", "name", "scalar array", "object", "nothing"],
)
def test_what_has_no_signature(data: object) -> None:
    with pytest.raises(InvalidInput):
        infer_signature([data] if data is None else data, params={"p": object()})


@pytest.mark.parametrize("arguments", [(), (None, None), (None, None, {})])
def test_of_nothing_there_is_no_signature(arguments: tuple[object, ...]) -> None:
    with pytest.raises(InvalidInput, match="inputs, outputs or params"):
        infer_signature(*arguments)  # type: ignore[arg-type]
    assert infer_signature(params={"a": 1}).params is not None


def test_params() -> None:
    signature = infer_signature(params={"n": 3, "names": ["a"], "when": datetime.date(2024, 1, 2)})
    assert signature.params is not None
    assert [(p.name, str(p.dtype), p.shape) for p in signature.params] == [
        ("n", "long", None),
        ("names", "string", (-1,)),
        ("when", "datetime", None),
    ]
    assert enforce_params({"n": 5}, signature.params)["n"] == 5
    assert enforce_params({}, signature.params)["names"] == ["a"]
    for wrong in ({"n": "x"}, {"names": "a"}, {"other": 1}):
        with pytest.raises(InvalidInput):
            enforce_params(wrong, signature.params)
    with pytest.raises(InvalidInput, match="declares none"):
        enforce_params({"n": 1}, None)


# MLflow's spelling


def test_spelling_is_mlflows() -> None:
    signature = infer_signature(pd.DataFrame({"a b": [1.5], "n": [1]}), np.array([1.5]))
    assert signature.to_dict() == {
        "inputs": '[{"type": "double", "name": "a b", "required": true}, '
        '{"type": "long", "name": "n", "required": true}]',
        "outputs": '[{"type": "tensor", "tensor-spec": {"dtype": "float64", "shape": [-1]}}]',
        "params": None,
    }


_scalars = st.sampled_from(list(DataType))
_types = st.recursive(
    _scalars | st.just(AnyType()),
    lambda inner: st.one_of(
        st.builds(Array, inner),
        st.builds(Map, inner),
        st.builds(
            lambda props: Object(tuple(Property(k, t, r) for k, (t, r) in props.items())),
            st.dictionaries(st.text(max_size=5), st.tuples(inner, st.booleans()), min_size=1),
        ),
    ),
    max_leaves=6,
)
_columns = st.builds(
    lambda cols: Schema([ColSpec(t, name, r) for name, (t, r) in cols.items()]),
    st.dictionaries(
        st.text(max_size=8) | st.integers(0, 9), st.tuples(_types, st.booleans()), min_size=1
    ),
)
_tensors = st.builds(
    lambda cols: Schema([TensorSpec("float64", (-1, n), name) for name, n in cols.items()]),
    st.dictionaries(st.text(max_size=8), st.integers(1, 9), min_size=1),
)
_params = st.builds(
    lambda cols: ParamSchema([ParamSpec(name, "long", d) for name, d in cols.items()]),
    st.dictionaries(st.text(min_size=1, max_size=8), st.integers()),
)


@given(st.builds(ModelSignature, _columns | _tensors, st.none() | _columns, _params))
def test_writing_and_reading_gives_the_same(signature: ModelSignature) -> None:
    again = ModelSignature.from_dict(json.loads(json.dumps(signature.to_dict())))
    assert again.inputs == signature.inputs
    assert again.outputs == signature.outputs
    assert (again.params or ParamSchema([])) == signature.params


_junk = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=6),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["type", "name", "tensor-spec", "items", "properties", "dtype", "shape"]
            ),
            inner | st.sampled_from(["tensor", "array", "object", "map", "double"]),
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(st.lists(_junk, max_size=3).map(json.dumps) | st.text(max_size=20))
def test_malformed_signatures_are_told(text: str) -> None:
    for read in (Schema.from_json, ParamSchema.from_json):
        try:
            schema = read(text)
        except InvalidInput:
            continue
        assert type(schema).from_json(schema.to_json()) == schema


# reading it oneself


def test_a_signature_is_shown_as_mlflow_does() -> None:
    signature = ModelSignature(
        Schema([ColSpec("double", "pH"), ColSpec("long", "year", required=False)]),
        Schema([TensorSpec("float64", (-1, 3))]),
        ParamSchema([ParamSpec("k", DataType.long, 3), ParamSpec("of", DataType.long, [1], (-1,))]),
    )
    assert str(signature) == (
        "inputs: \n  ['pH': double (required), 'year': long (optional)]\n"
        "outputs: \n  [Tensor('float64', (-1, 3))]\n"
        "params: \n  ['k': long (default: 3), 'of': long (default: [1]) (shape: (-1,))]\n"
    )
    assert str(ModelSignature(Schema([ColSpec("string")]))) == (
        "inputs: \n  [string (required)]\noutputs: \n  None\nparams: \n  None\n"
    )


@pytest.mark.parametrize(
    ("part", "text"),
    [
        (DataType.double, "double"),
        (ColSpec(Array(DataType.double), "a"), "'a': Array(double) (required)"),
        (ColSpec(AnyType(), 0), "0: Any (required)"),
        (ColSpec(Map(DataType.long)), "Map(str -> long) (required)"),
        (
            Object(
                (Property("a", DataType.long), Property("b\x1b", Array(DataType.string), False))
            ),
            "{a: long (required), b␛: Array(string) (optional)}",
        ),
        (TensorSpec("str", (-1,), "t"), "'t': Tensor('str', (-1,))"),
        (ParamSpec("s", DataType.string, "x\x1b"), "'s': string (default: x␛)"),
    ],
)
def test_its_parts_are_shown_as_mlflow_does(part: object, text: str) -> None:
    assert repr(part) == text


# enforcing

WINE = Schema([ColSpec("double", "pH"), ColSpec("long", "year"), ColSpec("string", "kind", False)])


def test_columns_in_any_order_without_the_extra_ones() -> None:
    frame = pd.DataFrame({"kind": ["r"], "x": [1], "year": [2.0], "pH": [3]}, index=[7])
    result = enforce(frame, WINE)
    assert list(result.columns) == ["pH", "year", "kind"]
    assert [dtype.kind for dtype in result.dtypes] == ["f", "i", "O"]
    assert list(result.index) == [7]
    assert check_columns(WINE, frame.columns) == ([], ["x"])
    assert check_columns(WINE, ["year"]) == (["pH"], [])
    # optional columns may be left out
    assert enforce({"pH": [3.0], "year": [1]}, WINE)["kind"].isna().all()


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"year": 1}, "lacks the columns 'pH'"),
        ({"ph": 1.0, "year": 1}, "unknown columns 'ph'"),
        ({"pH": "3.1", "year": 1}, "'pH': expected double, got string '3.1'"),
        ({"pH": True, "year": 1}, "'pH': expected double, got boolean"),
        ({"pH": 1.0, "year": 1.5}, "'year': expected long, got double, row 0 holds 1.5"),
        ({"pH": 1.0, "year": None}, "'year': expected long, got missing values"),
        ({"pH": 1.0, "year": 1e300}, "'year': expected long"),
        ({"pH": 1.0, "year": 2, "kind": 5}, "'kind': expected string, got integer"),
        ({"pH": [1.0], "year": 2}, "'pH': expected double, got a list"),
    ],
)
def test_what_is_wrong_is_named(row: dict[str, object], message: str) -> None:
    with pytest.raises(InvalidInput, match=message) as caught:
        enforce(pd.DataFrame([row]), WINE)
    assert caught.value.error_code == "INVALID_PARAMETER_VALUE"


def test_rows_without_names_are_told_so() -> None:
    with pytest.raises(InvalidInput, match="no column names"):
        enforce(np.zeros((2, 3)), WINE)
    with pytest.raises(InvalidInput, match="twice"):
        enforce(pd.DataFrame([[1, 2, 3]], columns=["pH", "pH", "year"]), WINE)


def test_unnamed_columns_go_by_position() -> None:
    schema = Schema([ColSpec("double"), ColSpec("long")])
    result = enforce([[1, 2, 9], [3, 4, 9]], schema)
    assert result.to_numpy().tolist() == [[1.0, 2], [3.0, 4]]
    with pytest.raises(InvalidInput, match="takes 2 columns, but the input has 1"):
        enforce([[1]], schema)


@pytest.mark.parametrize(
    ("kind", "values", "expected"),
    [
        ("double", [1, None], [1.0, np.nan]),
        ("double", pd.array([1, None], dtype="Int64"), [1.0, np.nan]),
        ("float", [0.1], [np.float32(0.1)]),
        ("integer", [3.0], [3]),
        ("integer", np.array([3], "uint64"), [3]),
        ("long", pd.array([1, 2], dtype="Int64"), [1, 2]),
        ("boolean", [True, False], [True, False]),
        ("boolean", pd.array([True, False], dtype="boolean"), [True, False]),
        ("datetime", ["2024-01-02T03:04:05"], [pd.Timestamp("2024-01-02T03:04:05")]),
        ("datetime", [datetime.datetime(2024, 1, 2)], [pd.Timestamp("2024-01-02")]),
        ("binary", ["aGk=", b"x"], [b"hi", b"x"]),
        ("string", pd.Categorical(["a"]), ["a"]),
    ],
)
def test_conversions_that_lose_nothing(kind: str, values: object, expected: list[object]) -> None:
    result = enforce(pd.DataFrame({"c": values}), Schema([ColSpec(kind, "c")]))["c"]
    assert result.tolist() == pytest.approx(expected, nan_ok=True)
    if kind in ("double", "float", "integer", "long"):
        assert result.dtype.itemsize == (8 if kind in ("double", "long") else 4)


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        ("integer", [2**40]),
        ("long", [float(2**60)]),
        ("long", [True]),
        ("long", np.array([2**63], "uint64")),
        ("float", [1e300]),
        ("boolean", [1]),
        ("boolean", ["true"]),
        ("datetime", ["yesterday"]),
        ("datetime", ["2024-01-02T03:04:05+01:00"]),
        ("datetime", [5]),
        ("binary", ["not base64!"]),
        ("binary", [5]),
        ("string", ["a", 5]),
    ],
)
def test_conversions_that_would_lose_something(kind: str, values: object) -> None:
    with pytest.raises(InvalidInput, match=f"column 'c': expected {kind}"):
        enforce(pd.DataFrame({"c": values}), Schema([ColSpec(kind, "c")]))


def test_nested_columns() -> None:
    schema = inputs([{"a": [1, 2], "o": {"x": 1.5}}])
    frame = pd.DataFrame([{"a": [3.0], "o": {"x": 1}}])
    assert enforce(frame, schema).iloc[0].to_dict() == {"a": [3], "o": {"x": 1.0}}
    for row in ({"a": 3, "o": {"x": 1}}, {"a": [1], "o": {}}, {"a": ["x"], "o": {"x": 1, "y": 2}}):
        with pytest.raises(InvalidInput, match="expected"):
            enforce(pd.DataFrame([row]), schema)


def test_tensors() -> None:
    schema = inputs(np.zeros((2, 3)))
    assert enforce([[1, 2, None]], schema).dtype == "float64"
    assert enforce(pd.DataFrame([[1, 2, 3]]), schema).tolist() == [[1.0, 2.0, 3.0]]
    assert enforce(pd.DataFrame({"x": [[1, 2, 3]]}), schema).shape == (1, 3)
    assert enforce(csr_matrix(np.eye(3)), schema).shape == (3, 3)
    for wrong, message in (
        (np.zeros((2, 4)), r"shape \(-1, 3\), but has \(2, 4\)"),
        (np.zeros(3), "must have the shape"),
        ([["a", "b", "c"]], "must hold float64, but holds string"),
        ([[1, 2], [3]], "different lengths"),
    ):
        with pytest.raises(InvalidInput, match=message):
            enforce(wrong, schema)
    whole = inputs(np.zeros((2, 1), "int32"))
    assert enforce(np.array([[2.0]]), whole).dtype == "int32"
    for lossy in (np.array([[2.5]]), np.array([[np.nan]]), np.array([[2**40]])):
        with pytest.raises(InvalidInput, match="must hold int32"):
            enforce(lossy, whole)


def test_tensors_of_one_dimension_take_a_column() -> None:
    numbers, texts = inputs(np.zeros(2)), inputs(np.array(["a", "b"]))
    assert enforce(pd.DataFrame({"x": [1, 2]}), numbers).tolist() == [1.0, 2.0]
    for data in (pd.DataFrame({"x": ["a", "bc"]}), pd.Series(["a", "bc"], dtype=object)):
        found = enforce(data, texts)
        assert (found.dtype.kind, found.tolist()) == ("U", ["a", "bc"])
    raw = enforce(pd.DataFrame({"x": [b"a", b"bc"]}), inputs(np.array([b"a"])))
    assert (raw.dtype.kind, raw.tolist()) == ("S", [b"a", b"bc"])
    with pytest.raises(InvalidInput, match=r"has \(1, 2\)"):
        enforce(pd.DataFrame({"x": ["a"], "y": ["b"]}), texts)


@pytest.mark.parametrize(
    ("example", "data", "message"),
    [
        (np.array(["a"]), np.array([1]), "must hold str, but holds int64"),
        (np.array(["a"]), np.array([1.5]), "must hold str, but holds float64"),
        (np.array(["a"]), np.array(["a", None], dtype=object), "must hold str, but holds object"),
        (np.array(["a"]), np.array(["2024-01-01"], "datetime64[s]"), "must hold str"),
        (np.zeros(1, "float32"), np.array([1e39]), "numbers too large"),
        (np.zeros((3, 3), "float32"), csr_matrix(np.eye(3) * 1e39), "numbers too large"),
        (np.zeros(1, "timedelta64[s]"), np.array([1]), "must hold timedelta64"),
    ],
)
def test_what_tensors_would_lose_is_refused(example: Any, data: Any, message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        enforce(data, inputs(example))


def test_infinite_numbers_stay_so_in_smaller_tensors() -> None:
    assert enforce(np.array([np.inf, 1.0]), inputs(np.zeros(1, "float32"))).tolist() == [np.inf, 1]
    assert enforce(np.array([1]), inputs(np.zeros(1, "complex128"))).dtype == "complex128"


@pytest.mark.parametrize("dates", [["9999-12-31"], ["1500-01-01T00:00:00", None]])
def test_dates_out_of_range_are_told_so(dates: list[str | None]) -> None:
    schema = inputs(pd.DataFrame({"t": pd.to_datetime(["2024-01-01"])}))
    for column in (dates, pd.to_datetime(pd.Series(dates))):
        with pytest.raises(InvalidInput, match="a date out of range"):
            enforce(pd.DataFrame({"t": column}), schema)


def test_base64_may_have_line_breaks() -> None:
    schema = inputs(pd.DataFrame({"image": [b"x"]}))
    picture = bytes(range(256))
    for text in (base64.encodebytes(picture).decode(), base64.b64encode(picture).decode()):
        assert enforce(pd.DataFrame({"image": [text]}), schema)["image"].tolist() == [picture]
    with pytest.raises(InvalidInput, match="neither bytes nor base64"):
        enforce(pd.DataFrame({"image": ["no base64!"]}), schema)


def test_named_tensors() -> None:
    named = inputs({"x": np.zeros((2, 3)), "y": np.array(["a", "b"])})
    table = pd.DataFrame({"x": [[1.0, 2.0, 3.0]], "y": ["a"]})
    assert enforce(table, named)["y"].dtype.kind == "U"
    schema = inputs({"Img": np.zeros((2, 4)), "n": np.zeros(2, "int64")})
    result = enforce({"n": [1, 2], "Img": np.ones((2, 4)), "more": [0]}, schema)
    assert {name: array.shape for name, array in result.items()} == {"Img": (2, 4), "n": (2,)}
    with pytest.raises(InvalidInput, match="lacks the arrays 'Img'"):
        enforce({"n": [1]}, schema)
    with pytest.raises(InvalidInput, match="The array 'Img' must have"):
        enforce({"n": [1], "Img": [1]}, schema)
    with pytest.raises(InvalidInput, match="named arrays"):
        enforce([1], schema)


_frames = st.dictionaries(
    st.text(min_size=1, max_size=6),
    st.one_of(
        st.lists(st.floats(allow_infinity=False), min_size=3, max_size=3),
        st.lists(st.integers(-(2**63), 2**63 - 1), min_size=3, max_size=3),
        st.lists(st.booleans(), min_size=3, max_size=3),
        st.lists(st.text(max_size=4), min_size=3, max_size=3),
    ),
    min_size=1,
    max_size=5,
).map(pd.DataFrame)


@settings(deadline=None)
@given(_frames, st.randoms())
def test_a_table_passes_its_own_signature(frame: pd.DataFrame, random: object) -> None:
    schema = inputs(frame)
    names = list(frame.columns)
    random.shuffle(names)  # type: ignore[attr-defined]
    pd.testing.assert_frame_equal(enforce(frame[names], schema), frame)


@settings(deadline=None)
@given(_frames, _columns | _tensors)
def test_any_table_is_taken_or_told(frame: pd.DataFrame, schema: Schema) -> None:
    try:
        result = enforce(frame, schema)
    except InvalidInput as error:
        assert error.message.endswith(".")
    else:
        assert len(result) in (len(frame), len(schema))


def test_inferring_needs_no_pandas_import_at_start() -> None:
    import subprocess
    import sys

    code = (
        "from tuiflow.models import infer_signature, read_mlmodel, Schema\nimport sys\n"
        "print(*({'pandas', 'numpy', 'sklearn', 'yaml', 'skops'} & set(sys.modules)))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.split() == []


def test_a_schema_by_name_and_by_types_of_numpy_and_pandas() -> None:
    schema = Schema([ColSpec(kind, f"a {kind}") for kind in DataType])
    assert schema.input_dict()["a long"] == ColSpec("long", "a long")
    assert schema.input_types_dict() == {f"a {kind}": kind for kind in DataType}
    numbers = [np.dtype(name) for name in ("bool", "int32", "int64", "float32", "float64")]
    times = np.dtype("datetime64[ns]")
    assert schema.numpy_types() == [*numbers, np.dtype("<U"), np.dtype("S"), times]
    assert schema.pandas_types() == [*numbers, object, object, times]
    tensors = Schema([TensorSpec("float32", (-1, 2), "x")])
    assert tensors.numpy_types() == [np.dtype("float32")]
    assert tensors.input_dict() == {"x": tensors.inputs[0]}
    with pytest.raises(InvalidInput, match="numpy_types"):
        tensors.pandas_types()


def test_what_a_schema_can_not_say() -> None:
    unnamed = Schema([ColSpec("long")])
    lists = Schema([ColSpec(Array(DataType.long), "x")])
    for ask in (unnamed.input_dict, unnamed.input_types_dict):
        with pytest.raises(InvalidInput, match="without names"):
            ask()
    for ask_types in (lists.numpy_types, lists.pandas_types):
        with pytest.raises(InvalidInput, match="lists or dictionaries"):
            ask_types()
