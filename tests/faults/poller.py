"""A reader who searches all the while and must see each document in one version or the other, never in parts or not at all."""

import threading
from collections import Counter
from pathlib import Path

from faults.corpus import WORD
from faults.judge import Calm, opened
from ingest_desktop.domain.errors import StoreBusy

LIMIT = 1_000
Editions = dict[str, tuple[frozenset[str], ...]]
"""By path: the chunks that a search for the word finds in it, in each version that may be seen."""


def editions_of(*calms: Calm) -> Editions:
    """What may be seen of the changing files, out of undisturbed runs with each version."""
    paths = {chunk[4] for chunk in calms[0].chunks if WORD in chunk[3]}
    return {
        path: tuple(frozenset(c[0] for c in calm.chunks if c[4] == path and WORD in c[3]) for calm in calms)
        for path in paths
    }


class Poller:
    """Searches in a thread of this process, which is another than the one under test. Use as a context."""

    def __init__(self, data: Path, editions: Editions) -> None:
        self._data, self._editions = data, editions
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="poller")
        self.looks = 0
        self.mixed: Counter[str] = Counter()
        self.trouble: list[str] = []

    def __enter__(self) -> "Poller":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        try:
            with opened(self._data) as app:
                while not self._stop.wait(0.03):
                    try:
                        hits = app.search.search(WORD, limit=LIMIT).hits
                    except StoreBusy:  # nothing was answered, so nothing wrong
                        continue
                    self.look({(hit.source_path, hit.chunk_id) for hit in hits}, len(hits))
        except Exception as error:  # noqa: BLE001 - told by the round
            self.trouble.append(f"the reader failed: {type(error).__name__}: {error}")

    def look(self, hits: set[tuple[str, str]], number: int) -> None:
        """Judge one answer: (path, chunk) of all hits, and how many there were."""
        self.looks += 1
        if len(hits) != number:
            self.mixed["a chunk was found twice"] += 1
        for path, allowed in self._editions.items():
            seen = frozenset(chunk for where, chunk in hits if where == path)
            if seen not in allowed:
                state = "a gap" if not seen else "a mix"
                self.mixed[f"{state} in {Path(path).name}: {len(seen)} chunks"] += 1
