"""The version of each reader. It is part of every recipe: raise it when a reader gives another text for the same file.

They stand here, and not with their readers alone, because whoever asks what a file would be read with today, such as for
what lies in an archive, asks for all of them, and to import every reader for that takes a tenth of a second and 30 MB.
"""

from typing import Final

VERSIONS: Final = {
    "asciidoc": 2,
    "cards": 2,
    "chatgpt": 2,
    "code": 1,
    "compressed": 3,
    "csv": 1,
    "docx": 7,
    "epub": 3,
    "html": 5,
    "image": 3,
    "json": 4,
    "jsonl": 3,
    "latex": 3,
    "legacy": 5,
    "locked": 1,
    "mail": 5,
    "markdown": 1,
    "mbox": 5,
    "mhtml": 4,
    "msg": 4,
    "notebook": 1,
    "odf": 7,
    "pdf": 8,
    "pptx": 3,
    "rst": 1,
    "rtf": 3,
    "sealed": 2,
    "sheets": 5,
    "signed": 1,
    "subtitles": 2,
    "tar": 2,
    "text": 2,
    "whatsapp": 1,
    "winmail": 2,
    "xml": 3,
    "yaml": 1,
    "zip": 4,
}
