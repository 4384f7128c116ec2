"""Writes the sample documents that are not plain text: PDFs, a DOCX and a text in an old encoding.

The words are ours and in the public domain (CC0). The files are made by hand, without a library, so that
they come out the same bytes everywhere: ``python docs/make_samples.py`` changes nothing unless this file does.
"""

import io
import textwrap
import zipfile
from collections.abc import Iterable
from pathlib import Path
from xml.sax.saxutils import escape

SAMPLES = Path(__file__).parents[1] / "resources" / "samples"

Page = tuple[str, tuple[str, ...]]  # heading, paragraphs

NIGHT_SKY: tuple[Page, ...] = (
    (
        "Before you go out",
        (
            "The eye needs twenty minutes of darkness before it sees the faint stars, and one glance at a telephone "
            "takes them away again. Cover a torch with red film: red light spares the rods of the retina.",
            "A pair of binoculars marked 7x50 shows more than a cheap telescope. Rest your elbows on a wall; a heartbeat "
            "is enough to make Jupiter jump.",
        ),
    ),
    (
        "Finding north",
        (
            "Follow the two end stars of the Plough upward, five times their distance. The lonely star you meet is "
            "Polaris. It is not bright, only in the right place: within a degree of the celestial pole.",
            "In the southern hemisphere no star marks the pole. Draw the long axis of the Southern Cross four and a "
            "half times its length and drop straight to the horizon: that is south.",
        ),
    ),
    (
        "Meteor showers",
        (
            "The Perseids come every August, when the Earth crosses the dust of comet Swift-Tuttle. After midnight you "
            "stand on the side of the Earth that sweeps the dust up, and may count sixty an hour.",
            "The Geminids of December are slower and brighter. They come from an asteroid, Phaethon, which is why they "
            "were long a riddle.",
        ),
    ),
    (
        "The planets",
        (
            "Planets do not twinkle, because they are discs and not points. Venus is the evening star or the morning "
            "star and never far from the Sun. Saturn shows its rings in any telescope that magnifies thirty times.",
            "Galileo saw four moons beside Jupiter in January 1610 and noted their dance night by night. With steady "
            "binoculars you can do the same in a week.",
        ),
    ),
)

TIDE_POOLS: tuple[Page, ...] = (
    (
        "Reading a rocky shore",
        (
            "A rocky shore is built in storeys. At the top live lichens and periwinkles that see the sea only in a storm. "
            "Barnacles and limpets hold the middle; kelp and starfish the basement, which is dry for an hour at "
            "spring tides.",
            "What decides the upper edge of a creature is heat and drought. What decides its lower edge is who eats it.",
        ),
    ),
    (
        "Ten animals to look for",
        (
            "The beadlet anemone looks like a blob of jam until the water returns and it opens its tentacles. A ring of "
            "blue beads under them holds stinging cells for fighting its neighbours.",
            "The hermit crab wears the shell of a dead whelk and moves house as it grows. When many meet, they queue by "
            "size, and a whole chain of them changes shells within seconds.",
            "The limpet grazes at high tide and returns to the very spot where its shell fits the rock. Its teeth are "
            "the strongest biological material known.",
        ),
    ),
    (
        "How to leave a pool",
        (
            "Turn every stone back the way it lay: the animals beneath it die in the sun. Carry nothing home but "
            "photographs. Watch the tide table, and start walking back an hour before low water has passed.",
        ),
    ),
)

BICYCLE: tuple[Page, ...] = (
    (
        "The chain",
        (
            "A chain is worn when twelve links measure more than 306 millimetres. Change it then, and the cassette lasts "
            "three chains; wait, and both must go.",
            "Oil each roller with one drop, turn the cranks backwards for a minute, and wipe off all that can be wiped. "
            "Oil on the outside only gathers sand.",
        ),
    ),
    (
        "Brakes",
        (
            "Brake blocks have a groove; when it is gone, so is the block. Let the front edge touch the rim half a "
            "millimetre before the rear edge, and the squeal stops.",
            "Disc pads must never meet oil. If they did, sand them and bake them; if they still howl, buy new ones.",
        ),
    ),
    (
        "A puncture by the road",
        (
            "Find the hole by ear or by lip, roughen the rubber, spread the glue thinly and wait until it is dry to the "
            "touch: that is the step that everybody skips. Run a finger round the inside of the tyre for the thorn.",
        ),
    ),
)

