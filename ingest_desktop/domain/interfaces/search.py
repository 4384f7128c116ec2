"""How content is found."""

from typing import Protocol

from ingest_desktop.domain.models import SearchPage


class SearchIndex(Protocol):
    """Answers queries over complete documents. Any thread; never raises on a query's syntax."""

    def search(self, query: str, *, kb_ids: tuple[str, ...], limit: int = 50, typing: bool = False) -> SearchPage:
        """Ranked hits, best first.

        Args:
            query: Words (any of them), "phrases", prefix*, AND, OR, -not.
            kb_ids: The knowledge bases to search.
            limit: Most hits to return, 1 to 1,000.
            typing: True while a person is typing: the last word is a prefix and newest come first, so
                that an answer costs little.
        """
        ...
