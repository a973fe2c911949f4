#!/usr/bin/env python3
"""The torch backend: PyTorch and transformers behind the lines of
fm-backend(7). This file starts it: it keeps stdout for the answers, chooses
the Python that has torch, and hands over to the package fm_torch beside it.
"""
import os
import sys

HERE = os.path.dirname(os.path.realpath(__file__))
sys.path[0] = HERE

from fm_torch import interpreter, serve  # noqa: E402


def main():
    interpreter.enter()
    serve.main()


if __name__ == "__main__":
    main()
