"""Mutations of a file's bytes: bits, cuts, splices, numbers, length fields, JSON, and members of zip archives."""

import io
import json
import random
import re
import struct
import zipfile
from collections.abc import Callable
from copy import deepcopy
from typing import Any

_NUMBER = re.compile(rb"-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?")
_NUMBERS = (
    b"0", b"-1", b"1", b"1e400", b"-1e308", b"1e-320", b"NaN", b"inf", b"65536", b"2147483648", b"4294967295",
    b"9223372036854775808", b"9" * 400, b"0" * 300 + b"1", b"1,5", b"--1", b"", b"true", b"null",
)  # fmt: skip
_VALUES: tuple[Any, ...] = (
    None, True, 0, -1, 1, 0.5, 1e308, 10**9, 2**62, "", "x", "1e999", "../../x", "\x1b]0;t\x07", [], [[]], {},
    [0] * 9, {"a": None}, "9" * 5000,
)  # fmt: skip
_WIDTHS = (("B", 1), ("H", 2), ("I", 4), ("Q", 8))
_MOST_BYTES = 4 << 20


def mutate(data: bytes, others: list[bytes], draw: random.Random) -> bytes:
    """Applies one to four mutations, structured ones first; parts of ``others`` may be spliced in."""
    if zipfile.is_zipfile(io.BytesIO(data)) and draw.random() < 0.6:
        return _zip(data, others, draw)
    if draw.random() < 0.6 and (changed := _json(data, draw)) is not None:
        return changed
    for _ in range(draw.choice((1, 1, 2, 4))):
        data = draw.choice(_BYTES)(data, others, draw)[:_MOST_BYTES]
    return data


def _bits(data: bytes, others: list[bytes], draw: random.Random) -> bytes:
    mutated = bytearray(data or b"\0")
    for _ in range(draw.choice((1, 1, 2, 8, 32))):
        mutated[draw.randrange(len(mutated))] ^= 1 << draw.randrange(8)
    return bytes(mutated)


def _head_bits(data: bytes, others: list[bytes], draw: random.Random) -> bytes:
    """Flips bits near the beginning, where most of the decisive fields are."""
    end = min(len(data), draw.choice((64, 512, 4096)))
    return _bits(data[:end], others, draw) + data[end:]


def _cut(data: bytes, others: list[bytes], draw: random.Random) -> bytes:
    at = draw.randrange(len(data) + 1)
    return data[:at] if draw.random() < 0.7 else data[:at] + data[at + draw.randrange(1, 65) :]


def _repeat(data: bytes, others: list[bytes], draw: random.Random) -> bytes:
    a = draw.randrange(len(data) + 1)
    part = data[a : a + draw.choice((1, 4, 64, 1024))]
    return data[:a] + part * draw.choice((2, 10, 1000)) + data[a:]


def _splice(data: bytes, others: list[bytes], draw: random.Random) -> bytes:
    other = draw.choice(others) if others else data
    a, b = draw.randrange(len(data) + 1), draw.randrange(len(other) + 1)
    return data[:a] + other[b : b + draw.choice((4, 64, 4096))] + data[a + draw.choice((0, 4, 64)) :]


def _number(data: bytes, others: list[bytes], draw: random.Random) -> bytes:
    """Changes a number in text."""
    places = list(_NUMBER.finditer(data, 0, 20_000))
    if not places:
        return _length(data, others, draw)
    place = draw.choice(places)
    return data[: place.start()] + draw.choice(_NUMBERS) + data[place.end() :]


