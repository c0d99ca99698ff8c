#!/usr/bin/env python3
"""Reads nm's listing of the CPU library; prints what its kernels define outside dsc::<level>."""

import re
import sys

MEMBER = re.compile(r"^(?:.*[(/])?([^()/]+\.o)\)?:$")
SYMBOL = re.compile(r"^[0-9a-f]+ [A-Z] (.*)$")

member, members, foreign = "", 0, 0
for line in map(str.rstrip, sys.stdin):
    if match := MEMBER.match(line):
        member = match[1]
        members += member.endswith("Kernels.cpp.o")
    elif (match := SYMBOL.match(line)) and member.endswith("Kernels.cpp.o"):
        if not re.match(r"dsc::(v\d|baseline)::", match[1]):
            print(f"{member}: {match[1]}")
            foreign += 1
sys.exit(1 if foreign or not members else 0)
