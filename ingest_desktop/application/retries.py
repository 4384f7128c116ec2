"""Whether and when a failed job is tried again: exponential backoff with full jitter."""

import random
from collections.abc import Callable
from datetime import datetime, timedelta

from ingest_desktop.config.settings import Settings
from ingest_desktop.domain.errors import IngestError, SourceChanged, by_code

_ERRORS = by_code()


def error_class(code: str) -> type[IngestError]:
    """The error with a code; the base when the code is not ours (a third-party reader's)."""
    return _ERRORS.get(code, IngestError)


def most_tries(code: str, settings: Settings) -> int:
    """How often a job with this trouble is tried. A file that is still being written has more of them: it will be whole."""
    is_changing = issubclass(error_class(code), SourceChanged)
    return max(settings.max_attempts, settings.changing_attempts) if is_changing else settings.max_attempts


def retry_at(
    code: str, attempts: int, now: datetime, settings: Settings, draw: Callable[[], float] = random.random
) -> datetime | None:
    """When to try again, or None when it is of no use or the tries are spent.

    Full jitter (M. Brooker, "Exponential Backoff and Jitter"): anywhere between now and the exponential
    bound, so that many jobs with one trouble do not come back at one moment.

    Args:
        attempts: Tries so far, 1 or more.
        draw: Gives 0..1.
    """
    error = error_class(code)
    if not error.retryable or attempts >= most_tries(code, settings):
        return None
    bound = min(settings.retry_cap_seconds, settings.retry_base_seconds * 2 ** (attempts - 1))
    wait = bound * draw()
    if issubclass(error, SourceChanged):
        wait = max(wait, settings.retry_base_seconds)  # let the file become quiet
    return now + timedelta(seconds=wait)
