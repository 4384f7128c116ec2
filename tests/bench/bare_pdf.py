"""What a measurement of PDFs is held against: pypdfium2 alone, one process for each core, text of every page, kept nowhere.

    python tests/bench/bare_pdf.py FOLDER

Prints how many pages were read. Files are dealt out one by one, the largest first, so that no core waits for long.
"""

import os
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pypdfium2


def pages_of(path: Path) -> int:
    """Read the text of every page; how many pages there were."""
    try:
        document = pypdfium2.PdfDocument(path)
    except pypdfium2.PdfiumError:
        return 0
    read = 0
    for number in range(len(document)):
        try:
            page = document[number]
        except pypdfium2.PdfiumError:
            continue
        text = page.get_textpage()
        text.get_text_range()
        text.close()
        page.close()
        read += 1
    document.close()
    return read


def main() -> int:
    paths = [Path(base) / name for base, _, names in os.walk(sys.argv[1]) for name in names]
    paths.sort(key=lambda path: path.stat().st_size, reverse=True)
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        print(sum(pool.map(pages_of, paths)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
