#!/usr/bin/env python3
"""edit_algorithms.py PLAN NEW library|chosen|field|hash VALUE: a plan with other algorithms.

chosen: what every problem is computed by. VALUE is JSON, or else a string.
"""

import json
import sys


def main():
    source, target, what, text = sys.argv[1:]
    try:
        value = json.loads(text)
    except ValueError:
        value = text
    plan = json.load(open(source))
    algorithms = plan["matmul_algorithms"]
    if what == "chosen":
        algorithms["chosen"] = {problem: value for problem in algorithms["chosen"]}
    elif what == "library":
        algorithms["library"] = value
    elif what == "field":
        plan["matmul_algorithms"] = value
    else:
        plan["model_hash"] = value
    json.dump(plan, open(target, "w"))


if __name__ == "__main__":
    main()
