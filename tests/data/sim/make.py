#!/usr/bin/env python3
# Makes cnn.onnx: two convolutions, a pool, a product, and an operator that
# nobody knows; and the graphs below. Needs the package onnx.
import numpy as np
from onnx import TensorProto, helper, numpy_helper, save

zeros = lambda name, *shape: numpy_helper.from_array(np.zeros(shape, np.float32), name)
node = helper.make_node
graph = helper.make_graph(
    [
        node("Conv", ["x", "w1"], ["a"], "conv", kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1]),
        node("Relu", ["a"], ["b"], "relu"),
        node("Conv", ["b", "w2"], ["c"], "depthwise", kernel_shape=[3, 3], pads=[1, 1, 1, 1], group=4),
        node("MaxPool", ["c"], ["d"], "pool", kernel_shape=[4, 4], strides=[4, 4]),
        node("Shape", ["d"], ["s"], "shape"),
        node("Gather", ["s", "first"], ["n"], "size", axis=0),
        node("Unsqueeze", ["n", "axis"], ["n1"], "unsqueeze"),
        node("Concat", ["n1", "rest"], ["to"], "concat", axis=0),
        node("Reshape", ["d", "to"], ["e"], "reshape"),
        node("Gemm", ["e", "w3"], ["f"], "fc", transB=1),
        node("Warp", ["f"], ["y"], "warp", domain="test"),
    ],
    "cnn",
    [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["batch", 3, 32, 32])],
    [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["batch", 5])],
    [
        zeros("w1", 4, 3, 3, 3), zeros("w2", 4, 1, 3, 3), zeros("w3", 5, 64),
        numpy_helper.from_array(np.array(0, np.int64), "first"),
        numpy_helper.from_array(np.array([0], np.int64), "axis"),
        numpy_helper.from_array(np.array([-1], np.int64), "rest"),
    ],
)
save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17), helper.make_opsetid("test", 1)]), "cnn.onnx")

# Makes uncovered.onnx: half of its work, and more, is in operators that are
# not known. What follows the first of them is known by its declared shape.
graph = helper.make_graph(
    [
        node("Gemm", ["x", "w1"], ["a"], "first"),
        node("Einsum", ["a", "w2"], ["b"], "einsum", equation="bi,ij->bj"),
        node("Gemm", ["b", "w3"], ["y"], "second"),
        node("Warp", ["b"], ["c"], "warp", domain="test"),
        node("Warp", ["c"], ["z"], "blind", domain="test"),
    ],
    "uncovered",
    [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["batch", 16])],
    [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["batch", 8])],
    [zeros("w1", 16, 16), zeros("w2", 16, 32), zeros("w3", 32, 8)],
    value_info=[helper.make_tensor_value_info("b", TensorProto.FLOAT, ["batch", 32])],
)
save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17), helper.make_opsetid("test", 1)]), "uncovered.onnx")

# Makes windows.onnx: convolutions whose output no padding alike on both sides
# explains: a dilated one, an even one, and an even one that keeps the size.
graph = helper.make_graph(
    [
        node("Conv", ["x", "w3"], ["a"], "dilated", kernel_shape=[3, 3], dilations=[2, 2]),
        node("Conv", ["a", "w2"], ["b"], "even", kernel_shape=[2, 2], pads=[0, 0, 1, 1]),
        node("Conv", ["b", "w2"], ["y"], "same", kernel_shape=[2, 2], auto_pad="SAME_UPPER"),
    ],
    "windows",
    [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["batch", 4, 16, 20])],
    [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["batch", 4, 12, 16])],
    [zeros("w3", 4, 4, 3, 3), zeros("w2", 4, 4, 2, 2)],
)
save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), "windows.onnx")

# Makes expand.onnx: a token in front of every sequence, as torch.onnx exports
# Tensor.expand: the shape is made a list, and its -1 are replaced by 1.
ints = lambda name, *v: numpy_helper.from_array(np.array(v, np.int64), name)
ones = helper.make_tensor("ones", TensorProto.INT64, [1], [1])
graph = helper.make_graph(
    [
        node("Shape", ["x"], ["s"], "shape"),
        node("Gather", ["s", "zero"], ["n"], "size", axis=0),
        node("Concat", ["n", "less", "less"], ["c"], "concat", axis=0),
        node("Reshape", ["c", "less"], ["to"], "list"),
        node("Shape", ["to"], ["rank"], "rank"),
        node("ConstantOfShape", ["rank"], ["one"], "ones", value=ones),
        node("Mul", ["one", "less"], ["minus"], "minus"),
        node("Equal", ["to", "minus"], ["is"], "is"),
        node("Where", ["is", "one", "to"], ["by"], "where"),
        node("Expand", ["token", "by"], ["t"], "expand"),
        node("Concat", ["t", "x"], ["y1"], "front", axis=1),
        node("MatMul", ["y1", "w"], ["y"], "product"),
    ],
    "expand",
    [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["batch", 6, 16])],
    [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["batch", 7, 8])],
    [zeros("token", 1, 1, 16), zeros("w", 16, 8), ints("zero", 0), ints("less", -1)],
)
save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), "expand.onnx")
