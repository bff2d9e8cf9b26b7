"""Searches that a client reads page by page."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from tuiflow.errors import InvalidInput
from tuiflow.store.entities import PagedList as PagedList

Item = TypeVar("Item")


def page(
    search: Callable[[int, int], list[Item]], max_results: int, token: str | None
) -> PagedList[Item]:
    """The page that `token` stands for, of a search called with a limit and an offset.

    Raises InvalidInput for a limit below 1 or a token that no search gave.
    """
    if token and not token.isdecimal():
        raise InvalidInput(f"{token!r} is not a token that a search gave.")
    if not isinstance(max_results, int) or max_results < 1:
        raise InvalidInput(f"max_results is a whole number from 1 up, not {max_results!r}.")
    offset = int(token or 0)
    found = search(max_results + 1, offset)  # one more tells whether there is a next page
    more = len(found) > max_results
    return PagedList(found[:max_results], str(offset + max_results) if more else None)
