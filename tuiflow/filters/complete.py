"""What could stand where the cursor is in a filter text: the parser says, as far as it has read.

`place_at` finds the word under the cursor and what is wanted there, `offers` what goes on from it,
`accept` puts one of these in. Nothing is asked of a store here: names and values are given.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from tuiflow.errors import FilterError
from tuiflow.filters import literals
from tuiflow.filters.keys import kind_of
from tuiflow.filters.lexer import MAX_TEXT, Cursor, Token, TokenKind, Wanted, tokenize
from tuiflow.filters.operands import may_be_number
from tuiflow.filters.parser import Parser
from tuiflow.filters.subjects import RUNS, Subject
from tuiflow.filters.tree import DATASET_KEYS, Key, Kind
from tuiflow.filters.values import holds_text

LIMIT = 100
"""Most that is offered at once."""
LONGEST = 120
"""Values of more characters are not offered."""

_WORD = re.compile(r"""[^\s'"`(),=<>!]*""")
_QUOTES = "'\"`"
_TIMES = ("-1h", "-1d", "-7d", "-30d")
_SPANS = ("1m", "10m", "1h", "1d")
_TEXTS = (Kind.PARAM, Kind.TAG)
_NOUNS = {
    Kind.METRIC: "metric",
    Kind.PARAM: "param",
    Kind.TAG: "tag",
    Kind.ATTRIBUTE: "attribute",
    Kind.DATASET: "data set",
}


@dataclass(frozen=True, slots=True)
class Place:
    """A place in `text`: `typed` is what stands there already, from `start` to the cursor; up to
    `end` it is replaced."""

    text: str
    start: int
    end: int
    typed: str
    wanted: Wanted
    subject: Subject = RUNS

    @property
    def takes_key(self) -> bool:
        """Are keys offered? Where a value stands, one is meant more rarely."""
        value_of = self.wanted.value_of
        if value_of is not None and value_of.kind is not Kind.METRIC and not self.typed:
            return False
        return self.wanted.condition or self.wanted.numbers or self.wanted.metrics

    @property
    def may_become_key(self) -> bool:
        """Is there a word that a key could begin with, and not a value?"""
        starts = self.takes_key and self.typed[:1].isalpha()
        return starts or (self.wanted.condition and bool(self.typed))


@dataclass(frozen=True, slots=True)
class Offer:
    """A word as it is written in a filter, and what it is."""

    text: str
    meaning: str = ""


def place_at(text: str, cursor: int, subject: Subject = RUNS) -> Place | None:
    """The place at an offset; None where what stands before it is wrong already."""
    start = _start(text[:cursor])
    if start is None:
        return None
    typed = text[start:cursor]
    wanted = _wanted(text[:start], subject)
    if wanted is None:
        return None
    if typed[:1] in ("'", '"') or "`" in typed:
        quote = "`" if "`" in typed else typed[0]
        end = cursor + (text[cursor : cursor + 1] == quote and not _closed(typed, quote))
    else:
        found = _WORD.match(text, cursor)
        end = found.end() if typed and found else cursor
    return Place(text, start, end, typed, wanted, subject)


def _closed(typed: str, quote: str) -> bool:
    return typed.count(quote) % 2 == 0


def _start(head: str) -> int | None:
    """Where the word that `head` ends in begins; its end where it ends in none."""
    try:
        tokens = tokenize(head)[:-1]
        last = tokens.pop() if tokens else None
        if last is not None and last.kind is TokenKind.BANG and last.end == len(head):
            return last.start  # it may become != yet
        if last is None or last.end < len(head) or last.kind not in _WORDS:
            return len(head)
        start = last.start
    except FilterError as error:
        if not (head[error.start : error.start + 1] in (*_QUOTES, "!") and error.end == len(head)):
            return None
        start = error.start
        tokens = tokenize(head[:start])[:-1]
        last = None
    if tokens and tokens[-1].end == start and _opens_name(tokens[-1]) and head[start] in _QUOTES:
        return tokens[-1].start  # params.`batch size`
    return start


_WORDS = (TokenKind.WORD, TokenKind.TEXT, TokenKind.QUOTED, TokenKind.TICKED)


def _opens_name(token: Token) -> bool:
    return token.value.endswith(".") and kind_of(token.value[:-1]) is not None


def _wanted(head: str, subject: Subject) -> Wanted | None:
    parser = Parser(Cursor(head, subject), 0, ())
    try:
        parser.parse()
    except FilterError as error:
        if error.start < len(head):
            return None
    return parser.cursor.wanted


def offers(
    place: Place, keys: Iterable[Key] = (), values: Sequence[tuple[str, int]] = ()
) -> list[Offer]:
    """What goes on from `place.typed`: what begins with it comes before what has it in the middle.

    `keys` are the metrics, params and tags in use, the most useful first; `values` are those of
    `place.wanted.value_of` with how many runs have each, the most frequent first.
    """
    ranked: list[list[Offer]] = [[], [], [], []]
    for rank, offer in _ranked(place, keys, values):
        if offer.text != place.typed:
            ranked[rank].append(offer)
            if rank == 0 and len(ranked[0]) == LIMIT:
                break
    return [offer for group in ranked for offer in group][:LIMIT]


def _ranked(
    place: Place, keys: Iterable[Key], values: Sequence[tuple[str, int]]
) -> Iterator[tuple[int, Offer]]:
    wanted, typed = place.wanted, place.typed
    if wanted.value_of is not None:
        yield from _ranked_values(wanted.value_of, typed, values)
    if place.takes_key and typed[:1] not in ("'", '"'):
        yield from _ranked_keys(place, keys)
    upper = typed.upper()
    for word in wanted.words:
        if word.upper().startswith(upper) and (place.takes_key or not word[1:].endswith("(")):
            yield (1 if word.endswith("(") else 0), Offer(word)


def _ranked_keys(place: Place, keys: Iterable[Key]) -> Iterator[tuple[int, Offer]]:
    head, dot, name = place.typed.partition(".")
    kind = kind_of(head) if dot else None
    typed = place.typed.lower()
    sought = (name if kind else place.typed).replace("`", "").casefold()
    attributes = [Key(Kind.ATTRIBUTE, name) for name in place.subject.attributes]
    data = [Key(Kind.DATASET, name) for name in DATASET_KEYS]
    for key in (*keys, *attributes, *data):
        if key.kind not in place.subject.kinds or kind not in (None, key.kind):
            continue
        if not _fits(key, place.wanted):
            continue
        rank = _rank(key.name, sought)
        if rank != 0 and kind is None and f"{key.kind.value}.".startswith(typed):
            rank = 1
        if rank is not None and kind is None and place.wanted.numbers and key.kind in _TEXTS:
            rank = min(rank + 1, 3)  # a metric is meant more often
        if rank is not None and len(key.name) <= LONGEST and key.name.isprintable():
            yield rank, Offer(str(key), _NOUNS[key.kind])


def _fits(key: Key, wanted: Wanted) -> bool:
    if wanted.metrics:
        return key.kind is Kind.METRIC
    return wanted.condition or (may_be_number(key) and key != wanted.value_of)


def _rank(name: str, sought: str) -> int | None:
    """0 where a name begins with what is sought, 2 where a part of it does, 3 where it holds it."""
    folded = name.casefold()
    at = folded.find(sought)
    if at <= 0:
        return None if at < 0 else 0
    return 2 if not folded[at - 1].isalnum() else 3


def _ranked_values(
    key: Key, typed: str, values: Sequence[tuple[str, int]]
) -> Iterator[tuple[int, Offer]]:
    if not holds_text(key):
        fixed = () if key.kind is not Kind.ATTRIBUTE else _SPANS if _is_span(key) else _TIMES
        yield from ((0, Offer(text)) for text in fixed if text.startswith(typed))
        return
    quoted = typed[:1] in ("'", '"')
    sought = typed[1:] if quoted else typed
    if quoted and sought.endswith(typed[0]):
        return
    for value, count in values:
        rank = _rank(value, sought.casefold())
        if rank is None or len(value) > LONGEST:
            continue
        free = key.kind in (Kind.PARAM, Kind.TAG)
        number = free and not quoted and literals.number(value) is not None
        text = value if number else _quoted(value)
        if len(text) <= MAX_TEXT and text.isprintable():
            yield rank, Offer(text, f"{count:,} run{'' if count == 1 else 's'}" if count else "")


def _is_span(key: Key) -> bool:
    return key.name == "duration"


def _quoted(value: str) -> str:
    doubled = value.replace("'", "''")
    return f"'{doubled}'"


def accept(place: Place, offer: Offer) -> tuple[str, int]:
    """The text with `offer` in it, a space behind it unless it opens a parenthesis, and where the
    cursor is then. The metric of a function closes it."""
    rest = place.text[place.end :]
    head = f"{place.text[: place.start]}{offer.text}"
    if place.wanted.metrics and not rest.lstrip().startswith(")"):
        head += ")"
    elif offer.text.endswith("(") or rest.startswith(")"):
        return head + rest, len(head)
    if not rest[:1].isspace():
        rest = f" {rest}"
    return head + rest, len(head) + 1
