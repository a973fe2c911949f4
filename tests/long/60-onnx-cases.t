#!/bin/sh
# All of the ONNX project's cases.
FM_TEST_LONG=1 exec "$(dirname "$0")/../60-onnx-cases.t"
