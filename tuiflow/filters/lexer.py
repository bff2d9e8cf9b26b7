"""Cut a filter or sort text into tokens that know their place."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum, auto

from tuiflow.errors import FilterError
from tuiflow.filters.subjects import RUNS, Subject
from tuiflow.filters.tree import Key
from tuiflow.text import clean

MAX_TEXT = 10_000
"""Longest word or quoted text, in characters (a tag's value has 8,000 at most)."""


class TokenKind(Enum):
    WORD = auto()  # a key, keyword, number, date or bare word
    TEXT = auto()  # 'in single quotes'
    QUOTED = auto()  # "in double quotes"
    TICKED = auto()  # `in backticks`
    OPERATOR = auto()
    OPEN = auto()
    CLOSE = auto()
    COMMA = auto()
    BANG = auto()  # ! right before a word, a phrase or a parenthesis
    END = auto()


@dataclass(frozen=True, slots=True)
class Token:
    """`value` is without quotes; `start` and `end` are offsets with them."""

    kind: TokenKind
    value: str
    start: int
    end: int

    def is_word(self, *keywords: str) -> bool:
        """True for a bare word that is one of `keywords` (upper case) in any case."""
        return (
            self.kind is TokenKind.WORD and self.value.isascii() and self.value.upper() in keywords
        )

    @property
    def is_quote(self) -> bool:
        return self.kind in (TokenKind.TEXT, TokenKind.QUOTED)

    def shown(self) -> str:
        """The token's text, fit for a message."""
        return clean(self.value, 60)


# A quote is doubled to stand for itself, as in SQL.
_TOKEN = re.compile(
    r"""
    \s* (?: (?P<WORD> [^\s'"`(),=<>!]+ )
          | (?P<TEXT> '(?:[^']|'')*' )
          | (?P<QUOTED> "(?:[^"]|"")*" )
          | (?P<TICKED> `(?:[^`]|``)*` )
          | (?P<OPERATOR> <= | >= | != | <> | == | = | < | > )
          | (?P<OPEN> \( )
          | (?P<CLOSE> \) )
          | (?P<COMMA> , )
          | (?P<BANG> ! (?![\s)=<>,]) )
          | (?P<END> \Z ) )
    """,
    re.VERBOSE,
)
_SPELLINGS = {"==": "=", "<>": "!="}


def tokenize(text: str) -> list[Token]:
    """Return the tokens of `text`, the last one END. Raises FilterError."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise FilterError("this is not valid text", text, error.start, error.end) from None
    tokens: list[Token] = []
    place = 0
    while not tokens or tokens[-1].kind is not TokenKind.END:
        match = _TOKEN.match(text, place)
        if match is None:
            raise _error(text, place)
        kind = TokenKind[str(match.lastgroup)]
        start, place = match.span(match.lastindex or 0)
        value = text[start:place]
        if kind in (TokenKind.TEXT, TokenKind.QUOTED, TokenKind.TICKED):
            quote = value[0]
            value = value[1:-1].replace(quote * 2, quote)
        elif kind is TokenKind.OPERATOR:
            value = _SPELLINGS.get(value, value)
        if len(value) > MAX_TEXT:
            raise FilterError(f"expected at most {MAX_TEXT:,} characters", text, start, place)
        tokens.append(Token(kind, value, start, place))
    return tokens


def _error(text: str, place: int) -> FilterError:
    while text[place].isspace():
        place += 1
    char = text[place]
    if char == "!":
        return FilterError("expected != or NOT", text, place, place + 1)
    return FilterError(f"expected a closing {char} for this one", text, place, len(text))


@dataclass(frozen=True, slots=True)
class Wanted:
    """What could stand next: some of `words`, any key or text to search for (`condition`), a value
    of the key `value_of`, a key that may be a number (`numbers`), or a metric (`metrics`)."""

    words: tuple[str, ...] = ()
    condition: bool = False
    value_of: Key | None = None
    numbers: bool = False
    metrics: bool = False


class Cursor:
    """Walk over the tokens of one text, which searches for a `subject`.

    `wanted` is what the parser was looking for last, for completion.
    """

    def __init__(self, text: str, subject: Subject = RUNS) -> None:
        self.text = text
        self.subject = subject
        self.wanted = Wanted()
        self._tokens = tokenize(text)
        self._index = 0

    def peek(self, ahead: int = 0) -> Token:
        index = self._index + ahead
        return self._tokens[index] if index < len(self._tokens) else self._tokens[-1]

    @property
    def last(self) -> Token:
        """The token that was taken last (at the start, the first one)."""
        return self._tokens[max(self._index - 1, 0)]

    def take(self) -> Token:
        token = self.peek()
        self._index += 1
        return token

    def split(self, length: int) -> None:
        """Make two tokens of the next one, a word."""
        token = self.peek()
        middle = token.start + length
        self._tokens[self._index : self._index + 1] = (
            Token(token.kind, token.value[:length], token.start, middle),
            Token(token.kind, token.value[length:], middle, token.end),
        )

    def take_word(self, *keywords: str) -> bool:
        """Take the next token if it is one of `keywords`."""
        if self.peek().is_word(*keywords):
            self._index += 1
            return True
        return False

    def take_kind(self, kind: TokenKind) -> bool:
        if self.peek().kind is kind:
            self._index += 1
            return True
        return False

    def error(
        self, reason: str, first: Token | None = None, last: Token | None = None
    ) -> FilterError:
        """A FilterError at the tokens from `first` to `last`, by default the next one."""
        first = first or self.peek()
        return FilterError(reason, self.text, first.start, (last or first).end)


def nearest(word: str, names: Iterable[str]) -> str | None:
    """The name that `word` was probably meant to be, ignoring case, or None."""
    by_lower = {name.lower(): name for name in reversed(list(names))}
    lower = word.lower()
    for name in by_lower:
        if len(name) == len(lower) and sorted(name) == sorted(lower):
            return by_lower[name]
    import difflib

    close = difflib.get_close_matches(lower, by_lower, n=1, cutoff=0.6)
    return by_lower[close[0]] if close else None
