#!/usr/bin/env python3
"""Sums up a trainer's --metrics file and checks the quality reached at its end.

  report_quality.py METRICS eval_loss|accuracy BOUND

eval_loss must be at most, accuracy at least BOUND. Exit status 1 when it is not.
"""

import json
import pathlib
import sys


def main():
    path, measure, bound = sys.argv[1], sys.argv[2], float(sys.argv[3])
    lines = [json.loads(line) for line in pathlib.Path(path).read_text().splitlines()]
    steps = [line for line in lines if "loss" in line]
    evaluations = [line for line in lines if measure in line]
    if not steps or not evaluations or evaluations[-1]["step"] != steps[-1]["step"]:
        sys.exit(f"error: {path}: training did not end with an evaluation of {measure}")
    seconds = sum(line["step_ms"] for line in steps) / 1000
    print(
        f"  steps              {len(steps)} in {seconds:.1f} s ({len(steps) / seconds:.1f} per s)"
    )
    print(f"  training loss      {steps[0]['loss']:.4f} -> {steps[-1]['loss']:.4f}")
    for line in evaluations[-1:]:
        print(
            "  evaluation         "
            + ", ".join(f"{k} {v:.4f}" for k, v in line.items() if k != "step")
        )
    reached = evaluations[-1][measure]
    good = reached <= bound if measure == "eval_loss" else reached >= bound
    relation = "at most" if measure == "eval_loss" else "at least"
    print(
        f"  quality            {measure} {reached:.4f}, asked {relation} {bound}: "
        f"{'reached' if good else 'NOT REACHED'}"
    )
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
