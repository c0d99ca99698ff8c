#!/usr/bin/env python3
"""quoted.py ROOT PAGE: blocks behind `<!-- in: FILE -->` must stand in that file as they are."""

import pathlib
import re
import sys

root, page = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
blocks = re.findall(r"<!-- in: (\S+) -->\n```\w*\n(.*?)```", page.read_text(), re.S)
for file, code in blocks:
    if code not in (root / file).read_text():
        sys.exit(f"{page}: {file} does not hold\n{code}")
print(f"{len(blocks)} quotations")
