"""The one spelling of a ZIP that evidence bundles use, so that no byte of a bundle is free.

Members are stored, not compressed; headers carry fixed dates and no extras; nothing stands before,
between or after them. A file that differs anywhere from what :func:`pack` writes is refused, which
also means that there is nothing to inflate. ``unzip`` and every other tool reads it. ::

    >>> unpack(pack({"README.txt": b"how to check"}))
    {'README.txt': b'how to check'}
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Mapping

from signing_service.errors import FormatError, LimitError

MAX_ARCHIVE = 256 * 1024 * 1024  # bytes
MAX_MEMBERS = 20_000
MAX_NAME = 100  # bytes

# APPNOTE.TXT 4.3.7, 4.3.12, 4.3.16; all integers little-endian.
_LOCAL = struct.Struct("<4s5H3L2H")
_CENTRAL = struct.Struct("<4s6H3L5H2L")
_END = struct.Struct("<4s4H2LH")
_LOCAL_MAGIC, _CENTRAL_MAGIC, _END_MAGIC = b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06"
_VERSION = 20  # 2.0, as for every ordinary ZIP
_UNIX = 3 << 8
_MODE = 0o100644 << 16
_MIDNIGHT = 0
_FIRST_DAY = 1 << 5 | 1  # 1980-01-01


def pack(members: Mapping[str, bytes]) -> bytes:
    """The archive of ``members`` in their order; the same members give the same bytes."""
    parts: list[bytes] = []
    directory, length = bytearray(), 0
    for name, data in members.items():
        encoded = name.encode("ascii")
        size, check = len(data), zlib.crc32(data)
        directory += _CENTRAL.pack(
            _CENTRAL_MAGIC, _UNIX | _VERSION, _VERSION, 0, 0, _MIDNIGHT, _FIRST_DAY, check, size, size,
            len(encoded), 0, 0, 0, 0, _MODE, length,
        )  # fmt: skip
        directory += encoded
        header = _LOCAL.pack(_LOCAL_MAGIC, _VERSION, 0, 0, _MIDNIGHT, _FIRST_DAY, check, size, size, len(encoded), 0)
        parts += [header, encoded, data]
        length += len(header) + len(encoded) + size
    if len(members) > MAX_MEMBERS or length + len(directory) + _END.size > MAX_ARCHIVE:
        raise LimitError(f"bundle would exceed {MAX_MEMBERS} members or {MAX_ARCHIVE} bytes")
    count = len(members)
    end = _END.pack(_END_MAGIC, 0, 0, count, count, len(directory), length, 0)
    return b"".join((*parts, directory, end))


def unpack(data: bytes) -> dict[str, bytes]:
    """The members of an archive that pack wrote; raises FormatError on any other bytes."""
    if len(data) > MAX_ARCHIVE:
        raise LimitError(f"bundle is larger than {MAX_ARCHIVE} bytes")
    members: dict[str, bytes] = {}
    offset = 0
    while data[offset : offset + 4] == _LOCAL_MAGIC and offset + _LOCAL.size <= len(data):
        if len(members) >= MAX_MEMBERS:
            raise LimitError(f"bundle has more than {MAX_MEMBERS} members")
        name, content, offset = _read_member(data, offset)
        if name in members:
            raise FormatError(f"bundle has two members {name!r}")
        members[name] = content
    if not members or pack(members) != data:
        raise FormatError("bundle is not byte for byte as it was written", hint="use the file as it was downloaded")
    return members


def _read_member(data: bytes, offset: int) -> tuple[str, bytes, int]:
    header = _LOCAL.unpack_from(data, offset)
    size, name_length = header[8], header[9]
    start = offset + _LOCAL.size + name_length
    name = data[start - name_length : start]
    if name_length > MAX_NAME or not name.isascii() or start + size > len(data):
        message = "bundle is cut off, or a member's name is not at most 100 ASCII characters"
        raise FormatError(message, hint="get the bundle anew, as it was downloaded")
    return name.decode("ascii"), data[start : start + size], start + size
