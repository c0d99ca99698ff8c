#!/usr/bin/env python3
"""edit_plan.py FILE NEW [FIELD=JSON ...] [-FIELD ...]: a plan with fields changed or left out.

FIELD is a name or a path, mesh.dp.
"""

import json
import sys


def main():
    source, target, *changes = sys.argv[1:]
    plan = json.load(open(source))
    for change in changes:
        path, _, value = change.lstrip("-").partition("=")
        *outer, name = path.split(".")
        fields = plan
        for key in outer:
            fields = fields[key]
        if change.startswith("-"):
            del fields[name]
        else:
            fields[name] = json.loads(value)
    json.dump(plan, open(target, "w"))


if __name__ == "__main__":
    main()
