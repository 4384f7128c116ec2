"""A program that takes the place of tesseract, and pictures that are made here."""

import json
import os
import re
import struct
import sys
import zlib
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QBuffer, QByteArray, Qt
from PySide6.QtGui import QImage, QImageWriter, QTransform

from ingest_desktop.domain.interfaces.extraction import Block, ReaderPlan, SegmentNotes, SourceFile
from ingest_desktop.domain.wire import ExtractOptions
from ingest_desktop.extraction import ocr
from ingest_desktop.extraction.registry import Registry

OPTIONS = ExtractOptions()
LIMITS = "ocr_limits=60,2000,200000000"  # as a recipe tells them
PROGRAM = """
import json, os, pathlib, subprocess, sys, time
here = pathlib.Path(__file__).parent
if "--list-langs" in sys.argv:
    with open(here / "listed", "a") as log:
        log.write("x")
    print('List of available languages in "%s" (%d):' % (here, 3))
    print((here / "languages").read_text())
    sys.exit()
given = sys.stdin.buffer.read()
with open(here / "log", "a") as log:
    kept = {name: os.environ.get(name) for name in ("OMP_THREAD_LIMIT", "LC_ALL")}
    log.write(json.dumps({"argv": sys.argv[1:], "head": given[:24].hex(), "bytes": len(given), **kept}) + "\\\\n")
turn = len((here / "log").read_text().splitlines()) - 1
answers = json.loads((here / "answers").read_text())
answer = answers[min(turn, len(answers) - 1)]
if answer == "hang":
    helper = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    (here / "pids.new").write_text(json.dumps([os.getpid(), helper.pid]))
    (here / "pids.new").rename(here / "pids")
    time.sleep(600)
if answer == "tell":
    import resource, socket
    try:
        socket.socket()
        network = "open"
    except OSError:
        network = "closed"
    print("network", network, "core", resource.getrlimit(resource.RLIMIT_CORE)[0])
    print("memory", resource.getrlimit(resource.RLIMIT_AS)[0], "cpu", resource.getrlimit(resource.RLIMIT_CPU)[0])
if answer == "fail":
    sys.stderr.write("Estimating resolution\\\\nError in pixReadMem: no pix returned.\\\\n")
    sys.exit(1)
if answer == "die":
    os.abort()
if answer.startswith("sure "):
    _, sure, answer = answer.split(" ", 2)
    print("level\\tpage_num\\tblock_num\\tpar_num\\tline_num\\tword_num\\tleft\\ttop\\twidth\\theight\\tconf\\ttext")
    print("\\t".join(["5"] + ["1"] * 9 + [sure, "words"]), flush=True)
sys.stdout.buffer.write(answer.encode() + b"\\\\n\\\\x0c")
""".replace("\\\\", "\\")


class FakeTesseract:
    """What it was asked, and what it will answer, the last one again.

    A text, ``sure 55.5`` and a text, or ``hang``, ``tell``, ``fail`` or ``die``.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.speaks("eng", "osd")
        self.answers("Words in a picture")

    def speaks(self, *languages: str) -> None:
        (self.folder / "languages").write_text("\n".join(languages))
        found = os.stat(self.folder)
        os.utime(self.folder, ns=(found.st_atime_ns, found.st_mtime_ns + 1_000_000_000))

    def answers(self, *texts: str) -> None:
        (self.folder / "answers").write_text(json.dumps(texts))

    @property
    def asked(self) -> list[dict[str, Any]]:
        log = self.folder / "log"
        return [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []


def install(folder: Path, monkeypatch: pytest.MonkeyPatch) -> FakeTesseract:
    """Put the program on the search path, in the place of any other."""
    folder.mkdir()
    script = folder / "program.py"
    script.write_text(PROGRAM)
    if sys.platform == "win32":
        monkeypatch.setattr(ocr, "PROGRAM", "tesseract.bat")
        (folder / "tesseract.bat").write_text(f'@"{sys.executable}" -I -S "{script}" %*\n')
    else:
        program = folder / "tesseract"
        program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -I -S "{script}" "$@"\n')
        program.chmod(0o755)
    monkeypatch.setenv("PATH", str(folder))
    return FakeTesseract(folder)


def remove(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No tesseract is to be found, whatever this machine has."""
    folder.mkdir(exist_ok=True)
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setattr(ocr, "_usual_places", list)


class Told:
    """All that a file gave."""

    def __init__(self, plan: ReaderPlan, blocks: list[Block], notes: list[SegmentNotes]) -> None:
        self.plan, self.blocks, self.notes = plan, blocks, notes

    @property
    def text(self) -> str:
        return "\n".join(block.text for block in self.blocks)

    @property
    def failed(self) -> list[tuple[int, str]]:
        return [entry for notes in self.notes for entry in notes.units_failed]

    @property
    def warnings(self) -> list[str]:
        return list(dict.fromkeys(said for notes in self.notes for said in notes.warnings))

    @property
    def counts(self) -> tuple[int, int, int]:
        """Pages seen, with text, by recognition."""
        return (
            sum(notes.units_seen for notes in self.notes),
            sum(notes.units_with_text or 0 for notes in self.notes),
            sum(notes.units_by_ocr for notes in self.notes),
        )


def told(source: SourceFile, options: ExtractOptions = OPTIONS) -> Told:
    """Read a file here, in this process, all its segments."""
    reader = Registry([]).choose(source)
    plan = reader.plan(source, options)
    blocks, notes = [], []
    for segment in plan.segments:
        notes.append(SegmentNotes())
        blocks += list(reader.read(source, plan, segment, options, notes[-1]))
    return Told(plan, blocks, notes)


