"""The exit codes of ``ingest``, as the guide's table tells them."""

from typing import Final

OK: Final = 0
FAILED: Final = 1  # the store, or something else
WRONG_USE: Final = 2
SOME_FAILED: Final = 3  # jobs that did not complete
WRONG_STATE: Final = 4  # nothing changed
NOT_CLEAN: Final = 5  # ``check`` found something, ``repair`` could not save all, or ``run`` left out a knowledge base
QUEUE_FULL: Final = 6  # the next run adds the rest of the drop
INTERRUPTED: Final = 130
