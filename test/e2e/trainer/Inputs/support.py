"""What the tests of the trainer share: the file formats written by hand, and checks.

Only the standard library: formats are written here a second time, from their
descriptions, so that the runtime's readers and writers are compared with
something that is not themselves.
"""
import json
import os
import shutil
import struct
import subprocess
import sys
import zipfile

TYPES = {"F32": "f", "F64": "d", "I64": "q", "I32": "i", "U8": "B"}
DESCR = {"f": "<f4", "d": "<f8", "q": "<i8", "i": "<i4", "h": "<i2", "B": "|u1", "H": "<u2",
         "Q": "<u8", "?": "|b1", "e": "<f2"}


def npy(code, shape, values, fortran=False):
    dims = "(" + "".join(f"{size}, " for size in shape) + ")"
    header = "{'descr': '%s', 'fortran_order': %s, 'shape': %s, }" % (DESCR[code], fortran, dims)
    header += " " * ((64 - (len(header) + 11) % 64) % 64) + "\n"
    data = struct.pack(f"<{len(values)}{code}", *values)
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode() + data


def write_npz(path, arrays, compress=False):
    method = zipfile.ZIP_DEFLATED if compress else zipfile.ZIP_STORED
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, array in arrays.items():
            archive.writestr(name + ".npy", npy(*array))


def read_npz(path):
    """name -> (shape, values)"""
    result = {}
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        for name in archive.namelist():
            data = archive.read(name)
            length, = struct.unpack("<H", data[8:10])
            header = eval(data[10:10 + length].decode())
            assert header["descr"] == "<f4" and not header["fortran_order"]
            body = data[10 + length:]
            result[name[:-4]] = (header["shape"], struct.unpack(f"<{len(body) // 4}f", body))
    return result


def safetensors(tensors, metadata=None):
    """tensors: name -> (dtype, shape, values)"""
    header, body = {}, b""
    if metadata:
        header["__metadata__"] = metadata
    for name, (dtype, shape, values) in tensors.items():
        data = struct.pack(f"<{len(values)}{TYPES[dtype]}", *values)
        offsets = [len(body), len(body) + len(data)]
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": offsets}
        body += data
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + body


def read_safetensors(path):
    """name -> (dtype, shape, values), metadata"""
    data = open(path, "rb").read()
    length, = struct.unpack("<Q", data[:8])
    header = json.loads(data[8:8 + length])
    body, metadata, result = data[8 + length:], header.pop("__metadata__", {}), {}
    for name, entry in header.items():
        begin, end = entry["data_offsets"]
        code = TYPES[entry["dtype"]]
        values = struct.unpack(f"<{(end - begin) // struct.calcsize(code)}{code}", body[begin:end])
        result[name] = (entry["dtype"], entry["shape"], values)
    return result, metadata


def token_file(path, tokens, magic=20240520, count=None):
    header = [magic, 1, len(tokens) if count is None else count] + [0] * 253
    with open(path, "wb") as file:
        file.write(struct.pack("<256i", *header) + struct.pack(f"<{len(tokens)}H", *tokens))


def add_payload(path, weights, model=b""):
    """Appends the sections and the footer of docs/TrainerFormat.md to an executable."""
    with open(path, "ab") as file:
        places = []
        for section in (weights, model):
            file.write(b"\0" * (-file.tell() % 4096))
            places += [file.tell(), len(section)]
            file.write(section)
        file.write(b"dsc-payload-v1\0\0" + struct.pack("<4Q", *places) + b"\0" * 16)


class Random:
    """A small generator of our own, so that data does not depend on Python's version."""

    def __init__(self, seed):
        self.state = seed * 2654435761 % 2**32 or 1

    def next(self):
        self.state = (self.state * 1103515245 + 12345) % 2**31
        return self.state / 2**31

    def uniform(self, low, high):
        return low + (high - low) * self.next()


CLASSIFIER_WEIGHTS = {
    "fc.weight": ("F32", [3, 5], [((7 * i) % 11 - 5) / 20 for i in range(15)]),
    "fc.bias": ("F32", [3], [0.1, -0.2, 0.05]),
    "x.mean": ("F32", [5], [0.0] * 5),
}


def classifier_data(samples, seed=1):
    """Features whose largest of the first three tells the class, and the labels."""
    random = Random(seed)
    x = [random.uniform(-1, 1) for _ in range(samples * 5)]
    rows = [x[5 * i:5 * i + 3] for i in range(samples)]
    return x, [row.index(max(row)) for row in rows]


def classifier_arrays(samples, seed=1):
    x, labels = classifier_data(samples, seed)
    return {"x": ("f", [samples, 5], x), "labels": ("q", [samples], labels)}


class Workspace:
    """A folder with a trainer in it."""

    def __init__(self, bin_dir, folder, fake="classifier", weights=None, model=b""):
        shutil.rmtree(folder, ignore_errors=True)
        os.makedirs(folder)
        self.folder = folder
        self.trainer = self.path("trainer")
        shutil.copy(os.path.join(bin_dir, "dsc-fake-" + fake), self.trainer)
        if weights is None and fake == "classifier":
            weights = CLASSIFIER_WEIGHTS
        if weights is not None:
            add_payload(self.trainer, safetensors(weights), model)

    def path(self, name):
        return os.path.join(self.folder, name)

    def run(self, *arguments, env=None, timeout=300):
        """The timeout is for hangs: threads that wait for others are slow on a busy machine."""
        if "--threads" not in arguments:
            arguments += ("--threads", 1)  # quicker where many tests share the processors
        return subprocess.run([self.trainer, *map(str, arguments)], capture_output=True, text=True,
                              timeout=timeout, env={**os.environ, **(env or {})}, errors="replace")

    def good(self, *arguments, **options):
        result = self.run(*arguments, **options)
        expect(result.returncode == 0, f"{arguments}: exit {result.returncode}\n{result.stderr}")
        return result

    def bad(self, status, words, *arguments, **options):
        """Exactly one error line, holding every one of `words`, and the status."""
        result = self.run(*arguments, **options)
        lines = [line for line in result.stderr.splitlines() if line.startswith("error: ")]
        expect(result.returncode == status,
               f"{arguments}: exit {result.returncode}, expected {status}\n{result.stderr}")
        expect(len(lines) == 1 and result.stderr.endswith(lines[0] + "\n"),
               f"{arguments}: expected one error line, got\n{result.stderr}")
        for word in words:
            expect(word in lines[0], f"{arguments}: '{word}' is not in\n{lines[0]}")
        leftovers = [name for name in self.all_files()
                     if ".tmp" in os.path.basename(name)]
        expect(not leftovers, f"{arguments}: left behind {leftovers}")
        return result

    def all_files(self):
        return [os.path.join(root, name) for root, _, names in os.walk(self.folder)
                for name in names]

    def metrics(self, name="metrics.jsonl"):
        return [json.loads(line) for line in open(self.path(name))]


def expect(condition, message):
    if not condition:
        print("FAILED: " + message)
        sys.exit(1)


def close(a, b, tolerance=1e-5):
    return abs(a - b) <= tolerance * max(1.0, abs(a), abs(b))
