"""XMP metadata: extracts packets from JPEG segments, including split ones, and reads their values."""

import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from math import isfinite

from recon.photo.embedded_depth.jpeg_segments import APP1, segments

RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
APPLE_DEPTH = "http://ns.apple.com/depthData/1.0/"
_NOTE = "http://ns.adobe.com/xmp/note/"
_STANDARD = b"http://ns.adobe.com/xap/1.0/\0"
_EXTENDED = b"http://ns.adobe.com/xmp/extension/\0"
_GUID_BYTES = 32
_DECLARATION = re.compile(r"^<\?xml[^>]*\?>")


def parse(packet: bytes) -> ElementTree.Element:
    """The root element of a packet.

    Raises:
        ValueError: It is not XML, or it declares entities, which XMP does not use and which can expand a few bytes to
            gigabytes.
    """
    text = _text_of(packet)
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise ValueError("its XMP declares entities")
    try:
        return ElementTree.fromstring(_DECLARATION.sub("", text))
    # A str with lone surrogates, or nesting that is too deep, gives other errors than ParseError.
    except (ElementTree.ParseError, ValueError, RecursionError) as error:
        raise ValueError(f"its XMP is not valid XML ({error})") from error


def _text_of(packet: bytes) -> str:
    """The text of a packet, decoded by its first bytes (XMP specification, part 3, 1).

    The encoding named in the XML declaration is often wrong, or does not exist.
    """
    start = packet.lstrip(b"\0 \t\r\n") or packet
    if packet[:2] in (b"\xff\xfe", b"\xfe\xff"):
        text = packet.decode("utf-16", "replace")
    elif b"\0" in start[:2]:
        text = packet.decode("utf-16-be" if packet[:1] == b"\0" else "utf-16-le", "replace")
    else:
        try:
            text = packet.decode("utf-8-sig")
        except UnicodeDecodeError:
            text = packet.decode("latin-1")
    return text.strip("\0 \t\r\n\ufeff")


def jpeg_packets(data: bytes, start: int = 0) -> Iterator[ElementTree.Element]:
    """The XMP packets of the JPEG image at ``start``: the standard packet, then the extended one if present.

    An extended packet is split into chunks of 64 kB, each with the packet's name, the packet's length and the chunk's
    offset (XMP specification, part 3, 1.1.3.1).

    Raises:
        ValueError: A packet is damaged, or a chunk of the extended packet is missing.
    """
    pieces: dict[bytes, dict[int, bytes]] = {}
    lengths: dict[bytes, int] = {}
    standard = None
    for segment in segments(data, start):
        if segment.marker != APP1:
            continue
        body = data[segment.start : segment.end]
        if standard is None and body.startswith(_STANDARD):
            standard = parse(body[len(_STANDARD) :])
            yield standard
        elif body.startswith(_EXTENDED):
            at = len(_EXTENDED) + _GUID_BYTES
            name = body[len(_EXTENDED) : at]
            lengths[name] = int.from_bytes(body[at : at + 4], "big")
            pieces.setdefault(name, {})[int.from_bytes(body[at + 4 : at + 8], "big")] = body[at + 8 :]
    wanted = None if standard is None else value(standard, _NOTE, "HasExtendedXMP")
    if wanted is None:
        return
    guid = wanted.encode()
    if guid not in pieces:
        raise ValueError("its extended XMP is missing")
    yield parse(_joined(pieces[guid], lengths[guid]))


def _joined(pieces: dict[int, bytes], length: int) -> bytes:
    whole = bytearray()
    for offset in sorted(pieces):
        if offset != len(whole):
            raise ValueError("a chunk of its extended XMP is missing")
        whole += pieces[offset]
    if len(whole) != length:
        raise ValueError(f"its extended XMP has {len(whole)} of {length} bytes")
    return bytes(whole)


def value(root: ElementTree.Element, namespace: str, name: str) -> str | None:
    """The first value of a property (an element or an attribute), or None."""
    wanted = f"{{{namespace}}}{name}"
    for element in root.iter():
        if element.tag == wanted:
            return (element.text or "").strip()
        if wanted in element.attrib:
            return element.attrib[wanted].strip()
    return None


def number(root: ElementTree.Element, namespace: str, name: str) -> float | None:
    """The first value of a property as a finite number, or None.

    Raises:
        ValueError: It is not a finite number.
    """
    text = value(root, namespace, name)
    if text is None:
        return None
    try:
        parsed = float(text)
    except ValueError as error:
        raise ValueError(f"its {name} is {text[:40]!r}, not a number") from error
    if not isfinite(parsed):
        raise ValueError(f"its {name} is {text[:40]}, not a finite number")
    return parsed
