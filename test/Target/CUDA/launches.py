"""Checks how much each layer of a GPT launches, from one attention to the next in step.cu.

    launches.py STEP.cu --forward MOST --backward MOST [--behind MOST]

A call is one launch, but for attention's gradients, which are two kernels. Behind the last layer's
gradients come the first layer's, the embeddings', the norm and the updates: what all of it launches
is checked where --behind is given.
"""

import argparse
import re
import sys

parser = argparse.ArgumentParser()
parser.add_argument("step")
parser.add_argument("--forward", type=int, required=True)
parser.add_argument("--backward", type=int, required=True)
parser.add_argument("--behind", type=int)
options = parser.parse_args()

text = open(options.step).read().split("int32_t train(")[1].split("\n}\n")[0]
calls = re.findall(r"^  (\w+)\(step\.at\(", text, re.MULTILINE)
kinds = ("attention", 0, options.forward), ("attentionGrad", 1, options.backward)
for call, extra, most in kinds:
    places = [i for i, name in enumerate(calls) if name == call]
    launches = [second - first + extra for first, second in zip(places, places[1:])]
    print(f"{call}: {launches}, at most {most}")
    if not launches or max(launches) > most:
        sys.exit(f"error: a layer takes more than {most} launches")
behind = len(calls) - max(i for i, name in enumerate(calls) if name == "attentionGrad") - 1
print(f"behind the last attention's gradients: {behind}")
if options.behind is not None and behind > options.behind:
    sys.exit(f"error: more than {options.behind} launches behind the last attention's gradients")
