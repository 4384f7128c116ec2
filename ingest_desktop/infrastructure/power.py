"""Whether the machine runs on its battery, and how much is left in it."""

import ctypes
import re
import subprocess
import sys
from pathlib import Path
from typing import Final

SUPPLIES: Final = Path("/sys/class/power_supply")
_UNKNOWN: Final = 255  # how Windows says that it does not know
_ASK_SECONDS: Final = 3.0


def battery_charge() -> float | None:
    """What is left in the battery the machine runs on, 0..1; None with mains power, and where nobody knows. Any thread.

    Sources: Linux Documentation/ABI/testing/sysfs-class-power; Windows GetSystemPowerStatus; macOS pmset(1).
    """
    try:
        if sys.platform == "win32":
            return _on_windows()
        if sys.platform == "darwin":
            asked = subprocess.run(
                ["/usr/bin/pmset", "-g", "batt"], capture_output=True, text=True, timeout=_ASK_SECONDS, check=False
            )
            return charge_told_by_pmset(asked.stdout)
        return charge_of_supplies(SUPPLIES)
    except (OSError, subprocess.SubprocessError):
        return None


def charge_of_supplies(folder: Path) -> float | None:
    """The mean charge of a Linux machine's own batteries, while one of them is discharging and no mains supply is on."""
    charges = []
    is_discharging = False
    for supply in sorted(folder.glob("*")):
        kind = _word(supply / "type")
        if kind in ("Mains", "USB") and _word(supply / "online") == "1":
            return None
        if kind == "Battery" and _word(supply / "scope") != "Device":  # a mouse or a headset is no reason to wait
            is_discharging = is_discharging or _word(supply / "status") == "Discharging"
            capacity = _word(supply / "capacity")
            if capacity.isascii() and capacity.isdigit():
                charges.append(min(100, int(capacity)))
    return sum(charges) / len(charges) / 100 if is_discharging and charges else None


def charge_told_by_pmset(text: str) -> float | None:
    """As ``battery_charge``, from what pmset prints."""
    found = re.search(r"(\d{1,3})%", text)
    return min(100, int(found[1])) / 100 if found and "'Battery Power'" in text else None


def _word(path: Path) -> str:
    try:
        return path.read_text("ascii", "replace").strip()
    except OSError:
        return ""


class _Status(ctypes.Structure):
    """SYSTEM_POWER_STATUS."""

    _fields_ = (
        ("ac_line", ctypes.c_ubyte),
        ("flag", ctypes.c_ubyte),
        ("percent", ctypes.c_ubyte),
        ("system", ctypes.c_ubyte),
        ("life_seconds", ctypes.c_uint32),
        ("full_life_seconds", ctypes.c_uint32),
    )


def _on_windows() -> float | None:
    status = _Status()
    windll = getattr(ctypes, "windll")  # noqa: B009  only Windows has it, and type checkers elsewhere know
    if not windll.kernel32.GetSystemPowerStatus(ctypes.byref(status)):
        return None
    return None if status.ac_line != 0 or status.percent == _UNKNOWN else min(100, status.percent) / 100
