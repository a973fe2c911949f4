#!/bin/sh
# gcc and clang compile everything without a warning: the one as it optimises
# most and so sees most, the other as it is fastest.
. "$(dirname "$0")/../lib.sh"

for name in 'gcc -O3 -D_FORTIFY_SOURCE=2' 'clang -O0'; do
	cc=${name%% *}
	command -v "$cc" >/dev/null || { skip "$name" "no $cc"; continue; }
	if make -C "$top" -s -j2 B="$T/$cc" CC="$cc" CFLAGS="${name#* }" \
	    WERROR=1 programs >"$T/log" 2>&1; then
		pass "$name"
	else
		fail "$name"
		grep -E 'error|warning' "$T/log" | head -40 | note
	fi
done
finish
