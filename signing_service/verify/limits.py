"""Step 0: how large, deep and numerous an input may be; every reader of this package keeps to these.

The numbers leave room for an agreement with a thousand signatures and for ordinary signed PDFs, and bound
what a hostile file can cost: memory by sizes, time by counts (every reader is linear in them).
"""

from __future__ import annotations

import zlib

from signing_service.errors import FormatError, LimitError

MAX_PDF_BYTES = 128 * 1024 * 1024
MAX_REVISIONS = 2_000
MAX_OBJECTS = 1_000_000  # entries of all cross-reference sections together
MAX_OBJECT_DEPTH = 64  # levels of arrays and dictionaries
MAX_TREE_NODES = 400_000  # objects visited in one walk through a document
MAX_STEPS = 1_500_000  # objects, pages, fields looked at while revisions of one document are compared; some seconds
MAX_STREAM_BYTES = 64 * 1024 * 1024  # one stream, decompressed
MAX_STREAMS_BYTES = 192 * 1024 * 1024  # all streams of one document, decompressed
MAX_DECODING = 4_000_000  # steps of undoing filters byte by byte, in one document; a few seconds
MAX_CMS_BYTES = 4 * 1024 * 1024  # one signature container or timestamp token
MAX_DER_DEPTH = 32
MAX_CERTIFICATES = 2_000  # in one document
MAX_CHAIN_LENGTH = 8  # certificates from signer to anchor
MAX_PATHS = 64  # candidate chains tried for one certificate
MAX_PATH_STEPS = 2_000  # links tried for one certificate
MAX_REVOCATIONS = 400  # CRLs and OCSP responses of each kind in one document
MAX_NAMESAKES = 8  # certificates of one name, or one serial number, that revocation data are held against


def check_size(data: bytes) -> None:
    """Refuse a document above MAX_PDF_BYTES; raises LimitError."""
    if len(data) > MAX_PDF_BYTES:
        raise LimitError(f"file has {len(data)} bytes, the limit is {MAX_PDF_BYTES}")


def inflate(data: bytes, limit: int = MAX_STREAM_BYTES) -> bytes:
    """Decompress a zlib stream (RFC 1950) that must end exactly where ``data`` ends.

    Raises LimitError above ``limit`` bytes of output, FormatError on a damaged or incomplete stream
    and on bytes after its end.
    """
    machine = zlib.decompressobj()
    try:
        result = machine.decompress(data, limit + 1)
    except zlib.error as error:
        raise FormatError(f"compressed stream is damaged: {error}") from error
    if len(result) > limit:
        raise LimitError(f"stream decompresses to more than {limit} bytes")
    if not machine.eof:
        raise FormatError("compressed stream is incomplete")
    if machine.unused_data:
        raise FormatError(f"{len(machine.unused_data)} bytes follow a compressed stream")
    return result
