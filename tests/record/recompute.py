"""Recompute a tlog-tiles folder from its entries: ``python recompute.py DIR VKEY``; prints size and root, or why not.

A judge: it shares no code with the project or with the other tests. Standard library only, RFC 6962 by a stack of
subtrees, Ed25519 by the formulas of RFC 8032 section 5.1, paths by plain counting.
"""

import base64
import collections.abc
import hashlib
import pathlib
import sys

P = 2**255 - 19
Q = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
ROOT_OF_MINUS_ONE = pow(2, (P - 1) // 4, P)
Point = tuple[int, int, int, int]


def add(a: Point, b: Point) -> Point:
    e, f = (a[1] - a[0]) * (b[1] - b[0]), (a[1] + a[0]) * (b[1] + b[0])
    g, h = 2 * a[3] * b[3] * D, 2 * a[2] * b[2]
    e, f, g, h = f - e, h - g, h + g, f + e
    return e * f % P, g * h % P, f * g % P, e * h % P


def times(scalar: int, point: Point) -> Point:
    result = (0, 1, 1, 0)
    while scalar:
        if scalar & 1:
            result = add(result, point)
        point, scalar = add(point, point), scalar >> 1
    return result


def decode(data: bytes) -> Point:
    y = int.from_bytes(data, "little")
    sign, y = y >> 255, y & (2**255 - 1)
    if y >= P:
        raise SystemExit("a point is out of range")
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * ROOT_OF_MINUS_ONE % P
    if (x * x - square) % P or (x == 0 and sign):
        raise SystemExit("a point is not on the curve")
    if x & 1 != sign:
        x = P - x
    return x, y, 1, x * y % P


def signed(key: bytes, signature: bytes, message: bytes) -> bool:
    base = decode((4 * pow(5, P - 2, P) % P).to_bytes(32, "little"))
    s = int.from_bytes(signature[32:], "little")
    k = int.from_bytes(hashlib.sha512(signature[:32] + key + message).digest(), "little") % Q
    left, right = times(s, base), add(decode(signature[:32]), times(k, decode(key)))
    return s < Q and not any((left[i] * right[2] - right[i] * left[2]) % P for i in (0, 1))


def tile_path(kind: object, index: int, width: int) -> str:
    digits = str(index).zfill((len(str(index)) + 2) // 3 * 3)
    parts = [digits[i : i + 3] for i in range(0, len(digits), 3)]
    name = "/".join(["x" + part for part in parts[:-1]] + parts[-1:])
    return f"tile/{kind}/{name}" + (f".p/{width}" if width < 256 else "")


def checkpoint(folder: pathlib.Path, vkey: str) -> tuple[int, bytes]:
    text, _, lines = (folder / "checkpoint").read_bytes().decode().partition("\n\n")
    name, key_id, encoded = vkey.split("+", 2)
    kind_and_key = base64.b64decode(encoded)
    if hashlib.sha256(name.encode() + b"\n" + kind_and_key).hexdigest()[:8] != key_id or kind_and_key[0] != 1:
        raise SystemExit("the key does not have its id")
    found = [line.split(" ")[2] for line in lines.splitlines() if line.startswith(f"\u2014 {name} ")]
    blobs = [base64.b64decode(blob) for blob in found]
    if not any(b[:4].hex() == key_id and signed(kind_and_key[1:], b[4:], text.encode() + b"\n") for b in blobs):
        raise SystemExit("the checkpoint is not signed by the key")
    origin, size, root = text.split("\n")[:3]
    if origin != name:
        raise SystemExit("the checkpoint is of another origin")
    return int(size), base64.b64decode(root)


def entries_of(folder: pathlib.Path, size: int, seen: set[str]) -> collections.abc.Iterator[bytes]:
    for start in range(0, size, 256):
        path = tile_path("entries", start // 256, min(256, size - start))
        data = (folder / path).read_bytes()
        seen.add(path)
        for _ in range(min(256, size - start)):
            length = int.from_bytes(data[:2], "big")
            yield data[2 : 2 + length]
            data = data[2 + length :]
        if data:
            raise SystemExit(f"{path} holds more than its entries")


def main(folder: pathlib.Path, vkey: str) -> None:
    size, root = checkpoint(folder, vkey)
    seen = {"checkpoint"}
    levels: list[list[bytes]] = [[]]
    stack: list[tuple[int, bytes]] = []
    for entry in entries_of(folder, size, seen):
        node = (0, hashlib.sha256(b"\x00" + entry).digest())
        levels[0].append(node[1])
        while stack and stack[-1][0] == node[0]:
            node = (node[0] + 1, hashlib.sha256(b"\x01" + stack.pop()[1] + node[1]).digest())
            if node[0] % 8 == 0:
                levels += [[]] if len(levels) == node[0] // 8 else []
                levels[node[0] // 8].append(node[1])
        stack.append(node)
    while len(stack) > 1:
        right = stack.pop()
        stack.append((0, hashlib.sha256(b"\x01" + stack.pop()[1] + right[1]).digest()))
    if (stack[0][1] if stack else hashlib.sha256().digest()) != root:
        raise SystemExit("the entries do not make the signed root")
    for level, hashes in enumerate(levels):
        for start in range(0, len(hashes), 256):
            path = tile_path(level, start // 256, len(hashes[start : start + 256]))
            if (folder / path).read_bytes() != b"".join(hashes[start : start + 256]):
                raise SystemExit(f"{path} is not what the entries make")
            seen.add(path)
    files = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    if files != seen:
        raise SystemExit(f"files that belong to no such log: {sorted(files - seen)[:3]}")
    print(size, root.hex())


if __name__ == "__main__":
    try:
        main(pathlib.Path(sys.argv[1]), sys.argv[2])
    except (OSError, ValueError, IndexError) as error:
        raise SystemExit(f"{type(error).__name__}: {error}") from None
