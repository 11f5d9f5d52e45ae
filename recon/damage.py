"""What is wrong with a damaged file, in a sentence: libraries say it in words of their own code."""

import re
import struct
import zipfile
import zlib
from xml.etree.ElementTree import ParseError

_BYTES = (zipfile.BadZipFile, zlib.error, EOFError, struct.error)
_PARTS = (LookupError, TypeError, AttributeError, OverflowError)
_NUMBERS = re.compile(
    r"could not convert|invalid literal|invalid column|zip\(\)|cannot reshape|buffer |not enough values|"
    r"too many values|setting an array|all the input"
)
_LONGEST = 200


def reason(error: Exception) -> str:
    """For a message, without a full stop; readers' own ValueErrors are quoted."""
    if isinstance(error, ParseError):
        return f"its XML is damaged in line {error.position[0]}"
    if isinstance(error, UnicodeError):
        return "it holds bytes that are no text"
    text = " ".join(str(error).split())[:_LONGEST]
    if isinstance(error, _BYTES) or text.startswith("CRC check"):
        return "it is cut off, or bytes of it were changed"
    if isinstance(error, _PARTS):
        return "a part of it is missing or damaged"
    if _NUMBERS.match(text):
        return "a number in it is missing or damaged"
    return text or type(error).__name__
