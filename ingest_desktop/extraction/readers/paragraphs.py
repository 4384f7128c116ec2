"""The place of text in documents that tell no pages: the number of the paragraph."""

from collections.abc import Iterable, Iterator
from typing import Final

from ingest_desktop.domain.interfaces.extraction import Block

BY_PARAGRAPH: Final = (("lines", "paragraph"),)  # what ``line_start`` of a block counts
RUNNING_HEADS: Final = "Headers and footers"


def by_paragraph(blocks: Iterable[Block]) -> Iterator[Block]:
    """The same blocks, each with the number of its paragraph; a line of its own is one. What stands apart has a path."""
    number = 1
    for block in blocks:
        if block.path is not None:
            yield block
            continue
        yield block._replace(line_start=number, extra=BY_PARAGRAPH, keep=True)
        number += block.text.count("\n") + 1
