"""Seeds of archives and of files that are packed."""

import bz2
import gzip
import lzma
from collections.abc import Mapping

from tests.extraction.test_sealed import MIXED, rar
from tests.extraction.test_sparse import FORMS, archive, member
from tests.fuzz.seeds_packages import hurt, tarred, zipped

_PACKED = ("plain.txt", "notes.md", "tiny.docx", "film.srt", "letter.eml")
_REGIONS = ((0, 40), (4096, 23), (9000, 0))


def made(others: Mapping[str, bytes]) -> dict[str, bytes]:
    """Each by its name.

    Args:
        others: The other seeds; some are packed.
    """
    members = {name: others[name] for name in _PACKED}
    held = b"The stork came at noon.\n".ljust(40, b".") + b"It left again at dusk.\n"
    sparse = {f"sparse-{form}.tar": archive(member(form, _REGIONS, 9000, held)) for form in FORMS}
    folded = archive(member("old", [(at * 1024, 8) for at in range(30)], 30 * 1024, b"eight of\n" * 30))
    return {
        "mixed.zip": zipped({**members, "in/inner.zip": zipped({"a.csv": others["rows.csv"]})}),
        "hurt.zip": hurt(zipped(members), "notes.md"),
        "cut.zip": zipped(members)[:-300],
        "files.tar": tarred({**members, "ü" * 60 + ".txt": b"long name"}),
        "files.tar.gz": gzip.compress(tarred({"a.txt": b"some text", "b.html": others["page.html"]}), 9, mtime=0),
        "text.txt.bz2": bz2.compress(b"some text " * 40),
        "files.tar.xz": lzma.compress(tarred({"a.json": others["data.json"]})),
        **sparse,
        "sparse.tar.gz": gzip.compress(folded, 9, mtime=0),
        "sealed.7z": MIXED,
        "sealed.rar": rar(("a.txt", b"some text"), ("b/c.html", others["page.html"])),
    }
