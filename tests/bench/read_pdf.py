"""The reading of PDFs without the rest of the program: our reading processes, one for each core, text kept nowhere.

    python tests/bench/read_pdf.py FOLDER

What ``bare_pdf.py`` is held against on equal terms: files are hashed, read and cut into chunks with their places, and sent
to the parent, which drops them. Files are dealt out one by one, the largest first. Prints how many pages were read.
"""

import os
import sys
import threading
from collections import deque
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # this checkout's package, installed or not

from ingest_desktop.domain.wire import ExtractOptions, Looked, LookItem, LookLot, Message, SegmentTask
from ingest_desktop.extraction.host import ChildProcess

OPTIONS = ExtractOptions(ocr=False)


class Pile:
    """Files that nobody has read yet, for all threads."""

    def __init__(self, paths: list[Path]) -> None:
        self._left = deque(enumerate(paths))
        self.pages = 0
        self._lock = threading.Lock()

    def work(self) -> None:
        """Read files until there are none."""
        child = ChildProcess()
        while True:
            try:
                key, path = self._left.popleft()
            except IndexError:
                break
            pages = self._read(child, key, str(path))
            with self._lock:
                self.pages += pages
        child.close()

    @staticmethod
    def _read(child: ChildProcess, key: int, path: str) -> int:
        answers: list[Message] = []
        child.run(LookLot((LookItem(key, path),), OPTIONS), answers.append)
        looked = next((answer for answer in answers if isinstance(answer, Looked)), None)
        if looked is None:
            return 0
        if looked.result is None:
            for segment in looked.plan.segments:
                child.run(SegmentTask(key, path, looked.plan, segment.number, OPTIONS), lambda _: None)
        return looked.plan.units


def main() -> int:
    paths = [Path(base) / name for base, _, names in os.walk(sys.argv[1]) for name in names]
    pile = Pile(sorted(paths, key=lambda path: path.stat().st_size, reverse=True))
    workers = [threading.Thread(target=pile.work) for _ in range(os.cpu_count() or 1)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    print(pile.pages)
    return 0


if __name__ == "__main__":
    sys.exit(main())
