"""Photos that carry depth, as the bytes of files of every convention that is read, with known numbers in them."""

import base64
import hashlib
import io
import struct

import numpy as np
import pillow_heif
from numpy.typing import NDArray
from picture_files import encoded
from PIL import Image

Codes = NDArray[np.integer]

GDEPTH = "http://ns.google.com/photos/1.0/depthmap/"
STANDARD = b"http://ns.adobe.com/xap/1.0/\0"
EXTENDED = b"http://ns.adobe.com/xmp/extension/\0"
_RDF = 'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"'


def packet(namespaces: dict[str, str], attributes: dict[str, object] | None = None, inner: str = "") -> bytes:
    """An XMP packet of one description."""
    spaces = "".join(f' xmlns:{short}="{name}"' for short, name in namespaces.items())
    values = "".join(f' {name}="{value}"' for name, value in (attributes or {}).items())
    return (
        f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF {_RDF}><rdf:Description rdf:about=""{spaces}{values}>'
        f"{inner}</rdf:Description></rdf:RDF></x:xmpmeta>"
    ).encode()


def app1(*bodies: bytes) -> bytes:
    """APP1 segments."""
    return b"".join(b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body for body in bodies)


def with_segments(jpeg: bytes, extra: bytes) -> bytes:
    """The JPEG with segments added after its start marker."""
    return jpeg[:2] + extra + jpeg[2:]


def picture_of(codes: Codes, kind: str = "PNG") -> bytes:
    """A grey picture of the numbers; 16 bits where the array has them."""
    how = {"quality": 100} if kind == "JPEG" else {}
    return encoded(Image.fromarray(codes), kind, **how)


