"""How a password that a person typed may stand in a PDF: programs do not agree on the bytes of letters beyond ASCII."""

import unicodedata
from collections.abc import Iterator

_OWN_CODES = dict(  # of the encoding that PDF has for its texts, where it is not Latin-1
    zip("˘ˇˆ˙˝˛˚˜", range(0x18, 0x20), strict=True)
) | dict(zip("•†‡…—–ƒ⁄‹›−‰„“”‘’‚™ﬁﬂŁŒŠŸŽıłœšž", range(0x80, 0x9F), strict=True))
_OWN_CODES["€"] = 0xA0
_NOT_LATIN = {
    0x9F,
    0xA0,
    0xAD,
    *range(0x18, 0x20),
    *range(0x7F, 0x9F),
}  # of Latin-1, what stands for another sign there


def keys(password: str) -> tuple[bytes, ...]:
    """The bytes to try for a password, the likeliest first: as it is for plain letters, else in several ways.

    Newer documents use UTF-8, of a password that was prepared (RFC 4013: one form for letters that look alike) or was
    not; older ones an encoding of their own or that of the system.
    """
    if password.isascii():
        return (password.encode(),)
    return tuple(dict.fromkeys(_ways(password)))


def _ways(password: str) -> Iterator[bytes]:
    whole, apart = (unicodedata.normalize(form, password) for form in ("NFC", "NFD"))
    prepared = _prepared(password)
    for form in (password, whole, prepared, apart):
        yield form.encode("utf-8", "surrogateescape" if "\udc80" <= max(form) <= "\udcff" else "surrogatepass")
    for form in (whole, prepared):
        if (own := _own(form)) is not None:
            yield own
        for encoding in ("cp1252", "latin-1"):
            try:
                yield form.encode(encoding)
            except UnicodeEncodeError:
                continue


def _prepared(password: str) -> str:
    """In the form of RFC 4013, without its prohibitions: who locked a document with such a sign knows it."""
    import stringprep  # its tables take a while

    mapped = [" " if stringprep.in_table_c12(sign) else sign for sign in password if not stringprep.in_table_b1(sign)]
    return unicodedata.normalize("NFKC", "".join(mapped))


def _own(password: str) -> bytes | None:
    codes = [_OWN_CODES.get(sign, ord(sign) if ord(sign) not in _NOT_LATIN else 256) for sign in password]
    return bytes(codes) if max(codes) < 256 else None
