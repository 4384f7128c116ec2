"""Readers of another package, put in place by entry point as another package's are, and files that ask for them."""

import os
from pathlib import Path
from textwrap import dedent, indent

READER = '''
import collections, ctypes, itertools, os, socket, subprocess, sys, time
from pathlib import Path
from ingest_desktop.domain.interfaces.extraction import Block, ReaderPlan
from ingest_desktop.domain.wire import SegmentSpec


class Reader:
    """Does to its process what the file says."""

    name, version = "guest", 1

    def accepts(self, source):
        return 1.0 if source.head.startswith(b"guest:") else 0.0

    def plan(self, source, options):
        print("noise that must not reach the pipe", flush=True)
        os.write(1, b"noise")
        return ReaderPlan("whole", 1, (SegmentSpec(0, 0, 1),), "text/x-guest")

    def read(self, source, plan, segment, options, notes):
        wish = source.head.decode().partition(":")[2]
'''


def install(site: Path, read: str) -> str:
    """Put a reader into a folder of packages: ``read`` is what it does with its file's ``wish``.

    Returns:
        What ``PYTHONPATH`` is to be, so that the reader is found beside what was there before.
    """
    facts = site / "guest-1.0.dist-info"
    facts.mkdir(parents=True)
    (facts / "METADATA").write_text("Metadata-Version: 2.1\nName: guest\nVersion: 1.0\n", "utf-8")
    (facts / "entry_points.txt").write_text("[ingest_desktop.readers]\nguest = guest:Reader\n", "utf-8")
    (site / "guest.py").write_text(READER + indent(dedent(read), " " * 8), "utf-8")
    known = os.environ.get("PYTHONPATH")
    return os.pathsep.join([str(site), *([known] if known else [])])
