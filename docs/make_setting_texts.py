"""Writes ingest_desktop/ui/setting_texts.py from the Settings class: ``python docs/make_setting_texts.py``.

The dialog is made from the class, so its words stand in variables. The tools that collect strings for translators
find them in the written room instead. A test keeps it current.
"""

import json
import textwrap
from collections.abc import Iterator
from pathlib import Path

from ingest_desktop.config.settings import Group, choice_name, choices_of, editable_fields

PAGE = Path(__file__).resolve().parents[1] / "ingest_desktop" / "ui" / "setting_texts.py"
HEAD = '''\
"""The words of the settings dialog, for the tools that collect strings. Written by docs/make_setting_texts.py."""

from PySide6.QtCore import QT_TRANSLATE_NOOP

# fmt: off
TEXTS = (
'''
WIDTH = 96


def texts() -> list[str]:
    """Every word of the dialog that comes from the class, each once: pages, titles, explanations, units, choices."""

    def all_of_them() -> Iterator[str]:
        yield from (group.value for group in Group)
        for name, info in editable_fields().items():
            extra = info.json_schema_extra
            unit = str(extra.get("unit", "")) if isinstance(extra, dict) else ""
            yield info.title or name
            yield info.description or ""
            yield "" if unit == "bytes" else unit
            yield from (choice_name(info, choice) for choice in choices_of(info))

    return list(dict.fromkeys(text for text in all_of_them() if text))


def page() -> str:
    """The whole room."""
    lines = []
    for text in texts():
        parts = textwrap.wrap(text, WIDTH, drop_whitespace=False, break_on_hyphens=False)
        if len(parts) == 1:
            lines.append(f'    QT_TRANSLATE_NOOP("settings", {json.dumps(text, ensure_ascii=False)}),\n')
        else:
            lines.append('    QT_TRANSLATE_NOOP(\n        "settings",\n')
            lines += [f"        {json.dumps(part, ensure_ascii=False)}\n" for part in parts[:-1]]
            lines.append(f"        {json.dumps(parts[-1], ensure_ascii=False)},\n    ),\n")
    return f"{HEAD}{''.join(lines)})\n# fmt: on\n"


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
    print(f"{len(texts())} texts")
