#!/usr/bin/env python3
"""init.py FILE.safetensors NAME=TYPE:SHAPE:VALUE ...: tensors filled with a value (F32 or F64)."""

import json
import math
import pathlib
import struct
import sys


def main():
    header, body = {}, b""
    for spec in sys.argv[2:]:
        name, rest = spec.split("=")
        kind, shape, value = rest.split(":")
        dims = [int(d) for d in shape.split("x")]
        code = {"F32": "f", "F64": "d"}[kind]
        data = struct.pack(f"<{code}", float(value)) * math.prod(dims)
        offsets = [len(body), len(body) + len(data)]
        header[name] = {"dtype": kind, "shape": dims, "data_offsets": offsets}
        body += data
    text = json.dumps(header).encode()
    pathlib.Path(sys.argv[1]).write_bytes(struct.pack("<Q", len(text)) + text + body)


if __name__ == "__main__":
    main()
