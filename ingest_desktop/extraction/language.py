"""Guesses the language of a text: by its script, and among those in Latin letters by their most frequent words.

A guess for the receipt, so it looks at a small sample only and says nothing rather than something doubtful.
"""

import re
import struct
from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence
from typing import Final

from ingest_desktop.domain.wire import ChunkRow

SAMPLE_CHARS: Final = 320  # from each place that is looked at
PLACES: Final = 5  # of a long text; a short one is looked at in its middle
_LONG_ROWS: Final = 24

_COMMON: Final = {  # what stands often in a language and seldom in its neighbours
    "en": "the and of to is was that for with this are have from they which would been their you it not be has",
    "de": "der die und das ist nicht mit dem den von ein eine auch auf für sich sind wird werden wurde bei nach",
    "fr": "le les des et est une dans pour que qui pas sur avec sont nous vous cette mais ont aux du au ses",
    "es": "el los las del una por con para que está como más pero sus este esta fue son entre desde hasta y",
    "it": "il gli della che di è una per con non sono dei delle nel alla anche come più questo dal suo e",
    "pt": "o os das dos uma não para com que é por mais como foi são pelo pela ao seu sua também e em",
    "nl": "het een van en niet dat zijn voor met op aan ook naar wordt werd door maar bij deze uit heeft de",
    "sv": "och att det som en är inte för på med av till den har jag var från ett kan men om efter",
    "da": "og at det som er ikke på med af til den har jeg fra et kan men også blev efter hvad noget",
    "nb": "og at det som er ikke på med av til den har jeg fra et kan men også ble etter hva noe",
    "fi": "ja on ei että se oli hän mutta kun niin ovat joka myös sitä ole tai mukaan sekä vuonna jos olla",
    "pl": "i w nie na się z do to że jest od po jak przez dla ale są oraz był który jego tym",
    "cs": "a v na se je že do s z to by o jako jsou pro byl také nebo ale podle která který",
    "hu": "a az és hogy nem is egy volt meg ez csak de már mint ha el van még vagy azt után",
    "ro": "și în de la a cu nu că este pe care din un o mai sunt pentru fost sau prin după",
    "tr": "ve bir bu için ile de da çok olarak daha olan gibi kadar sonra ama en ne var değil ise",
}
_LEAST_HITS: Final = 4
_LEAST_SHARE: Final = 0.1  # of the words of the sample
_MOST_WORDS: Final = 60_000  # a lane counts to 65,535
_FOREIGN_SHARE: Final = 3  # one of three signs (blanks are signs, too) in other letters: not a text in Latin ones
_LETTERS: Final = 64  # of other letters that are looked at
_LEAD: Final = 1.2  # over the language that comes next

_SCRIPTS: Final = (  # (first letter, code or the name of a family, first letter behind it), in rising order
    (0x0370, "el", 0x0400),
    (0x0400, "cyrillic", 0x0530),
    (0x0530, "hy", 0x0590),
    (0x0590, "he", 0x0600),
    (0x0600, "arabic", 0x0780),
    (0x0900, "devanagari", 0x0980),
    (0x0980, "bn", 0x0A00),
    (0x0A00, "pa", 0x0A80),
    (0x0A80, "gu", 0x0B00),
    (0x0B80, "ta", 0x0C00),
    (0x0C00, "te", 0x0C80),
    (0x0C80, "kn", 0x0D00),
    (0x0D00, "ml", 0x0D80),
    (0x0D80, "si", 0x0E00),
    (0x0E00, "th", 0x0E80),
    (0x0E80, "lo", 0x0F00),
    (0x1000, "my", 0x10A0),
    (0x10A0, "ka", 0x1100),
    (0x1100, "ko", 0x1200),
    (0x1200, "am", 0x13A0),
    (0x1780, "km", 0x1800),
    (0x1F00, "el", 0x2000),
    (0x3041, "kana", 0x3100),
    (0x3130, "ko", 0x3190),
    (0x31F0, "kana", 0x3200),
    (0x3400, "han", 0xA000),
    (0xAC00, "ko", 0xD7B0),
    (0xF900, "han", 0xFB00),
    (0xFB1D, "he", 0xFB50),
    (0xFB50, "arabic", 0xFE00),
    (0xFE70, "arabic", 0xFF00),
    (0xFF66, "kana", 0xFFA0),
    (0x20000, "han", 0x32000),
)
_STARTS: Final = [start for start, _, _ in _SCRIPTS]
_FOREIGN: Final = re.compile(
    "[\u0370-\u1dff\u1f00-\u1fff\u3041-\ud7af\uf900-\ufaff\ufb1d-\ufdff\ufe70-\ufefe\uff66-\uff9f\U00020000-\U00031fff]"
)


