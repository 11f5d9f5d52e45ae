"""XMP in every encoding that programs write; what is no XML is one ValueError."""

import pytest

from recon.photo.embedded_depth.xmp import number, parse, value

NS = "http://example.org/"
BODY = f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><a xmlns:n="{NS}" n:Width="12" n:Name="Grün"/></x:xmpmeta>'


@pytest.mark.parametrize("declared", ["", "UTF-8", "UTF-16", "no-such-encoding", "ISO-8859-1", "utf-32"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "latin-1"])
def test_the_encoding_is_that_of_the_bytes(declared: str, encoding: str) -> None:
    start = f'<?xml version="1.0" encoding="{declared}"?>' if declared else ""
    root = parse((start + BODY + "\n \n").encode(encoding))
    assert value(root, NS, "Name") == "Grün" and number(root, NS, "Width") == 12


def test_padding_and_the_marks_around_a_packet_are_no_damage() -> None:
    packet = f'\0<?xpacket begin="\ufeff" id="W5"?>{BODY}<?xpacket end="w"?>\0\0'
    assert number(parse(packet.encode()), NS, "Width") == 12


@pytest.mark.parametrize(
    "packet",
    [
        b"",
        b"\0",
        b"no XML",
        b"<a>",
        b"\xff\xfe<",
        b"<!DOCTYPE a []><a/>",
        b"<a>" * 100_000,
        b"\xed\xa0\x80<a/>",
    ],
)
def test_what_is_no_xmp_is_a_value_error(packet: bytes) -> None:
    with pytest.raises(ValueError, match="XMP"):
        parse(packet)
