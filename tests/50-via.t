#!/bin/sh
# --via: the backend behind a remote shell. First a double that re-parses
# words, drops the environment and prints a banner; then, where there is one,
# a real sshd on the loopback, with a key and a configuration of its own.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/sshd.sh"

shims=$top/tests/shims
set -- --platform null --input_sizes 8,16 --batch_sizes 1,2 --reps 3

# rows REGEX: how many lines of the log match
rows() { grep -Ec "$1" "$T/out"; }
# shellcheck disable=SC2317 # ok calls it
# wait_for PATH yes|no: until a process runs this program, or none does
wait_for() {
	i=0
	while [ "$i" -lt 100 ]; do
		i=$((i + 1))
		# First the list: grep's own words are not to be found.
		cat /proc/[0-9]*/cmdline 2>"$T/.gone" | tr '\0' '\n' \
		    >"$T/.words"
		if grep -qxF "$1" "$T/.words"; then is=yes; else is=no; fi
		[ "$is" = "$2" ] && return
		sleep 0.1
	done
	false
}
# far NAME: a copy of the null backend that can be told from others
far() {
	mkdir -p "$T/$1" && cp "$B/libexec/fm/fm-backend-null" "$T/$1/"
}

# --- the double ---

run 0 fm-driver --via "$shims/rsh -T far" "$@"
is 'every repetition comes' "$(rows '^FMWORK REP')" 12
is 'every point has its result' "$(rows '^FMWORK RES')" 4
is 'the banner is not in the log' "$(rows 'Welcome|message of the day')" 0

mkdir "$T/a dir" && cp "$shims/rsh" "$T/a dir/"
run 0 fm-driver --via "'$T/a dir/rsh' -T \"far\"" "$@"
is 'quotes keep blanks in a word' "$(rows '^FMWORK RES')" 4

far other
run 0 fm-driver --via "$shims/rsh far $T/other/" "$@"
is 'a folder at the end is where the backend is' "$(rows '^FMWORK RES')" 4

run 0 env RSH_BANNER=64 fm-driver --via "$shims/rsh far" "$@"
is '64 lines of a banner' "$(rows '^FMWORK RES')" 4
run 4 env RSH_BANNER=65 fm-driver --via "$shims/rsh far" "$@"
like 'not 65' "$T/err" \
    "backend 'null' did not say hello in its first 64 lines: line 64 of"

run 4 fm-driver --via "$shims/rsh down" "$@"
like 'a host that does not answer' "$T/err" \
    "backend 'null' died: exit status 255: ssh: connect to host down port 22:"
run 4 fm-driver --via "$shims/rsh far /no/such/" "$@"
like 'a host without the backend' "$T/err" \
    "backend 'null' died: exit status 127: .*/no/such/fm-backend-null"
run 4 fm-driver --via "/no/such/rsh far" "$@"
like 'no such remote shell' "$T/err" \
    "backend 'null': cannot start '/no/such/rsh': No such file or directory"
run 2 fm-driver --via "rsh 'far" "$@"
like 'a quote that is not closed' "$T/err" '^fm-driver: --via: '
run 2 fm-driver --via ' ' "$@"
like 'no words' "$T/err" '^fm-driver: --via: no words$'

run 1 fm-driver --via "$shims/rsh far" --null:fault die@3 "$@"
is 'one that dies costs its point' "$(rows '^FMWORK RES')" 3
is 'which is a row' "$(rows '^FMWORK ERR died 8 1 2 ')" 1

far stopped
fm-driver --via "$shims/rsh far $T/stopped/" "$@" --null:latency_ms 100 \
    --reps 1000 >"$T/out" 2>"$T/err" &
pid=$!
ok 'a long run has begun' wait_for "$T/stopped/fm-backend-null" yes
kill -s TERM $pid
wait $pid
is 'SIGTERM ends it' $? 143
ok 'and the backend' wait_for "$T/stopped/fm-backend-null" no

# --- sshd ---

if ! sshd_have || ! sshd_start here; then
	skip 'over ssh' "$sshd_why"
	finish
fi

run 0 fm-driver --via "$sshd_ssh -T here" "$@"
is 'over ssh: every repetition comes' "$(rows '^FMWORK REP')" 12

far away
fm-driver --via "$sshd_ssh -T here $T/away/" "$@" \
    --null:latency_ms 100 --reps 1000 >"$T/out" 2>"$T/err" &
pid=$!
ok 'over ssh: a long run has begun' wait_for "$T/away/fm-backend-null" yes
kill -s KILL $pid
wait $pid 2>"$T/.wait"
ok 'over ssh: a backend that is left alone ends' \
    wait_for "$T/away/fm-backend-null" no

run 4 fm-driver --via "$sshd_ssh -T -p 1 here" "$@"
like 'over ssh: nobody listens' "$T/err" \
    "backend 'null' died: exit status 255: ssh: connect to host"

finish
