"""Every sentence of the window can be translated: the tools that collect them see only what is written out."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from ingest_desktop.ui.setting_texts import TEXTS

UI = Path(__file__).parents[2] / "ingest_desktop" / "ui"
ROOMS = sorted(UI.glob("*.py"))
TRANSLATORS = ("tr", "translate", "QT_TRANSLATE_NOOP")
WRITTEN_OUT_ELSEWHERE = {"settings"}  # contexts whose sentences stand in setting_texts.py
SHOWING = {  # what puts a text on the screen, or hands it to a screen reader
    *("setText", "setToolTip", "setWindowTitle", "setAccessibleName", "setAccessibleDescription"),
    *("setPlaceholderText", "setInformativeText", "setTitle", "setLabelText", "setStatusTip", "say"),
    *("addAction", "addMenu", "addRow", "addTab", "addButton", "add_button", "addItem"),
    *("QLabel", "QPushButton", "QCheckBox", "QGroupBox", "QAction", "QToolButton", "ElidedLabel"),
}


def calls(tree: ast.AST) -> Iterator[tuple[str, ast.Call]]:
    """Calls of a translating function, with its name."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if name in TRANSLATORS:
                yield name, node


def literal(node: ast.expr | None) -> str | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def hidden_from_tools(tree: ast.AST) -> Iterator[str]:
    """Translations of a variable, which no tool can collect."""
    for name, call in calls(tree):
        context, text = ("", call.args[0]) if name == "tr" else (literal(call.args[0]), call.args[1])
        if context is None or (literal(text) is None and context not in WRITTEN_OUT_ELSEWHERE):
            yield ast.unparse(call)


def never_translated(tree: ast.AST) -> Iterator[str]:
    """Words that are shown as they stand in the source."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            for part in node.args if name in SHOWING else ():
                if any(letter.isalpha() for letter in literal(part) or ""):
                    yield ast.unparse(node)


@pytest.mark.parametrize("path", ROOMS, ids=lambda path: path.stem)
def test_every_sentence_is_written_out_where_it_is_translated(path: Path) -> None:
    assert list(hidden_from_tools(ast.parse(path.read_text("utf-8")))) == []


@pytest.mark.parametrize("path", ROOMS, ids=lambda path: path.stem)
def test_no_words_are_shown_untranslated(path: Path) -> None:
    assert list(never_translated(ast.parse(path.read_text("utf-8")))) == []


def test_the_scan_finds_what_it_looks_for() -> None:
    tree = ast.parse('x.tr(name)\ntranslate("words", hint)\nQLabel("Nothing")\nQLabel(x.tr("Fine"))\nQLabel(" ")')
    assert list(hidden_from_tools(tree)) == ["x.tr(name)", "translate('words', hint)"]
    assert list(never_translated(tree)) == ["QLabel('Nothing')"]


def test_the_words_of_the_settings_are_there() -> None:
    assert {"General", "Keep deleted for"} <= set(TEXTS)
