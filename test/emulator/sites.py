"""Finds what a mutation test drops from CUDA sources, and puts a switch around each.

A site is a barrier, a wait of the host or of a stream, the record of an event, or a comparison
that guards something in a device function: one operand of a condition's && or ||. Switches
(Inputs/mutants.h) make all mutants of a program one binary, so that each costs a run, not a build.
"""

import dataclasses
import re

BARRIER = re.compile(r"__sync(?:threads|warp)\(\)")
WAIT = re.compile(r"cuda(?:StreamWaitEvent|(?:Event|Stream|Device)Synchronize)(?=\()")
RECORD = re.compile(r"cudaEventRecord(?=\()")
FUNCTION = re.compile(r"__(?:global|device)__[^;{}]*?\b([a-zA-Z]\w*)(?=\()")
# Conditions: of an if, of a value that is chosen, and of a flag that gathers several.
IF = re.compile(r"\bif \(")
CHOICE = re.compile(
    r"return ([^;?]*) \?|= (\w+ < (?:\d+|\w+\.\w+)) \?|(?<![<>=!])= ([^;?{}]*&&[^;?{}]*);"
)
CLAMP = re.compile(r"(?<== )minimum\((column), \d+\)")
COMPARISON = re.compile(r"[^-<>][<>]=?[^<>]")
LEADER = re.compile(r"thread\w*(\.[xy]|\(\))( % 32)? == 0")


@dataclasses.dataclass
class Site:
    """`text` at [begin, end) of `file`; dropped, it is what it is where it does not matter."""

    kind: str  # barrier, wait, record, bound, one thread, clamp
    file: str
    function: str
    begin: int
    end: int
    text: str
    switched: str  # with NUMBER where its number belongs
    number: int = 0

    def __str__(self):
        return f"{self.file} {self.function}: {self.text}"


def closing(text, at):
    """The place of the bracket that closes the one at `at`."""
    depth = 0
    for place in range(at, len(text)):
        depth += {"(": 1, "{": 1, "[": 1, ")": -1, "}": -1, "]": -1}.get(text[place], 0)
        if depth == 0:
            return place
    raise ValueError(f"no bracket closes {text[at:at + 40]!r}")


def device_functions(text):
    """Name, and begin and end of the body."""
    for match in FUNCTION.finditer(text):
        end = closing(text, match.end())
        begin = re.compile(r"[{;]").search(text, end).start()
        if text[begin] == "{":
            yield match[1], begin, closing(text, begin)


def operands(text, begin, end):
    """The operands of && or || at the top of a condition, each with its operator ('' if alone)."""
    depth, last, operator, parts = 0, begin, "", []
    for at in range(begin, end):
        depth += {"(": 1, "[": 1, ")": -1, "]": -1}.get(text[at], 0)
        if depth == 0 and text[at : at + 2] in ("&&", "||"):
            operator = text[at : at + 2]
            parts.append((last, at))
            last = at + 2
    return [(*trim(text, *part), operator) for part in [*parts, (last, end)]]


def trim(text, begin, end):
    inside = text[begin:end]
    return begin + len(inside) - len(inside.lstrip()), end - len(inside) + len(inside.rstrip())


def conditions(text, begin, end):
    """Begin, end, and what the condition is when it never mattered and stands alone."""
    for match in IF.finditer(text, begin, end):
        close = closing(text, match.end() - 1)
        leaves = re.match(r"\s*(?:return|continue)\b", text[close + 1 :])
        yield match.end(), close, "false" if leaves else "true"
    for match in CHOICE.finditer(text, begin, end):
        yield *match.span(match.lastindex), "true"


def checks(file, text, function, begin, end):
    for first, last, alone in conditions(text, begin, end):
        for start, stop, operator in operands(text, first, last):
            operand = text[start:stop]
            kind = "one thread" if LEADER.search(operand) else "bound"
            if kind == "bound" and not COMPARISON.search(operand):
                continue
            neutral = {"&&": "true", "||": "false", "": alone}[operator]
            switched = f"mutants::holds(NUMBER, ({operand}), {neutral})"
            yield Site(kind, file, function, start, stop, operand, switched)
    for match in CLAMP.finditer(text, begin, end):
        switched = f"(mutants::drops(NUMBER) ? {match[1]} : {match[0]})"
        yield Site("bound", file, function, *match.span(), match[0], switched)


def barriers(file, text, function, begin, end):
    """Named by the line before, since a function may have several."""
    for match in BARRIER.finditer(text, begin, end):
        before = text[:match.start()].rstrip().rsplit("\n", 1)[-1].strip()
        switched = f"(mutants::drops(NUMBER) ? (void)0 : {match[0]})"
        yield Site("barrier", file, function, *match.span(), f"{before} {match[0]}", switched)


def host_calls(file, text):
    for kind, pattern in (("wait", WAIT), ("record", RECORD)):
        for match in pattern.finditer(text):
            end = closing(text, match.end()) + 1
            call = text[match.start() : end]
            function = re.findall(r"(\w+)\([^;{}]*\)[^;{}()]*\{", text[: match.start()])[-1]
            switched = f"[&] {{ return mutants::drops(NUMBER) ? cudaSuccess : {call}; }}()"
            yield Site(kind, file, function, match.start(), end, call, switched)


def find_sites(file, text, only_barriers=False):
    """All sites of a source, in order. only_barriers: its comparisons are no checks."""
    text = re.sub(r"//[^\n]*", lambda comment: " " * len(comment[0]), text)
    sites = list(host_calls(file, text))
    for function, begin, end in device_functions(text):
        sites += barriers(file, text, function, begin, end)
        if not only_barriers:
            sites += checks(file, text, function, begin, end)
    return sorted(sites, key=lambda site: site.begin)


def number(sites, before):
    """Numbers the sites from before + 1."""
    for number, site in enumerate(sites, before + 1):
        site.number = number


def put_switches(text, sites):
    """The text with a switch at each of its sites; every line keeps its number."""
    for site in reversed(sites):
        switched = site.switched.replace("NUMBER", str(site.number))
        text = text[: site.begin] + switched + text[site.end :]
    return '#include "mutants.h"\n#line 1\n' + text
