"""Finds damage in an image file by its structure, without decoding it."""

from __future__ import annotations

import struct
import zlib


def image_damage(data: bytes) -> str | None:
    """What is wrong with the bytes of a JPEG, PNG, GIF or BMP file.

    Args:
        data: All bytes of the file.

    Returns:
        Half a sentence, or `None` where nothing is wrong or the format is another.
    """
    if not data:
        return "the file is empty"
    if data.startswith((b"/annex/objects/", b"version https://git-lfs")):
        return "a placeholder, whose content was not fetched: git annex get or git lfs pull"
    if data.startswith(b"\xff\xd8"):
        return _jpeg_damage(data)
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return _png_damage(data)
    if data.startswith((b"GIF87a", b"GIF89a")):
        return None if data.rstrip(b"\0").endswith(b";") else "the GIF trailer is missing"
    if data.startswith(b"BM"):
        return _bmp_damage(data)
    return None


def _jpeg_damage(data: bytes) -> str | None:
    position = 2
    while position + 4 <= len(data):
        if data[position] != 0xFF:
            return "a JPEG segment is broken"
        marker = data[position + 1]
        if marker == 0xFF:  # a fill byte
            position += 1
            continue
        (length,) = struct.unpack_from(">H", data, position + 2)
        position += 2 + length
        if marker == 0xDA:
            # Inside the scan 0xFF is always escaped, so this pair can only be the end. Looking
            # from here on passes over the end of a thumbnail in the header.
            ended = data.find(b"\xff\xd9", position) >= 0
            return None if ended else "the JPEG end marker is missing"
    return "the JPEG holds no picture"


def _png_damage(data: bytes) -> str | None:
    position = 8
    while position + 12 <= len(data):
        (length,) = struct.unpack_from(">I", data, position)
        end = position + 8 + length
        if end + 4 > len(data):
            break
        (stated,) = struct.unpack_from(">I", data, end)
        if zlib.crc32(data[position + 4 : end]) != stated:
            return "the checksum of a PNG chunk is wrong"
        if data[position + 4 : position + 8] == b"IEND":
            return None
        position = end + 4
    return "the PNG end chunk is missing"


def _bmp_damage(data: bytes) -> str | None:
    if len(data) < 34:
        return "the BMP header is incomplete"
    (offset,) = struct.unpack_from("<I", data, 10)
    (header,) = struct.unpack_from("<I", data, 14)
    if header < 40:  # the OS/2 layout, which OpenCV checks by itself
        return None
    width, height, _, bits, compression = struct.unpack_from("<iiHHI", data, 18)
    row = (width * bits + 31) // 32 * 4
    if compression in (0, 3) and offset + row * abs(height) > len(data):
        return "the BMP holds fewer rows than its header says"
    return None
