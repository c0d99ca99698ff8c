#!/usr/bin/env python3
"""Writes the King James Bible (Debian package bible-kjv) as token files of bytes.

OUT/train.bin and OUT/heldout.bin (the last tenth): a header of 256 int32 (magic 20240520, version
1, count), then the tokens as uint16. Does nothing where both are there already.
"""

import argparse
import array
import os
import pathlib
import subprocess
import sys

MAGIC, VERSION = 20240520, 1


def read_bible():
    try:
        result = subprocess.run(
            ["bible", "-f", "Gen1:1-Rev22:21"],
            capture_output=True,
            check=True,
            stdin=subprocess.DEVNULL,
        )
    except FileNotFoundError:
        sys.exit("error: no program called bible: install the package bible-kjv (scripts/install)")
    except subprocess.CalledProcessError as error:
        sys.exit(f"error: bible failed: {error.stderr.decode(errors='replace').strip()}")
    return result.stdout


def write_tokens(path, text):
    """Atomically: an interrupted run leaves no half file that a later one would take for whole."""
    header = array.array("i", [MAGIC, VERSION, len(text)] + [0] * 253)
    partial = path.with_suffix(".partial")
    partial.write_bytes(header.tobytes() + array.array("H", list(text)).tobytes())
    os.replace(partial, path)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("-o", type=pathlib.Path, required=True, metavar="OUT")
    out = parser.parse_args().o
    files = out / "train.bin", out / "heldout.bin"
    if all(file.exists() for file in files):
        return
    text = read_bible()
    if len(text) < 4_000_000:
        sys.exit(f"error: bible printed {len(text)} bytes, expected more than four million")
    out.mkdir(parents=True, exist_ok=True)
    cut = len(text) - len(text) // 10
    for file, part in zip(files, (text[:cut], text[cut:])):
        write_tokens(file, part)
        print(f"{file}: {len(part)} tokens")


if __name__ == "__main__":
    main()
