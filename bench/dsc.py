"""What the bench asks of dsc's tools: export and compile a model, make data, profile, peaks."""

import array
import collections
import contextlib
import dataclasses
import itertools
import json
import pathlib
import random
import re
import shutil
import struct
import subprocess
import sys

import rows

ROOT = pathlib.Path(__file__).resolve().parents[1]
BIN = ROOT / "build" / "bin"
OUT = ROOT / "out" / "bench"
PEAKS = ("gemm_gflops", "copy_gigabytes_per_second", "update_gigabytes_per_second")
CODES = {"f32": ("f", "<f4"), "f64": ("d", "<f8"), "i64": ("q", "<i8"), "i32": ("i", "<i4")}


def run_tool(*command):
    """Runs a command and returns what it prints; ends with its error line if it fails."""
    try:
        result = subprocess.run([str(word) for word in command], capture_output=True, text=True)
    except FileNotFoundError:
        sys.exit(f"error: there is no {command[0]}; run scripts/install and scripts/build first")
    if result.returncode:
        sys.exit(f"{result.stderr.strip() or f'error: {command[0]} failed'}")
    return result.stdout


@contextlib.contextmanager
def quiet_interrupt():
    """Ctrl-C ends a command without a trace of where it was."""
    try:
        yield
    except KeyboardInterrupt:
        sys.exit("interrupted")


@dataclasses.dataclass
class Peaks:
    """This host's gemm rate, and its memory's rates in GB/s: of a copy, of an update in place."""

    gflops: float
    copy: float
    update: float

    @property
    def memory(self):
        """The rate that nothing which moves memory exceeds."""
        return max(self.copy, self.update)

    def milliseconds(self, flops, moved):
        """The longer of computing and moving."""
        return max(flops / self.gflops, moved / self.memory) * 1e-6

    def best(self, other):
        return Peaks(*map(max, dataclasses.astuple(self), dataclasses.astuple(other)))

    def describe(self):
        return dict(zip(PEAKS, dataclasses.astuple(self), strict=True))


def measure_peaks():
    peaks = json.loads(run_tool(BIN / "dsc-probe"))
    return Peaks(*(peaks[name] for name in PEAKS))


def settle_memory():
    """Rates in GB/s at which new memory was written, the first time and again (memory.py)."""
    return json.loads(run_tool(sys.executable, "-B", ROOT / "bench" / "memory.py"))


def export(name):
    """The ONNX file of a row, made by PyTorch unless it is there already."""
    path = OUT / f"{name}.onnx"
    if not path.exists():
        run_tool(ROOT / "scripts" / "python-env")
        OUT.mkdir(parents=True, exist_ok=True)
        partial = path.with_suffix(".partial.onnx")
        run_tool(ROOT / ".venv" / "bin" / "python", ROOT / "bench" / "models.py", name, partial)
        partial.rename(path)
    return path


def compile_row(name, *flags):
    trainer = OUT / f"{name}-trainer"
    task = ["--batch", rows.ROWS[name].batch, "--loss", rows.LOSS]
    run_tool(BIN / "dsc-compile", export(name), "-o", trainer, *task, *flags)
    return trainer


def program_bytes(trainer):
    """What a trainer takes without its weights: the ELF image, which its section headers end."""
    with open(trainer, "rb") as file:
        header = file.read(64)
    (headers,) = struct.unpack_from("<Q", header, 40)
    size, count = struct.unpack_from("<HH", header, 58)
    return headers + size * count


def compile_file(model, *flags):
    OUT.mkdir(parents=True, exist_ok=True)
    trainer = OUT / f"{model.stem}-trainer"
    run_tool(BIN / "dsc-compile", model, "-o", trainer, *flags)
    return trainer


def read_inputs(trainer):
    """Name, type, shape and bound (0: none) of each array that the trainer's data must have."""
    lines = run_tool(trainer, "--info").split("inputs\n")[1].splitlines()
    for line in lines:
        name, kind, shape, bound = re.fullmatch(
            r"  (.*) (\w+)\[(.*?)\](?: below (\d+))?", line
        ).groups()
        yield name, kind, [int(size) for size in shape.split(",")], int(bound or 0)


def random_values(kind, count, bound, draw):
    code = CODES[kind][0]
    if bound:
        return array.array(code, draw.choices(range(bound), k=count))
    if kind.startswith("i"):
        return array.array(code, draw.choices(range(2), k=count))
    return array.array(code, (byte / 128 - 1 for byte in draw.randbytes(count)))


def write_npy(path, kind, shape, values):
    size = "".join(f"{extent}, " for extent in shape)
    header = f"{{'descr': '{CODES[kind][1]}', 'fortran_order': False, 'shape': ({size}), }}"
    header = header.ljust(117) + "\n"  # the data begins at byte 128
    with open(path, "wb") as file:
        file.write(b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header.encode())
        values.tofile(file)


def make_data(trainer, folder, batches=4):
    """A folder of random arrays that fit the trainer's inputs, a few batches long; made anew,
    and whole or not at all."""
    partial = folder.with_name(f"{folder.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    draw = random.Random(1)
    for name, kind, shape, bound in read_inputs(trainer):
        shape[0] *= batches
        count = 1
        for extent in shape:
            count *= extent
        write_npy(partial / f"{name}.npy", kind, shape, random_values(kind, count, bound, draw))
    shutil.rmtree(folder, ignore_errors=True)
    return partial.rename(folder)


def profile(trainer, data, steps):
    """Per step but the first and last: microseconds until the next begins, and its calls."""
    path = OUT / "profile.json"
    run_tool(trainer, "--data", data, "--steps", steps + 2, "--no-shuffle", "--profile", path)
    events = json.loads(path.read_text())["traceEvents"]
    begins = [event["ts"] for event in events if event["name"].startswith("step ")][1:]
    calls = collections.deque(event for event in events if "origin" in event.get("args", {}))
    while calls and calls[0]["ts"] < begins[0]:
        calls.popleft()
    for begin, end in itertools.pairwise(begins):
        inside = []
        while calls and calls[0]["ts"] < end:
            inside.append(calls.popleft())
        yield end - begin, inside