_CODES: Final = tuple(_COMMON)
_LANES: Final = struct.Struct(f"<{len(_CODES)}H")  # a count for each language, side by side in one number


def _table() -> dict[str, int]:
    """For each word a number with a one in the lane of each language that has it: to add them counts all at once."""
    found: dict[str, int] = {}
    for lane, words in enumerate(_COMMON.values()):
        for word in words.split():
            found[word] = found.get(word, 0) | 1 << 16 * lane
    return found


_LANES_OF: Final = _table()


def guess(rows: Sequence[ChunkRow]) -> str:
    """The code of the language that most of a text seems to be in; empty when that is not clear."""
    count = len(rows)
    if not count:
        return ""
    if count < _LONG_ROWS:
        middle = count // 2
        sample = rows[middle][0][:SAMPLE_CHARS]
        if len(sample) < SAMPLE_CHARS:  # short pieces, such as slides: a few together tell more
            sample = " ".join([row[0] for row in (*rows[middle:], *rows[:middle])])[:SAMPLE_CHARS]
    else:
        step = count // PLACES
        sample = " ".join([rows[number][0][:SAMPLE_CHARS] for number in range(step // 2, count, step)])
    return of_text(sample)


def of_text(sample: str) -> str:
    """The same for a sample of a text."""
    if not sample.isascii() and _FOREIGN.search(sample):
        foreign = _FOREIGN.findall(sample)
        if len(foreign) * _FOREIGN_SHARE > len(sample):
            return _by_script(foreign, sample)
    words = sample.lower().split()[:_MOST_WORDS]
    counts = sum(filter(None, map(_LANES_OF.get, words)))
    if not counts:
        return ""
    hits = _LANES.unpack(counts.to_bytes(_LANES.size, "little"))
    second, most = sorted(hits)[-2:]
    if most < _LEAST_HITS or most < _LEAST_SHARE * len(words) or most < _LEAD * second:
        return ""
    return _CODES[hits.index(most)]


def _by_script(letters: list[str], sample: str) -> str:
    letters = letters[:: 1 + len(letters) // _LETTERS]
    scripts = Counter(map(_script_of, letters))
    if scripts["kana"] and (scripts["kana"] + scripts["han"]) * 2 >= len(letters):
        return "ja"  # Chinese has no kana
    script, count = scripts.most_common(1)[0]
    if not script or count * 2 < len(letters):
        return ""
    within = {"cyrillic": _cyrillic, "arabic": _arabic, "devanagari": _devanagari}.get(script)
    if within is not None:
        return within(sample)
    return "zh" if script == "han" else script


def _script_of(letter: str) -> str:
    number = ord(letter)
    _, name, stop = _SCRIPTS[max(0, bisect_right(_STARTS, number) - 1)]
    return name if number < stop else ""


def _cyrillic(sample: str) -> str:
    letters = set(sample.lower())
    for code, own in (("be", "ў"), ("uk", "їєґ"), ("sr", "љњђћџ"), ("ru", "ыэё"), ("bg", "ъ")):
        if not letters.isdisjoint(own):
            return code
    return ""


def _arabic(sample: str) -> str:
    if any(letter in sample for letter in "ٹڈڑے"):
        return "ur"
    if any(letter in sample for letter in "پچژگ"):
        return "fa"
    return "ar" if "ال" in sample else ""


def _devanagari(sample: str) -> str:
    if "आहे" in sample or "ळ" in sample:
        return "mr"
    return "hi" if "है" in sample or "में" in sample else ""