SOURDOUGH: tuple[tuple[int, str], ...] = (
    (1, "Sourdough notebook"),
    (0, "Notes of one winter of baking with a starter called Gerda."),
    (2, "The starter"),
    (0, "Equal weights of rye flour and water, once a day, at the warmth of a shelf above the fridge. On the fifth day it "
        "smelled of apples and doubled within six hours."),
    (0, "A spoonful dropped in water should float. If it sinks, feed it once more and wait."),
    (2, "The dough"),
    (3, "Hydration"),
    (0, "70 percent hydration means 700 grams of water for each kilogram of flour. Wetter dough gives larger holes and "
        "worse tempers."),
    (3, "Folding"),
    (0, "Stretch and fold every half hour, four times. Gluten is built by time as much as by work."),
    (2, "The oven"),
    (0, "Twenty minutes at 250 degrees under the lid of a cast-iron pot, then twenty-five at 220 without. The steam "
        "trapped in the pot keeps the crust soft until the loaf has risen."),
    (0, "Tap the bottom: a loaf that is done sounds hollow."),
)  # fmt: skip

LETTER = """\
Liebe Großmutter,

wir sind gut in Lübeck angekommen. Die Überfahrt war stürmisch, aber der Kapitän lachte nur und erzählte von
größeren Wellen. Am Abend aßen wir Räucheraal und Rote Grütze.

Das Haus am Hafen hat schiefe Türen und eine Stiege, die bei jedem Schritt ächzt. Vom Fenster sehen wir die Möwen über
den Speichern. Morgen fahren wir mit den Rädern nach Travemünde.

Viele Grüße, auch an den Kater,
deine Käthe
"""


def pdf(title: str, pages: Iterable[Page]) -> bytes:
    """A PDF with Helvetica text, one page for each heading, and an outline of the headings."""
    pages = tuple(pages)
    count = len(pages)
    first_page, first_mark = 5, 5 + 2 * count
    kids = " ".join(f"{first_page + 2 * i} 0 R" for i in range(count))
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R /Outlines 4 0 R /Lang (en) /PageMode /UseOutlines >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {count} >>".encode(),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
        f"<< /Type /Outlines /First {first_mark} 0 R /Last {first_mark + count - 1} 0 R /Count {count} >>".encode(),
    ]
    for index, (heading, paragraphs) in enumerate(pages):
        stream = page_stream(heading, paragraphs, f"{title}, page {index + 1}")
        objects.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 420 595] /Contents {first_page + 2 * index + 1} 0 R "
            "/Resources << /Font << /F1 3 0 R >> >> >>".encode()
        )
        objects.append(b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream))
    for index, (heading, _) in enumerate(pages):
        links = f"/Prev {first_mark + index - 1} 0 R " if index else ""
        links += f"/Next {first_mark + index + 1} 0 R " if index + 1 < count else ""
        target = f"/Dest [{first_page + 2 * index} 0 R /Fit]"
        objects.append(f"<< /Title ({pdf_text(heading)}) /Parent 4 0 R {links}{target} >>".encode("cp1252"))
    objects.append(f"<< /Title ({pdf_text(title)}) /Author (Ingest Desktop contributors) >>".encode("cp1252"))
    return assemble(objects, info=len(objects))


