"""What a client's searches give."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

Item = TypeVar("Item")


class PagedList(list[Item]):
    """A page of a search; `token` is what `page_token` takes for the next, None on the last."""

    def __init__(self, items: Sequence[Item], token: str | None) -> None:
        super().__init__(items)
        self.token = token

    def to_list(self) -> list[Item]:
        """Its items as a plain list."""
        return list(self)
