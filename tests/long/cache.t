#!/bin/sh
# Two hundred processes that build twenty models at once, and a thousand kills
# in the midst of it.
. "$(dirname "$0")/../lib.sh"
model=$top/tests/data/model/bert/model
build() { fm-driver --build_only "$model" --load_format dummy --seed "$1"; }

i=0
while [ $i -lt 200 ]; do
	i=$((i + 1))
	build $((i % 20)) >"$T/log.$i" 2>&1 &
done
wait
is 'each of twenty models is built once' \
    "$(cat "$T"/log.* | grep -c '^FMWORK STAGE import [0-9.]* ok')" 20
is 'the others found it' \
    "$(cat "$T"/log.* | grep -c '^FMWORK STAGE import [0-9.]* cached')" 180
run 0 fm-cache verify

# Killed after 0 to 20 ms, again and again, on the same few models.
i=0
while [ $i -lt 1000 ]; do
	i=$((i + 1))
	build $((1000 + i % 7)) >/dev/null 2>&1 &
	pid=$!
	sleep "0.0$(printf %02d $((i % 20)))"
	kill -9 $pid 2>/dev/null
	wait $pid 2>/dev/null
	[ $((i % 100)) != 0 ] || fm-cache verify >"$T/v" 2>&1 || fail "verify: $(cat "$T/v")"
done
i=0
while [ $i -lt 7 ]; do
	run 0 build $((1000 + i))
	i=$((i + 1))
done
is 'the next runs have repaired what was left' \
    "$(find "$FM_CACHE_DIR/obj" -name '*.tmp' | wc -l)" 0
run 0 fm-cache verify
finish
