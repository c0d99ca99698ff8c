#!/usr/bin/env python3
"""Compares what two trainers printed and wrote; the standard library only.

  steps.py losses A.jsonl B.jsonl [BOUND]   every step's loss, relative (1e-5), and they must change
  steps.py gradients A.npz B.npz [BOUND]    two --dump-tensors files, relative L2 of all (1e-5)
  steps.py tensors A.safetensors B.safetensors
                                            two checkpoints hold the same bits
  steps.py onnx MODEL.onnx A.safetensors BEFORE.onnx
                                            the exported model has the checkpoint's values, which
                                            are not those from before
  steps.py evaluations A B C                the last evaluation of each file is the same (1e-5)
  steps.py tokens OUT.bin COUNT VALUES      a token file that counts 0, 1, ... VALUES-1, 0, ...
  steps.py falls A.jsonl FACTOR             the last loss is below FACTOR of the first
  steps.py bytes IN.npz OUT.npz NAME        the array NAME as uint8, value * 100 + 128
  steps.py ignore IN.npz OUT.npz VALUE      two of three labels are VALUE, irregularly
"""

import array
import json
import math
import pathlib
import struct
import sys

import tensors


def losses(path):
    lines = map(json.loads, pathlib.Path(path).read_text().splitlines())
    return [line["loss"] for line in lines if "loss" in line]


def compare_losses(a, b, bound="1e-5"):
    one, two = losses(a), losses(b)
    if len(one) != len(two) or len(one) < 5 or len(set(one)) < 5:
        sys.exit(f"{len(one)} and {len(two)} steps, {len(set(one))} different losses")
    for step, (x, y) in enumerate(zip(one, two), 1):
        if not abs(x - y) <= float(bound) * abs(x):
            sys.exit(f"step {step}: loss {x} and {y}")


def compare_gradients(a, b, bound="1e-5"):
    one, two = tensors.read_npz(a), tensors.read_npz(b)
    names = [name for name in one if name.startswith("grad.")]
    if one.keys() != two.keys() or not names:
        sys.exit(f"the files hold {sorted(one)} and {sorted(two)}")
    difference = norm = 0.0
    for name in names:
        difference += sum((x - y) ** 2 for x, y in zip(one[name][1], two[name][1]))
        norm += sum(x * x for x in one[name][1])
    if not 0 < norm or not math.sqrt(difference / norm) <= float(bound):
        sys.exit(f"gradients differ by {math.sqrt(difference)} of {math.sqrt(norm)}")
    for name in one:
        if one[name][0] != two[name][0]:
            sys.exit(f"{name}: shapes {one[name][0]} and {two[name][0]}")


def compare_tensors(a, b):
    one, two = tensors.read_safetensors(a), tensors.read_safetensors(b)
    if one != two or not one:
        different = [name for name in sorted(one | two) if one.get(name) != two.get(name)]
        sys.exit(f"different: {', '.join(different)}")


def fields(data):
    """(number, value) of a protobuf message."""
    at = 0

    def number():
        nonlocal at
        value = shift = 0
        while True:
            byte = data[at]
            at += 1
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value

    while at < len(data):
        key = number()
        if key & 7 == 0:
            yield key >> 3, number()
            continue
        size = {1: 8, 5: 4}.get(key & 7) or number()
        yield key >> 3, data[at : at + size]
        at += size


def initializers(path):
    graph = dict(fields(pathlib.Path(path).read_bytes()))[7]
    found = {}
    for number, value in fields(graph):
        if number == 5:
            tensor = dict(fields(value))
            if tensor.get(2) == 1 and 9 in tensor:  # floats, raw
                raw = tensor[9]
                found[tensor[8].decode()] = struct.unpack(f"<{len(raw) // 4}f", raw)
    return found


def compare_onnx(model, checkpoint, before):
    exported, old = initializers(model), initializers(before)
    trained = tensors.read_safetensors(checkpoint)
    names = [name for name in trained if name in old]
    if len(names) < 2:
        sys.exit(f"the checkpoint has {sorted(trained)}, the model {sorted(old)}")
    for name in names:
        if tuple(trained[name][1]) != exported.get(name):
            sys.exit(f"{name}: the exported value is not the trained one")
    if all(exported[name] == old[name] for name in names):
        sys.exit("nothing was trained")


def last_evaluation(path):
    lines = map(json.loads, pathlib.Path(path).read_text().splitlines())
    return [line["eval_loss"] for line in lines if "eval_loss" in line][-1]


def compare_evaluations(*paths):
    found = [last_evaluation(path) for path in paths]
    if not all(abs(x - found[0]) <= 1e-5 * abs(found[0]) for x in found) or not found[0] > 0:
        sys.exit(f"evaluation losses {found}")


def write_tokens(path, count, values):
    header = [20240520, 1, int(count)] + [0] * 253
    tokens = [i % int(values) for i in range(int(count))]
    data = struct.pack("<256i", *header) + struct.pack(f"<{len(tokens)}H", *tokens)
    pathlib.Path(path).write_bytes(data)


def check_fall(path, factor):
    found = losses(path)
    if not found[-1] < float(factor) * found[0]:
        sys.exit(f"the loss went from {found[0]} to {found[-1]}")


def write_bytes(source, path, name):
    data = tensors.read_npz(source)
    shape, values = data[name]
    as_bytes = (min(255, max(0, round(v * 100 + 128))) for v in values)
    data[name] = shape, array.array("B", as_bytes)
    tensors.write_npz(path, data)


def ignore_labels(source, path, value):
    data = tensors.read_npz(source)
    shape, values = data["labels"]
    data["labels"] = shape, array.array(
        values.typecode, (v if i * i % 7 < 2 else int(value) for i, v in enumerate(values))
    )
    tensors.write_npz(path, data)


def main():
    kind, *arguments = sys.argv[1:]
    actions = {
        "losses": compare_losses,
        "gradients": compare_gradients,
        "tensors": compare_tensors,
        "onnx": compare_onnx,
        "evaluations": compare_evaluations,
        "tokens": write_tokens,
        "falls": check_fall,
        "bytes": write_bytes,
        "ignore": ignore_labels,
    }
    actions[kind](*arguments)


if __name__ == "__main__":
    main()
