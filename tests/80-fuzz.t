#!/bin/sh
# Every fuzz harness over its corpus: nothing in it may crash or hang.
. "$(dirname "$0")/lib.sh"
cd "$top/tests/fuzz" || exit 1

for c in *.c; do
	c=${c%.c}
	[ "$c" != replay ] || continue
	set -- "corpus/$c"/*
	if [ ! -e "$1" ]; then
		fail "$c: there is no corpus"
	elif timeout 60 "$B/fuzz-replay/$c" "$@" >"$T/out" 2>&1; then
		pass "$c: $# inputs"
	else
		fail "$c"
		tail -n 20 "$T/out" | note
	fi
done
finish
