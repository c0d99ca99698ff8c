"""Markdown tables and their numbers."""


def number(value):
    """Three digits."""
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"


def milliseconds(contender):
    """The best step, in brackets the median."""
    return f"{number(contender['best_ms'])} ({number(contender['median_ms'])})"


def markdown(header, lines):
    rule = ["---"] + ["--:"] * (len(header) - 1)
    return "\n".join("| " + " | ".join(line) + " |" for line in (header, rule, *lines))