def photo_jpeg(width: int, height: int, orientation: int = 1, *, progressive: bool = False) -> bytes:
    """A photo of the stored size; its left half is dark, its top right quarter white."""
    pixels = np.full((height, width, 3), 60, np.uint8)
    pixels[: height // 2, width // 2 :] = 255
    tags = Image.Exif()
    tags[274] = orientation
    return encoded(pixels, "JPEG", exif=tags, progressive=progressive)


def extended_xmp(content: bytes, *, piece: int = 65400, drop: int | None = None) -> tuple[str, list[bytes]]:
    """An extended packet's name and the bodies of its APP1 segments (XMP specification, part 3); one may be lost."""
    name = hashlib.md5(content).hexdigest().upper()
    starts = range(0, len(content), piece)
    bodies = [
        EXTENDED + name.encode() + struct.pack(">II", len(content), at) + content[at : at + piece]
        for at in starts
    ]
    if drop is not None:
        del bodies[drop]
    return name, bodies


def gdepth_jpeg(
    photo: bytes,
    depth: bytes,
    *,
    confidence: bytes | None = None,
    split: int | None = None,
    drop: int | None = None,
    **values: object,
) -> bytes:
    """By Google's Depth Map Metadata; ``split`` puts the map into extended XMP, in pieces of that many bytes."""
    told = {"GDepth:Format": "RangeInverse", "GDepth:Mime": "image/png"}
    told |= {f"GDepth:{name}": value for name, value in values.items() if value is not None}
    data = {"GDepth:Data": base64.b64encode(depth).decode()}
    if confidence is not None:
        data["GDepth:Confidence"] = base64.b64encode(confidence).decode()
    spaces = {"GDepth": GDEPTH, "xmpNote": "http://ns.adobe.com/xmp/note/"}
    if split is None:
        return with_segments(photo, app1(STANDARD + packet(spaces, told | data)))
    name, bodies = extended_xmp(packet(spaces, data), piece=split, drop=drop)
    told["xmpNote:HasExtendedXMP"] = name
    # Pieces may come in any order.
    return with_segments(photo, app1(STANDARD + packet(spaces, told), *reversed(bodies)))


def dynamic_jpeg(
    photo: bytes,
    depth: bytes,
    *,
    confidence: bytes | None = None,
    before: bytes = b"",
    gap: bytes = b"",
    length: int | None = None,
    elements: bool = True,
    **values: object,
) -> bytes:
    """By Dynamic Depth 1.0.

    ``before`` is an item that precedes the map, ``gap`` what follows the picture and is no item, ``length`` what the
    directory says of the map; ``elements`` writes the map's fields as elements, as Google's camera does.
    """
    told: dict[str, object] = {
        "ItemSemantic": "Depth",
        "Format": "RangeInverse",
        "DepthURI": "android/depthmap",
    }
    told |= {name: value for name, value in values.items() if value is not None}
    items = [("primary", 0)] + ([("other", len(before))] if before else [])
    items += [("android/depthmap", len(depth) if length is None else length)]
    if confidence is not None:
        told["ConfidenceURI"] = "android/confidencemap"
        items += [("android/confidencemap", len(confidence))]
    root = "http://ns.google.com/photos/dd/1.0"
    names = {n: f"{root}/{n.lower()}/" for n in ("Device", "Container", "Item", "Camera", "DepthMap")}
    directory = "".join(
        f'<rdf:li rdf:parseType="Resource"><Container:Item Item:Mime="image/png" Item:Length="{size}" '
        f'Item:DataURI="{uri}"/></rdf:li>'
        for uri, size in items
    )
    if elements:
        fields = "".join(f"<DepthMap:{k}>{v}</DepthMap:{k}>" for k, v in told.items())
        element = f'<Camera:DepthMap rdf:parseType="Resource">{fields}</Camera:DepthMap>'
    else:
        element = "<Camera:DepthMap " + " ".join(f'DepthMap:{k}="{v}"' for k, v in told.items()) + "/>"
    inner = (
        f"<Device:Container><Container:Directory><rdf:Seq>{directory}</rdf:Seq></Container:Directory>"
        f'</Device:Container><Device:Cameras><rdf:Seq><rdf:li rdf:parseType="Resource"><rdf:value '
        f'rdf:parseType="Resource">{element}</rdf:value></rdf:li></rdf:Seq></Device:Cameras>'
    )
    head = with_segments(photo, app1(STANDARD + packet(names, inner=inner)))
    return head + gap + before + depth + (confidence or b"")


def apple_xmp(
    low: object = 0.5,
    high: object = 4.5,
    *,
    accuracy: str | None = "absolute",
    kind: str = "disparity",
    native: bytes = b"hdis",
    codes: tuple[object, object] = (0, 255),
) -> bytes:
    """What AVDepthData writes beside a map, as far as it is read."""
    told = {
        "apdi:AuxiliaryImageType": kind,
        "apdi:NativeFormat": int.from_bytes(native, "big"),
        "apdi:StoredFormat": int.from_bytes(b"L008", "big"),
        "apdi:FloatMinValue": low,
        "apdi:FloatMaxValue": high,
        "apdi:IntMinValue": codes[0],
        "apdi:IntMaxValue": codes[1],
        "depthData:Quality": "high",
        "depthData:Filtered": "True",
    }
    if accuracy is not None:
        told["depthData:Accuracy"] = accuracy
    inner = "".join(f"<{name}>{value}</{name}>" for name, value in told.items() if value is not None)
    spaces = {
        "apdi": "http://ns.apple.com/pixeldatainfo/1.0/",
        "depthData": "http://ns.apple.com/depthData/1.0/",
    }
    return packet(spaces, inner=inner)


def apple_jpeg(photo: bytes, depth: bytes, xmp: bytes, *, between: bytes = b"") -> bytes:
    """A JPEG photo with its depth map as a further JPEG picture, as iPhones write them (CIPA DC-007)."""
    return photo + between + with_segments(depth, app1(STANDARD + xmp))


def _box(kind: bytes, *parts: bytes) -> bytes:
    body = b"".join(parts)
    return struct.pack(">I", len(body) + 8) + kind + body


def _full(kind: bytes, *parts: bytes, version: int = 0) -> bytes:
    return _box(kind, bytes([version, 0, 0, 0]), *parts)


def _coded(picture: Image.Image, orientation: int) -> tuple[dict[bytes, bytes], bytes]:
    """A picture's HEVC properties by their names, and its bitstream, out of a file that libheif writes."""
    tags = Image.Exif()
    tags[274] = orientation
    file = pillow_heif.from_pillow(picture)
    file.info["exif"] = tags.tobytes()
    out = io.BytesIO()
    file.save(out, quality=-1, chroma=444)
    data = out.getvalue()
    at = data.index(b"ipco")
    end = at - 4 + int.from_bytes(data[at - 4 : at], "big")
    properties, at = {}, at + 4
    while at < end:
        size = int.from_bytes(data[at : at + 4], "big")
        properties[data[at + 4 : at + 8]] = data[at : at + size]
        at += size
    # The bitstream is the first extent of the first item: iloc, version 0 or 1 (ISO/IEC 14496-12, 8.11.3).
    at = data.index(b"iloc") + 4
    version, sizes = data[at], data[at + 4 : at + 6]
    at += 8 + 2 + (2 if version else 0) + 2
    widths = (sizes[1] >> 4, sizes[0] >> 4, sizes[0] & 15)
    base = int.from_bytes(data[at : at + widths[0]], "big")
    at += widths[0] + 2
    start = base + int.from_bytes(data[at : at + widths[1]], "big")
    at += widths[1]
    return properties, data[start : start + int.from_bytes(data[at : at + widths[2]], "big")]


def apple_heic(pixels: NDArray[np.uint8], codes: Codes, xmp: bytes, orientation: int = 1) -> bytes:
    """A HEIC of a photo and its depth map as an auxiliary picture; both have the file's rotation, as iPhones write it
    (ISO/IEC 23008-12). Sides of 64 px or more, multiples of 16: the encoder pads others."""
    photo, photo_bits = _coded(Image.fromarray(pixels), orientation)
    depth, depth_bits = _coded(Image.fromarray(codes.astype(np.uint8)), 1)
    turns = [photo[name] for name in (b"irot", b"imir") if name in photo]
    auxiliary = _full(b"auxC", b"urn:mpeg:hevc:2015:auxid:2\0")
    shared = [photo[b"hvcC"], photo[b"ispe"], depth[b"hvcC"], depth[b"ispe"], auxiliary, *turns]
    turned = [5 + i for i in range(1, len(turns) + 1)]
    uses = ((1, [1, 2, *turned]), (2, [3, 4, 5, *turned]))
    # The highest bit marks what a reader must understand: the decoder's configuration and the rotation.
    association = b"".join(
        struct.pack(">HB", item, len(used)) + bytes(i | 0x80 if i in (1, 3, *turned) else i for i in used)
        for item, used in uses
    )
    entries = b"".join(
        _full(b"infe", struct.pack(">HH4s", item, 0, kind), name, version=2)
        for item, kind, name in (
            (1, b"hvc1", b"\0"),
            (2, b"hvc1", b"\0"),
            (3, b"mime", b"\0application/rdf+xml\0"),
        )
    )
    contents = (photo_bits, depth_bits, xmp)

    def head(start: int) -> bytes:
        places = b""
        for item, content in enumerate(contents, 1):
            places += struct.pack(">HHHII", item, 0, 1, start, len(content))
            start += len(content)
        meta = _full(
            b"meta",
            _full(b"hdlr", bytes(4), b"pict", bytes(13)),
            _full(b"pitm", struct.pack(">H", 1)),
            _full(b"iloc", b"\x44\x00", struct.pack(">H", len(contents)), places),
            _full(b"iinf", struct.pack(">H", len(contents)), entries),
            _full(
                b"iref",
                _box(b"auxl", struct.pack(">HHH", 2, 1, 1)),
                _box(b"cdsc", struct.pack(">HHH", 3, 1, 2)),
            ),
            _box(b"iprp", _box(b"ipco", *shared), _full(b"ipma", struct.pack(">I", len(uses)), association)),
        )
        return _box(b"ftyp", b"heic", bytes(4), b"mif1heic") + meta

    length = len(head(0))
    return head(length + 8) + _box(b"mdat", *contents)
