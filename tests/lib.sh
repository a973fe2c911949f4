# Test library: TAP from shell. Source it first; end with `finish`.
# shellcheck shell=sh disable=SC2034
# $T is an empty folder of the test's own, $B the build, $top the sources,
# $minilm a real checkpoint (perhaps not there).

top=$(cd "$(dirname "$0")" && while [ ! -f Makefile ]; do cd ..; done && pwd)
B=${B:-$top/build}
case $B in /*) ;; *) B=$top/$B ;; esac
PATH=${FM_TEST_BIN:+$FM_TEST_BIN:}$B/bin:$PATH
minilm=$top/build/models/all-MiniLM-L6-v2
T=$(mktemp -d "${TMPDIR:-/tmp}/fm-test.XXXXXX") || exit 1
trap 'rm -rf "$T"' EXIT
trap 'exit 143' INT TERM
unset NO_COLOR MLAGILITY_CACHE_DIR GROQFLOW_CACHE_DIR
FM_CACHE_DIR=$T/cache FM_LOCK_DIR=$T/lock
LC_ALL=C
export PATH B LC_ALL FM_CACHE_DIR FM_LOCK_DIR
n=0 bad=0

# ok NAME COMMAND...: the command succeeds
ok() { name=$1; shift; if "$@"; then pass "$name"; else fail "$name"; fi; }
pass() { n=$((n + 1)); echo "ok $n - $1"; }
fail() { n=$((n + 1)); bad=$((bad + 1)); echo "not ok $n - $1"; }
note() { sed 's/^/# /'; }
skip() { n=$((n + 1)); echo "ok $n - $1 # SKIP $2"; }
skip_all() { echo "1..0 # SKIP $1"; exit 0; }
# is NAME GOT WANTED
is() {
	if [ "$2" = "$3" ]; then pass "$1"; else
		fail "$1"; printf 'got:    %s\nwanted: %s\n' "$2" "$3" | note
	fi
}
# like NAME FILE REGEX (extended): some line of the file matches
like() {
	if grep -Eq -e "$3" "$2"; then pass "$1"; else
		fail "$1"; { echo "no line matches $3 in:"; head -20 "$2"; } | note
	fi
}
# same NAME FILE WANTED-FILE
same() {
	if diff -u "$3" "$2" >"$T/.diff" 2>&1; then pass "$1"; else
		fail "$1"; head -40 "$T/.diff" | note
	fi
}
# run STATUS COMMAND...: exit status as wanted; leaves $T/out and $T/err
run() {
	want=$1; shift; "$@" >"$T/out" 2>"$T/err" </dev/null; rc=$?
	is "status $want: $(echo "$*" | sed "s#$T#T#g;s#$top#.#g" | cut -c1-90)" \
	    "$rc" "$want"
	[ "$rc" = "$want" ] || head -5 "$T/err" | note
}
# The address sanitizer reserves terabytes: no limit on memory can be set.
sanitized() { [ "${B##*/}" = san ]; }
# cases AREA: every folder tests/cases/AREA/* is a test: args (read by the
# shell), input, output, error, status
cases() {
	for c in "$top/tests/cases/$1"/*/; do
		c=${c%/}; in=/dev/null; want=0
		[ -f "$c/input" ] && in=$c/input
		[ -f "$c/status" ] && want=$(cat "$c/status")
		(cd "$c" && eval "$(cat args)" <"$in" >"$T/out" 2>"$T/err")
		rc=$?
		is "${c##*/}: status" "$rc" "$want"
		[ ! -f "$c/output" ] || same "${c##*/}: output" "$T/out" "$c/output"
		[ ! -f "$c/error" ] || same "${c##*/}: error" "$T/err" "$c/error"
	done
}
finish() { echo "1..$n"; [ "$bad" = 0 ]; exit $?; }
