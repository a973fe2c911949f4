#!/bin/sh
# The tests of --host, with many more rounds of lost connections.
FM_ROUNDS=${FM_ROUNDS:-100} exec "$(dirname "$0")/../51-remote.t"
