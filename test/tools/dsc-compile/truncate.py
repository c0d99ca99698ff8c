#!/usr/bin/env python3
"""truncate.py MODEL FOLDER: writes the model cut at many lengths, each of which must be refused.

Protobuf's end is the end of the file, so a cut right between two fields of the outermost message
may still be a whole model: such a cut is left out (it has the graph and the opset).
"""

import pathlib
import sys


def main():
    whole = pathlib.Path(sys.argv[1]).read_bytes()
    folder = pathlib.Path(sys.argv[2])
    folder.mkdir()
    size = len(whole)
    for length in [1, 2, 7, 100, size // 3, size // 2, size - size // 10]:
        (folder / f"at-{length}.onnx").write_bytes(whole[:length])


if __name__ == "__main__":
    main()
