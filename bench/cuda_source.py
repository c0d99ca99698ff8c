"""What the text of an emitted package says: the calls of a step, what each kernel loads, stores and
computes, and what nvcc reports of its resources."""

import dataclasses
import re
import subprocess
import sys

SIZES = {"bool": 1, "int8_t": 1, "int16_t": 2, "int32_t": 4, "float": 4, "int64_t": 8, "double": 8}
KERNEL = re.compile(
    r"((?://[^\n]*\n)+)__global__ __launch_bounds__\((\d+)\) "
    r"void (\w+)\(([^)]*)\) \{\n(.*?)\n\}\n",
    re.S,
)
FORM = re.compile(r"// (?:(\d+)(?: x (\d+)| elements)|parts of [^:\n]*): ([^\n]*)\n$")
BUFFER = re.compile(r"(\w+) \*(\w+) = part\.at<")
FOUR = re.compile(r"\b(?:load|store)Four\((\w+),")  # a thread's elements of a buffer, as a vector
TABLE = re.compile(r"__device__ const Part<\d+> (\w+)\[\] = \{\n(.*?)\n\};", re.S)
PART = re.compile(r"\{\d+, (\d+), (\d+), \{")
PARAMETER = re.compile(r"(\w+) \*(?:__restrict__ )?(\w+)$")
STEP_CALL = re.compile(
    r'^  (?:LAUNCH\(step\.at\("(?:[^"\\]|\\.)*"\),\s*(\w+)|(\w+)\(step\.at\()', re.M
)
PARTS_LAUNCH = re.compile(
    r'^  LAUNCH\(step\.at\("(?:[^"\\]|\\.)*"\),\s*(\w+),[^;]*?step\.parts\((\w+)\)', re.M
)
QUOTIENT = re.compile(r"\bint\d+_t (\w+) = i / (\d+);")
FLOAT_LINE = re.compile(r"^ *(?:(?:float|double) \w+|\w+(?:\[[^\]]*\])*) = (.*);$")
INTEGER_LINE = re.compile(r"^ *(?:u?int\d+_t|bool) ")
OPERATOR = re.compile(r"(?<=[\w)\]]) [-+*/] |\b[a-z]\w*\(")  # and functions, such as expf(
INDEX = re.compile(r"\(int\d+_t\) \([^()]*\)")  # a number that an index becomes
ENTRY = re.compile(r"Compiling entry function '(\w+)' for.*?Used (\d+) registers([^\n]*)", re.S)

# A multiprocessor of compute capability 9.0.
MAX_WARPS, MAX_BLOCKS, REGISTERS, SHARED = 64, 32, 65536, 233472
BLOCK_SHARED = 1024  # that the system takes of each block's


@dataclasses.dataclass
class Kernel:
    """Bytes and flops of one launch."""

    form: str
    threads: int
    bytes: int
    flops: int


def shared_by(index, quotients):
    """How many neighbouring positions an access serves: all (0) where its index is a number."""
    return 0 if index.isdigit() else quotients.get(index, 1)


def count_body(body, sizes, rows, columns, form):
    """Bytes and flops. What stands in a loop is done once per element, the rest once per row or,
    where a thread takes one or four elements, per thread; what neighbouring threads of such a
    kernel share, once for them all."""
    per_thread = {"a thread per element": 1, "a thread per four elements": 4}.get(form)
    elements = rows * columns
    access = re.compile(r"\b(" + "|".join(map(re.escape, sizes)) + r")\[([^\]]*)\]")
    quotients = {name: int(size) for name, size in QUOTIENT.findall(body)}
    moved = flops = loops = 0
    nest = []
    for line in body.splitlines():
        times = elements if loops else elements // per_thread if per_thread else rows
        moved += sum(sizes[name] * elements for name in FOUR.findall(line))
        for name, index in access.findall(line):
            sharing = shared_by(index, quotients) if per_thread else 1
            once_each = times if sharing == 1 else elements // sharing if sharing else 1
            moved += sizes[name] * once_each
        if (value := FLOAT_LINE.match(line)) and not INTEGER_LINE.match(line):
            flops += times * len(OPERATOR.findall(INDEX.sub("index", value[1])))
        if line.endswith("{"):
            nest.append(line.lstrip().startswith("for "))
            loops += nest[-1]
        elif line.strip() == "}":
            loops -= nest.pop()
    return moved, flops


