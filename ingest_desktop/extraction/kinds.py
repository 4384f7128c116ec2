"""The kinds of files that are told apart: their names, what people call them, and the endings they usually have.

A kind that a built-in reader reads has a constant; everything else is a phrase in the plural, such as ``MP4 videos``.
"""

from typing import Final

PDF: Final = "pdf"
IMAGE: Final = "image"
DOCX: Final = "docx"
PPTX: Final = "pptx"
XLSX: Final = "xlsx"
XLSB: Final = "xlsb"
XLS: Final = "xls"
DOC: Final = "doc"
PPT: Final = "ppt"
ODT: Final = "odt"
ODS: Final = "ods"
ODP: Final = "odp"
RTF: Final = "rtf"
EPUB: Final = "epub"
HTML: Final = "html"
MHTML: Final = "mhtml"
MARKDOWN: Final = "markdown"
RST: Final = "rst"
LATEX: Final = "latex"
ASCIIDOC: Final = "asciidoc"
CSV: Final = "csv"
JSON: Final = "json"
JSONL: Final = "jsonl"
XML: Final = "xml"
YAML: Final = "yaml"
NOTEBOOK: Final = "notebook"
EML: Final = "eml"
MBOX: Final = "mbox"
MSG: Final = "msg"
TNEF: Final = "tnef"  # what Outlook packs mail into for the way
SUBTITLES: Final = "subtitles"
CARDS: Final = "cards"  # calendars and address cards
WHATSAPP: Final = "whatsapp"
CHATGPT: Final = "chatgpt"
CODE: Final = "code"
TEXT: Final = "text"
ZIP: Final = "zip"
TAR: Final = "tar"
SEVEN_ZIP: Final = "7z"
RAR: Final = "rar"
LOCKED: Final = "locked"  # an Office Open XML package in an envelope that asks for a password
SIGNED: Final = "signed"  # a file or mail in one piece with its signature (CMS)
COMPRESSED: Final = "compressed"  # one stream of gzip, bzip2 or xz; a tar file inside or not

ALL: Final = frozenset(
    (
        "pdf image docx pptx xlsx xlsb xls doc ppt odt ods odp rtf epub html mhtml markdown rst latex asciidoc csv json jsonl "
        "xml yaml notebook eml mbox msg tnef cards subtitles whatsapp chatgpt code text zip tar 7z rar compressed locked signed"
    ).split()
)

PNM_NAMES: Final = frozenset((".pbm", ".pgm", ".ppm", ".pnm"))
MARKDOWN_NAMES: Final = frozenset((".md", ".markdown", ".mdown", ".mkd", ".mdx", ".qmd", ".rmd"))
MARKUP_NAMES: Final = MARKDOWN_NAMES | {".rst", ".rest", ".tex", ".latex", ".ltx", ".adoc", ".asciidoc"}
HTML_NAMES: Final = frozenset((".html", ".htm", ".xhtml", ".xht"))
CODE_NAMES: Final = {
    **dict.fromkeys((".py", ".pyi", ".pyw"), "python"),
    **dict.fromkeys((".c", ".h", ".cc", ".cpp", ".cxx", ".hpp", ".hh", ".hxx", ".m", ".mm", ".ino", ".cu"), "c"),
    **dict.fromkeys((".js", ".mjs", ".cjs", ".jsx", ".ts", ".tsx", ".vue", ".svelte"), "javascript"),
    **dict.fromkeys((".java", ".cs", ".kt", ".kts", ".scala", ".groovy", ".dart", ".swift"), "java"),
    **dict.fromkeys((".go",), "go"),
    **dict.fromkeys((".rs",), "rust"),
    **dict.fromkeys((".rb",), "ruby"),
    **dict.fromkeys((".php",), "php"),
    **dict.fromkeys((".sh", ".bash", ".zsh", ".ksh"), "shell"),
    **dict.fromkeys((".lua", ".pl", ".pm", ".r", ".jl", ".hs", ".ml", ".ex", ".exs", ".erl", ".clj", ".f90"), "other"),
    **dict.fromkeys((".sql", ".css", ".scss", ".less", ".cmake", ".tf", ".proto", ".asm", ".s", ".ps1"), "other"),
}

