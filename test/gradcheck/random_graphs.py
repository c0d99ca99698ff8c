#!/usr/bin/env python3
"""Prints random functions in the train dialect, for gradcheck.

random_graphs.py SEED COUNT     (gradcheck needs --may-be-zero: not every input reaches a result)

Each draws ops over what has been computed so far, so that values are used several times, in
several ways, or not at all. A bounded function follows whatever may grow, so that differences
stay accurate. The printed functions return one to three values.
"""

import math
import random
import sys


class Graph:
    def __init__(self, name, rng):
        self.name, self.rng, self.lines, self.values, self.inputs = name, rng, [], [], []
        for _ in range(rng.randint(2, 3)):
            shape = tuple(rng.choice((2, 3, 4)) for _ in range(rng.randint(1, 3)))
            self.inputs.append(shape)
            self.values.append((f"%a{len(self.inputs) - 1}", shape))

    def emit(self, text, shape, results=1):
        name = f"%v{len(self.lines)}"
        self.lines.append(f"{name}{f':{results}' if results > 1 else ''} = {text}")
        self.values.append((f"{name}#0" if results > 1 else name, shape))
        return self.values[-1]

    def pick(self, accept=lambda shape: True):
        """A value, later ones more often."""
        fitting = [value for value in self.values if accept(value[1])]
        return fitting[max(self.rng.randrange(len(fitting)) for _ in range(2))] if fitting else None


def of(shape):
    return f"tensor<{'x'.join(map(str, (*shape, 'f32')))}>"


def ints(numbers):
    return "[" + ", ".join(map(str, numbers)) + "]"


# --- Ops: each takes a graph and adds to it, or does nothing where no operand fits -----


def unary(g):
    x, shape = g.pick()
    op = g.rng.choice(("tanh", "sigmoid", "sin", "cos", "erf", "gelu erf", "gelu tanh"))
    g.emit(f"train.{op} {x} : {of(shape)}", shape)


def positive(g):
    x, shape = g.pick()
    y, _ = g.emit(f"train.sigmoid {x} : {of(shape)}", shape)
    op = g.rng.choice(("log", "sqrt", "rsqrt", "log1p", "reciprocal"))
    z, _ = g.emit(f"train.{op} {y} : {of(shape)}", shape)
    g.emit(f"train.tanh {z} : {of(shape)}", shape)


def binary(g):
    a, shape = g.pick()
    b, _ = g.pick(lambda other: other == shape)
    op = g.rng.choice(("add", "sub", "mul"))
    y, _ = g.emit(f"train.{op} {a}, {b} : {of(shape)}", shape)
    g.emit(f"train.tanh {y} : {of(shape)}", shape)


def reduce(g):
    x, shape = g.pick(lambda shape: len(shape) > 0)
    dims = sorted(g.rng.sample(range(len(shape)), g.rng.randint(1, len(shape))))
    rest = tuple(size for dim, size in enumerate(shape) if dim not in dims)
    y, _ = g.emit(f"train.reduce_sum {x} {ints(dims)} : {of(shape)} to {of(rest)}", rest)
    g.emit(f"train.tanh {y} : {of(rest)}", rest)


def reshape(g):
    x, shape = g.pick(lambda shape: len(shape) > 0)
    flat = (math.prod(shape),)
    target = flat if len(shape) > 1 else (1, *flat)
    g.emit(f"train.reshape {x} : {of(shape)} to {of(target)}", target)


def transpose(g):
    x, shape = g.pick(lambda shape: len(shape) > 1)
    order = g.rng.sample(range(len(shape)), len(shape))
    target = tuple(shape[dim] for dim in order)
    g.emit(f"train.transpose {x} {ints(order)} : {of(shape)} to {of(target)}", target)


def broadcast(g):
    found = g.pick(lambda shape: len(shape) < 3 and math.prod(shape) <= 24)
    if found:
        x, shape = found
        place = g.rng.randint(0, len(shape))
        target = (*shape[:place], 2, *shape[place:])
        dims = [dim for dim in range(len(target)) if dim != place]
        g.emit(f"train.broadcast {x} {ints(dims)} : {of(shape)} to {of(target)}", target)


