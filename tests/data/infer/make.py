#!/usr/bin/env python3
# Makes the data beside it. Needs numpy, ml_dtypes and onnx; output is the
# same every time.
#
#   mix.onnx   sum = ids * mask (open dimensions), y = x + x (fixed ones)
#   twins-in.onnx, twins-out.onnx   inputs, outputs whose names differ in
#              what a file's cannot have; dimensions that no size follows
#   case/      inputs for it, as .npy; want/ what comes of them
#   short/     the same, cut; short-want/ what comes of them padded with 1
#   long/      an x with a column too many
#   many/      as numbered folders, in both kinds of file; many-want/
#   npy/    a 2x3 array of 0..5 (or scalars) in every form of .npy that
#           numpy writes: byte orders, Fortran order, versions, types
import os

import ml_dtypes
import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

here = os.path.dirname(os.path.abspath(__file__))


def npy(name, a, version=None):
    path = os.path.join(here, 'npy', name + '.npy')
    with open(path, 'wb') as f:
        np.lib.format.write_array(f, a, version=version)


os.makedirs(os.path.join(here, 'npy'), exist_ok=True)
grid = np.arange(6).reshape(2, 3)
npy('float', grid.astype('<f4'))
npy('float-big', grid.astype('>f4'))
npy('float-fortran', np.asfortranarray(grid.astype('<f4')))
npy('float-v2', grid.astype('<f4'), (2, 0))
npy('float-v3', grid.astype('<f4'), (3, 0))
npy('half', grid.astype('<f2'))
npy('bfloat16', grid.astype(ml_dtypes.bfloat16))
npy('int64', grid.astype('<i8'))
npy('int64-big-fortran', np.asfortranarray(grid.astype('>i8')))
npy('bool', (grid > 0))
npy('complex64-big', grid.astype('>c8'))
npy('scalar', np.array(5, '<u2'))
npy('empty', np.zeros((2, 0), '<i4'))
np.save(os.path.join(here, 'npy', 'object.npy'),
        np.array([None, 'a'], dtype=object), allow_pickle=True)
np.save(os.path.join(here, 'npy', 'text.npy'), np.array(['a', 'bc']))
np.save(os.path.join(here, 'npy', 'fields.npy'),
        np.zeros(1, [('a', '<i4'), ('b', '<f4')]))

pair = ['batch', 'sequence']
onnx.save(helper.make_model(helper.make_graph(
    [helper.make_node('Mul', ['ids', 'mask'], ['sum']),
     helper.make_node('Add', ['x', 'x'], ['y'])], 'mix',
    [helper.make_tensor_value_info('ids', TensorProto.INT64, pair),
     helper.make_tensor_value_info('mask', TensorProto.INT64, pair),
     helper.make_tensor_value_info('x', TensorProto.FLOAT, [2, 3])],
    [helper.make_tensor_value_info('sum', TensorProto.INT64, pair),
     helper.make_tensor_value_info('y', TensorProto.FLOAT, [2, 3])]),
    ir_version=8, opset_imports=[helper.make_opsetid('', 14)]),
    os.path.join(here, 'mix.onnx'))

any_two = ['n', 'k']


def twins(name, node, ins, outs):
    def ports(names):
        return [helper.make_tensor_value_info(n, TensorProto.FLOAT, any_two)
                for n in names]

    onnx.save(helper.make_model(
        helper.make_graph(node, name, ports(ins), ports(outs)),
        ir_version=8, opset_imports=[helper.make_opsetid('', 14)]),
        os.path.join(here, name + '.onnx'))


twins('twins-in', [helper.make_node('Sub', ['a/b', 'a_b'], ['y'])],
      ['a/b', 'a_b'], ['y'])
twins('twins-out', [helper.make_node('Neg', ['x'], ['a/b']),
                    helper.make_node('Abs', ['x'], ['a_b'])],
      ['x'], ['a/b', 'a_b'])


def save(path, a):
    os.makedirs(os.path.dirname(os.path.join(here, path)), exist_ok=True)
    np.save(os.path.join(here, path), a)


def save_pb(path, a, name):
    os.makedirs(os.path.dirname(os.path.join(here, path)), exist_ok=True)
    with open(os.path.join(here, path), 'wb') as f:
        f.write(numpy_helper.from_array(a, name).SerializeToString())


ids = np.array([[5, 6, 7]])
mask = np.array([[1, 1, 0]])
x = (np.arange(6).reshape(2, 3) / 4).astype('f4')
save('case/ids.npy', ids)
save('case/mask.npy', mask)
save('case/x.npy', np.asfortranarray(x))
save('want/sum.npy', ids * mask)
save('want/y.npy', x + x)
save('short/ids.npy', ids)
save('short/mask.npy', mask[:, :2])
save('short/x.npy', x[:1, :2])
ones = np.ones((2, 3), 'f4')
ones[:1, :2] = x[:1, :2]
save('short-want/sum.npy', ids)
save('short-want/y.npy', ones + ones)
save('long/x.npy', np.zeros((2, 4), 'f4'))
save('many/2/ids.npy', ids)
save('many/2/mask.npy', mask)
save('many/2/x.npy', x.astype('>f4'))
save_pb('many/10/input_0.pb', ids, '')
save_pb('many/10/input_1.pb', x, 'x')
save_pb('many/10/input_2.pb', mask, 'mask')
save_pb('many/10/output_0.pb', ids * mask, 'sum')
save_pb('many/10/output_1.pb', x + x, '')
save('many-want/2/sum.npy', ids * mask)
save('many-want/2/y.npy', x + x)
save_pb('many-want/10/output_0.pb', x + x, 'y')
