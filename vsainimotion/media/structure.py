"""Whether a film file is whole: what its own structure says against the bytes that are there."""

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import BinaryIO

EBML_HEADER = b"\x1a\x45\xdf\xa3"
RIFF = b"RIFF"
SEGMENT = b"\x18\x53\x80\x67"


def missing_bytes(path: Path, container: str) -> int:
    """Returns how many bytes a truncated film lacks at least.

    Args:
        path: The file.
        container: libav's name of its format, such as `matroska,webm`.

    Returns:
        0 for a whole file, for one that does not say how long it is (a live recording), and for formats other than
        Matroska, MP4/QuickTime and AVI, which have no outermost length to check.
    """
    checks = [check for name, check in CHECKS.items() if name in container.split(",")]
    if not checks:
        return 0
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        return max(0, checks[0](file, size) - size)


def _matroska_end(file: BinaryIO, size: int) -> int:
    """Returns where the segment ends; elements are an identifier, a length of 1 to 8 bytes and their content."""
    if file.read(4) != EBML_HEADER:
        return size
    header = _ebml_length(file)
    if header is None:
        return size
    file.seek(header, os.SEEK_CUR)
    if file.read(4) != SEGMENT:
        return size
    length = _ebml_length(file)
    return size if length is None else file.tell() + length


def _ebml_length(file: BinaryIO) -> int | None:
    """Reads a length: the leading zeros of its first byte count the bytes that follow; all ones means unknown."""
    first = file.read(1)
    if not first or first[0] == 0:
        return None
    count = 8 - first[0].bit_length()
    marker = 1 << (7 - count)
    value = int.from_bytes(bytes([first[0] - marker]) + file.read(count))
    return None if value == (1 << (7 * (count + 1))) - 1 else value


def _boxes_end(file: BinaryIO, size: int) -> int:
    """Returns where the last top-level box of an MP4 or QuickTime file ends."""
    position = 0
    while position + 8 <= size:
        file.seek(position)
        head = file.read(16)
        length = int.from_bytes(head[:4])
        if length == 1:
            length = int.from_bytes(head[8:16])
        if length == 0:
            return size
        if length < 8:  # not a box: some tools leave padding at the end
            return size
        position += length
    return position


def _riff_end(file: BinaryIO, size: int) -> int:
    """Returns where the last RIFF chunk of an AVI file ends; large files have several, one after the other."""
    position = end = 0
    while position + 8 <= size:
        file.seek(position)
        head = file.read(8)
        length = int.from_bytes(head[4:], "little")
        if head[:4] != RIFF or not length:  # padding at the end, or a recording that was never finished
            return size
        end = position + 8 + length
        position = end + length % 2
    return end


CHECKS: Mapping[str, Callable[[BinaryIO, int], int]] = MappingProxyType(
    {"matroska": _matroska_end, "mp4": _boxes_end, "mov": _boxes_end, "avi": _riff_end}
)
"""How to find the end that a format promises, by libav's name of the format."""
