"""The tables of what emitted kernels move, for a terminal and for docs/Performance.md."""

from tables import markdown, number

COLUMNS = (
    "kernel",
    "launches",
    "must MB",
    "does MB",
    "must MFLOP",
    "does MFLOP",
    "threads",
    "registers",
    "shared B",
    "occupancy",
)
MOST_KERNELS = 20


def resources(facts):
    if "registers" not in facts:
        return ("no nvcc",) * 3
    return (str(facts["registers"]), str(facts["shared"]), f"{facts['occupancy']:.0%}")


def kernel_line(facts):
    names = ("must_bytes", "bytes", "must_flops", "flops")
    values = (number(facts[name] * 1e-6) for name in names)
    launches, threads = str(facts["launches"]), str(facts["threads"])
    return (f"`{facts['name']}`", launches, *values, threads, *resources(facts))


def others_line(rest):
    names = ("must_bytes", "bytes", "must_flops", "flops")
    values = (number(sum(facts[name] for facts in rest) * 1e-6) for name in names)
    launches = str(sum(facts["launches"] for facts in rest))
    return (f"{len(rest)} others", launches, *values, "", "", "", "")


def sums(result):
    kernels = result["kernels"]
    must, does = (sum(facts[name] for facts in kernels) for name in ("must_bytes", "bytes"))
    fused = result["fused_bytes"]
    return (
        f"In all {number(does * 1e-6)} MB by {sum(k['launches'] for k in kernels)} launches of "
        f"{len(kernels)} kernels; {number(must * 1e-6)} MB as they are cut, "
        f"{number(fused * 1e-6)} MB by a "
        f"perfect fusion: they move {does / fused:.2f} times that."
    )


def layer(result):
    parts = [
        f"{facts['calls']} calls {direction} ({facts['library']} of them library calls"
        + (f"; {facts['updates']} updates beside them" if facts["updates"] else "")
        + ")"
        for direction, facts in result["layer"].items()
    ]
    return f" A layer takes {' and '.join(parts)}." if parts else ""


def attention(result):
    parts = [
        f"`{facts['name']}` {facts['registers']} registers, {facts['shared']} B shared, "
        f"{facts['occupancy']:.0%}"
        for facts in result["routine_kernels"]
    ]
    return f"\n\nAttention's own kernels, of 256 threads: {'; '.join(parts)}." if parts else ""


def section(result, most=MOST_KERNELS):
    """A paragraph and a table."""
    shown, rest = result["kernels"][:most], result["kernels"][most:]
    lines = [kernel_line(facts) for facts in shown] + ([others_line(rest)] if rest else [])
    nvcc = f", nvcc {result['nvcc']}" if result["nvcc"] else ""
    origin = f"`{result['command']}`, {result['commit']}, {result['date']}{nvcc}"
    return (
        f"**{result['title']}** ({origin}): {result['calls']} calls in a step. {sums(result)}"
        f"{layer(result)}\n\n{markdown(COLUMNS, lines)}{attention(result)}"
    )


def text(result):
    return section(result, len(result["kernels"]))
