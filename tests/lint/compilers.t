#!/bin/sh
# gcc and clang compile everything without a warning, optimised or not.
. "$(dirname "$0")/../lib.sh"

for cc in gcc clang; do
	for o in -O0 '-O3 -D_FORTIFY_SOURCE=2'; do
		name="$cc $o"
		command -v $cc >/dev/null || { skip "$name" "no $cc"; continue; }
		if make -C "$top" -s -j2 B="$T/$cc${o%% *}" CC=$cc \
		    CFLAGS="$o" WERROR=1 programs >"$T/log" 2>&1; then
			pass "$name"
		else
			fail "$name"
			grep -E 'error|warning' "$T/log" | head -40 | note
		fi
	done
done
finish
