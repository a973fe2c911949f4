#!/usr/bin/env python3
"""The least that one would write in Python: the median of each point."""
import sys

v = []
for line in open(sys.argv[1]):
    if line.startswith('FMWORK REP'):
        v.append(float(line.split(' ')[6]))
    elif line.startswith('FMWORK RES'):
        v = sorted(v[len(v) // 5:])
        print((v[(len(v) - 1) // 2] + v[len(v) // 2]) / 2)
        v = []
