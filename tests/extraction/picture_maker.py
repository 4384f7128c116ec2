"""Makes small pictures for tests."""

import base64
import struct
from collections.abc import Sequence

# 32 dots across and 16 down, black on the left and white on the right; made by OpenJPEG
J2K = base64.b64decode(
    "/0//UQApAAAAAAAgAAAAEAAAAAAAAAAAAAAAIAAAABAAAAAAAAAAAAABBwEB/1IADAAAAAEABAQEAAH/XAAQQEBISFBISFBISFBISFD/ZAAlAAFDcmVh"
    "dGVkIGJ5IE9wZW5KUEVHIHZlcnNpb24gMi41LjT/kAAKAAAAAAA7AAH/k9+AGAbizcfaBgAJg7vPwBgOCz0K7KnPwCghbga+x6CPgSI/x9oMADXyOxf/"
    "f//Z"
)
JP2 = (
    base64.b64decode(
        "AAAADGpQICANCocKAAAAFGZ0eXBqcDIgAAAAAGpwMiAAAAAtanAyaAAAABZpaGRyAAAAEAAAACAAAQcHAAAAAAAPY29scgEAAAAAABEAAAC5anAyYw=="
    )
    + J2K
)
# 40 dots across and 30 down; the first picture is green on the left and red on the right, the second blue
WEBP = base64.b64decode(
    "UklGRpIAAABXRUJQVlA4WAoAAAACAAAAJwAAHQAAQU5JTQYAAAAAAAAAAABBTk1GNgAAAAAAAAAAACcAAB0AAAAAAAJWUDhMHQAAAC8nQAcAD3Ac5PmP"
    "+Y8KhNlG86c9gxrcO6L/UeMPAEFOTUYoAAAAAAAAAAAAJwAAHQAAAAAAAFZQOEwPAAAALydABwAHENH//gciov8BAA=="
)
FRAME = b",\0\0\0\0\5\0\3\0\0\2\2\x44\1\0"


def gif(frames: int, *, table: bool = True) -> bytes:
    head = b"GIF89a\5\0\3\0" + (b"\x80\0\0\0\0\0\xff\xff\xff" if table else b"\0\0\0")
    return head + (b"!\xf9\4\0\0\0\0\0" + FRAME) * frames + b";"


def bmp(
    bits: int,
    rows: Sequence[bytes],
    *,
    size: int = 40,
    packing: int = 0,
    palette: bytes = b"",
    masks: bytes = b"",
    width: int = 3,
    height: int | None = None,
) -> bytes:
    """A BMP file of these rows, the lowest first."""
    dots = b"".join(row.ljust(-(-len(row) // 4) * 4, b"\0") for row in rows) if packing in (0, 3) else b"".join(rows)
    height = len(rows) if height is None else height
    if size == 12:
        head = struct.pack("<IHHHH", 12, width, height, 1, bits)
    else:
        head = struct.pack("<IiiHHIIiiII", 40, width, height, 1, bits, packing, len(dots), 0, 0, 0, 0)
        head = struct.pack("<I", size) + head[4:size] + masks + bytes(max(0, size - 40 - len(masks)))
    begin = 14 + len(head) + len(palette)
    return b"BM" + struct.pack("<IHHI", begin + len(dots), 0, 0, begin) + head + palette + dots
