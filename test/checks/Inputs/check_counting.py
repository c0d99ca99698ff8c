"""Gives lit's codes to the counting of scripts/test and looks at its last line and status."""

import contextlib
import io
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[3] / "scripts"))
import run_tests  # noqa: E402

run_tests.expected_skips = lambda: {"dsc :: listed"}
run_tests.needs_full = lambda name: name == "dsc :: long"


def check(codes, full, status, last):
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        found = run_tests.summarize({f"dsc :: {name}": code for name, code in codes.items()}, full)
    line = out.getvalue().splitlines()[-1]
    if (found, line) != (status, last):
        sys.exit(f"error: {codes}: expected {status}, {last}; got {found}, {line}")


check({"a": "PASS", "b": "XFAIL"}, False, 0, "2 passed, 0 failed, 0 skipped")
check({"a": "PASS", "listed": "UNSUPPORTED"}, False, 0, "1 passed, 0 failed, 1 skipped")
check({"a": "PASS", "long": "UNSUPPORTED"}, False, 0, "1 passed, 0 failed, 1 skipped")
check({"a": "PASS", "long": "UNSUPPORTED"}, True, 1, "1 passed, 1 failed, 0 skipped")
check({"a": "PASS", "other": "UNSUPPORTED"}, False, 1, "1 passed, 1 failed, 0 skipped")
for code in ("FAIL", "XPASS", "TIMEOUT", "UNRESOLVED"):
    check({"a": "PASS", "b": code}, False, 1, "1 passed, 1 failed, 0 skipped")
check({}, False, 1, "0 passed, 0 failed, 0 skipped")
