#!/usr/bin/env python3
"""Makes the small models beside it; needs the Python package onnx.

linear.onnx   "y/out" = relu(x @ w + b), x float[batch,3], y float[batch,2]
types.onnx    x float[n] as every element type that Cast can make
nonzero.onnx  where x is not zero: a shape that depends on the values
outer.onnx    x[n] times itself, n * n: memory grows with the square
sequence.onnx x as a sequence, which is not a tensor
batch.onnx    relu of an input that is called batch, float[n,128]
external.onnx y = x + w, w in weights/w.bin
table.onnx    rows of a table of numbers that are hard to round, twice
conv.onnx     a convolution and a pooling, which opset 17 has no bfloat16 of
old.onnx      relu of opset 11
branch.onnx   x or -x, by an If of opset 13
"""
import os
import struct

import onnx
from onnx import TensorProto, helper

HERE = os.path.dirname(os.path.abspath(__file__))


def tensor(name, kind, shape):
    return helper.make_tensor_value_info(name, kind, shape)


def save(name, nodes, inputs, outputs, weights=(), opset=17):
    graph = helper.make_graph(nodes, name, inputs, outputs, list(weights))
    model = helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", opset)],
        producer_name="")
    model.ir_version = 8
    onnx.checker.check_model(model)
    onnx.save(model, os.path.join(HERE, name + ".onnx"))


F = TensorProto.FLOAT

save("linear",
     [helper.make_node("Gemm", ["x", "w", "b"], ["z"]),
      helper.make_node("Relu", ["z"], ["y/out"])],
     [tensor("x", F, ["batch", 3])], [tensor("y/out", F, ["batch", 2])],
     [helper.make_tensor("w", F, [3, 2], [1, -1, 2, -2, 3, -3]),
      helper.make_tensor("b", F, [2], [0.5, 0.25])])

kinds = ["FLOAT", "UINT8", "INT8", "UINT16", "INT16", "INT32", "INT64",
         "BOOL", "FLOAT16", "DOUBLE", "UINT32", "UINT64", "BFLOAT16"]
save("types",
     [helper.make_node("Cast", ["x"], [k.lower()],
                       to=TensorProto.DataType.Value(k)) for k in kinds],
     [tensor("x", F, ["n"])],
     [tensor(k.lower(), TensorProto.DataType.Value(k), ["n"])
      for k in kinds])

save("nonzero",
     [helper.make_node("NonZero", ["x"], ["where"])],
     [tensor("x", F, ["n"])],
     [tensor("where", TensorProto.INT64, [1, None])])

# An output that stands twice in the list; the checker lets it pass.
save("twice",
     [helper.make_node("Neg", ["x"], ["y"])],
     [tensor("x", F, ["n"])], [tensor("y", F, ["n"])] * 2)

save("outer",
     [helper.make_node("Unsqueeze", ["x", "one"], ["column"]),
      helper.make_node("Unsqueeze", ["x", "zero"], ["row"]),
      helper.make_node("MatMul", ["column", "row"], ["product"])],
     [tensor("x", F, ["n"])], [tensor("product", F, ["n", "n"])],
     [helper.make_tensor("zero", TensorProto.INT64, [1], [0]),
      helper.make_tensor("one", TensorProto.INT64, [1], [1])])

save("sequence",
     [helper.make_node("SequenceConstruct", ["x", "x"], ["parts"])],
     [tensor("x", F, ["n"])],
     [helper.make_value_info(
         "parts", helper.make_sequence_type_proto(
             helper.make_tensor_type_proto(F, ["n"])))])

os.makedirs(os.path.join(HERE, "weights"), exist_ok=True)
with open(os.path.join(HERE, "weights", "w.bin"), "wb") as f:
    f.write(struct.pack("<3f", 10, 20, 30))
w = TensorProto(name="w", data_type=F, dims=[3],
                data_location=TensorProto.EXTERNAL)
for key, value in ("location", "w.bin"), ("offset", "0"), ("length", "12"):
    w.external_data.add(key=key, value=value)
model = helper.make_model(
    helper.make_graph([helper.make_node("Add", ["x", "w"], ["y"])],
                      "external", [tensor("x", F, [3])],
                      [tensor("y", F, [3])], [w]),
    opset_imports=[helper.make_opsetid("", 17)])
model.ir_version = 8
with open(os.path.join(HERE, "external.onnx"), "wb") as f:
    f.write(model.SerializeToString())

save("batch", [helper.make_node("Relu", ["batch"], ["y"])],
     [tensor("batch", F, ["batch_size", 128])],
     [tensor("y", F, ["batch_size", 128])])

save("table",
     [helper.make_node("Gather", ["table", "ids"], ["row"]),
      helper.make_node("Concat", ["row", "row"], ["y"], axis=1)],
     [tensor("ids", TensorProto.INT64, ["n"])], [tensor("y", F, ["n", 8])],
     [helper.make_tensor("table", F, [2, 4], struct.pack(
         "<8I", 0x3f800000, 0x3f808000, 0x3f818000, 0x3f808001,
         0x7f7fffff, 0xff7fffff, 0x00018000, 0xff800000), raw=True)])

save("conv",
     [helper.make_node("Conv", ["x", "w", "b"], ["c"]),
      helper.make_node("MaxPool", ["c"], ["p"], kernel_shape=[2, 2]),
      helper.make_node("Flatten", ["p"], ["y"])],
     [tensor("x", F, ["batch", 1, 4, 4])], [tensor("y", F, ["batch", 2])],
     [helper.make_tensor("w", F, [2, 1, 3, 3], [i / 8 for i in range(18)]),
      helper.make_tensor("b", F, [2], [0.5, -0.25])])

save("old", [helper.make_node("Relu", ["x"], ["y"])],
     [tensor("x", F, ["n"])], [tensor("y", F, ["n"])], opset=11)


def body(name, op):
    return helper.make_graph([helper.make_node(op, ["x"], [name])], name, [],
                             [tensor(name, F, ["n"])])


save("branch",
     [helper.make_node("If", ["c"], ["y"], then_branch=body("a", "Identity"),
                       else_branch=body("b", "Neg"))],
     [tensor("c", TensorProto.BOOL, []), tensor("x", F, ["n"])],
     [tensor("y", F, ["n"])], opset=13)
