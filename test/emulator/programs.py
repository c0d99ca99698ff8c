"""Programs that a mutation test runs: how each is built and run, and what it computes.

Packages that dsc-compile emits for models of test/models, and programs of Inputs/ with a part of
the runtime. Each is built in three modes: plain, and with either sanitizer.
"""

import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import sites

HERE = pathlib.Path(__file__).resolve().parent
SOURCE = HERE.parents[1]
sys.path.append(str(SOURCE / "test" / "e2e"))
import tensors  # noqa: E402

COMPARE = SOURCE / "test" / "e2e" / "compare.py"
COMPILER = "ccache clang++-22 -Werror"  # as other tests of packages, whose objects these share
MODES = ("plain", "address", "thread")
# Orders of the emulator's work: of every mutant's runs, and of those that survive these.
SEEDS = {"plain": (1, 2, 3), "address": (1,), "thread": (1, 2)}
MORE_SEEDS = {"plain": (4, 5, 6), "address": (2,), "thread": (3, 4, 5, 6)}
REPORTS = {
    "ERROR: AddressSanitizer": "AddressSanitizer",
    "WARNING: ThreadSanitizer": "ThreadSanitizer",
    "error: emulator": "emulator",  # also before a report of AddressSanitizer
}
# Until a mutant is taken not to end: seconds that it computes, whatever else the machine does.
PATIENCE = 120


def run(*command, **options):
    """Runs a command that must succeed."""
    command = [str(word) for word in command]
    result = subprocess.run(command, capture_output=True, text=True, **options)
    if result.returncode:
        sys.exit(f"error: {' '.join(command)}\n{result.stdout}{result.stderr}")
    return result.stdout


def environment(seed=1, number=0):
    """Of a build or a run: the order of the emulator's work, and the mutant."""
    return {
        **os.environ,
        "EMULATOR_SEED": str(seed),
        "MUTANT": str(number),
        "OMP_WAIT_POLICY": "passive",
        "ASAN_OPTIONS": "detect_leaks=0:detect_container_overflow=0",
        "TSAN_OPTIONS": "halt_on_error=1",
        "CCACHE_NOHASHDIR": "1",
    }


def reporter(result):
    """Who made a program end with an error."""
    if result.returncode == -signal.SIGXCPU:
        return "no end"
    text = result.stderr.decode(errors="replace")
    for part, name in REPORTS.items():
        if part in text:
            return name
    return "crash" if result.returncode < 0 else "the program"


class Program:
    """Something that is run with one site dropped; each mode's binary is FOLDER/MODE."""

    def __init__(self, name, folder):
        self.name, self.folder = name, folder
        self.seen = set()  # numbers of sites that matter somewhere in a right run
        self.expected = {}  # by mode: what a right run computes
        self.settled = set()  # modes and orders in which the right program was run
        self.seconds = 0.0  # that a plain run takes

    def outcome(self, mode, seed, number=0, **more):
        """Who reports the mutant, or None, and what was computed."""
        limit = ("prlimit", f"--cpu={PATIENCE}")
        pin = ("taskset", "-c", "0") if mode == "thread" else ()
        with tempfile.TemporaryDirectory() as results:
            for arguments in self.runs(mode, pathlib.Path(results)):
                command = [*limit, *pin, self.folder / mode, *map(str, arguments)]
                variables = environment(seed, number) | more
                result = subprocess.run(command, capture_output=True, env=variables)
                if result.returncode:
                    return reporter(result), result.stderr
            return None, self.computed(result, pathlib.Path(results))

    def settle(self, mode):
        """Runs the right program in several orders, which must compute the same."""
        seen, begin = self.folder / "seen", time.monotonic()
        more = {"MUTANTS_SEEN": str(seen)} if mode == "plain" else {}
        for seed in SEEDS[mode]:
            self.require_right(mode, seed, **more)
        if more:
            self.seen = {int(line) for line in seen.read_text().split()}
            self.seconds = (time.monotonic() - begin) / len(SEEDS[mode])

    def require_right(self, mode, seed, **more):
        """Ends the test if the right program is reported in this order, or computes other bits."""
        if (mode, seed) in self.settled:
            return
        report, computed = self.outcome(mode, seed, **more)
        if report or computed != self.expected.setdefault(mode, computed):
            text = computed.decode() if report else "other bits than in another order"
            sys.exit(f"error: {self.name}, {mode}, seed {seed}, without a mutant: {report}\n{text}")
        self.settled.add((mode, seed))

    def catcher(self, mode, number, seeds):
        """Who notices that a site is dropped; None if nobody does."""
        for seed in seeds:
            report, computed = self.outcome(mode, seed, number)
            if report or computed != self.expected[mode]:
                self.require_right(mode, seed)
                return report or "other bits"
        return None


