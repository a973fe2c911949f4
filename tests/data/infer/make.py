#!/usr/bin/env python3
# Makes the data beside it. Needs numpy and ml_dtypes; output is the same
# every time.
#
#   npy/    a 2x3 array of 0..5 (or scalars) in every form of .npy that
#           numpy writes: byte orders, Fortran order, versions, types
import os

import ml_dtypes
import numpy as np

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
