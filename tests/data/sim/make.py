#!/usr/bin/env python3
# Makes cnn.onnx: two convolutions, a pool, a product, and an operator that
# nobody knows. Needs the package onnx.
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
