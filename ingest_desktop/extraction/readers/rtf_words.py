"""What the control words of RTF mean: character sets, signs, and which groups hold text that people see."""

import codecs
import re

CHARSETS = {  # of fonts
    0: "cp1252", 77: "mac_roman", 78: "cp932", 79: "cp949", 80: "gb18030", 81: "cp950", 83: "mac_roman",
    85: "mac_greek", 86: "mac_turkish", 88: "mac_latin2", 89: "mac_cyrillic", 128: "cp932", 129: "cp949", 130: "johab",
    134: "gb18030", 136: "cp950", 161: "cp1253", 162: "cp1254", 163: "cp1258", 177: "cp1255", 178: "cp1256",
    186: "cp1257", 204: "cp1251", 222: "cp874", 238: "cp1250", 254: "cp437", 255: "cp850",
}  # fmt: skip
SYMBOL_CHARSET = 2  # its letters are pictures
SIGNS = {
    "tab": "\t", "line": "\n", "lbr": "\n", "emdash": "—", "endash": "–", "emspace": " ", "enspace": " ", "qmspace": " ",
    "bullet": "•", "lquote": "‘", "rquote": "’", "ldblquote": "“", "rdblquote": "”", "zwj": "\u200d", "zwnj": "\u200c",
    "ltrmark": "", "rtlmark": "", "softline": "\n",
}  # fmt: skip
BREAKS = frozenset({"par", "sect", "page", "pagebb", "row", "nestrow"})
CELLS = frozenset({"cell", "nestcell"})
# Destinations without text that people see; \\* marks others, of which a few have some.
UNSEEN = frozenset(
    (
        "colortbl pict fldinst xe tc tcn rxe listtable listoverridetable revtbl rsidtbl generator xmlnstbl datastore "
        "themedata colorschememapping latentstyles objdata nonshppict filetbl bkmkstart bkmkend pgdsctbl "
        "txe datafield formfield private1 fontemb fontfile template atnid atnauthor atnref atrfstart "
        "atrfend atndate objclass objname blipuid sp userprops passwordhash"
    ).split()
)
STARRED = frozenset({"shpinst", "fldrslt", "do", "ud"})
ASIDE = frozenset({"footnote", "annotation", "shptxt", "dptxbxtext"})
LABELS = frozenset({"listtext", "pntext"})  # the number of a paragraph in a list, as it was last shown
OF_PARAGRAPHS = frozenset({"pard", "intbl", "s", "outlinelevel"})  # in a label they say nothing of the paragraph itself
HEADS = frozenset({"header", "footer", "headerl", "headerr", "headerf", "footerl", "footerr", "footerf"})
FACTS = {"title": "title", "author": "creator", "subject": "subject", "keywords": "keywords"}
UNTOLD_FACTS = frozenset(
    "creatim revtim printim buptim operator company doccomm manager category hlinkbase comment".split()
)
HEADING_STYLE = re.compile(r"(?:heading|überschrift|titre|título|titolo|rubrik|kop|nadpis|заголовок)\s*([1-9])\b", re.I)


def codec_of(page: int) -> str | None:
    """The codec of a Windows code page, if Python has it."""
    name = {65001: "utf-8", 936: "gb18030", 10000: "mac_roman", 10007: "mac_cyrillic", 1361: "johab"}.get(
        page, f"cp{page}"
    )
    try:
        return codecs.lookup(name).name
    except LookupError:
        return None
