"""An engine in memory behind the same Protocols as the real one: search, metrics, events, repairs."""

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ingest_desktop.config.settings import Settings
from ingest_desktop.domain.errors import IngestError
from ingest_desktop.domain.interfaces.checks import Mended
from ingest_desktop.domain.interfaces.events import JobEvents
from ingest_desktop.domain.models import Hit, Location, Progress, SearchPage

from .fake_service import FakeService


@dataclass(frozen=True)
class FakeMetrics:
    series: Sequence[tuple[float, int, int]] = ()
    queue_depth: int = 0
    failures: Mapping[str, int] = field(default_factory=dict)
    phase_seconds: Mapping[str, float] = field(default_factory=dict)
    chunks: int = 0


class FakeSearch:
    def __init__(self) -> None:
        self.pages: dict[str, SearchPage] = {}
        self.asked: list[tuple[str, bool, tuple[str, ...] | None]] = []
        self.hold: threading.Event | None = None

    def search(
        self, query: str, *, kb_ids: tuple[str, ...] | None = None, limit: int = 50, typing: bool = False
    ) -> SearchPage:
        self.asked.append((query, typing, kb_ids))
        if self.hold is not None:
            self.hold.wait(5)
        return self.pages.get(query, SearchPage(searched_documents=5, total_documents=5))


def hit(text: str, snippet: str, *, document: str = "d1", path: str = "/docs/a.pdf", **location: object) -> Hit:
    return Hit(
        chunk_id=f"{document}-{text[:8]}",
        document_id=document,
        kb_id="kb1",
        source_path=path,
        ordinal=0,
        text=text,
        location=Location.model_validate(location),
        score=1.0,
        snippet=snippet,
    )


class FakeBoard:
    def __init__(self) -> None:
        self.now: dict[int, Progress] = {}

    def latest(self) -> dict[int, Progress]:
        return dict(self.now)


class FakeEvents:
    def __init__(self, service: FakeService) -> None:
        self._service = service

    def subscribe(self, listener: JobEvents) -> None:
        self._service.listeners.append(listener)


class FakeMetricsSource:
    def __init__(self) -> None:
        self.value = FakeMetrics()

    def snapshot(self) -> FakeMetrics:
        return self.value


class FakeApp:
    """The engine as the window sees it."""

    def __init__(self, data_root: Path, **settings: object) -> None:
        self.settings = Settings(data_root=data_root, **settings)  # type: ignore[arg-type]
        self.service = FakeService()
        self.search = FakeSearch()
        self.progress = FakeBoard()
        self.events = FakeEvents(self.service)
        self.metrics = FakeMetricsSource()
        self.applied: list[Settings] = []
        self.closed = False
        self.bytes_stored = 312_000_000
        self.damaged: list[str] = []
        self.repair_error: IngestError | None = None
        self.repair_goes_on = threading.Event()
        self.repair_goes_on.set()
        self.asked_whether_back = 0
        self.is_back = False

    def damaged_bases(self) -> list[str]:
        self.service._off_the_ui()
        return list(self.damaged)

    def repair_knowledge_base(self, kb_id: str, progress: Callable[[str], None]) -> list[Mended]:
        self.service._off_the_ui()
        progress("Reading what can be read.")
        assert self.repair_goes_on.wait(10)
        if self.repair_error is not None:
            raise self.repair_error
        self.damaged.remove(kb_id)
        return [Mended("document_missing", kb_id, "files queued to be read again: 3")]

    def go_on_if_back(self) -> bool:
        self.service._off_the_ui()
        self.asked_whether_back += 1
        return self.is_back

    def store_bytes(self) -> int:
        self.service._off_the_ui()
        return self.bytes_stored

    def apply_settings(self, settings: Settings) -> None:
        self.applied.append(settings)
        self.settings = settings

    def close(self) -> None:
        self.closed = True
