"""Entry of the frozen ``ingest-desktop``: the window, or a reading process when started as one."""

import multiprocessing
import sys

if __name__ == "__main__":
    multiprocessing.freeze_support()
    if "--extraction-child" in sys.argv[1:2]:
        from ingest_desktop.extraction.child import main
    else:
        from ingest_desktop.__main__ import main
    sys.exit(main())
