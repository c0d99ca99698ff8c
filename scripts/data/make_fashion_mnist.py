#!/usr/bin/env python3
"""Writes Fashion-MNIST (Debian package dataset-fashion-mnist) as folders of .npy files.

OUT/train and OUT/test get image.npy (uint8 [n, 1, 28, 28]; a trainer's --scale 0.0111
--offset=-0.81 gives it mean 0 and variance 1) and labels.npy (uint8 [n]). Does nothing where all
four are there.
"""

import argparse
import gzip
import os
import pathlib
import struct
import sys

SOURCE = pathlib.Path("/usr/share/datasets/fashion-mnist")
SETS = {"train": "train", "test": "t10k"}  # our name: the prefix of the original files


def read_idx(path):
    """Returns shape and bytes of a gzipped idx file of unsigned bytes."""
    try:
        data = gzip.decompress(path.read_bytes())
    except FileNotFoundError:
        sys.exit(f"error: no {path}: install the package dataset-fashion-mnist (scripts/install)")
    zero, kind, rank = struct.unpack_from(">HBB", data)
    shape = struct.unpack_from(f">{rank}I", data, 4)
    if zero != 0 or kind != 8:
        sys.exit(f"error: {path}: not an idx file of unsigned bytes")
    return shape, data[4 + 4 * rank :]


def write_npy(path, shape, values):
    """Atomically: an interrupted run leaves no half file that a later one would take for whole."""
    header = f"{{'descr': '|u1', 'fortran_order': False, 'shape': {tuple(shape)!r}, }}"
    header += " " * (-(len(header) + 11) % 64) + "\n"
    partial = path.with_suffix(".partial")
    partial.write_bytes(
        b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode() + values
    )
    os.replace(partial, path)


def convert(prefix, folder):
    (count, height, width), pixels = read_idx(SOURCE / f"{prefix}-images-idx3-ubyte.gz")
    label_shape, labels = read_idx(SOURCE / f"{prefix}-labels-idx1-ubyte.gz")
    if label_shape != (count,) or len(pixels) != count * height * width or len(labels) != count:
        sys.exit(f"error: {SOURCE}/{prefix}-*: images and labels do not fit together")
    folder.mkdir(parents=True, exist_ok=True)
    write_npy(folder / "image.npy", (count, 1, height, width), pixels)
    write_npy(folder / "labels.npy", (count,), labels)
    print(f"{folder}: {count} images")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("-o", type=pathlib.Path, required=True, metavar="OUT")
    out = parser.parse_args().o
    for name, prefix in SETS.items():
        if not all((out / name / file).exists() for file in ("image.npy", "labels.npy")):
            convert(prefix, out / name)


if __name__ == "__main__":
    main()
