#!/usr/bin/env python3
"""make_seeds.py: writes the valid files of the fuzzers' corpora anew, beside this file.

What fuzzing found stands in the same folders under names that say what it is; it stays.
"""

import io
import json
import pathlib
import struct
import zipfile

HERE = pathlib.Path(__file__).resolve().parent


def write(corpus, name, data):
    folder = HERE / f"{corpus}-corpus"
    folder.mkdir(exist_ok=True)
    (folder / name).write_bytes(data)


def npy(descr, shape, data, order=False, version=1):
    head = f"{{'descr': '{descr}', 'fortran_order': {order}, 'shape': {shape}, }}".encode()
    head += b" " * (63 - (12 + len(head)) % 64) + b"\n"
    length = struct.pack("<H" if version == 1 else "<I", len(head))
    return b"\x93NUMPY" + bytes([version, 0]) + length + head + data


FLOATS = npy("<f4", (2, 3), struct.pack("<6f", 0.5, -1, 2, 0, 1e9, 3))
LABELS = npy("<i8", (2,), struct.pack("<2q", 7, -100))


def npz(*members, compression=zipfile.ZIP_STORED, comment=b"", zip64=False):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression) as archive:
        archive.comment = comment
        for name, data in members:
            with archive.open(zipfile.ZipInfo(name), "w", force_zip64=zip64) as member:
                member.write(data)
    return file.getvalue()


def deflated(*members):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members:
            archive.writestr(zipfile.ZipInfo(name), data, zipfile.ZIP_DEFLATED)
    return file.getvalue()


def write_npz():
    write("npz", "floats.npy", FLOATS)
    write("npz", "half-scalar.npy", npy("<f2", (), b"\x00\x3c"))
    write("npz", "bools-version-2.npy", npy("|b1", (3,), b"\1\0\1", version=2))
    write("npz", "fortran.npy", npy("<u2", (2, 2), bytes(8), order=True))
    write("npz", "empty.npy", npy("<f8", (0, 4), b""))
    write("npz", "stored.npz", npz(("x.npy", FLOATS), ("labels.npy", LABELS)))
    write("npz", "deflated.npz", deflated(("x.npy", FLOATS), ("labels.npy", LABELS)))
    write("npz", "zip64.npz", npz(("x.npy", FLOATS), zip64=True))
    write("npz", "comment.npz", npz(("x.npy", FLOATS), comment=b"a comment"))
    write("npz", "parent-names.npz", npz(("../../x.npy", FLOATS), ("/etc/x.npy", LABELS)))


def safetensors(header, data):
    text = json.dumps(header, separators=(",", ":")).encode()
    return struct.pack("<Q", len(text)) + text + data


def tensor(dtype, shape, begin, end):
    return {"dtype": dtype, "shape": shape, "data_offsets": [begin, end]}


def write_safetensors():
    whole = {
        "__metadata__": {"format": "pt", "optimizer_count": "9"},
        "a": tensor("F32", [2, 3], 0, 24),
        "b": tensor("BF16", [2], 24, 28),
        "n": tensor("I64", [], 28, 36),
    }
    write("safetensors", "three-tensors", safetensors(whole, bytes(range(36))))
    write("safetensors", "unknown-type", safetensors({"a": tensor("F8_E4M3", [2], 0, 2)}, b"12"))
    write("safetensors", "no-tensors", safetensors({}, b""))
    write("safetensors", "empty-tensor", safetensors({"a": tensor("F32", [0, 3], 0, 0)}, b""))


def write_checkpoint_state():
    state = {"version": 1, "model": "mlp.onnx", "model_hash": "5f", "step": 50}
    state |= {"optimizer_count": 49, "seed": -1, "shuffle": True, "samples": 20, "sequence": 5}
    rest = {"tensors": {"file": "step-00000050.safetensors", "bytes": 1000, "crc32": 77}}
    write("checkpoint_state", "state.json", json.dumps(state | rest, indent=2).encode())
    best = {"best_eval_loss": 0.25}
    write("checkpoint_state", "best.json", json.dumps(state | best | rest).encode())


def write_plan():
    hardware = {"name": "host", "gemm_gflops": 100.5, "threads": 2}
    hardware["copy_gigabytes_per_second"] = 10
    plan = {"version": 1, "model": "mlp.onnx", "model_hash": "5f", "batch": 8}
    plan |= {"mesh": {"dp": 1, "tp": 1, "pp": 1}, "microbatches": 2, "schedule": "none"}
    plan |= {"zero": 0, "sequence_parallel": False, "precision": "fp32", "remat": "none"}
    plan |= {"optimizer": "adamw", "clip": True, "target": "cpu", "cpu": "skylake"}
    plan |= {"hardware": hardware, "predicted": {"step_seconds": 0.1}}
    plan["alternatives"] = [{"change": "micro-batches 1", "reason": "slower \u2014 by 2 %"}]
    write("plan", "plan.json", json.dumps(plan, indent=2).encode())


if __name__ == "__main__":
    write_npz()
    write_safetensors()
    write_checkpoint_state()
    write_plan()
