"""Kinds of files that hold no text and are left out of a drop by their names: sound, film, fonts, programs, images of disks.

A thousand songs beside a hundred letters are one line in what is told of a drop, and not a thousand jobs that failed.
Names are enough for that: nothing is opened. A file whose name says something else is looked at, and told by its content.
"""

import os
from typing import Final

AUDIO: Final = "mp3 m4a m4b aac ac3 aif aiff aifc alac ape au caf flac mid midi mka mpc ogg oga opus ra wav wma wv"
VIDEO: Final = "3g2 3gp asf avi divx f4v flv m2ts m2v m4v mkv mov mp4 mpe mpeg mpg mxf ogm ogv rm rmvb vob webm wmv y4m"
FONT: Final = "afm eot fon otf pfa pfb pfm ttc ttf woff woff2"
PROGRAM: Final = (
    "a apk appimage beam bin class deb dex dll dylib elc elf exe gem jar msi o pyc pyd pyo rlib rpm so wasm whl xpi"
)
DISK: Final = "dmg hdd img iso nrg qcow qcow2 toast vdi vhd vhdx vmdk wim"

KINDS: Final[dict[str, str]] = {
    ending: kind
    for kind, endings in (
        ("audio", AUDIO),
        ("video", VIDEO),
        ("font", FONT),
        ("program", PROGRAM),
        ("disk_image", DISK),
    )
    for ending in endings.split()
}
"""The kind of each ending, in small letters without its dot."""

REASONS: Final = ("audio", "video", "font", "program", "disk_image")


def left_out_as(path: str) -> str | None:
    """Why a file is left out by its name: "audio", "video", "font", "program", "disk_image"; None when it is not."""
    return KINDS.get(os.path.splitext(path)[1][1:].lower())
