"""The door of the window: ``ingest-desktop [--data-dir DIR] [PATH…]``.

The same executable is started again for the processes that read files; they are sent to their own
door before anything of the window is imported.
"""

import multiprocessing
import sys


def main() -> int:
    """Run the program; the exit code."""
    multiprocessing.freeze_support()
    if "--extraction-child" in sys.argv[1:2]:
        from ingest_desktop.extraction.child import main as child_main

        return int(child_main() or 0)
    from ingest_desktop.ui.door import run

    return run(sys.argv[1:])


if __name__ == "__main__":
    raise SystemExit(main())
