"""Text that was made bytes of twice, as Facebook and Instagram hand out what people wrote: ``J\\u00c3\\u00bcrgen``."""

import re
from typing import Final

_ESCAPE: Final = re.compile(r"\\\\|\\u00[0-7][0-9a-fA-F]|((?:\\u00[89a-fA-F][0-9a-fA-F])+)|\\u")


def decoded_once(text: str) -> str:
    """JSON whose escapes are the bytes of UTF-8, with the signs that they stand for; all other as it is.

    It is taken for that only if every one of its escapes is: of text that is as it should be, hardly any is.
    """
    if "\\u00" not in text or not text.isascii():
        return text
    try:
        return _ESCAPE.sub(_signs, text)
    except ValueError:
        return text


def _signs(found: re.Match[str]) -> str:
    if found.group(1):
        return bytes.fromhex(found.group(1).replace("\\u00", "")).decode("utf-8")
    if found.group() == "\\u":
        raise ValueError("a sign, and no byte")
    return found.group()
