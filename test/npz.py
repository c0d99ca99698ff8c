#!/usr/bin/env python3
"""Writes an .npz archive from its arguments, or prints one; needs only the standard library.

npz.py write OUT [--deflate] NAME=TYPE:SHAPE:VALUES ...   TYPE f2 f4 f8 i4 i8 u1 b1, SHAPE 2x3 or
                                                          empty, one value fills the array
npz.py show FILE                                          one line per array
npz.py compare A B TOLERANCE                              the same names, shapes and, up to a
                                                          relative tolerance, numbers
"""
import itertools
import re
import struct
import sys
import zipfile

CODES = {"f2": "e", "f4": "f", "f8": "d", "i1": "b", "i4": "i", "i8": "q", "u1": "B", "b1": "?"}


def array(spec):
    kind, shape, values = spec.split(":")
    dims = [int(d) for d in shape.split("x") if d]
    count = 1
    for d in dims:
        count *= d
    number = float if kind[0] == "f" else int
    numbers = list(itertools.islice(itertools.cycle(number(v) for v in values.split(",")), count))
    descr = ("|" if kind[1] == "1" else "<") + kind
    shape_text = "(" + "".join(f"{d}, " for d in dims) + ")"
    head = f"{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape_text}, }}"
    head += " " * (63 - (10 + len(head)) % 64) + "\n"
    body = struct.pack(f"<{count}{CODES[kind]}", *numbers)
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(head)) + head.encode() + body


def write(path, *specs):
    deflate = "--deflate" in specs
    method = zipfile.ZIP_DEFLATED if deflate else zipfile.ZIP_STORED
    with zipfile.ZipFile(path, "w", method) as archive:
        for spec in specs:
            if spec != "--deflate":
                name, _, rest = spec.partition("=")
                archive.writestr(name + ".npy", array(rest))


def read(path):
    """Yields name, type, shape (as text) and numbers of each array."""
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            data = archive.read(name)
            length = struct.unpack_from("<H", data, 8)[0]
            head = data[10 : 10 + length].decode()
            kind = re.search(r"'descr': '.(\w+)'", head).group(1)
            shape = re.search(r"'shape': (\(.*?\))", head).group(1)
            body = data[10 + length :]
            numbers = struct.unpack(f"<{len(body) // int(kind[1])}{CODES[kind]}", body)
            yield name.removesuffix(".npy"), kind, shape, numbers


def show(path):
    for name, kind, shape, numbers in read(path):
        text = " ".join(f"{n:.9g}" if kind[0] == "f" else str(int(n)) for n in numbers)
        print(f"{name} {kind} {shape} {text}")


def compare(left, right, tolerance):
    a, b = ({array[0]: array[1:] for array in read(path)} for path in (left, right))
    if a.keys() != b.keys() or not a:
        sys.exit(f"error: different names: {sorted(a.keys() ^ b.keys())}")
    for name, (kind, shape, numbers) in a.items():
        other = b[name]
        if (kind, shape) != other[:2]:
            sys.exit(f"error: {name}: {kind} {shape} and {other[0]} {other[1]}")
        largest = max((abs(n) for n in numbers), default=0)
        delta = max((abs(x - y) for x, y in zip(numbers, other[2])), default=0)
        if not delta <= float(tolerance) * largest:
            sys.exit(f"error: {name} differs by {delta:g} of {largest:g}")


if __name__ == "__main__":
    {"write": write, "show": show, "compare": compare}[sys.argv[1]](*sys.argv[2:])