# Endings that promise one kind and no other: when the content is something else, the receipt says so.
PROMISED: Final[dict[str, tuple[str, str]]] = {  # ending: (kind, what people call it)
    ".pdf": (PDF, "a PDF document"),
    ".docx": (DOCX, "a Word document"),
    ".docm": (DOCX, "a Word document"),
    ".doc": (DOC, "a Word 97-2003 document"),
    ".pptx": (PPTX, "a PowerPoint presentation"),
    ".ppt": (PPT, "a PowerPoint 97-2003 presentation"),
    ".xlsx": (XLSX, "an Excel workbook"),
    ".xlsm": (XLSX, "an Excel workbook"),
    ".xlsb": (XLSB, "a binary Excel workbook"),
    ".xls": (XLS, "an Excel 97-2003 workbook"),
    **dict.fromkeys((".odt", ".fodt"), (ODT, "an OpenDocument text")),
    **dict.fromkeys((".ods", ".fods"), (ODS, "an OpenDocument spreadsheet")),
    **dict.fromkeys((".odp", ".fodp"), (ODP, "an OpenDocument presentation")),
    ".rtf": (RTF, "an RTF document"),
    ".epub": (EPUB, "an EPUB book"),
    ".html": (HTML, "an HTML page"),
    ".htm": (HTML, "an HTML page"),
    ".mhtml": (MHTML, "a saved web page (MHTML)"),
    ".mht": (MHTML, "a saved web page (MHTML)"),
    ".msg": (MSG, "an Outlook message"),
    ".tnef": (TNEF, "an Outlook packet (winmail.dat)"),
    ".eml": (EML, "a mail message"),
    ".mbox": (MBOX, "a mailbox"),
    ".ipynb": (NOTEBOOK, "a notebook"),
    ".zip": (ZIP, "a ZIP archive"),
    ".tar": (TAR, "a tar archive"),
    ".7z": (SEVEN_ZIP, "a 7-Zip archive"),
    ".rar": (RAR, "a RAR archive"),
    ".gz": (COMPRESSED, "a gzip file"),
    ".png": (IMAGE, "a picture"),
    ".jpg": (IMAGE, "a picture"),
    ".jpeg": (IMAGE, "a picture"),
    ".tif": (IMAGE, "a picture"),
    ".tiff": (IMAGE, "a picture"),
    ".webp": (IMAGE, "a picture"),
    **dict.fromkeys((".gif", ".bmp", ".dib", ".jp2", ".j2k", *PNM_NAMES), (IMAGE, "a picture")),
    **dict.fromkeys((".txt", ".text", ".log"), (TEXT, "plain text")),
    **dict.fromkeys((".csv", ".tsv", ".tab"), (CSV, "a table of separated values")),
    **dict.fromkeys((".json", ".geojson", ".topojson"), (JSON, "JSON")),
    **dict.fromkeys((".jsonl", ".ndjson"), (JSONL, "JSON lines")),
    **dict.fromkeys((".xml", ".svg"), (XML, "XML")),
    **dict.fromkeys((".yaml", ".yml"), (YAML, "YAML")),
    **dict.fromkeys((".srt", ".vtt"), (SUBTITLES, "subtitles")),
    **dict.fromkeys(MARKDOWN_NAMES, (MARKDOWN, "Markdown")),
    **dict.fromkeys((".rst", ".rest"), (RST, "reStructuredText")),
    **dict.fromkeys((".tex", ".latex", ".ltx"), (LATEX, "LaTeX")),
    **dict.fromkeys((".adoc", ".asciidoc"), (ASCIIDOC, "AsciiDoc")),
    **dict.fromkeys(CODE_NAMES, (CODE, "source code")),
}
CALLED: Final[dict[str, str]] = {
    IMAGE: "a picture",
    HTML: "an HTML page",
    MARKDOWN: "Markdown",
    RST: "reStructuredText",
    LATEX: "LaTeX",
    ASCIIDOC: "AsciiDoc",
    CSV: "a table of separated values",
    JSON: "JSON",
    JSONL: "JSON lines",
    XML: "XML",
    YAML: "YAML",
    NOTEBOOK: "a notebook",
    EML: "a mail message",
    MBOX: "a mailbox",
    SUBTITLES: "subtitles",
    CARDS: "a calendar or address card",
    WHATSAPP: "a chat export",
    CHATGPT: "a chat export",
    CODE: "source code",
    TEXT: "plain text",
    COMPRESSED: "a compressed file",
    SIGNED: "a signed file",
    LOCKED: "an Office document behind a password",
    **dict(PROMISED.values()),
}
# Kinds that are a narrower view of what an ending promises, not a contradiction of it.
_ALSO: Final = {
    TEXT: frozenset({WHATSAPP, SUBTITLES, CARDS, MARKDOWN, RST, YAML, CSV, JSONL, EML, MBOX, CODE, LATEX}),
    HTML: frozenset({XML, TEXT}),
    CSV: frozenset({TEXT}),  # of one column
    JSON: frozenset({JSONL, NOTEBOOK, CHATGPT}),
    JSONL: frozenset({JSON}),
    XML: frozenset({HTML}),
    YAML: frozenset({TEXT, JSON}),
    MARKDOWN: frozenset({HTML}),
    CODE: frozenset({HTML}),  # templates
    EML: frozenset({MHTML, MBOX, TEXT}),
    MHTML: frozenset({EML}),
    MBOX: frozenset({EML, TEXT}),
    COMPRESSED: frozenset({TAR}),
    **dict.fromkeys((DOCX, PPTX, XLSX, XLSB), frozenset({LOCKED})),
    ZIP: frozenset({DOCX, PPTX, XLSX, XLSB, ODT, ODS, ODP, EPUB}),
}


def contradiction(suffix: str, kind: str) -> str | None:
    """A sentence when a file with this ending is of another kind than the ending promises."""
    promised = PROMISED.get(suffix)
    if promised is None or promised[0] == kind or kind in _ALSO.get(promised[0], ()):
        return None
    return f"It is named {suffix} but is {CALLED.get(kind, kind)}; it was read as that."
