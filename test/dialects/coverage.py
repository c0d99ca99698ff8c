"""Checks that lit tests cover a dialect: a round trip per op, a negative test per constraint.

  coverage.py OPS.md FOLDER     OPS.md from mlir-tblgen --gen-op-doc
"""

import pathlib
import re
import sys


def ops(page):
    """Yields each op's name and the constraint labels of its description."""
    for part in re.split(r"^### ", page, flags=re.MULTILINE)[1:]:
        name = re.match(r"`([\w.]+)`", part)
        if name:
            text = part.split("#### Attributes:")[0].split("#### Operands:")[0]
            labels = set(re.findall(r"\bC\d\b(?=:|,| as for)", text))
            yield name.group(1), sorted(labels)


def problems_of(page, folder):
    tests = {path.name: path.read_text() for path in folder.glob("*.mlir")}
    valid = "".join(text for name, text in tests.items() if not name.startswith("invalid"))
    invalid = "".join(text for name, text in tests.items() if name.startswith("invalid"))
    found = list(ops(page))
    if not found:
        yield "no ops found"
    for name, labels in found:
        if not re.search(rf"CHECK.*\b{name}\b", valid):
            yield f"{name}: no round trip"
        for label in labels:
            if f"'{name}' op {label}: " not in invalid:
                yield f"{name}: no negative test of {label}"


if __name__ == "__main__":
    problems = list(problems_of(pathlib.Path(sys.argv[1]).read_text(), pathlib.Path(sys.argv[2])))
    print(*problems, sep="\n", end="\n" if problems else "")
    sys.exit(1 if problems else 0)
