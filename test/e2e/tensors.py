"""Reads and writes .npy, .npz and .safetensors files with Python's standard library alone.

A tensor is (shape, values): a tuple and an array.array in row-major order.
"""

import array
import ast
import io
import json
import math
import pathlib
import struct
import zipfile

NPY_TYPES = {
    "<f4": "f",
    "<f8": "d",
    "<i8": "q",
    "<i4": "i",
    "<i2": "h",
    "|i1": "b",
    "|u1": "B",
    "<u2": "H",
    "<u4": "I",
    "<u8": "Q",
    "|b1": "B",
}
SAFETENSORS_TYPES = {
    "F32": "f",
    "F64": "d",
    "I64": "q",
    "I32": "i",
    "I16": "h",
    "I8": "b",
    "U8": "B",
    "BOOL": "B",
}


def read_npy(data, name="array"):
    if data[:6] != b"\x93NUMPY":
        raise ValueError(f"{name}: not a .npy file")
    start, form = (10, "<H") if data[6] == 1 else (12, "<I")
    (length,) = struct.unpack_from(form, data, 8)
    header = ast.literal_eval(data[start : start + length].decode("latin1"))
    body, shape = data[start + length :], tuple(header["shape"])
    if header["fortran_order"] and len(shape) > 1:
        raise ValueError(f"{name}: column-major order")
    if header["descr"] == "<f2":
        values = array.array("f", struct.unpack(f"<{len(body) // 2}e", body))
    elif header["descr"] in NPY_TYPES:
        values = array.array(NPY_TYPES[header["descr"]], body)
    else:
        raise ValueError(f"{name}: unknown type {header['descr']}")
    if len(values) != math.prod(shape):
        raise ValueError(f"{name}: expected {math.prod(shape)} values, got {len(values)}")
    return shape, values


def write_npy(shape, values):
    descr = next(key for key, code in NPY_TYPES.items() if code == values.typecode)
    header = f"{{'descr': '{descr}', 'fortran_order': False, 'shape': {tuple(shape)!r}, }}"
    header += " " * (-(10 + len(header) + 1) % 64) + "\n"
    return (
        b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode() + values.tobytes()
    )


def read_npz(path):
    with zipfile.ZipFile(path) as archive:
        return {
            name.removesuffix(".npy"): read_npy(archive.read(name), f"{path}: {name}")
            for name in archive.namelist()
        }


def write_npz(path, tensors):
    with zipfile.ZipFile(path, "w") as archive:
        for name, (shape, values) in tensors.items():
            archive.writestr(f"{name}.npy", write_npy(shape, values))


def read_safetensors(path):
    data = pathlib.Path(path).read_bytes()
    (length,) = struct.unpack_from("<Q", data)
    header = json.loads(data[8 : 8 + length])
    tensors = {}
    for name, entry in header.items():
        if name == "__metadata__":
            continue
        first, last = entry["data_offsets"]
        code = SAFETENSORS_TYPES.get(entry["dtype"])
        if code is None:
            raise ValueError(f"{path}: {name}: unknown type {entry['dtype']}")
        tensors[name] = tuple(entry["shape"]), array.array(
            code, data[8 + length + first : 8 + length + last]
        )
    return tensors


def write_safetensors(path, tensors):
    header, body = {}, io.BytesIO()
    for name, (shape, values) in tensors.items():
        first = body.tell()
        body.write(values.tobytes())
        dtype = next(key for key, code in SAFETENSORS_TYPES.items() if code == values.typecode)
        header[name] = {"dtype": dtype, "shape": list(shape), "data_offsets": [first, body.tell()]}
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    pathlib.Path(path).write_bytes(struct.pack("<Q", len(text)) + text + body.getvalue())
