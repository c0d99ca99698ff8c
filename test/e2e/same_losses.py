"""Checks that two runs' metrics have the same losses, bit for bit."""

import json
import sys

runs = [[json.loads(line).get("loss") for line in open(path)] for path in sys.argv[1:]]
losses = [[loss for loss in run if loss is not None] for run in runs]
if not losses[0] or any(run != losses[0] for run in losses):
    sys.exit(f"error: losses differ: {losses}")