def cut_rows(data, rows, out):
    """The first samples of an .npz."""
    arrays = tensors.read_npz(data).items()
    cut = {n: ((rows, *s[1:]), v[: len(v) // s[0] * rows]) for n, (s, v) in arrays}
    tensors.write_npz(out, cut)


class Package(Program):
    """What dsc-compile emits for a model, trained for a few steps on its golden's data."""

    def __init__(self, name, folder, model, batch):
        super().__init__(name, folder)
        self.data, self.one_batch = folder.parent / f"{name}.npz", folder.parent / f"{name}-1.npz"
        golden = SOURCE / "test" / "goldens" / f"{model}.npz"
        onnx = SOURCE / "test" / "models" / f"{model}-dynamo.onnx"
        run(sys.executable, COMPARE, "data", golden, "-o", self.data)
        cut_rows(self.data, batch, self.one_batch)
        flags = ("--loss", "cross-entropy", "--batch", batch, "--emit=cuda", "-o", folder)
        run("dsc-compile", onnx, *flags)

    def put_switches(self, before, runtime):
        """Switches its own kernels, numbered from before + 1, and takes the switched runtime."""
        for path, text in runtime.items():
            (self.folder / "runtime" / path).write_text(text)
        kernels, step = self.folder / "kernels.cu", self.folder / "step.cu"
        if sites.find_sites("step.cu", step.read_text()):
            sys.exit(f"error: {step} has barriers or waits, which nothing drops here")
        text = kernels.read_text()
        found = sites.find_sites(f"{self.name}/kernels.cu", text)
        sites.number(found, before)
        kernels.write_text(sites.put_switches(text, found))
        return found

    def build(self, mode):
        sanitize = "" if mode == "plain" else mode
        if sanitize:
            self.reuse_host_objects(mode)
        make = ("make", "-C", self.folder, "-j2", "emulate", f"SANITIZE={sanitize}")
        run(*make, f"CXX={COMPILER}", env=environment())
        (self.folder / "trainer-emulated").rename(self.folder / mode)

    def reuse_host_objects(self, mode):
        """Only what runs on the device, and the emulator, is built again for a sanitizer."""
        build = self.folder / "build"
        objects = build / f"emulate{mode}"
        shutil.copytree(build / "emulate", objects)
        if mode == "address":  # for threads the package takes the host's objects as they are
            shutil.copytree(build / "host", build / "hostaddress")
        for pattern in ("*.cu.o", "runtime/device/cuda/*.o", "runtime/emulator/*.o"):
            for path in objects.glob(pattern):
                path.unlink()

    def runs(self, mode, results):
        flags = ["--data", self.data, "--no-shuffle", "--threads", 1]
        steps = 1 if mode == "thread" else 3
        evaluate = ["--eval-data", self.one_batch, "--eval-every", steps]
        keep = ["--checkpoint-dir", results / "kept", "--checkpoint-every", steps]
        yield [*flags, "--steps", steps, "--clip-norm", 0.1, *evaluate, *keep]
        yield [*flags, "--dump-tensors", results / "tensors.npz"]

    def computed(self, result, results):
        """The state after the last step; outputs and gradients of a first one."""
        kept = sorted(results.rglob("*.safetensors"))
        return b"".join(path.read_bytes() for path in (*kept, results / "tensors.npz"))


class Unit(Program):
    """A program of Inputs/ with a part of the runtime, which it checks itself."""

    def __init__(self, name, folder, runtime, parts, arguments):
        super().__init__(name, folder)
        self.runtime, self.parts, self.arguments = runtime, parts, arguments
        folder.mkdir()

    def put_switches(self, before, runtime):
        return []  # it is built from the switched runtime itself

    def compile(self, mode, source, flags):
        out = self.folder / f"{source.name}-{mode}.o"
        include = (f"-I{self.runtime}", f"-I{self.runtime / 'emulator'}")
        base = (*COMPILER.split(), "-std=c++20", "-O1", *include, "-x", "c++")
        run(*base, *flags, "-c", source, "-o", out, env=environment())
        return out

    def build(self, mode):
        flags = () if mode == "plain" else ("-g", f"-fsanitize={mode}")
        own = [HERE / "Inputs" / f"{self.name}.cpp"]
        own += [self.runtime / "device" / "cuda" / part for part in self.parts]
        objects = [self.compile(mode, source, flags) for source in own]
        # The emulator's state is shared by all threads on purpose.
        quiet = ("-DDSC_TSAN",) if mode == "thread" else flags
        for source in sorted((self.runtime / "emulator").glob("*.cpp")):
            objects.append(self.compile(mode, source, quiet))
        run(*COMPILER.split(), *flags, *objects, "-o", self.folder / mode)

    def runs(self, mode, results):
        yield self.arguments.get(mode, self.arguments.get("plain", ()))

    def computed(self, result, results):
        return result.stdout


def make_programs(folder, names, runtime):
    """Those that are named, in the order below; all where none is."""

    def unit(name, *parts, **arguments):
        return lambda: Unit(name, folder / name, runtime, parts, arguments)

    def package(name, model, batch):
        return lambda: Package(name, folder / name, model, batch)

    known = {
        "recording": unit("recording", "Staging.cpp"),
        "scatter": unit("scatter", "Indexing.cu", "Move.cu"),
        "moves": unit("moves", "Indexing.cu", "Move.cu", thread=["small"]),
        "attention": unit(
            "attention",
            "Attention.cu",
            plain=[12],
            address=[6, "small"],
            thread=[2, "small"],
        ),
        "reduce": unit("reduce"),
        "pool": unit("pool", "Pool.cu", plain=[40], thread=[12]),
        "plain_conv": unit("plain_conv", "library/PlainConv.cu", plain=[40], thread=[8]),
        # Batches that fill no block, so that threads are left over.
        "mlp": package("mlp", "mlp-tiny", 7),
        "cnn": package("cnn", "cnn-tiny", 3),
        "gpt": package("gpt", "gpt-tiny", 3),
    }
    if unknown := set(names) - set(known):
        sys.exit(f"error: no program {', '.join(sorted(unknown))}; there are {', '.join(known)}")
    return [make() for name, make in known.items() if not names or name in names]
