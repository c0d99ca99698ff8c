"""Checks how much each layer of a GPT launches, from one attention to the next in step.cu.

    launches.py STEP.cu --forward MOST --backward MOST

A call is one launch, but for attention's gradients, which are two kernels. Not counted are the
sums over gradients: those over rows (of biases and of norms' parameters) with the clipping's norm,
which follow each gradient, and the update, which comes behind all layers.
"""

import argparse
import re
import sys

parser = argparse.ArgumentParser()
parser.add_argument("step")
parser.add_argument("--forward", type=int, required=True)
parser.add_argument("--backward", type=int, required=True)
options = parser.parse_args()

text = open(options.step).read().split("int32_t train(")[1].split("\n}\n")[0]
found = re.findall(r"^  (\w+)\(step\.at\(\"([^\"]*)", text, re.MULTILINE)
calls = [name for name, origin in found if "norm of the gradients" not in origin]
kinds = ("attention", 0, options.forward), ("attentionGrad", 1, options.backward)
for call, extra, most in kinds:
    places = [i for i, name in enumerate(calls) if name == call]
    launches = [second - first + extra for first, second in zip(places, places[1:])]
    print(f"{call}: {launches}, at most {most}")
    if not launches or max(launches) > most:
        sys.exit(f"error: a layer takes more than {most} launches")