def slice_(g):
    x, shape = g.pick(lambda shape: len(shape) > 0)
    starts = [g.rng.randint(0, size - 1) for size in shape]
    target = tuple(g.rng.randint(1, size - start) for size, start in zip(shape, starts))
    ones = ints([1] * len(shape))
    text = f"train.slice {x} {ints(starts)} strides {ones} : {of(shape)} to {of(target)}"
    g.emit(text, target)


def pad(g):
    x, shape = g.pick(lambda shape: 0 < len(shape) and math.prod(shape) <= 24)
    low, high, interior = ([g.rng.randint(0, 1) for _ in shape] for _ in range(3))
    target = tuple(
        a + b + size + (size - 1) * c for size, a, b, c in zip(shape, low, high, interior)
    )
    edges = f"low {ints(low)} high {ints(high)} interior {ints(interior)}"
    g.emit(f"train.pad {x} value 0.5 {edges} : {of(shape)} to {of(target)}", target)


def concat(g):
    a, shape = g.pick(lambda shape: len(shape) > 0)
    dim = g.rng.randrange(len(shape))

    def fits(other):
        return len(other) == len(shape) and all(
            x == y for i, (x, y) in enumerate(zip(shape, other)) if i != dim
        )

    b, other = g.pick(fits)
    target = tuple(s + o if i == dim else s for i, (s, o) in enumerate(zip(shape, other)))
    if math.prod(target) <= 64:
        g.emit(f"train.concat {dim} {a}, {b} : ({of(shape)}, {of(other)}) -> {of(target)}", target)


def dot(g):
    a, left = g.pick(lambda shape: len(shape) > 0)
    b, right = g.pick(lambda shape: set(shape) & set(left))
    i, j = g.rng.choice([(i, j) for i, s in enumerate(left) for j, t in enumerate(right) if s == t])
    free = [s for k, s in enumerate(left) if k != i], [s for k, s in enumerate(right) if k != j]
    target = (*free[0], *free[1])
    if len(target) <= 3 and math.prod(target) <= 64:
        text = f"train.dot {a}, {b} batch [] x [] contract [{i}] x [{j}]"
        y, _ = g.emit(f"{text} : {of(left)}, {of(right)} -> {of(target)}", target)
        g.emit(f"train.tanh {y} : {of(target)}", target)


def softmax(g):
    x, shape = g.pick(lambda shape: len(shape) > 0)
    op = g.rng.choice(("softmax", "log_softmax"))
    g.emit(f"train.{op} {x} {g.rng.randrange(len(shape))} : {of(shape)}", shape)


def layer_norm(g):
    x, shape = g.pick(lambda shape: len(shape) > 1 and shape[-1] > 1)
    row = shape[-1:]
    scale, bias = (g.pick(lambda other: other == row) for _ in range(2))
    if scale and bias:
        text = f"train.layer_norm {x}, {scale[0]}, {bias[0]} axis {len(shape) - 1} epsilon 0.1"
        types = f"{of(shape)}, {of(row)} -> {of(shape)}, {of(shape[:-1])}"
        g.emit(f"{text} : {types}", shape, results=3)


OPS = [unary, unary, positive, binary, binary, binary, reduce, reshape, transpose, broadcast]
OPS += [slice_, pad, concat, dot, dot, softmax, layer_norm]


def function(name, rng):
    g = Graph(name, rng)
    # A matrix and a vector, so that every op finds an operand.
    g.inputs += [(3, 4), (4,)]
    g.values += [("%a" + str(len(g.inputs) - 2), (3, 4)), ("%a" + str(len(g.inputs) - 1), (4,))]
    for _ in range(rng.randint(6, 14)):
        rng.choice(OPS)(g)
    results = g.values[-rng.randint(1, 3) :]
    arguments = ", ".join(f"%a{i}: {of(shape)}" for i, shape in enumerate(g.inputs))
    types = ", ".join(of(shape) for _, shape in results)
    names = ", ".join(value for value, _ in results)
    body = "".join(f"  {line}\n" for line in g.lines)
    return f"func.func @{name}({arguments}) -> ({types}) {{\n{body}  return {names} : {types}\n}}\n"


if __name__ == "__main__":
    seed, count = int(sys.argv[1]), int(sys.argv[2])
    for index in range(count):
        print(function(f"f{index}", random.Random(seed * 1000 + index)))
