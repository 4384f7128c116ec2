"""Sections ``pdf``, ``kinds``, ``ocr`` and ``huge``: how fast the formats are read, and in how much memory."""

import io
import os
import shutil
import statistics
import sys
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import corpora
import pypdfium2
from book import NOT_MEASURED, Row, Section, megabytes, spread, times
from indexing import NO_OCR, Bench, add, describe, runs_in_turn, stats
from process_trees import ROOT, ingest, peak_memory, run

SAMPLES: Final = ROOT.parent / "shared" / "corpus" / "files"
BARE: Final = Path(__file__).with_name("bare_pdf.py")
READ: Final = Path(__file__).with_name("read_pdf.py")
PDF_GOAL: Final = 1.25
COPIES: Final = 60  # of each file of a kind, each with other content
SCANNED_PAGES: Final = 40
GROWTH: Final = 1.15  # memory that is higher by more than this on four times the pages has grown
LINE: Final = (
    b"2026-03-%02d 12:%02d:%02d INFO service.worker[%d] request %d answered in %d ms from cache, nothing unusual\n"
)


# --- PDF beside its engine alone --------------------------------------------------------------------


def pdf(bench: Bench) -> Section:
    """Set P, beside pypdfium2 alone on as many cores."""
    folder = bench.set("P")
    store = bench.work / "pdf-P"
    ours, read, bare, pages = [], [], [], 0
    for number in range(1, bench.runs + 1):
        bench.fresh(store.name)
        ours.append(add(bench, store, folder, **NO_OCR))
        read.append(run([sys.executable, str(READ), str(folder)], log=bench.log("read-P")))
        bare.append(run([sys.executable, str(BARE), str(folder)], log=bench.log("bare-P")))
        pages = int(bench.log("bare-P").read_text().split()[-1])
        clocks = [f"{use[-1].wall_seconds:.2f} s" for use in (ours, read, bare)]
        bench.tell(f"pdf {number}/{bench.runs}: {clocks[0]}, reading {clocks[1]}, PDFium alone {clocks[2]}")
    reading = [own.wall_seconds / other.wall_seconds for own, other in zip(read, bare, strict=True)]
    whole = [own.wall_seconds / other.wall_seconds for own, other in zip(ours, bare, strict=True)]
    section = Section(
        "pdf",
        "PDF pages, beside PDFium alone",
        f"Set P ({describe(folder)}, {pages:,} pages): the text of its pages taken by pypdfium2 in {os.cpu_count()} processes and "
        "thrown away; the same by our reading processes, which hash the files and cut the text into chunks with their places "
        f"besides; and ingested from nothing, that is stored, indexed and kept by checkpoints as well; {runs_in_turn(bench)}. "
        "Starting and ending is in all times. Text in pictures is not recognised here.",
        commands=[
            "python tests/bench/bare_pdf.py P",
            "python tests/bench/read_pdf.py P",
            "INGESTION_OCR=0 ingest --data-dir FRESH add P --wait",
        ],
    )
    met = statistics.median(reading) <= PDF_GOAL
    section.rows = [
        Row("pages a second, PDFium alone", spread([pages / use.wall_seconds for use in bare], "", digits=0)),
        Row("pages a second, our reading", spread([pages / use.wall_seconds for use in read], "", digits=0)),
        Row("pages a second, ingested", spread([pages / use.wall_seconds for use in ours], "", digits=0)),
        Row("by the clock, our reading ÷ PDFium alone", times(reading), goal=f"at most {PDF_GOAL}x", met=met),
        Row("by the clock, ingesting ÷ PDFium alone", times(whole)),
        Row("processor seconds, PDFium alone", spread([use.cpu_seconds for use in bare], "s")),
        Row("processor seconds, our reading", spread([use.cpu_seconds for use in read], "s")),
        Row("processor seconds, ingested", spread([use.cpu_seconds for use in ours], "s")),
    ]
    section.raw = {"reading": reading, "whole": whole, "pages": pages}
    return section


# --- each kind ---------------------------------------------------------------------------------------


