"""Checks that two runs' metrics have the same losses, bit for bit."""

import json
import sys



def losses_of(path):
    lines = [json.loads(line) for line in open(path)]
    return [line[key] for line in lines for key in ("loss", "eval_loss") if key in line]


losses = [losses_of(path) for path in sys.argv[1:]]
if not losses[0] or any(run != losses[0] for run in losses):
    sys.exit(f"error: losses differ: {losses}")
