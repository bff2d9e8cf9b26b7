"""Completion of filters: what is offered where, and that taking it never makes a text worse."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tuiflow.errors import FilterError
from tuiflow.filters import EXPERIMENTS, Key, Kind, parse_filter
from tuiflow.filters.complete import LIMIT, accept, offers, place_at

KEYS = (
    Key(Kind.METRIC, "rmse"),
    Key(Kind.METRIC, "val/rmse"),
    Key(Kind.METRIC, "a b"),
    Key(Kind.PARAM, "alpha"),
    Key(Kind.PARAM, "batch `size`"),
    Key(Kind.TAG, "stage"),
    Key(Kind.TAG, "model"),
)
VALUES = (("adam", 12), ("sgd", 3), ("0.1", 2), ("it's", 1), ("FINISHED", 1), ("-7d", 1))


def offered(text: str, cursor: int | None = None) -> list[str]:
    place = place_at(text, len(text) if cursor is None else cursor)
    return [] if place is None else [offer.text for offer in offers(place, KEYS, VALUES)]


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("", ["metrics.rmse", "metrics.val/rmse"]),
        ("rm", ["metrics.rmse", "metrics.val/rmse"]),
        ("RMS", ["metrics.rmse", "metrics.val/rmse"]),
        ("val", ["metrics.val/rmse"]),
        ("params.", ["params.alpha", "params.`batch ``size```"]),
        ("param.al", ["params.alpha"]),
        ("params.`ba", ["params.`batch ``size```"]),
        ("metrics.`a", ["metrics.`a b`", "metrics.val/rmse"]),
        ("stat", ["status"]),
        ("attributes.stat", ["status"]),
        ("dataset.n", ["dataset.name"]),
        ("metrics.rmse ", ["=", "!=", "<"]),
        ("metrics.rmse !", ["!="]),
        ("params.alpha ", ["=", "!=", "<"]),
        ("params.alpha LI", ["LIKE"]),
        ("params.alpha no", ["NOT LIKE", "NOT IN"]),
        ("metrics.rmse L", []),
        ("status ", ["=", "!="]),
        ("params.alpha =", ["'adam'", "'sgd'", "0.1", "'it''s'"]),
        ("params.alpha = 'a", ["'adam'"]),
        ("params.alpha = a", ["'adam'"]),
        ("params.alpha = 0", ["0.1"]),
        ("params.alpha = '0", ["'0.1'"]),
        ("params.alpha IN ", ["("]),
        ("params.alpha IN (", ["'adam'"]),
        ("params.alpha IN ('adam' ", [",", ")"]),
        ("metrics.rmse < ", ["metrics.val/rmse", "metrics.`a b`"]),
        ("metrics.rmse < 0", []),
        ("metrics.rmse < al", ["params.alpha", "metrics.val/rmse"]),
        ("metrics.rmse < m", ["metrics.val/rmse", "metrics.`a b`", "tags.model", "min(", "max("]),
        ("params.alpha = st", ["start_time", "tags.stage"]),
        ("metrics.rmse *", []),
        ("metrics.rmse * ", ["metrics.rmse", "metrics.val/rmse"]),
        ("metrics.rmse < metrics.val/rmse ", ["AND", "OR", "+", "-", "*", "/"]),
        ("mi", ["min("]),
        ("count(", ["metrics.rmse", "metrics.val/rmse", "metrics.`a b`"]),
        ("count(al", ["metrics.val/rmse"]),
        ("count(params.", []),
        ("count(metrics.val/rmse", []),
        ("count(metrics.rmse ", [")"]),
        ("count(metrics.rmse) ", ["=", "!="]),
        ("(metrics.rmse + ", ["metrics.rmse"]),
        ("has", ["has:model"]),
        ("!", []),
        ("!has", ["has:model"]),
        ("!al", ["params.alpha"]),
        ("paren", ["parent"]),
        ("metrics.rmse = n", ["NaN"]),
        ("start_time > -", ["-1h", "-1d", "-7d", "-30d"]),
        ("duration > 1", ["1m", "10m", "1h", "1d"]),
        ("metrics.rmse < 1 ", ["AND", "OR"]),
        ("metrics.rmse < 1 a", ["AND"]),
        ("metrics.rmse < 1 and ", ["metrics.rmse"]),
        ("(metrics.rmse < 1 ", ["AND", "OR", ")"]),
        ("(", ["metrics.rmse"]),
        ("NOT al", ["params.alpha", "metrics.val/rmse"]),
        ("metrics.rmse IS ", ["NULL", "NOT NULL"]),
        ("metrics.rmse IS NOT ", ["NULL"]),
        ("metrics.rmse BETWEEN 1 ", ["AND"]),
        ("wine ", ["AND", "OR"]),
        ("wine al", []),
        ("'a phra", []),
        ("nonsense.x < 1 and ", []),
        ("metrics.rmse <> <", []),
    ],
)
def test_what_could_stand_here(text: str, first: list[str]) -> None:
    found = offered(text)
    assert found[: len(first)] == first if first else found == []


def test_within_a_text() -> None:
    text = "metrics.rm < 1 and status = 'x'"
    assert offered(text, 10)[0] == "metrics.rmse"
    place = place_at(text, 8)
    assert place is not None
    assert accept(place, offers(place, KEYS)[0]) == ("metrics.rmse < 1 and status = 'x'", 13)
    place = place_at("params.alpha = 'ad'", 18)
    assert place is not None
    assert accept(place, offers(place, KEYS, VALUES)[0])[0] == "params.alpha = 'adam' "


def test_a_function_is_closed() -> None:
    place = place_at("min", 3)
    assert place is not None
    text, cursor = accept(place, offers(place, KEYS)[0])
    assert (text, cursor) == ("min(", 4)
    place = place_at(text, cursor)
    assert place is not None
    assert accept(place, offers(place, KEYS)[0]) == ("min(metrics.rmse) ", 18)
    place = place_at("min(rm) < 1", 6)
    assert place is not None
    assert accept(place, offers(place, KEYS)[0]) == ("min(metrics.rmse) < 1", 16)


@pytest.mark.parametrize(
    ("text", "may_be"),
    [
        ("rm", True),
        ("-7", True),
        ("metrics.rmse < 0.", False),
        ("metrics.rmse < va", True),
        ("metrics.rmse < ", False),
        ("params.alpha = 'ad", False),
        ("params.alpha = 0", False),
        ("min(", False),
        ("min(r", True),
    ],
)
def test_what_may_yet_become_a_key(text: str, may_be: bool) -> None:
    place = place_at(text, len(text))
    assert place is not None and place.may_become_key is may_be


def test_only_keys_of_the_subject() -> None:
    place = place_at("", 0, EXPERIMENTS)
    assert place is not None
    assert [offer.text for offer in offers(place, KEYS)][:3] == ["tags.stage", "tags.model", "name"]


def test_what_cannot_be_written_on_one_line_is_not_offered() -> None:
    odd = [Key(Kind.METRIC, "a\x1b[31m"), Key(Kind.PARAM, "a\u202eb"), Key(Kind.TAG, "a" * 500)]
    place = place_at("a", 1)
    assert place is not None
    assert not {"metric", "param", "tag"} & {offer.meaning for offer in offers(place, odd)}
    place = place_at("params.x = ", 11)
    assert place is not None
    assert offers(place, (), [("two\nlines", 9), ("\x1b[2J", 8), ("fine", 1)])[0].text == "'fine'"


def test_at_most_so_many_of_thousands() -> None:
    keys = [Key(Kind.METRIC, f"layer{number}/loss") for number in range(5000)]
    place = place_at("loss", 4)
    assert place is not None
    assert len(offers(place, keys)) == LIMIT
    assert next(offer.text for offer in offers(place, keys)) == "metrics.layer0/loss"


def reach(text: str) -> int:
    """How far the parser reads."""
    try:
        parse_filter(text, 0)
    except FilterError as error:
        return error.start
    return len(text)


_PIECES = st.sampled_from(
    [
        *(
            "metrics.rmse",
            "metrics.",
            "params.alpha",
            "params.`batch ``size```",
            "params.`ba",
            "rm",
        ),
        *("status", "st", "start_time", "duration", "dataset.name", "nonsense.x", "wine", "'adam'"),
        *("'ad", '"ad', "`", "=", "!=", "!", "<", ">=", "IN", "NOT", "LIKE", "BETWEEN", "IS"),
        *("NULL", "(", ")", ",", "AND", "OR", "and", "adn", "1", "0.", "-7d", "10m", "NaN", "FIN"),
        *("=", " ", "  ", "*", "-", "/", "min(", "max", "has:", "has:model", "2"),
    ]
)


@given(st.lists(_PIECES, max_size=9), st.sampled_from(["", " "]), st.data())
def test_taking_an_offer_reads_at_least_as_far(
    pieces: list[str], joint: str, data: st.DataObject
) -> None:
    text = joint.join(pieces)
    cursor = data.draw(st.integers(0, len(text)))
    place = place_at(text, cursor)
    if place is None:
        return
    for offer in offers(place, KEYS, VALUES):
        new, at = accept(place, offer)
        assert new[: place.start] == text[: place.start]
        assert new.endswith(text[place.end :])
        assert reach(new[:at]) >= min(reach(text[:cursor]), cursor), (text[:cursor], new[:at])
        assert reach(new[:at]) >= place.start


@given(st.text(max_size=20), st.integers(0, 20))
def test_any_text_is_looked_at(text: str, cursor: int) -> None:
    offered(text, min(cursor, len(text)))
