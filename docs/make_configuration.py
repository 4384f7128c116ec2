"""Writes docs/configuration.md from the Settings class: ``python docs/make_configuration.py``. A test keeps it current."""

import json
from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from typing import Any

from pydantic.fields import FieldInfo

from ingest_desktop.config.settings import APP_NAME, MIB, SETTINGS_FILE, Group, Settings, choices_of

PAGE = Path(__file__).with_name("configuration.md")

INTRODUCTION = f"""\
# Configuration

<!-- Written by docs/make_configuration.py from ingest_desktop/config/settings.py. Do not edit. -->

A setting is looked up in this order; the first that has it wins:

1. the environment variable, such as `INGESTION_WORKERS=4` (an empty one counts as not set),
2. the settings file `{SETTINGS_FILE}` in the data folder, one JSON object such as `{{"workers": 4}}`; the settings dialog writes it,
3. the default below.

The data folder is `--data-dir`, else `INGESTION_DATA_ROOT`, else the place the system keeps for the data of programs:
`~/.local/share/{APP_NAME}` on Linux, `~/Library/Application Support/{APP_NAME}` on macOS and
`%LOCALAPPDATA%\\{APP_NAME}` on Windows.

A value that cannot be stops the program at its start with a sentence that names the setting. A variable `INGESTION_…` or a name in the
settings file that no setting knows has no effect; the window, the log and `ingest` (once, on its error output) say so. What a setting bounds is told
in its range; "at once" means that a change in the dialog needs no restart.
"""

GROUPS = {
    Group.GENERAL: "",
    Group.READING: "These shape the text that is stored: a change holds for what is read from then on, and a document that is "
    "added again after a change is read again.",
    Group.QUEUE: "",
    Group.LIMITS: "A file that goes over one of these fails with a sentence that names the limit; the others go on.",
    Group.STORE: "",
    Group.WINDOW: "These matter to the window only.",
    Group.ADVANCED: "",
}


def page() -> str:
    """The whole page."""
    parts = [INTRODUCTION]
    for group, note in GROUPS.items():
        fields = [(n, f) for n, f in Settings.model_fields.items() if about(f)["group"] == group.value]
        if fields:
            parts.append("\n".join([f"## {group.value}\n", *([f"{note}\n"] if note else []), *table(fields)]) + "\n")
    return "\n".join(parts)


def table(fields: list[tuple[str, FieldInfo]]) -> Iterator[str]:
    """The rows of one group."""
    yield "| variable | default | range | what it does | takes effect |"
    yield "| --- | --- | --- | --- | --- |"
    for name, info in fields:
        effect = "at once" if about(info)["live"] else "at the next start"
        yield (
            f"| `INGESTION_{name.upper()}` | {default_of(name, info)} | {range_of(info)} "
            f"| **{cell(info.title or name)}.** {cell(info.description or '')} | {effect} |"
        )


def about(info: FieldInfo) -> dict[str, Any]:
    """What a setting says of itself beside its value."""
    extra = info.json_schema_extra
    assert isinstance(extra, dict), info
    return extra


def default_of(name: str, info: FieldInfo) -> str:
    """The default, with its unit."""
    if name == "data_root":
        return "see above"
    if isinstance(info.default, bool):
        return f"`{json.dumps(info.default)}`"
    value = info.default.value if isinstance(info.default, Enum) else info.default
    return f"`{value}`{with_unit(value, info)}"


def with_unit(value: object, info: FieldInfo) -> str:
    """The unit of a number, and whole mebibytes in words."""
    unit = str(about(info)["unit"])
    if unit == "bytes" and isinstance(value, int) and value >= MIB and value % MIB == 0:
        return f" bytes ({value // MIB:,} MiB)"
    return f" {unit}" if unit else ""


def range_of(info: FieldInfo) -> str:
    """The allowed values: words of a choice, or bounds of a number."""
    if words := choices_of(info):
        return ", ".join(f"`{word}`" for word in words)
    if info.annotation is bool:
        return "`true`, `false`"
    bounds = {kind: value for part in info.metadata for kind, value in bounds_of(part)}
    low = f"at least {bounds['ge']}" if "ge" in bounds else f"above {bounds['gt']}" if "gt" in bounds else ""
    high = f"at most {bounds['le']}" if "le" in bounds else f"below {bounds['lt']}" if "lt" in bounds else ""
    return ", ".join(filter(None, (low, high))) or "any"


def bounds_of(part: object) -> Iterator[tuple[str, object]]:
    """The bounds that a piece of a field's metadata sets."""
    for kind in ("ge", "gt", "le", "lt"):
        if getattr(part, kind, None) is not None:
            yield kind, getattr(part, kind)


def cell(text: str) -> str:
    """Text that does not break a table."""
    return text.replace("|", "\\|").replace("\n", " ")


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8", newline="\n")
    print(PAGE.name)
