"""Kills by signal and records by strace: where these are not, there is nothing here to test but the machine's own parts."""

import sys

from faults import disk

collect_ignore = (
    [] if sys.platform == "linux" else ["test_torture.py", "test_machine.py", "test_clock.py", "test_load.py"]
)
if not disk.FAULTS:  # nothing may be mounted or injected here
    collect_ignore.append("test_disk.py")
