"""Kills by signal and records by strace: where these are not, there is nothing here to test but the machine's own parts."""

import sys

collect_ignore = [] if sys.platform == "linux" else ["test_torture.py", "test_machine.py"]
