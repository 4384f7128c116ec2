"""The text of RTF: one pass over the control words. Pictures and other data are skipped as they stream by, never kept.

Bytes are text in the code page of the font that is in use; ``\\u`` says characters outright and is followed by
stand-ins for old programs, which are skipped. A long room, as every control word turns the state of the one parser.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import BinaryIO

from ingest_desktop.domain.errors import LimitExceeded, SourceMalformed
from ingest_desktop.domain.interfaces.extraction import Block
from ingest_desktop.extraction.readers.list_numbers import has_number, is_said_alone
from ingest_desktop.extraction.readers.paragraphs import RUNNING_HEADS
from ingest_desktop.extraction.readers.rtf_words import (
    ASIDE,
    BREAKS,
    CELLS,
    CHARSETS,
    FACTS,
    HEADING_STYLE,
    HEADS,
    LABELS,
    OF_PARAGRAPHS,
    SIGNS,
    STARRED,
    SYMBOL_CHARSET,
    UNSEEN,
    UNTOLD_FACTS,
    codec_of,
)

_STEP_BYTES = 256 * 1024
_LONGEST_TOKEN = 64
_TOKEN = re.compile(rb"\\([A-Za-z]{1,32})(-?[0-9]{1,10})? ?|\\'([0-9A-Fa-f]{2})|([{}])|\\(.)|([^\\{}]+)", re.DOTALL)
_NEXT_MARK = re.compile(rb"[\\{}]")
_MOST_DEPTH = 2000
_LONG_TEXT = 1024 * 1024  # characters of one paragraph before it is handed on
_MOST_PENDING = 8 * 1024 * 1024  # characters of one note or text box


@dataclass(slots=True)
class _Group:
    """What holds between two braces."""

    codec: str = ""  # of the font; empty: that of the document
    skips: bool = False
    stand_ins: int = 1  # characters that follow a \\u for old programs
    hidden: bool = False
    target: str = ""  # a destination with a use of its own: a font table, a fact, a header
    style: int = -1


@dataclass(slots=True)
class RtfParser:
    """Turns control words into blocks; one for each document.

    Attributes:
        facts: What the document says of itself.
        open_groups: Braces that were never closed.
        gave_text: Whether there was any text.
    """

    facts: dict[str, str] = field(default_factory=dict)
    open_groups: int = 0
    gave_text: bool = False
    _codec: str = "cp1252"
    _fonts: dict[int, str] = field(default_factory=dict)
    _symbols: set[int] = field(default_factory=set)  # fonts of pictures
    _levels: dict[int, int] = field(default_factory=dict)  # heading level by number of style
    _default_font: int = -1
    _font: int = -1  # whose entry in the font table is read
    _group: _Group = field(default_factory=_Group)
    _stack: list[_Group] = field(default_factory=list)
    _text: list[str] = field(default_factory=list)
    _bytes: bytearray = field(default_factory=bytearray)
    _skip: int = 0  # stand-ins that are still to come
    _surrogate: int = 0
    _level: int = 0
    _in_table: bool = False
    _label: str = ""  # the number of the paragraph in hand, and what stands between it and the text
    _rows: list[str] = field(default_factory=list)
    _aside: list[tuple[int, list[str], str]] = field(default_factory=list)  # depth, the text around, what it is
    _beside: list[str] = field(default_factory=list)  # notes and boxes of the paragraph in hand
    _heads: dict[str, None] = field(default_factory=dict)
    _star: bool = False
    _first: bool = False  # a group has just begun
    _pending: int = 0

    def blocks(self, stream: BinaryIO) -> Iterator[Block]:
        """The blocks of a document, as its bytes come."""
        rest = b""
        binary = 0
        while True:
            data = stream.read(_STEP_BYTES)
            last = not data
            if binary and data:
                cut = min(binary, len(data))
                binary, data = binary - cut, data[cut:]
                if not data:
                    continue
            buffer = rest + data
            position, size = 0, len(buffer)
            safe = size if last else size - _LONGEST_TOKEN
            while position < safe:
                if self._group.skips and not self._first:
                    found = _NEXT_MARK.search(buffer, position)
                    if found is None:
                        position = size
                        break
                    position = found.start()
                    if position >= safe:
                        break
                token = _TOKEN.match(buffer, position)
                if token is None:
                    position += 1
                    continue
                position = token.end()
                if token.group(1) == b"bin" and token.group(2):
                    skip = max(0, int(token.group(2)))
                    here = min(skip, size - position)
                    position += here
                    binary = skip - here
                    if binary:
                        break
                else:
                    yield from self._token(*token.groups())
            rest = buffer[position:]
            if last:
                break
        self.open_groups = len(self._stack)
        yield from self._paragraph()
        yield from self._table()
        if self._heads:
            yield Block("\n".join(self._heads), path=(RUNNING_HEADS,))

    def _token(
        self,
        word: bytes | None,
        value: bytes | None,
        code: bytes | None,
        brace: bytes | None,
        sign: bytes,
        text: bytes | None,
    ) -> Iterator[Block]:
        """One token, of which one part is there."""
        if text is not None:
            self._say_bytes(text)
            if self._pending > _LONG_TEXT and not self._aside:
                yield from self._paragraph()
        elif word is not None:
            yield from self._word(word.decode("ascii"), None if value is None else int(value))
        elif code is not None:
            self._byte(int(code, 16))
        elif brace is not None:
            self._brace(brace)
        else:
            self._symbol(sign)

    def _brace(self, brace: bytes) -> None:
        self._settle()
        self._skip = 0
        if brace == b"{":
            if len(self._stack) >= _MOST_DEPTH:
                raise SourceMalformed("The RTF document is nested too deeply.")
            self._stack.append(self._group)
            self._group = replace(self._group)
            self._first, self._star = True, False
            return
        self._first = False
        if not self._stack:
            return
        if self._aside and self._aside[-1][0] == len(self._stack):
            self._leave()
        self._group = self._stack.pop()

    def _enter(self, what: str) -> None:
        """Text that stands beside the running text begins."""
        self._settle()
        self._aside.append((len(self._stack), self._text, what))
        self._text = []

    def _leave(self) -> None:
        _, around, what = self._aside.pop()
        raw = "".join(self._text)
        said = raw.strip()
        self._text = around
        if not said:
            return
        if what in LABELS:
            if has_number(said) and not (around and around[-1] == self._label):
                self._label = said + " " * raw[-1].isspace()
                around.append(self._label)
            return
        if what in FACTS:
            self.facts.setdefault(FACTS[what], " ".join(said.split())[:500])
        elif what == "fonttbl" or what == "stylesheet":
            pass
        elif what == "style":
            self._name_style(said)
        elif what in HEADS:
            self._heads.update(dict.fromkeys(line.strip() for line in said.splitlines() if line.strip()))
        else:
            self._beside.append(said)

    def _name_style(self, name: str) -> None:
        found = HEADING_STYLE.match(name.strip())
        if found is not None and self._group.style >= 0:
            self._levels[self._group.style] = min(int(found.group(1)), 6)

    def _word(self, name: str, value: int | None) -> Iterator[Block]:
        self._settle()
        first, self._first = self._first, False
        if self._skip and name != "u":
            self._skip = max(0, self._skip - 1) if name in SIGNS else 0
            if name in SIGNS:
                return
        group = self._group
        if group.skips:
            return
        if first and self._destination(name, self._star):
            return
        if name in OF_PARAGRAPHS and group.target in LABELS:
            return
        if name == "u" and value is not None:
            self._character(value)
        elif name == "uc":
            group.stand_ins = max(0, min(value or 0, 16)) if value is not None else 1
        elif name == "f" and value is not None:
            self._use_font(value)
        elif name in SIGNS:
            self._say(SIGNS[name])
        elif name in BREAKS:
            yield from self._break(name)
        elif name in CELLS:
            self._say("\t")
        elif name == "pard":
            self._level, self._in_table = 0, False
        elif name == "intbl":
            self._in_table = True
        else:
            self._format(name, value)

    def _format(self, name: str, value: int | None) -> None:
        group = self._group
        if name == "s" and value is not None:
            group.style = value
            if group.target != "stylesheet":
                self._level = self._levels.get(value, 0)
        elif name == "outlinelevel" and value is not None:
            if group.target != "stylesheet":
                self._level = value + 1 if 0 <= value < 6 else 0
            elif group.style >= 0 and 0 <= value < 6:
                self._levels[group.style] = value + 1
        elif name in ("v", "deleted"):
            group.hidden = value != 0
        elif name == "plain":
            group.hidden, group.codec = False, self._fonts.get(self._default_font, "")
        elif name == "ansicpg" and value:
            self._codec = codec_of(value) or self._codec
        elif name in ("mac", "pc", "pca"):
            self._codec = {"mac": "mac_roman", "pc": "cp437", "pca": "cp850"}[name]
        elif name == "deff" and value is not None:
            self._default_font = value
        elif group.target == "fonttbl" and name == "fcharset" and value is not None:
            if self._font >= 0 and value in CHARSETS:
                self._fonts[self._font] = CHARSETS[value]
            elif value == SYMBOL_CHARSET:
                self._symbols.add(self._font)
        elif group.target == "fonttbl" and name == "cpg" and value and self._font >= 0:
            self._fonts[self._font] = codec_of(value) or self._fonts.get(self._font, "")

    def _use_font(self, number: int) -> None:
        if self._group.target == "fonttbl":
            self._font = number
        else:
            self._group.codec = self._fonts.get(number, "")
            if self._group.target in LABELS:
                self._group.hidden = number in self._symbols

    def _destination(self, name: str, starred: bool) -> bool:
        """Whether the group that begins with this word is dealt with by that."""
        group = self._group
        if name in UNSEEN or (starred and name not in STARRED and name not in ASIDE and group.target != "stylesheet"):
            group.skips = True
        elif name in ("fonttbl", "stylesheet") or name in FACTS or name in HEADS or name in ASIDE or name in LABELS:
            group.target = name
            self._enter(name)
        elif group.target == "stylesheet":
            self._enter("style")
            group.style = -1
            return False
        elif name == "info":
            group.hidden = False
        elif name in UNTOLD_FACTS:
            group.skips = True
        else:
            return False
        return True

    def _symbol(self, sign: bytes) -> None:
        self._settle()
        if sign == b"*":
            self._star = True
            return
        self._first = False
        if self._group.skips:
            return
        if self._skip:
            self._skip -= 1
            return
        plain = {b"~": "\xa0", b"_": "\u2011", b"-": "", b"\n": "\n", b"\r": "\n"}
        self._say(plain[sign] if sign in plain else sign.decode("ascii", "ignore") if sign in b"\\{}" else "")

    def _character(self, value: int) -> None:
        """One UTF-16 unit; two make a character outside the first plane."""
        unit = value & 0xFFFF
        self._skip = self._group.stand_ins
        if 0xD800 <= unit < 0xDC00:
            self._surrogate = unit
        elif 0xDC00 <= unit < 0xE000:
            if self._surrogate:
                self._say(chr(0x10000 + ((self._surrogate - 0xD800) << 10) + unit - 0xDC00))
            self._surrogate = 0
        elif 0xF000 <= unit < 0xF100:
            shown = unit >= 0xF020 and self._group.target not in LABELS
            self._say(chr(unit - 0xF000) if shown else "")  # a symbol font's own letters
        else:
            self._say(chr(unit) if unit >= 32 else " ")

    def _byte(self, value: int) -> None:
        self._first = False
        if self._group.skips:
            return
        if self._skip:
            self._skip -= 1
            return
        self._bytes.append(value)

    def _say_bytes(self, data: bytes) -> None:
        if self._group.skips:
            self._first = False
            return
        data = data.translate(None, b"\r\n\0")
        if not data:
            return
        self._first = False
        if self._skip:
            cut = min(self._skip, len(data))
            self._skip -= cut
            data = data[cut:]
        self._bytes += data

    def _settle(self) -> None:
        """Decode the bytes in hand: a character may be made of several of them."""
        if self._bytes:
            codec = self._group.codec or self._fonts.get(self._default_font, "") or self._codec
            data = bytes(self._bytes)
            self._bytes.clear()
            self._say(data.decode("ascii" if data.isascii() else codec, "replace"))

    def _say(self, text: str) -> None:
        if not self._group.hidden and text:
            self._text.append(text)
            self._pending += len(text)
            if self._pending > _MOST_PENDING:
                raise LimitExceeded(f"A note or text box has more than {_MOST_PENDING:,} characters (fixed).")

    def _break(self, name: str) -> Iterator[Block]:
        if self._aside:
            self._say("\n")
            return
        if name in ("row", "nestrow"):
            line = "".join(self._text).replace("\n", " ").rstrip("\t ")
            self._text, self._pending = [], 0
            if line.strip():
                self._rows.append(line)
                self.gave_text = True
            if len(self._rows) >= 200:
                yield from self._table()
        elif self._in_table:
            self._say("\n")
        else:
            yield from self._table()
            yield from self._paragraph()

    def _paragraph(self) -> Iterator[Block]:
        self._settle()
        text = "".join(self._text).strip()
        if self._label and text == self._label.strip() and not is_said_alone(text):
            text = ""
        name = text.removeprefix(self._label).strip() if self._level else None
        self._text, self._pending, self._label = [], 0, ""
        if text:
            self.gave_text = True
            yield Block(text, self._level, name=name)
        for said in self._beside:
            self.gave_text = True
            yield Block(said)
        self._beside = []

    def _table(self) -> Iterator[Block]:
        if self._rows:
            yield Block("\n".join(self._rows), keep=True)
            self._rows = []
