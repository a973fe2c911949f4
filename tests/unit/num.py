#!/usr/bin/env python3
"""Writes num-repr.h: bits of doubles and Python's repr() of them."""
import random
import struct

random.seed(1)


def of_bits(bits):
    return struct.unpack("<d", struct.pack("<Q", bits))[0]


values = [0.0, -0.0, 5e-324, 2.2250738585072014e-308, 1.7976931348623157e308]
values += [2.0**k for k in range(-1074, 1024, 23)]
values += [-(2.0**-1007), 2.0**-44]
values += [float("1e%d" % k) for k in range(-323, 309, 17)]
values += [float("1e%d" % k) for k in range(-6, 19)]
values += [of_bits(random.getrandbits(52)) for _ in range(20)]
values += [of_bits(random.getrandbits(63)) for _ in range(100)]
values += [random.randint(0, 10**6) / 1000 for _ in range(30)]
print("/* Written by num.py. */")
print("static const struct {\n\tuint64_t bits;\n\tconst char *repr;\n} reprs[] = {")
for v in values:
    if v == v and abs(v) != float("inf"):
        bits = struct.unpack("<Q", struct.pack("<d", v))[0]
        print('\t{ 0x%016x, "%r" },' % (bits, v))
print("};")
