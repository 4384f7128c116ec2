"""Processor seconds to read, hash, extract, chunk and hand over a folder through a real child process.

Usage: python tests/bench/extraction_speed.py FOLDER [--baseline]
"""

import argparse
import glob
import os
import resource
import time

from ingest_desktop.domain.wire import (
    DocumentPlan,
    Extracted,
    ExtractOptions,
    Failed,
    Looked,
    LookItem,
    LookLot,
    Message,
    SegmentTask,
)
from ingest_desktop.extraction.host import ChildProcess

LOT_FILES, LOT_BYTES = 50, 512 * 1024


def lots(paths: list[str], options: ExtractOptions) -> list[LookLot]:
    made: list[LookLot] = []
    items: list[LookItem] = []
    size = 0
    for key, path in enumerate(paths):
        here = os.path.getsize(path)
        if items and (size + here > LOT_BYTES or len(items) >= LOT_FILES):
            made.append(LookLot(tuple(items), options))
            items, size = [], 0
        items.append(LookItem(key, path))
        size += here
    if items:
        made.append(LookLot(tuple(items), options))
    return made


def measure(folder: str) -> None:
    paths = sorted(p for p in glob.glob(os.path.join(folder, "**"), recursive=True) if os.path.isfile(p))
    options = ExtractOptions()
    child = ChildProcess()
    found: list[Message] = []
    chunks = chars = failed = pages = 0
    began, own = time.perf_counter(), time.process_time()
    for lot in lots(paths, options):
        child.run(lot, found.append)
        pending: list[tuple[int, DocumentPlan]] = []
        for message in found:
            if isinstance(message, Looked):
                pages += message.plan.units if message.plan.unit == "page" else 0
                if message.result is not None:
                    chunks, chars = chunks + len(message.result.chunks), chars + message.result.chars
                else:
                    pending.append((message.key, message.plan))
            elif isinstance(message, Failed):
                failed += 1
                print(f"{paths[message.key]}: {message.code}: {message.message} {message.detail[-300:]}")
        found.clear()
        for key, plan in pending:
            for segment in plan.segments:
                child.run(SegmentTask(key, paths[key], plan, segment.number, options), found.append)
            for message in found:
                if isinstance(message, Extracted):
                    chunks, chars = chunks + len(message.result.chunks), chars + message.result.chars
            found.clear()
    child.close()
    own = time.process_time() - own
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(
        f"{len(paths)} files, {failed} failed, {pages} pages, {chunks} chunks, {chars:,} characters\n"
        f"child {used.ru_utime + used.ru_stime:.2f} s cpu ({used.ru_utime:.2f} + {used.ru_stime:.2f}), parent {own:.2f} s cpu, "
        f"{time.perf_counter() - began:.2f} s in all, child peak {used.ru_maxrss / 1024:.0f} MiB"
    )


def baseline(folder: str) -> None:
    import pypdfium2

    paths = sorted(glob.glob(os.path.join(folder, "**", "*.pdf"), recursive=True))
    began, chars = time.process_time(), 0
    for path in paths:
        document = pypdfium2.PdfDocument(path)
        for index in range(len(document)):
            page = document[index]
            text = page.get_textpage()
            chars += len(text.get_text_range())
            text.close()
            page.close()
        document.close()
    print(f"bare pypdfium2: {time.process_time() - began:.2f} s cpu, {chars:,} characters")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder")
    parser.add_argument("--baseline", action="store_true")
    arguments = parser.parse_args()
    measure(arguments.folder)
    if arguments.baseline:
        baseline(arguments.folder)
