#!/usr/bin/env python3
"""Drops each barrier, wait and bound check of CUDA sources in turn, and asks the emulator.

    mutate.py FOLDER [PROGRAM...] [--every N] [--page docs/CudaTarget.md]

Programs (programs.py) are packages that dsc-compile emits, and those of Inputs/ that test the
runtime's kernels; by default all. Each is built once per mode, and then run with one site
(sites.py) dropped. A mutant is caught when the emulator, a sanitizer or the program itself reports
it, or when what is computed has other bits. What a mistake does may depend on the order of the
emulator's work, so that a mutant which nobody catches is run again in other orders.

survivors.txt lists the mutants that nobody catches even so, with the reason. Exit status 1 if a
mutant that it does not list survives, if it lists one as equal that is caught or as none that is
there, or if less than 95 % of the mutants that change behaviour are caught. --every N takes each
N-th site only; --page writes the table into a page.
"""

import argparse
import collections
import concurrent.futures
import dataclasses
import datetime
import fnmatch
import os
import pathlib
import shutil
import sys

import programs
import sites

RUNTIME = (
    "Attention.cu",
    "Indexing.cu",
    "Move.cu",
    "Norm.cu",
    "Parts.h",
    "Pool.cu",
    "Kernel.h",
    "Window.h",
    "Staging.cpp",
    "CudaDevice.cpp",
    "library/PlainConv.cu",
)
# Where a mistake of a kind can show, the most telling first.
MODES = {
    "barrier": ("plain", "thread"),
    "wait": ("plain",),
    "record": ("plain",),
    "bound": ("address", "plain", "thread"),
}
ENOUGH = 0.95  # of the mutants that change behaviour


def switch_runtime(folder):
    """A copy of the runtime with switches; their sites, and the text of the changed files."""
    runtime, found, changed = folder / "runtime", [], {}
    shutil.copytree(programs.SOURCE / "runtime", runtime)
    for name in RUNTIME:
        text = (runtime / "device" / "cuda" / name).read_text()
        own = sites.find_sites(name, text, only_barriers=name == "Kernel.h")
        sites.number(own, len(found))
        found += own
        changed[f"device/cuda/{name}"] = sites.put_switches(text, own)
    for name in ("mutants.h", "mutants.cpp"):
        changed[f"emulator/{name}"] = (programs.HERE / "Inputs" / name).read_text()
    for path, text in changed.items():
        (runtime / path).write_text(text)
    return runtime, found, changed


# --- Verdicts -----


@dataclasses.dataclass
class Verdict:
    site: sites.Site
    reached: bool  # by a right run, in a way that dropping it could matter
    catcher: str | None
    entry: tuple | None  # of survivors.txt: pattern, "equal" or "missed"

    @property
    def fate(self):
        return self.catcher or (self.entry[1] if self.entry else "unknown")


def find_catcher(site, able, seeds):
    for mode in MODES.get(site.kind, programs.MODES):
        for program in able:
            if who := program.catcher(mode, site.number, seeds[mode]):
                return who
    return None


def judge(site, tried, survivors):
    able = [program for program in tried if site.number in program.seen]
    able.sort(key=lambda program: program.seconds)
    entry = next((e for e in survivors if fnmatch.fnmatchcase(str(site), e[0])), None)
    catcher = find_catcher(site, able, programs.SEEDS)
    if not catcher and not (entry and entry[1] == "equal"):
        catcher = find_catcher(site, able, programs.MORE_SEEDS)
    verdict = Verdict(site, bool(able), catcher, entry)
    print(f"{verdict.fate}: {site}", file=sys.stderr)
    return verdict


def read_survivors():
    """Lines `SITE -- equal: reason` (dropping it changes nothing) or `SITE -- missed: reason`."""
    lines = (programs.HERE / "survivors.txt").read_text().splitlines()
    entries = (line.split(" -- ") for line in lines if line and not line.startswith("#"))
    return [(pattern, reason.split(":")[0]) for pattern, reason in entries]


def complaints(verdicts, survivors, whole):
    """What is wrong with the list of survivors."""
    for verdict in verdicts:
        if verdict.fate == "unknown":
            yield f"{'not caught' if verdict.reached else 'matters nowhere'}: {verdict.site}"
        if verdict.catcher and verdict.entry and verdict.entry[1] == "equal":
            yield f"survivors.txt says that it changes nothing, but it is caught: {verdict.site}"
    if whole:
        used = {verdict.entry[0] for verdict in verdicts if verdict.entry}
        for pattern in sorted({pattern for pattern, _ in survivors} - used):
            yield f"survivors.txt lists what is no mutant: {pattern}"


def table_of(verdicts):
    """By kind: mutants, and what became of them."""
    rows = collections.defaultdict(collections.Counter)
    for verdict in verdicts:
        rows[verdict.site.kind][verdict.fate] += 1
    rows = dict(sorted(rows.items()))
    fates = sorted({verdict.fate for verdict in verdicts})
    rows["all"] = sum(rows.values(), collections.Counter())
    lines = [f"| dropped | mutants | {' | '.join(fates)} |", "|---|--:|" + "--:|" * len(fates)]
    for kind, counts in rows.items():
        cells = [counts.total(), *(counts[fate] for fate in fates)]
        lines.append(f"| {kind} | {' | '.join(map(str, cells))} |")
    return "\n".join(lines)


def conclude(verdicts, survivors, whole):
    """The result as text, and whether it is good."""
    caught = sum(verdict.catcher is not None for verdict in verdicts)
    changing = sum(verdict.fate != "equal" for verdict in verdicts)
    text = f"{table_of(verdicts)}\n\ncaught {caught} of {changing} mutants that change behaviour"
    wrong = list(complaints(verdicts, survivors, whole))
    return "\n".join([text, *wrong]), not wrong and caught >= ENOUGH * changing > 0


def write_page(page, text):
    """Renews the page's section, with the command and the commit."""
    begin, end = "<!-- begin mutants -->\n", "<!-- end mutants -->\n"
    before, rest = page.read_text().split(begin)
    after = rest.split(end)[1]
    commit = programs.run("git", "-C", programs.SOURCE, "describe", "--always", "--dirty").strip()
    command = " ".join(["test/emulator/mutate.py", *sys.argv[1:]])
    origin = f"`{command}`, {commit}, {datetime.date.today().isoformat()}:"
    page.write_text(f"{before}{begin}{origin}\n\n{text}\n{end}{after}")


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("programs", nargs="*")
    parser.add_argument("--every", type=int, default=1)
    parser.add_argument("--page", type=pathlib.Path)
    args = parser.parse_args()
    args.folder.mkdir(parents=True)
    runtime, found, changed = switch_runtime(args.folder)
    tried = programs.make_programs(args.folder, args.programs, runtime)
    for program in tried:
        found += program.put_switches(len(found), changed)
        for mode in programs.MODES:
            program.build(mode)
            program.settle(mode)
    whole = not args.programs and args.every == 1
    chosen = [site for site in found if whole or any(site.number in p.seen for p in tried)]
    survivors = read_survivors()
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        judged = pool.map(lambda site: judge(site, tried, survivors), chosen[:: args.every])
        verdicts = list(judged)
    text, is_good = conclude(verdicts, survivors, whole)
    print(text)
    if args.page:
        write_page(args.page, text)
    sys.exit(0 if is_good else 1)


if __name__ == "__main__":
    sys.dont_write_bytecode = True
    main()
