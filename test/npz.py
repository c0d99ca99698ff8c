#!/usr/bin/env python3
"""Writes an .npz archive from its arguments, or prints one; needs only the standard library.

npz.py write OUT [--deflate] NAME=TYPE:SHAPE:VALUES ...   TYPE f2 f4 f8 i4 i8 u1 b1, SHAPE 2x3 or
                                                          empty, one value fills the array
npz.py show FILE                                          one line per array
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


def show(path):
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            data = archive.read(name)
            length = struct.unpack_from("<H", data, 8)[0]
            head = data[10:10 + length].decode()
            kind = re.search(r"'descr': '.(\w+)'", head).group(1)
            shape = re.search(r"'shape': (\(.*?\))", head).group(1)
            body = data[10 + length:]
            numbers = struct.unpack(f"<{len(body) // int(kind[1])}{CODES[kind]}", body)
            text = " ".join(f"{n:.9g}" if kind[0] == "f" else str(int(n)) for n in numbers)
            print(f"{name.removesuffix('.npy')} {kind} {shape} {text}")


if __name__ == "__main__":
    {"write": write, "show": show}[sys.argv[1]](*sys.argv[2:])
