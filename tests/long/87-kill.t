#!/bin/sh
# Two hundred sweeps that are killed, hung, cut off and cancelled at random
# times.
. "$(dirname "$0")/../lib.sh"
# shellcheck source=tests/kill.sh
. "$top/tests/kill.sh"
kill_bytes 1
kill_rounds 200
finish
