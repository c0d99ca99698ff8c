"""The tables of docs/Performance.md about GPUs, from reports of scripts/gpu-check."""

import re

from tables import markdown, milliseconds, number

CHECK_COLUMNS = ("model", "first step", "50 steps", "same bits", "memcheck", "racecheck", "commit")
TIME_COLUMNS = ("row", "dsc ms", "eager ms", "compiled ms", "ratio", "commit")
KERNEL_COLUMNS = ("kernel", "calls", "µs", "GB/s")
MOST_KERNELS = 12


def worst(lines):
    """The largest error that compare.py names in lines such as "loss: ... error 1.1e-04 at ..."."""
    errors = [float(text) for line in lines for text in re.findall(r"\d\.\de[-+]\d+", line)]
    return f"{max(errors):.1e}" if errors else ""


def sanitizer(facts, tool):
    summary = facts.get(tool, "")
    return "clean" if re.search(r"\b0 (errors|hazards)", summary) else summary


def check_line(name, facts):
    return (
        name,
        worst(facts["first_step"]),
        worst(facts["losses"]),
        "yes" if facts["same_bits"] is True else "no",
        sanitizer(facts, "memcheck"),
        sanitizer(facts, "racecheck"),
        facts["commit"],
    )


def time_line(facts):
    peers = [facts["eager"], facts["compile"]]
    better = min(peer["median_ms"] for peer in peers)
    times = [milliseconds(contender) for contender in (facts["dsc"], *peers)]
    ratio = better / facts["dsc"]["median_ms"]
    return (facts["row"], *times, f"{ratio:.2f}", facts["commit"])


def kernel_lines(facts):
    for kernel in facts["profile"][:MOST_KERNELS]:
        name = kernel["kernel"].split("::")[-1][-60:]
        yield f"`{name}`", str(kernel["calls"]), number(kernel["us"]), str(kernel["gb_per_s"])


def section(report):
    """What a GPU found right, how fast, and the longest kernels of the largest timed model."""
    packages = report["packages"]
    checked = {name: facts for name, facts in packages.items() if "golden" in facts}
    timed = [facts for facts in packages.values() if "row" in facts]
    profiled = [facts for facts in timed if isinstance(facts.get("profile"), list)]
    largest = max(profiled, key=lambda facts: facts["dsc"]["median_ms"])
    machine = report["machine"]
    return "\n\n".join(
        (
            f"{machine['gpu']}; nvcc {machine['nvcc']}, PyTorch {machine['torch']}, "
            f"{machine['date']}, `{machine['command']}`.",
            markdown(CHECK_COLUMNS, [check_line(*item) for item in checked.items()]),
            markdown(TIME_COLUMNS, [time_line(facts) for facts in timed]),
            f"The longest kernels of a step of {largest['row']}, by ncu:",
            markdown(KERNEL_COLUMNS, kernel_lines(largest)),
        )
    )
