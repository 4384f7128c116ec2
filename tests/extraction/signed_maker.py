"""Makes data that is in one piece with its signature (CMS), as far as its content is concerned, for tests."""

_OID = bytes.fromhex("2a864886f70d0107")


def item(tag: int, *parts: bytes, open_end: bool = False) -> bytes:
    """A value of parts; with an open end it does not tell its length."""
    body = b"".join(parts)
    if open_end:
        return bytes([tag, 0x80]) + body + b"\0\0"
    if len(body) < 0x80:
        return bytes([tag, len(body)]) + body
    length = len(body).to_bytes(4, "big")
    return bytes([tag, 0x84]) + length + body


def signed(content: bytes | None, *, pieces: int = 0, open_end: bool = False, kind: int = 2) -> bytes:
    """Signed data (of kind 2).

    Args:
        content: What is signed; None: it is elsewhere.
        pieces: Put it in pieces of so many bytes.
        open_end: Tell no lengths, as programs do that do not know them yet.
        kind: 3 is what is encrypted.
    """
    if content is None:
        held = b""
    elif pieces:
        cut = [item(4, content[at : at + pieces]) for at in range(0, len(content), pieces)]
        held = item(0xA0, item(0x24, *cut, open_end=open_end), open_end=open_end)
    else:
        held = item(0xA0, item(4, content), open_end=open_end)
    inner = item(0x30, item(6, _OID + b"\1"), held, open_end=open_end)
    signers = item(0x31, item(0x30, item(2, b"\1"), item(0x80, b"someone")))
    body = item(
        0x30, item(2, b"\1"), item(0x31, item(0x30, item(6, b"\x60\x86\x48"))), inner, signers, open_end=open_end
    )
    return item(0x30, item(6, _OID + bytes([kind])), item(0xA0, body, open_end=open_end), open_end=open_end)
