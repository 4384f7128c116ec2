"""What the window remembers between starts: an INI file in the data folder.

Read before the first paint and written by a service thread, so that the UI thread waits for no disk.
"""

import os
from contextlib import suppress
from pathlib import Path
from typing import Any

from PySide6.QtCore import QSettings

STATE_FILE = "window.ini"


def load(data_root: Path) -> dict[str, Any]:
    """Read what was remembered; empty when there is nothing, or nothing readable."""
    stored = QSettings(str(data_root / STATE_FILE), QSettings.Format.IniFormat)
    return {key: stored.value(key) for key in stored.allKeys()}


def save(data_root: Path, state: dict[str, Any]) -> None:
    """Write what is to be remembered. Any thread; blocks."""
    file = data_root / STATE_FILE
    with suppress(OSError):  # its owner's alone; Qt keeps the rights of a file that is there
        os.close(os.open(file, os.O_CREAT | os.O_WRONLY, 0o600))
    stored = QSettings(str(file), QSettings.Format.IniFormat)
    for key, value in state.items():
        stored.setValue(key, value)
    stored.sync()


def flag(state: dict[str, Any], key: str, default: bool = False) -> bool:
    """A remembered yes or no; an INI file knows only text."""
    value = state.get(key, default)
    return value if isinstance(value, bool) else str(value).lower() in ("true", "1")


def number(state: dict[str, Any], key: str, default: int) -> int:
    """A remembered whole number."""
    try:
        return int(state.get(key, default))
    except (TypeError, ValueError):
        return default