def kinds(bench: Bench) -> Section:
    """Files of each kind a second, and the peak of the tree; each file is a copy of one of the corpus with other content."""
    section = Section(
        "kinds",
        "Each kind of file",
        f"Files of the corpus, {max(2, COPIES // bench.fraction)} copies of each with other content, ingested from nothing by kind; one run each. "
        "Memory is the peak of the tree (PSS, every 50 ms); starting and ending the program is in the time.",
        commands=["ingest --data-dir FRESH add FOLDER --wait"],
    )
    for kind, names in _sample_files().items():
        folder = bench.work / f"kind-{kind}"
        shutil.rmtree(folder, ignore_errors=True)
        count = _copies(names, folder, max(2, COPIES // bench.fraction))
        store = bench.fresh(f"kind-store-{kind}")
        used = peak_memory(ingest(store, "add", str(folder), "--wait"), log=bench.log(store.name))
        held = stats(store)
        section.rows.append(
            Row(
                f"{kind}, {count} files",
                f"{count / used.wall_seconds:,.0f} files a second; {megabytes(used.pss_bytes)}; {held['ingest_chunks']:,} chunks",
            )
        )
        section.raw[kind] = {"files": count, "wall_seconds": round(used.wall_seconds, 2), "pss_bytes": used.pss_bytes}
        bench.tell(f"{kind}: {section.rows[-1].ours}")
        shutil.rmtree(folder)
        shutil.rmtree(store)
    return section


def _sample_files() -> dict[str, list[Path]]:
    """Sound files of the corpus by their ending; of the hostile ones none."""
    found: dict[str, list[Path]] = {}
    broken = ("encrypted", "truncated", "broken", "inflated", "partly")
    for path in corpora.files_of(SAMPLES):
        if path.parent.name not in ("hostile", "images") and not any(word in path.name for word in broken):
            found.setdefault(path.suffix[1:].lower(), []).append(path)
    if not found:
        raise SystemExit(f"There are no sample files in {SAMPLES.parent.name}.")
    return dict(sorted(found.items()))


def _copies(paths: list[Path], folder: Path, each: int) -> int:
    """Copies whose content differs where the format does not mind."""
    folder.mkdir(parents=True)
    count = 0
    for path in paths:
        data = path.read_bytes()
        for number in range(each):
            (folder / f"{path.stem}-{number}{path.suffix}").write_bytes(_varied(data, number))
            count += 1
    return count


def _varied(data: bytes, number: int) -> bytes:
    """The same document with other bytes: a remark in a ZIP's directory, else something behind the end that readers skip."""
    if data[:4] == b"PK\3\4":
        stream = io.BytesIO(data)
        with zipfile.ZipFile(stream, "a") as archive:
            archive.comment = b"copy %d" % number
        return stream.getvalue()
    if data[:5] == b"%PDF-":
        return data + b"\n%% copy %d\n" % number
    return data + b" " * number + b"\n"


# --- text recognition --------------------------------------------------------------------------------


def ocr(bench: Bench) -> Section:
    """Pages of pictures a minute, beside tesseract alone on as many cores."""
    section = Section(
        "ocr",
        "Text recognition",
        f"A PDF of {SCANNED_PAGES} scanned pages (pages of set P as pictures, 150 dpi), ingested from nothing; one run.",
        commands=["ingest --data-dir FRESH add SCAN.pdf --wait"],
    )
    if shutil.which("tesseract") is None:
        section.rows.append(Row("pages a minute", NOT_MEASURED))
        section.notes.append("tesseract is not installed.")
        return section
    folder = bench.work / "scan"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    pages = _scan(bench, folder / "scan.pdf")
    store = bench.fresh("scan-store")
    used = peak_memory(ingest(store, "add", str(folder), "--wait"), log=bench.log(store.name))
    told = f"{pages / used.wall_seconds * 60:,.0f} pages a minute"
    section.rows.append(Row("pages a minute, and memory", f"{told}; {megabytes(used.pss_bytes)}"))
    section.raw = {"pages": pages, "wall_seconds": round(used.wall_seconds, 2), "pss_bytes": used.pss_bytes}
    return section


def _scan(bench: Bench, target: Path) -> int:
    """Pages that a printer and a scanner made of a part of set P."""
    made = pypdfium2.PdfDocument.new()
    for page in _some_pages(bench):
        bitmap = page.render(scale=150 / 72)
        picture = pypdfium2.PdfImage.new(made)
        picture.set_bitmap(bitmap)
        width, height = page.get_size()
        picture.set_matrix(pypdfium2.PdfMatrix().scale(width, height))
        sheet = made.new_page(width, height)
        sheet.insert_obj(picture)
        sheet.gen_content()
    made.save(target)
    return len(made)


def _some_pages(bench: Bench) -> Iterator[pypdfium2.PdfPage]:

    left = SCANNED_PAGES
    for path in corpora.files_of(bench.set("P")):
        document = pypdfium2.PdfDocument(path)
        for number in range(min(4, len(document))):
            if left:
                left -= 1
                yield document[number]
        if not left:
            return


# --- huge files --------------------------------------------------------------------------------------


def huge(bench: Bench) -> Section:
    """A book of 20,000 pages and a log of 2 GiB, each beside a quarter of it: memory must not grow."""
    section = Section(
        "huge",
        "Huge files",
        "A PDF of 20,000 pages and a log of 2 GiB, each beside one of a quarter of its length, whose memory has reached its level; "
        "peak memory of the tree, one run each.",
        commands=["ingest --data-dir FRESH add FILE --wait"],
    )
    pages, size = 20_000 // bench.fraction, 2 * 1024**3 // bench.fraction
    makers: tuple[tuple[str, str, Callable[[Path, int], None], int], ...] = (
        ("pdf", f"PDF of {pages:,} pages", _book, pages),
        ("log", f"log of {size / 1024**3:.3g} GiB", _log, size),
    )
    for kind, title, make, amount in makers:
        peaks = []
        for part in (amount // 4, amount):
            folder = bench.work / f"huge-{kind}"
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
            make(folder / f"huge.{kind}", part)
            store = bench.fresh(f"huge-store-{kind}")
            used = peak_memory(ingest(store, "add", str(folder), "--wait"), log=bench.log(store.name))
            if used.code:
                raise SystemExit(f"ingest add ended with {used.code}; see {bench.log(store.name)}")
            peaks.append(used)
            held = stats(store)
            bench.tell(
                f"{kind} {part:,}: {used.wall_seconds:.1f} s, {megabytes(used.pss_bytes)}, {held['ingest_chunks']:,} chunks"
            )
            shutil.rmtree(folder)
            shutil.rmtree(store)
        growth = peaks[1].pss_bytes / peaks[0].pss_bytes
        section.rows += [
            Row(f"{title}: peak memory", f"{megabytes(peaks[1].pss_bytes)} in {peaks[1].wall_seconds:,.0f} s"),
            Row(
                f"{title}: beside a quarter of it",
                f"{growth:.2f}x",
                goal="does not grow (up to 15 % is the noise)",
                met=growth <= GROWTH,
            ),
        ]
        section.raw[kind] = [
            {"wall_seconds": round(used.wall_seconds, 1), "pss_bytes": used.pss_bytes} for used in peaks
        ]
    return section


def _log(path: Path, size: int) -> None:
    """Lines of a service that runs well, each a little different."""
    with open(path, "wb", buffering=1024 * 1024) as out:
        number = written = 0
        while written < size:
            moment = (number // 86400 % 28 + 1, number // 60 % 60, number % 60)
            written += out.write(LINE % (*moment, number % 17, number, number * 7919 % 997))
            number += 1


def _book(path: Path, pages: int) -> None:
    """A PDF with a paragraph on each page, written as it comes: no library could hold it in little memory."""
    places: list[int] = []
    with open(path, "wb") as out:

        def put(number: int, body: bytes) -> None:
            places.append(out.tell())
            out.write(b"%d 0 obj\n%s\nendobj\n" % (number, body))

        out.write(b"%PDF-1.4\n")
        put(1, b"<</Type/Catalog/Pages 2 0 R>>")
        kids = b" ".join(b"%d 0 R" % (4 + 2 * page) for page in range(pages))
        put(2, b"<</Type/Pages/Count %d/Kids[%s]>>" % (pages, kids))
        put(3, b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>")
        for page in range(pages):
            lines = b" ".join(
                b"(Page %d, line %d of a long book about nothing in particular.) '" % (page + 1, n)
                for n in range(1, 31)
            )
            text = b"BT /F 10 Tf 12 TL 50 780 Td %s ET" % lines
            put(
                4 + 2 * page,
                b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Resources<</Font<</F 3 0 R>>>>/Contents %d 0 R>>"
                % (5 + 2 * page),
            )
            put(5 + 2 * page, b"<</Length %d>>stream\n%s\nendstream" % (len(text), text))
        start = out.tell()
        out.write(b"xref\n0 %d\n0000000000 65535 f \n" % (len(places) + 1))
        out.writelines(b"%010d 00000 n \n" % place for place in places)
        out.write(b"trailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (len(places) + 1, start))