def sizes_of(parameters, body):
    """Bytes of an element, by the name of a pointer: a parameter, or a buffer of a part."""
    types = [PARAMETER.search(parameter) for parameter in re.split(r",\s*", parameters)]
    pointers = [match.groups() for match in types if match] + BUFFER.findall(body)
    return {name: SIZES[element] for element, name in pointers}


def kernels_of(package, program):
    """By name; of kernels over parts, what the program's launches do on average."""
    kernels = {}
    launches = part_launches(package / "step.cu", program)
    for comment, threads, name, parameters, body in KERNEL.findall(
        (package / "kernels.cu").read_text()
    ):
        rows, columns, form = FORM.search(comment).groups()
        parts = launches.get(name, [[]])
        shapes = [part for one in parts for part in one]
        if rows:
            shapes = [(int(rows), int(columns or 1))]
        sizes = sizes_of(parameters, body)
        counts = [count_body(body, sizes, *shape, form) for shape in shapes]
        moved, flops = (sum(of) // len(parts) for of in zip(*counts)) if counts else (0, 0)
        kernels[name] = Kernel(form.split(",")[0], int(threads), moved, flops)
    return kernels


def body_of(text, program):
    begin = text.index(f"int32_t {program}(")
    return text[begin : text.index("\n}\n", begin)]


def part_launches(path, program):
    """By kernel, for each launch in the program the rows and columns of its parts."""
    text = path.read_text()
    tables = {
        name: [(int(rows), int(columns)) for rows, columns in PART.findall(lines)]
        for name, lines in TABLE.findall(text)
    }
    launches = {}
    for kernel, table in PARTS_LAUNCH.findall(body_of(text, program)):
        launches.setdefault(kernel, []).append(tables[table])
    return launches


def calls_of(path, program):
    """Kernels and routines in the order of a program."""
    body = body_of(path.read_text(), program)
    return [kernel or routine for kernel, routine in STEP_CALL.findall(body)]


def version_of(cuda):
    if not (cuda / "bin" / "nvcc").exists():
        return ""
    command = [cuda / "bin" / "nvcc", "--version"]
    printed = subprocess.run(command, capture_output=True, text=True).stdout
    return re.search(r"V([\d.]+)", printed)[1]


def plain_name(mangled):
    """'attentionForward<2>' of its mangled name."""
    text = subprocess.run(["c++filt", mangled], capture_output=True, text=True).stdout.strip()
    return re.sub(r"\(anonymous namespace\)::|dsc::cuda::|^void |\(.*$", "", text)


def resources_of(package, cuda):
    """Registers and bytes of shared memory by kernel; empty without nvcc."""
    nvcc = cuda / "bin" / "nvcc"
    found = {}
    sources = [package / "kernels.cu", *sorted((package / "runtime/device/cuda").glob("*.cu"))]
    for source in sources if nvcc.exists() else ():
        flags = ("-std=c++20", "-O3", "-arch=sm_90", "-Xptxas", "-v", "-cubin", "-o", "/dev/null")
        include = (f"-I{package}", f"-I{package / 'runtime'}")
        result = subprocess.run([nvcc, *flags, *include, source], capture_output=True, text=True)
        if result.returncode:
            sys.exit(f"error: nvcc cannot compile {source.name}: {result.stderr.strip()}")
        for mangled, registers, rest in ENTRY.findall(result.stderr):
            shared = re.search(r"(\d+) bytes smem", rest)
            facts = {"registers": int(registers), "shared": int(shared[1]) if shared else 0}
            found[plain_name(mangled)] = facts
    return found


def occupancy(resources, threads):
    """The facts with the share of a multiprocessor's warps that fit at once."""
    if not resources:
        return {}
    warps = (threads + 31) // 32
    per_warp = -(-resources["registers"] * 32 // 256) * 256
    by_registers = REGISTERS // per_warp // 4 * 4 // warps
    by_shared = SHARED // (resources["shared"] + BLOCK_SHARED)
    blocks = min(MAX_BLOCKS, MAX_WARPS // warps, by_registers, by_shared)
    return {**resources, "occupancy": blocks * warps / MAX_WARPS}


def routine_kernels(resources, kernels):
    """The runtime's own attention kernels; 256 threads each."""
    return [
        {"name": name, **occupancy(facts, 256)}
        for name, facts in resources.items()
        if name.startswith("attention") and name not in kernels
    ]