def png(width: int = 8, height: int = 8) -> bytes:
    """A black picture. Its head is true; with large sizes the rest is missing."""
    rows = b"".join(b"\0" + bytes(width) for _ in range(height)) if width * height < 1_000_000 else b""
    parts = ((b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)), (b"IDAT", zlib.compress(rows)))
    body = b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in (*parts, (b"IEND", b""))
    )
    return b"\x89PNG\r\n\x1a\n" + body


def jpeg(width: int, height: int, orientation: int = 1, order: str = "<") -> bytes:
    """The head of one."""
    mark = b"II*\0" if order == "<" else b"MM\0*"
    entry = struct.pack(order + "HHIHH", 274, 3, 1, orientation, 0)
    exif = b"Exif\0\0" + mark + struct.pack(order + "IH", 8, 1) + entry + bytes(4)
    return (
        b"\xff\xd8\xff\xe1"
        + struct.pack(">H", len(exif) + 2)
        + exif
        + b"\xff\xff\xc0\x00\x0b\x08"
        + struct.pack(">HH", height, width)
        + b"\x01\x01\x11\x00\xff\xd9"
    )


def photo(orientation: int) -> bytes:
    """A white JPEG of 120 by 80 with a dark upper left quarter, stored as a camera held that way would store it."""
    picture = QImage(120, 80, QImage.Format.Format_Grayscale8)
    picture.fill(255)
    for across in range(60):
        for down in range(40):
            picture.setPixel(across, down, 0xFF000000)
    mirrored = orientation in (2, 4, 5, 7)
    picture = picture.flipped(Qt.Orientation.Horizontal) if mirrored else picture
    degrees = {1: 0, 2: 0, 3: 180, 4: 180, 5: 270, 6: 270, 7: 90, 8: 90}[orientation]
    picture = picture.transformed(QTransform().rotate(degrees))
    held = QBuffer()
    held.open(QBuffer.OpenModeFlag.WriteOnly)
    assert QImageWriter(held, QByteArray(b"jpg")).write(picture)
    head = jpeg(1, 1, orientation)
    return head[: head.index(b"\xff\xff\xc0")] + bytes(held.data().data())[2:]


def tiff(*sizes: tuple[int, int], order: str = "<", previews: bool = False) -> bytes:
    """Black pictures, one after the other; with ``previews`` each has a small copy behind it."""
    frames = [(size, 0) for size in sizes]
    if previews:
        frames = [entry for size in sizes for entry in ((size, 0), ((1, 1), 1))]
    out = bytearray((b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "I", 8))
    for number, ((width, height), small) in enumerate(frames):
        tags = [(254, 4, small), (256, 4, width), (257, 4, height), (258, 4, 8), (259, 4, 1), (262, 4, 1)]
        here = len(out)
        strip = here + 2 + 12 * 9 + 4
        tags += [(273, 4, strip), (278, 4, height), (279, 4, width * height)]
        following = strip + width * height if number + 1 < len(frames) else 0
        out += struct.pack(order + "H", len(tags))
        for tag, kind, value in tags:
            out += struct.pack(order + "HHII", tag, kind, 1, value)
        out += struct.pack(order + "I", following) + bytes(width * height)
    return bytes(out)


def pdf(*pages: tuple[str, str], width: int = 612, height: int = 792, trailer: str = "", more: str = "") -> bytes:
    """A PDF of pages, each by its drawing commands and further entries of its dictionary.

    ``/Im`` is a picture, ``/F1`` Helvetica. ``more`` are objects from number 900 up; ``trailer`` is for the catalogue.
    """
    objects = {
        1: f"<< /Type /Catalog /Pages 2 0 R {trailer} >>",
        2: f"<< /Type /Pages /Count {len(pages)} /Kids [{' '.join(f'{10 + 2 * n} 0 R' for n in range(len(pages)))}] >>",
        3: "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
        4: "<< /Type /XObject /Subtype /Image /Width 8 /Height 8 /ColorSpace /DeviceGray /BitsPerComponent 8 /Length 64 >>"
        "\nstream\n" + "\x41" * 64 + "\nendstream",
    }
    for number, (drawing, entries) in enumerate(pages):
        objects[10 + 2 * number] = (
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {width} {height}] /Contents {11 + 2 * number} 0 R {entries} "
            "/Resources << /Font << /F1 3 0 R >> /XObject << /Im 4 0 R >> >> >>"
        )
        objects[11 + 2 * number] = f"<< /Length {len(drawing)} >>\nstream\n{drawing}\nendstream"
    body = "%PDF-1.7\n" + "".join(f"{number} 0 obj\n{text}\nendobj\n" for number, text in objects.items()) + more
    places = {int(found[1]): found.start(1) for found in re.finditer(r"^(\d+) 0 obj$", body, re.MULTILINE)}
    table = "".join(f"{number} 1\n{place:010d} 00000 n \n" for number, place in sorted(places.items()))
    end = f"xref\n0 1\n0000000000 65535 f \n{table}trailer << /Size 999 /Root 1 0 R >>\nstartxref\n{len(body)}\n%%EOF\n"
    return (body + end).encode("latin-1")


PICTURE = "q 612 0 0 792 0 0 cm /Im Do Q"  # over the whole page
SMALL_PICTURE = "q 60 0 0 60 0 0 cm /Im Do Q"


def words(text: str) -> str:
    """Drawing commands that write a line."""
    return f"BT /F1 12 Tf 72 700 Td ({text}) Tj ET"


def recogniser(options: ExtractOptions = OPTIONS) -> ocr.Recogniser:
    """The program that stands there, which there must be."""
    found = ocr.recogniser(options)
    assert found is not None
    return found
