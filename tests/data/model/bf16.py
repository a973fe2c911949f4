#!/usr/bin/env python3
"""The rows of no_bf16[] in lib/model/convert_ops.c, from the schemas of the
Python package onnx; with a file, says whether it has just these.

A row: operator, the first opset that permits bfloat16 for all (0: none does),
inputs and outputs (bits) that may be float before that and not bfloat16,
whether those hold what is no tensor. Opsets before 13 do not count.
"""
import collections
import re
import sys

from onnx import defs

VARIADIC = defs.OpSchema.FormalParameterOption.Variadic
GRAPH = defs.OpSchema.AttrType.GRAPH
NEWEST = 28

# Decisions that no schema says; each is explained in the C file.
OURS = {
    "BitCast": [(0, 1, 1, False)],
    "MeanVarianceNormalization": [(0, 1, 1, False)],
    "Range": [(0, 7, 1, False)],
}


def bits(parameters):
    m = 0
    for i, p in enumerate(parameters):
        if any("tensor(float)" in t for t in p.types) and not any(
                "tensor(bfloat16)" in t for t in p.types):
            m |= 0xff << i & 0xff if p.option == VARIADIC else 1 << i
    return m


def never(s):
    types = [t for p in [*s.inputs, *s.outputs] for t in p.types]
    return any(a.type == GRAPH for a in s.attributes.values()) or any(
        t.startswith(("seq", "optional")) for t in types)


def rows(name, schemas):
    found = []
    for s, after in zip(schemas, [*schemas[1:], None]):
        row = bits(s.inputs), bits(s.outputs), never(s)
        until = after.since_version if after else 0
        if name == "Bernoulli" and row[0]:
            row = row[0], 1, row[2]  # of its input's type, which is float
        if not (row[0] or row[1]):
            continue
        if found and found[-1][1:] == row:
            found.pop()
        found.append((until, *row))
    return found


def table():
    by_name = collections.defaultdict(list)
    for s in defs.get_all_schemas_with_history():
        if not s.domain and s.since_version <= NEWEST:
            by_name[s.name].append(s)
    for name in sorted(by_name):
        all_of = sorted(by_name[name], key=lambda s: s.since_version)
        since = [s for s in all_of if s.since_version > 13]
        schemas = [s for s in all_of if s.since_version <= 13][-1:] + since
        for row in OURS.get(name) or rows(name, schemas):
            yield name, *row


def word(mask):
    return "ALL" if mask == 0xff else hex(mask) if mask > 9 else str(mask)


def text(name, until, inputs, outputs, no_tensor):
    return (f'{{ "{name}", {until}, {word(inputs)}, {word(outputs)}, '
            f'{str(no_tensor).lower()} }},')


def main():
    want = [text(*row) for row in table()]
    if len(sys.argv) < 2:
        print("\n".join("\t" + row for row in want))
        return 0
    with open(sys.argv[1]) as f:
        part = re.search(r"no_bf16\[\] = {\n(.*?)\n};", f.read(), re.S)
    got = [re.sub(r"\s+", " ", row).strip() for row in
           re.findall(r"\{[^}]*\},", part.group(1))]
    for row in sorted(set(want) ^ set(got)):
        print("lacks" if row in want else "has", row)
    return int(want != got)


if __name__ == "__main__":
    if defs.onnx_opset_version() < NEWEST:
        print(f"onnx of opset {NEWEST} or newer is needed")
        sys.exit(77)
    sys.exit(main())
