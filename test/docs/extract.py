"""Writes the files that a page of docs shows: `<!-- file: NAME -->` before a code block.

  extract.py PAGE.md FOLDER
"""

import pathlib
import re
import sys

BLOCK = re.compile(r"<!-- file: (\S+) -->\n```\w*\n(.*?)```", re.DOTALL)

if __name__ == "__main__":
    page, folder = map(pathlib.Path, sys.argv[1:])
    folder.mkdir(parents=True, exist_ok=True)
    blocks = BLOCK.findall(page.read_text())
    if not blocks:
        sys.exit(f"error: {page} shows no file")
    for name, text in blocks:
        (folder / name).write_text(text)
