"""Search and export over the knowledge bases in use."""

from collections.abc import Iterator

from ingest_desktop.domain.interfaces.contents import ContentStores
from ingest_desktop.domain.interfaces.repository import Repository
from ingest_desktop.domain.interfaces.search import SearchIndex
from ingest_desktop.domain.models import Chunk, SearchPage


class SearchService:
    """Asks the index for the knowledge bases that are in use. Any thread; blocks."""

    def __init__(self, repository: Repository, contents: ContentStores, index: SearchIndex) -> None:
        self._repository = repository
        self._contents = contents
        self._index = index

    def search(
        self, query: str, *, kb_ids: tuple[str, ...] | None = None, limit: int = 50, typing: bool = False
    ) -> SearchPage:
        """Ranked hits of these knowledge bases, or of all. See ``SearchIndex``."""
        in_use = tuple(kb.kb_id for kb in self._repository.knowledge_bases())
        wanted = in_use if kb_ids is None else tuple(kb_id for kb_id in kb_ids if kb_id in in_use)
        page = self._index.search(query, kb_ids=wanted, limit=limit, typing=typing)
        counts = self._repository.counts()
        waiting = sum(
            number for (kb_id, status), number in counts.by_status.items() if kb_id in wanted and not status.is_terminal
        )
        return page.model_copy(update={"total_documents": page.searched_documents + waiting})

    def export(self, kb_ids: tuple[str, ...] | None = None) -> Iterator[Chunk]:
        """Every chunk of complete documents, by knowledge base, source path and ordinal."""
        for kb in self._repository.knowledge_bases():
            if kb_ids is None or kb.kb_id in kb_ids:
                yield from self._contents.of(kb.kb_id).chunks()
