#!/usr/bin/env python3
"""Prints random kernels for dsc-kernel-check: random_kernels.py SEED COUNT [TYPE].

Each kernel draws a domain (P..., Q...), then a few generics on it: row work,
element work and reductions, on new operands (broadcast, permuted, strided,
reversed) and on values computed before, some of them results."""
import random
import sys

EXTENTS = [1, 1, 2, 3, 5, 7, 16, 17, 33, 64, 65]
NEUTRAL = {
    "addf": {"f32": "0.5", "f64": "0.5"},
    "maximumf": {"f32": "0xFF800000", "f64": "0xFFF0000000000000"},
    "minimumf": {"f32": "0x7F800000", "f64": "0x7FF0000000000000"},
}


class Kernel:
    def __init__(self, rng, name, element):
        self.rng, self.name, self.element = rng, name, element
        self.arguments, self.lines, self.values = [], [], []
        self.count = 0
        self.num_p = rng.randint(0, 3)
        self.extents = [rng.choice(EXTENTS) for _ in range(self.num_p + rng.randint(0, 2))]
        while self.size() > 40000:
            self.extents[self.extents.index(max(self.extents))] = 2

    def size(self):
        size = 1
        for extent in self.extents:
            size *= extent
        return size

    def fresh(self, prefix):
        self.count += 1
        return f"%{prefix}{self.count}"

    def tensor(self, shape):
        return "tensor<" + "".join(f"{extent}x" for extent in shape) + self.element + ">"

    def rank(self, over_q):
        return len(self.extents) if over_q else self.num_p

    def map(self, over_q, expressions):
        dims = ", ".join(f"d{i}" for i in range(self.rank(over_q)))
        return f"affine_map<({dims}) -> ({', '.join(expressions)})>"

    def argument(self, type):
        name = self.fresh("in")
        self.arguments.append(f"{name}: {type}")
        return name

    def new_operand(self, over_q):
        """Some of the dims in some order, moved along in some way."""
        dims = list(range(self.rank(over_q)))
        if self.rng.random() < 0.7:
            self.rng.shuffle(dims)
        if self.rng.random() < 0.4:
            dims = dims[: self.rng.randint(0, len(dims))]
        shape, expressions = [], []
        for d in dims:
            extent = self.extents[d]
            way = self.rng.choices(["plain", "strided", "reversed", "fixed"], [75, 10, 8, 7])[0]
            size, expression = {
                "plain": (extent, f"d{d}"),
                "strided": (2 * extent, f"d{d} * 2 + 1"),
                "reversed": (extent + 3, f"{extent + 2} - d{d}"),
                "fixed": (1, "0"),
            }[way]
            shape.append(size)
            expressions.append(expression)
        type = self.tensor(shape)
        return self.argument(type), type, self.map(over_q, expressions)

    def operand(self, over_q):
        known = [value for value in self.values if over_q or not value[1]]
        if known and self.rng.random() < 0.6:
            name, _, shape, expressions = self.rng.choice(known)
            return name, self.tensor(shape), self.map(over_q, expressions)
        return self.new_operand(over_q)

    def output(self, over_q):
        dims = list(range(self.rank(over_q)))
        if self.rng.random() < 0.3:
            self.rng.shuffle(dims)
        return [self.extents[d] for d in dims], [f"d{d}" for d in dims]

    def initial(self, combiner, type):
        if combiner and self.rng.random() < 0.3:
            return self.argument(type)
        empty = self.fresh("e")
        self.lines.append(f"  {empty} = tensor.empty() : {type}")
        if not combiner:
            return empty
        constant, filled = self.fresh("c"), self.fresh("f")
        neutral = NEUTRAL[combiner][self.element]
        self.lines += [
            f"  {constant} = arith.constant {neutral} : {self.element}",
            f"  {filled} = linalg.fill ins({constant} : {self.element})"
            f" outs({empty} : {type}) -> {type}",
        ]
        return filled

    def body(self, num_operands, over_q, combiner):
        """Lines of a body and the value it yields; values stay near 1."""
        lines, current = [], "%b0"

        def emit(text):
            nonlocal current
            current = self.fresh("t")
            lines.append(f"    {current} = {text}")
            return current

        e = self.element
        for i in range(1, num_operands):
            name = self.rng.choice(["addf", "subf", "mulf", "maximumf"])
            emit(f"arith.{name} {current}, %b{i} : {e}")
        if self.rng.random() < 0.3:
            emit(f"math.{self.rng.choice(['tanh', 'sin', 'absf'])} {current} : {e}")
        if self.rank(over_q) and self.rng.random() < 0.25:
            value = current
            emit(f"linalg.index {self.rng.randrange(self.rank(over_q))} : index")
            emit(f"arith.index_cast {current} : index to i32")
            emit(f"arith.sitofp {current} : i32 to {e}")
            emit(f"arith.subf {value}, {current} : {e}")
        value = current
        emit(f"arith.constant 0.125 : {e}")
        emit(f"arith.mulf {value}, {current} : {e}")
        if combiner:
            pair = [current, "%acc"]
            self.rng.shuffle(pair)
            emit(f"arith.{combiner} {pair[0]}, {pair[1]} : {e}")
        return lines, current

    def generic(self):
        has_q = self.num_p < len(self.extents)
        kind = self.rng.choice(["row", "element", "reduction", "element"]) if has_q else "row"
        over_q = kind != "row"
        operands = [self.operand(over_q) for _ in range(self.rng.randint(1, 3))]
        combiner = self.rng.choice(sorted(NEUTRAL)) if kind == "reduction" else None
        if combiner:  # linalg infers the extents of Q from a plain operand
            shape, expressions = self.output(True)
            type = self.tensor(shape)
            operands.insert(0, (self.argument(type), type, self.map(True, expressions)))
        shape, expressions = self.output(kind == "element")
        type = self.tensor(shape)
        init = self.initial(combiner, type)
        lines, yielded = self.body(len(operands), over_q, combiner)
        maps = [map for _, _, map in operands] + [self.map(over_q, expressions)]
        inner = '"reduction"' if combiner else '"parallel"'
        iterators = ['"parallel"'] * self.num_p + [inner] * (self.rank(over_q) - self.num_p)
        names = [f"%b{i}" for i in range(len(operands))] + ["%acc"]
        arguments = [f"{name}: {self.element}" for name in names]
        sources = ", ".join(operand[0] for operand in operands)
        types = ", ".join(operand[1] for operand in operands)
        result = self.fresh("v")
        self.lines += [
            f"  {result} = linalg.generic {{indexing_maps = [{', '.join(maps)}],",
            f"      iterator_types = [{', '.join(iterators)}]}}",
            f"      ins({sources} : {types}) outs({init} : {type}) {{",
            f"  ^bb0({', '.join(arguments)}):",
            *lines,
            f"    linalg.yield {yielded} : {self.element}",
            f"  }} -> {type}",
        ]
        self.values.append((result, kind == "element", shape, expressions))

    def __str__(self):
        for _ in range(self.rng.randint(1, 6)):
            self.generic()
        results = [v for v in self.values[:-1] if self.rng.random() < 0.4] + self.values[-1:]
        types = ", ".join(self.tensor(v[2]) for v in results)
        return "\n".join([
            f"func.func @{self.name}({', '.join(self.arguments)}) -> ({types}) {{",
            *self.lines,
            f"  return {', '.join(v[0] for v in results)} : {types}",
            "}",
        ])


seed, count = int(sys.argv[1]), int(sys.argv[2])
rng = random.Random(seed)
for i in range(count):
    print(Kernel(rng, f"random_{seed}_{i}", sys.argv[3] if len(sys.argv) > 3 else "f64"))
