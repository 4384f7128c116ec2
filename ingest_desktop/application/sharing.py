"""Who reads which segment of long documents. Used under the scheduler's lock."""

import time
from collections import deque
from typing import Final

from ingest_desktop.application.work import ActiveJob
from ingest_desktop.domain.wire import DocumentPlan, ExtractOptions

PAGES_HELD: Final = 20_000
"""Of one document, by all children together: each keeps about 1 kB for every page before its own."""
GONE_SECONDS: Final = 5.0  # a reader that took no segment for so long makes room for another one


class Segments:
    """Segments that wait to be read."""

    def __init__(self) -> None:
        self._waiting: deque[tuple[ActiveJob, int]] = deque()

    def deal(self, job: ActiveJob, reader: str, options: ExtractOptions) -> None:
        """All that is missing of a document, which this reader has open already."""
        assert job.plan is not None
        job.most_readers = most_readers(job.plan, options)
        job.readers = {reader: time.monotonic()}
        self._waiting.extend((job, number) for number in sorted(job.missing))

    def again(self, job: ActiveJob, number: int) -> None:
        """A segment that has to be read once more, after all others."""
        self._waiting.append((job, number))

    def drop_taken_away(self) -> None:
        """Forget what nobody wants any more, as far as it is next."""
        while self._waiting and self._waiting[0][0].dropped:
            self._waiting.popleft()

    def take(self, reader: str) -> tuple[ActiveJob, int] | None:
        """The next one that this reader may have: the first, unless its document is open in enough children."""
        for place, (job, number) in enumerate(self._waiting):
            if not job.dropped and _may_read(job, reader):
                job.readers[reader] = time.monotonic()
                del self._waiting[place]
                return job, number
        return None


def most_readers(plan: DocumentPlan, options: ExtractOptions) -> int:
    """How many children may have a document open at the same time, so that memory does not grow with its length.

    Pages that are recognised are so slow that each is worth a child; they come in short segments. 0: any number.
    """
    first = plan.segments[0]
    if plan.unit != "page" or first.stop - first.start < options.segment_pages:
        return 0
    return max(1, PAGES_HELD // plan.units)


def _may_read(job: ActiveJob, reader: str) -> bool:
    if not job.most_readers or reader in job.readers or len(job.readers) < job.most_readers:
        return True
    late = time.monotonic() - GONE_SECONDS
    for name in [name for name, since in job.readers.items() if since < late]:
        del job.readers[name]
    return len(job.readers) < job.most_readers
