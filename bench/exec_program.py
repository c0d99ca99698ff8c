"""The calls of a program in the text of exec IR: what each costs, and what a fusion would save."""

import dataclasses
import math
import re
import sys

BITS = {"bf16": 16, "index": 64}
TENSOR = re.compile(r"tensor<((?:\d+x)*)(\w+)>")
VALUE = re.compile(r"%[\w.$-]+(?:#\d+)?")
OPERATION = re.compile(r"^ *(?:(%[\w.$-]+)(?::(\d+))? = )?exec\.(\w+) ?(.*)$", re.MULTILINE)
CALL = re.compile(r'(@[^(]*|"\w+")\(([^)]*)\)(.*) : \((.*?)\) -> (.*)$')
BATCH = re.compile(r"^ batch (\d+)")
FLOPS = re.compile(r"\bflops = (\d+)")


def bytes_of(dims, element):
    """Of a tensor's type; a bool takes a byte."""
    count = math.prod(int(size) for size in dims.split("x") if size)
    bits = BITS.get(element) or int(element[1:])
    return count * max(1, bits // 8)


@dataclasses.dataclass
class Call:
    """A launch of a kernel or of a batch of them, or a library call. Operands are distinct."""

    is_launch: bool
    operands: dict  # value -> bytes
    results: dict
    flops: int
    depth: int = 0  # library calls that must come before
    is_update: bool = False  # writes a variable

    def join(self, other):
        self.operands |= other.operands
        self.results |= other.results
        self.flops += other.flops

    @property
    def bytes(self):
        """The least that must be moved: every operand and result once."""
        return sum(self.operands.values()) + sum(self.results.values())


class Program:
    def __init__(self):
        self.calls = []
        self.batch = None  # of the last call
        self.aliases = {}  # views
        self.kept = set()  # values that variables hold later, or that are results

    def resolve(self, value):
        while value in self.aliases:
            value = self.aliases[value]
        return value

    def add(self, result, count, operation, rest):
        if operation in ("launch", "call"):
            self.add_call(result, int(count or 0), operation, rest)
        elif operation == "view":
            self.aliases[result] = VALUE.match(rest)[0]
        elif operation in ("write", "return"):
            self.kept |= {self.resolve(value) for value in VALUE.findall(rest)}
        elif operation == "repeat":
            sys.exit("error: the program has micro-batches; compile it with --microbatches 1")

    def add_call(self, result, count, operation, rest):
        match = CALL.match(rest)
        operands = [self.resolve(value) for value in VALUE.findall(match[2])]
        sizes = [bytes_of(*tensor) for tensor in TENSOR.findall(match[4])]
        results = [f"{result}#{i}" for i in range(count)] if count else [result]
        made = [bytes_of(*tensor) for tensor in TENSOR.findall(match[5])]
        flops = FLOPS.search(match[3])
        call = Call(
            operation == "launch",
            dict(zip(operands, sizes, strict=True)),
            dict(zip(results, made, strict=True)),
            int(flops[1]) if flops else 0,
        )
        batch = BATCH.match(match[3])
        if batch and self.batch == batch[1]:
            self.calls[-1].join(call)
        else:
            self.calls.append(call)
        self.batch = batch and batch[1]

    def finish(self):
        depths = {}
        for call in self.calls:
            before = max((depths.get(value, 0) for value in call.operands), default=0)
            call.depth = before + (not call.is_launch)
            call.is_update = call.is_launch and not self.kept.isdisjoint(call.results)
            depths |= dict.fromkeys(call.results, call.depth)

    def fused_bytes(self):
        """What launches move if those between the same library calls are one kernel: what comes
        from elsewhere is read once, what is used elsewhere is written once."""
        makers = {value: call for call in self.calls for value in call.results}
        launches = [call for call in self.calls if call.is_launch]
        reads, written = {}, {}
        for call in self.calls:
            for value, size in call.operands.items():
                maker = makers.get(value)
                inside = maker and maker.is_launch and call.is_launch and maker.depth == call.depth
                if inside:
                    continue
                if call.is_launch:
                    reads[value, call.depth] = size
                if maker and maker.is_launch:
                    written[value] = size
        for call in launches:
            written |= {value: size for value, size in call.results.items() if value in self.kept}
        return sum(reads.values()) + sum(written.values())

    def calls_per_layer(self, names):
        """Calls from one attention to the next, where there are two; updates counted apart."""
        layer = {}
        for direction, routine in (("forward", "attention"), ("backward", "attentionGrad")):
            places = [i for i, name in enumerate(names) if name == routine]
            if len(places) > 1:
                part = self.calls[places[0] : places[1]]
                updates = sum(call.is_update for call in part)
                layer[direction] = {
                    "calls": len(part) - updates,
                    "library": sum(not call.is_launch for call in part),
                    "updates": updates,
                }
        return layer


def parse(text, name):
    """The program `name` of exec IR."""
    begin = text.index(f"exec.program @{name}(")
    body = text[text.index("\n", begin) : text.index("\n  }", begin)]
    program = Program()
    for result, count, operation, rest in OPERATION.findall(body):
        program.add(result, count, operation, rest)
    program.finish()
    return program
