#!/usr/bin/env python3
"""init.py FILE.safetensors NAME=TYPE:SHAPE:VALUE ...: tensors filled with a value.

TYPE is F32, F64, F16, BF16 (the upper half of F32, nothing rounded) or I32.
"""

import json
import math
import pathlib
import struct
import sys


def pack(kind, value):
    if kind == "BF16":
        return struct.pack("<f", value)[2:]
    if kind == "I32":
        return struct.pack("<i", int(value))
    return struct.pack("<" + {"F32": "f", "F64": "d", "F16": "e"}[kind], value)


def main():
    header, body = {}, b""
    for spec in sys.argv[2:]:
        name, rest = spec.split("=")
        kind, shape, value = rest.split(":")
        dims = [int(d) for d in shape.split("x")]
        data = pack(kind, float(value)) * math.prod(dims)
        offsets = [len(body), len(body) + len(data)]
        header[name] = {"dtype": kind, "shape": dims, "data_offsets": offsets}
        body += data
    text = json.dumps(header).encode()
    pathlib.Path(sys.argv[1]).write_bytes(struct.pack("<Q", len(text)) + text + body)


if __name__ == "__main__":
    main()
