"""Process trees are measured where there is ``wait4``; elsewhere there is nothing here to test."""

import os

collect_ignore = [] if hasattr(os, "wait4") else ["test_bench.py"]
