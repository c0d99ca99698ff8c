#!/usr/bin/env python3
"""Writes small ONNX models with the standard library alone: what a test breaks, it writes itself.

  onnx_writer.py operator OP FILE        one node of that operator
  onnx_writer.py external LOCATION FILE  x * w, where w lies in the file LOCATION (24 bytes)
  onnx_writer.py buffer LOCATION FILE    (x + t) * w, where integers t lie in LOCATION (24 bytes)
  onnx_writer.py labels FILE             a model with a float input called labels
  onnx_writer.py filled OP M N FILE      x * w, where the node OP makes w of shape [M, N]
  onnx_writer.py mixing FILE             a softmax over the batch, then x * w
  onnx_writer.py static WHAT FILE        a model for a batch of 4, with WHAT of it in constants: a
                                         sum divided by it, half of it, a mask repeated for its rows
  onnx_writer.py loss WHAT FILE          its own loss: the sum of x * w, halved, or their mean
"""

import struct
import sys

FLOAT = 1


def varint(number):
    out = b""
    while number > 127:
        out, number = out + bytes([number & 127 | 128]), number >> 7
    return out + bytes([number])


def field(number, value):
    """An integer, a string or a message (bytes)."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    data = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(data)) + data


def message(*fields):
    return b"".join(field(number, value) for number, value in fields)


def value_info(name, *dims):
    shape = message(*((1, message((1, d) if isinstance(d, int) else (2, d))) for d in dims))
    return message((1, name), (2, message((1, message((1, FLOAT), (2, shape))))))


def attribute(name, integer):
    return message((1, name), (3, integer), (20, 2))


def node(op, inputs, *outputs):
    names = [(1, name) for name in inputs] + [(2, name) for name in outputs]
    return message(*names, (3, f"the_{op}"), (4, op))


def tensor(name, dims, *fields):
    return message(*((1, d) for d in dims), (2, FLOAT), (8, name), *fields)


def inline(name, dims, numbers):
    return tensor(name, dims, (9, struct.pack(f"<{len(numbers)}f", *numbers)))


def outside(location):
    return (13, message((1, "location"), (2, location))), (14, 1)


def external(name, dims, location):
    return tensor(name, dims, *outside(location))


def model(nodes, inputs, outputs, weights=()):
    graph = message(
        *((1, n) for n in nodes),
        (2, "graph"),
        *((5, w) for w in weights),
        *((11, i) for i in inputs),
        *((12, o) for o in outputs),
    )
    return message((1, 10), (7, graph), (8, message((2, 20))))


def operator(op):
    return model([node(op, ["x"], "y")], [value_info("x", "n", 3)], [value_info("y", "n", 3)])


def product(weight):
    return model(
        [node("MatMul", ["x", "w"], "y")],
        [value_info("x", "n", 3)],
        [value_info("y", "n", 2)],
        [weight],
    )


def with_buffer(location):
    """t is an int64 table, which nothing trains."""
    return model(
        [
            node("CastLike", ["t", "x"], "c"),
            node("Add", ["x", "c"], "h"),
            node("MatMul", ["h", "w"], "y"),
        ],
        [value_info("x", "n", 3)],
        [value_info("y", "n", 2)],
        [
            message((1, 3), (2, 7), (8, "t"), *outside(location)),
            inline("w", [3, 2], [1, 2, 3, 4, 5, 6]),
        ],
    )


def with_labels():
    return model(
        [node("MatMul", ["x", "w"], "y"), node("Mul", ["labels", "labels"], "z")],
        [value_info("x", "n", 3), value_info("labels", "n", 5)],
        [value_info("y", "n", 2), value_info("z", "n", 5)],
        [inline("w", [3, 2], [1, 2, 3, 4, 5, 6])],
    )


def shape(name, dims):
    """An int64 initializer."""
    return message((1, len(dims)), (2, 7), (8, name), (9, struct.pack(f"<{len(dims)}q", *dims)))


def filled(op, rows, columns):
    dims = [int(rows), int(columns)]
    weights = [shape("s", dims)] + ([inline("one", [1], [1])] if op == "Expand" else [])
    operands = ["one", "s"] if op == "Expand" else ["s"]
    return model(
        [node(op, operands, "w"), node("MatMul", ["x", "w"], "y")],
        [value_info("x", "n", dims[0])],
        [value_info("y", "n", dims[1])],
        weights,
    )


def loss(what):
    cast = node("Cast", ["n"], "rows") + field(5, attribute("to", FLOAT))
    count = [node("Shape", ["x"], "s"), node("Gather", ["s", "zero"], "n"), cast]
    scale = {
        "half": [node("Mul", ["sum", "half"], "l")],
        "mean": [*count, node("Div", ["sum", "rows"], "l")],
        "average": [node("ReduceMean", ["y"], "l") + field(5, attribute("keepdims", 0))],
    }[what]
    total = node("ReduceSum", ["y"], "sum") + field(5, attribute("keepdims", 0))
    return model(
        [node("MatMul", ["x", "w"], "y"), total, *scale],
        [value_info("x", "n", 3)],
        [value_info("l")],
        [
            inline("w", [3, 2], [1, 2, 3, 4, 5, 6]),
            inline("half", [], [0.5]),
            message((2, 7), (8, "zero"), (9, struct.pack("<q", 0))),
        ],
    )


def mixing():
    """Softmax takes the last dimension by default."""
    return model(
        [
            node("Transpose", ["x"], "columns"),
            node("Softmax", ["columns"], "mixed"),
            node("Transpose", ["mixed"], "rows"),
            node("MatMul", ["rows", "w"], "y"),
        ],
        [value_info("x", "n", 3)],
        [value_info("y", "n", 2)],
        [inline("w", [3, 2], [1, 2, 3, 4, 5, 6])],
    )


def static(what):
    """x is [4, 4, 3]: nothing but its place tells the batch from the positions."""
    before = {
        "sum": [
            node("ReduceSum", ["x", "first"], "sum"),
            node("Div", ["sum", "four"], "mean"),
            node("Sub", ["x", "mean"], "h"),
        ],
        "count": [
            node("Cast", ["fours"], "number") + field(5, attribute("to", FLOAT)),
            node("ReduceSum", ["x", "first"], "sum"),
            node("Div", ["sum", "number"], "mean"),
            node("Sub", ["x", "mean"], "h"),
        ],
        "half": [node("Slice", ["x", "zero", "two", "first"], "h")],
        "cumsum": [node("CumSum", ["x", "first"], "h")],
        "mask": [node("Expand", ["m", "all"], "masks"), node("Mul", ["x", "masks"], "h")],
    }[what]
    rows = 2 if what == "half" else 4
    return model(
        [*before, node("MatMul", ["h", "w"], "y")],
        [value_info("x", 4, 4, 3)],
        [value_info("y", rows, 4, 2)],
        [
            inline("w", [3, 2], [1, 2, 3, 4, 5, 6]),
            inline("m", [4, 1], [1, 2, 3, 4]),
            inline("four", [], [4]),
            shape("first", [0]),
            shape("zero", [0]),
            shape("two", [2]),
            shape("fours", [4]),
            shape("all", [4, 4, 3]),
        ],
    )


def main():
    kind, *arguments, path = sys.argv[1:]
    made = {
        "operator": lambda: operator(*arguments),
        "external": lambda: product(external("w", [3, 2], *arguments)),
        "inline": lambda: product(inline("w", [3, 2], [1, 2, 3, 4, 5, 6])),
        "buffer": lambda: with_buffer(*arguments),
        "labels": with_labels,
        "filled": lambda: filled(*arguments),
        "mixing": mixing,
        "static": lambda: static(*arguments),
        "loss": lambda: loss(*arguments),
    }[kind]()
    with open(path, "wb") as out:
        out.write(made)


if __name__ == "__main__":
    main()