def page_stream(heading: str, paragraphs: Iterable[str], footer: str) -> bytes:
    """The drawing commands of one page: heading, wrapped paragraphs, footer."""
    out = [f"BT /F1 17 Tf 48 530 Td ({pdf_text(heading)}) Tj ET"]
    y = 500
    for paragraph in paragraphs:
        for line in textwrap.wrap(paragraph, 60):
            out.append(f"BT /F1 11 Tf 48 {y} Td ({pdf_text(line)}) Tj ET")
            y -= 16
        y -= 10
    out.append(f"BT /F1 8 Tf 48 40 Td ({pdf_text(footer)}) Tj ET")
    return "\n".join(out).encode("cp1252")


def pdf_text(text: str) -> str:
    """Text as the inside of a PDF string."""
    return text.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)")


def assemble(objects: list[bytes], *, info: int) -> bytes:
    """Objects, cross-reference table and trailer as one file."""
    out = io.BytesIO()
    out.write(b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n")
    offsets = []
    for number, body in enumerate(objects, 1):
        offsets.append(out.tell())
        out.write(b"%d 0 obj\n%s\nendobj\n" % (number, body))
    start = out.tell()
    out.write(b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1))
    out.writelines(b"%010d 00000 n \n" % offset for offset in offsets)
    out.write(b"trailer\n<< /Size %d /Root 1 0 R /Info %d 0 R >>\n" % (len(objects) + 1, info))
    out.write(b"startxref\n%d\n%%%%EOF\n" % start)
    return out.getvalue()


def docx(paragraphs: Iterable[tuple[int, str]]) -> bytes:
    """A DOCX of headings (level 1 to 3) and plain paragraphs (level 0)."""
    word = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
    package = "http://schemas.openxmlformats.org/package/2006"
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    main = "application/vnd.openxmlformats-officedocument.wordprocessingml"
    head = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
    body = "".join(
        "<w:p>"
        + (f'<w:pPr><w:pStyle w:val="Heading{level}"/></w:pPr>' if level else "")
        + f'<w:r><w:t xml:space="preserve">{escape(text)}</w:t></w:r></w:p>'
        for level, text in paragraphs
    )
    styles = "".join(
        f'<w:style w:type="paragraph" w:styleId="Heading{n}"><w:name w:val="heading {n}"/>'
        f'<w:pPr><w:outlineLvl w:val="{n - 1}"/></w:pPr><w:rPr><w:b/><w:sz w:val="{40 - 6 * n}"/></w:rPr></w:style>'
        for n in (1, 2, 3)
    )
    parts = {
        "[Content_Types].xml": f'{head}<Types xmlns="{package}/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/word/document.xml" ContentType="{main}.document.main+xml"/>'
        f'<Override PartName="/word/styles.xml" ContentType="{main}.styles+xml"/></Types>',
        "_rels/.rels": f'{head}<Relationships xmlns="{package}/relationships">'
        f'<Relationship Id="rId1" Type="{office}/officeDocument" Target="word/document.xml"/></Relationships>',
        "word/document.xml": f'{head}<w:document xmlns:w="{word}"><w:body>{body}</w:body></w:document>',
        "word/_rels/document.xml.rels": f'{head}<Relationships xmlns="{package}/relationships">'
        f'<Relationship Id="rId1" Type="{office}/styles" Target="styles.xml"/></Relationships>',
        "word/styles.xml": f'{head}<w:styles xmlns:w="{word}">{styles}</w:styles>',
    }
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for name, text in parts.items():
            archive.writestr(zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0)), text.encode())
    return out.getvalue()


def samples() -> dict[str, bytes]:
    """Every generated sample by file name."""
    return {
        "night-sky.pdf": pdf("The night sky for beginners", NIGHT_SKY),
        "tide-pools.pdf": pdf("A field guide to tide pools", TIDE_POOLS),
        "bicycle-repair.pdf": pdf("Bicycle repair in an hour", BICYCLE),
        "sourdough.docx": docx(SOURDOUGH),
        "letter-latin1.txt": LETTER.encode("latin-1"),
    }


def main() -> None:
    SAMPLES.mkdir(parents=True, exist_ok=True)
    for name, data in samples().items():
        (SAMPLES / name).write_bytes(data)
        print(f"{name}: {len(data):,} bytes")


if __name__ == "__main__":
    main()
