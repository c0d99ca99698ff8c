"""Reads what scripts/data wrote with readers that are not the writers'."""

import pathlib
import struct
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "e2e"))
import tensors  # noqa: E402

root = pathlib.Path(sys.argv[1])
for name, count in (("train", 60000), ("test", 10000)):
    folder = root / "fashion-mnist" / name
    shape, pixels = tensors.read_npy((folder / "image.npy").read_bytes())
    assert shape == (count, 1, 28, 28) and max(pixels) == 255, shape
    shape, labels = tensors.read_npy((folder / "labels.npy").read_bytes())
    assert shape == (count,), shape
    assert [labels.count(k) for k in range(10)] == [count // 10] * 10

text = b""
for name in ("train.bin", "heldout.bin"):
    data = (root / "bible" / name).read_bytes()
    magic, version, count = struct.unpack_from("<3i", data)
    assert (magic, version) == (20240520, 1) and len(data) == 1024 + 2 * count
    assert not any(data[1025::2]), "a token is not a byte"
    text += data[1024::2]
assert text.startswith(b"Ge1:1 In the beginning") and b"Rev22:21" in text[-200:]