def _length(data: bytes, others: list[bytes], draw: random.Random) -> bytes:
    """Changes a binary value that may be a length or a count."""
    code, width = draw.choice(_WIDTHS)
    if len(data) <= width:
        return data
    end = len(data) if draw.random() < 0.3 else min(len(data), 2048)
    at = draw.randrange(max(1, end - width))
    top = 1 << (8 * width)
    value = draw.choice((0, 1, top - 1, top // 2, top // 2 - 1, 10**9 % top, draw.randrange(top)))
    return data[:at] + struct.pack(draw.choice("<>") + code, value) + data[at + width :]


def _floats(data: bytes, others: list[bytes], draw: random.Random) -> bytes:
    if len(data) < 8:
        return data
    at = draw.randrange(len(data) - 7)
    value = draw.choice((float("nan"), float("inf"), -1.0, 0.0, 3e38, 1e-45))
    return data[:at] + struct.pack("<f", value) + data[at + 4 :]


def _blanks(data: bytes, others: list[bytes], draw: random.Random) -> bytes:
    at = draw.randrange(len(data) + 1)
    return data[:at] + draw.choice((b" ", b"\n", b"\0", b"\t", b"1", b"[", b"(", b"-")) * 100_000 + data[at:]


_BYTES: tuple[Callable[[bytes, list[bytes], random.Random], bytes], ...] = (
    _bits, _head_bits, _head_bits, _cut, _repeat, _splice, _number, _number, _length, _length, _floats, _blanks,
)  # fmt: skip


def _json(data: bytes, draw: random.Random) -> bytes | None:
    """Changes the structure of JSON: of the whole, of one line of it, or of the first object in it."""
    start, end = data.find(b"{"), data.rfind(b"}") + 1
    line = draw.random() < 0.5
    if start < 0:
        return None
    if line and b"\n{" in data:
        starts = [each.start() for each in re.finditer(rb"^\{", data, re.MULTILINE)]
        start = draw.choice(starts)
        end = data.find(b"\n", start)
        end = len(data) if end < 0 else end
    try:
        tree, length = json.JSONDecoder().raw_decode(data[start:end].decode())
    except (ValueError, RecursionError):
        return None
    whole = len(data[start:end].decode()[:length].encode())
    if draw.random() < 0.05:
        deep = b'{"a":[' * 50_000 + b"]}" * 50_000
        return data[:start] + deep + data[start + whole :]
    for _ in range(draw.choice((1, 1, 2, 3))):
        _change(tree, draw)
    return data[:start] + json.dumps(tree).encode() + data[start + whole :]


def _change(tree: Any, draw: random.Random) -> None:
    """Changes one value in the tree; all levels are equally likely."""
    places: list[tuple[Any, Any]] = []
    waiting = [tree]
    while waiting and len(places) < 5000:
        held = waiting.pop()
        keys = list(held) if isinstance(held, dict) else list(range(len(held)))
        places += [(held, key) for key in keys]
        waiting += [held[key] for key in keys if isinstance(held[key], dict | list) and held[key]]
    if not places:
        return
    held, key = draw.choice(places)
    match draw.randrange(4):
        case 0:
            del held[key]
        case 1:
            held[key] = [held[key]]
        case 2 if isinstance(held, dict):
            held[draw.choice(("x", "count", "\x1b[31m", "min"))] = held[key]
        case _:
            held[key] = deepcopy(draw.choice(_VALUES))


def _zip(data: bytes, others: list[bytes], draw: random.Random) -> bytes:
    """Changes, drops, doubles, compresses or mislabels one member."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as package:
            members = [(info.filename, package.read(info)) for info in package.infolist()]
    except (ValueError, RuntimeError, OSError, zipfile.BadZipFile):
        return _bits(data, others, draw)
    if not members:
        return data
    chosen = draw.randrange(len(members))
    name, content = members[chosen]
    action = draw.randrange(6)
    if action == 0:
        del members[chosen]
    elif action == 1:
        members[chosen] = (draw.choice(("depth.npy", "x", "../x.npy", "metadata.npy", name + "x")), content)
    elif action == 2 and name.endswith(".npy"):
        members[chosen] = (name, _npy(content, draw))
    else:
        members[chosen] = (name, mutate(content, others, draw))
    method = draw.choice((zipfile.ZIP_STORED, zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_LZMA))
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as package:
        for member, inside in members:
            package.writestr(zipfile.ZipInfo(member), inside, method)  # without the time of day
    whole = bytearray(out.getvalue())
    if draw.random() < 0.2:  # of the directory: flags, sizes, offsets
        at = whole.rfind(b"PK\x01\x02")
        whole[at + draw.randrange(46)] ^= 1 << draw.randrange(8)
    return bytes(whole)


def _npy(content: bytes, draw: random.Random) -> bytes:
    """Another type or shape in the header of an array."""
    if len(content) < 12:
        return content
    length = int.from_bytes(content[8:10], "little")
    header = content[10 : 10 + length].decode("latin-1")
    shapes = (
        "()",
        "(0,)",
        "(-1,)",
        "(3, 4)",
        "(1000000, 1000000)",
        "(2, 3, 4, 5)",
        "(" + "9" * 30 + ",)",
        "(1" + ",1" * 50 + ")",
    )
    if draw.random() < 0.5:
        header = re.sub(r"\([^)]*\)", draw.choice(shapes), header)
    else:
        kinds = ("<f8", "|b1", "|O", "<U5", "|S0", "<c16", ">f2", "<M8[s]", "|V0", "x")
        header = re.sub(r"'descr': '[^']*'", f"'descr': '{draw.choice(kinds)}'", header)
    text = header.strip().encode("latin-1") + b"\n"
    return content[:8] + struct.pack("<H", len(text)) + text + content[10 + length :]
