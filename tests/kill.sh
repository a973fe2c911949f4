# Sweeps that are disturbed at random times, and what their logs hold in the
# end. Source it after lib.sh; then `kill_rounds N`.
# shellcheck shell=sh disable=SC2154,SC2086
#
# A round is a sweep of 40 points that is disturbed up to four times: the
# driver or its backend is killed, the backend hangs, the disk is full, the
# connection is lost, the job is cancelled. Each time it is started again with
# --resume_failed, and at last left alone. Then its log, read by fm-process,
# must hold the points of an undisturbed sweep, each once. A third of the time
# two lanes are at it.
#
# $SEED repeats the rounds of an earlier test; $KEEP is a folder for the logs of
# those that went wrong.

[ -r /proc/self/task ] || skip_all 'no /proc that tells the children'
command -v setsid >/dev/null || skip_all 'no setsid'
FM_LOCK_DIR=$T/lock
seed=${SEED:-$(($(date +%s) % 100000 * 1000 + $$ % 1000))}
so=$B/tests/preload/fault.so
! sanitized || so=''

# Backends under a name of our own, so that orphans can be told from others';
# one that once loses the request number $HANG; and a line to another machine.
mkdir "$T/be" "$T/hang"
cp "$B/libexec/fm/fm-backend-null" "$T/be/"
cat >"$T/hang/fm-backend-null" <<'X'
#!/bin/sh
n=0
while IFS= read -r line; do
	n=$((n + 1))
	if [ $n = "$HANG" ] && mkdir "$T/hung" 2>/dev/null; then
		cat >/dev/null
		exit
	fi
	printf '%s\n' "$line"
done | "$T/be/fm-backend-null"
X
cat >"$T/line" <<'X'
#!/bin/sh
d=$(mktemp -d "$T/far.XXXXXX") && mkfifo "$d/in" "$d/out" || exit 1
setsid "$@" <"$d/in" >"$d/out" 2>/dev/null &
cat "$d/out" &
exec cat >"$d/in"
X
chmod +x "$T/hang/fm-backend-null" "$T/line"
export FM_LOCK_DIR T FM_BACKEND_PATH="$T/be"

plan='--platform null -i 1-10 -b 1-8*2 --reps 3 --null:latency_ms 1 --timeout 5'

# The points that a log has results of, each as often as it has.
points() {
	fm-process --format jsonl "$1" 2>/dev/null | sed -n \
	    's/.*"input": *\([0-9]*\),.*"batch": *\([0-9]*\),.*"status": *"OK".*/\1 \2/p' |
	    sort -n
}
# Processes of this test's backends.
echo "$T/be/fm-backend-null" >"$T/name"
orphans() { grep -lsaF -f "$T/name" /proc/[0-9]*/cmdline; }
# gone SECONDS: no backend is left after at most so long
gone() {
	i=$(($1 * 10))
	while [ -n "$(orphans)" ] && [ $i -gt 0 ]; do
		sleep 0.1
		i=$((i - 1))
	done
	[ -z "$(orphans)" ]
}
later() { sleep "$(printf '%d.%03d' $(($1 / 1000)) $(($1 % 1000)))"; }

# --- disturbances: MILLISECONDS NUMBER; each starts the sweep once more -------

start() {
	lanes=
	[ $((number % 3)) != 0 ] || lanes='--device_sets 0:1'
	fm-driver $plan $lanes --log "$log" --resume_failed "$@" \
	    >>"$said" 2>&1 &
	driver=$!
}
finish_driver() { wait $driver 2>/dev/null; }
# One of its backends.
child() {
	cat /proc/$driver/task/*/children 2>/dev/null | tr ' ' '\n' |
	    grep . | sed -n "$((1 + number % 2))p;\$p" | head -n 1
}

kill_driver() {
	start
	later "$1"
	kill -9 $driver 2>/dev/null
	finish_driver
	gone 2 || { echo "an orphan after kill -9 of the driver" >>"$said"
		echo orphan >>"$T/bad"; }
}
kill_backend() {
	start
	later "$1"
	child=$(child)
	[ -z "$child" ] || kill -9 "$child" 2>/dev/null
	finish_driver
}
hang() {
	rm -rf "$T/hung"
	export HANG=$((3 + $2 % 45)) FM_BACKEND_PATH="$T/hang"
	start --timeout 0.3
	finish_driver
	FM_BACKEND_PATH=$T/be
}
# Nothing of a line is written, from the n-th write on.
disk_full() {
	[ -n "$so" ] || return 0
	FM_FAULT=write:$((1 + $2 % 60)):ENOSPC LD_PRELOAD=$so \
	    fm-driver $plan --log "$log" --resume_failed >>"$said" 2>&1
}
# A part of a line is.
file_full() {
	blocks=$(($(wc -c <"$log") / 512 + 1 + $2 % 50))
	trap=
	[ $(($2 % 2)) = 0 ] || trap="trap '' XFSZ;"
	# By a shell of its own, whose words about it are not wanted.
	sh -c "$trap"'ulimit -c 0; ulimit -f $0; exec fm-driver "$@"' $blocks \
	    $plan --log "$log" --resume_failed >/dev/null 2>&1
}
lose_line() {
	start --via "$T/line $T/be/"
	later "$1"
	child=$(child)
	[ -z "$child" ] || kill -9 "-$child" 2>/dev/null
	finish_driver
}
cancel() {
	start
	later "$1"
	if [ $(($2 % 2)) = 0 ]; then
		kill -TERM $driver 2>/dev/null
	else
		kill -INT $driver 2>/dev/null
	fi
	finish_driver
}
# Half a log is what a machine that lost its power may leave.
cut_off() {
	size=$(wc -c <"$log")
	[ "$size" = 0 ] || truncate -s $((size - size * $2 / 4000)) "$log"
}

# --- every byte ---------------------------------------------------------------

# kill_bytes STEP: the log of a sweep is cut at every STEP-th byte of its last
# point; the next driver is killed when it has said that it goes on, and the
# one after it must measure what is missing.
kill_bytes() {
	few='--platform null -i 1-3 --reps 3'
	rm -f "$T/few.log"
	fm-driver $few --log "$T/few.log" 2>/dev/null
	size=$(wc -c <"$T/few.log")
	first=$(grep -ab '^FMWORK KEY' "$T/few.log" | tail -n 1 | cut -d: -f1)
	at=$((first - 200)) lost=
	while [ $at -lt "$size" ]; do
		head -c $at "$T/few.log" >"$T/cut.log"
		echo 'FMWORK RESUME' >>"$T/cut.log"
		fm-driver $few --log "$T/cut.log" --resume 2>"$T/err" ||
		    lost="$lost $at:status"
		points "$T/cut.log" >"$T/got"
		[ "$(cut -d' ' -f1 "$T/got" | tr '\n' ' ')" = '1 2 3 ' ] ||
			lost="$lost $at"
		at=$((at + $1))
	done
	is 'a log that is cut anywhere loses no point' "$lost" ''
}

# --- rounds --------------------------------------------------------------------

# Lines "kind ms number", an empty kind ends a round.
make_plan() {
	awk -v n="$1" -v seed="$2" 'BEGIN {
		srand(seed)
		kinds = split("kill_driver kill_backend hang disk_full " \
		    "file_full lose_line cancel cut_off", kind, " ")
		for (; n > 0; n--) {
			for (k = 1 + int(rand() * 4); k > 0; k--)
				print kind[1 + int(rand() * kinds)], \
				    int(rand() * rand() * 400), int(rand() * 1000)
			print "-"
		}
	}'
}

# The rest of the sweep, and what has become of it.
end_round() {
	for try in 1 2 3; do
		fm-driver $plan --log "$log" --resume_failed \
		    >>"$said" 2>&1 && break
	done
	rc=$?
	points "$log" >"$T/got"
	if [ $rc = 0 ] && cmp -s "$T/got" "$T/whole"; then
		return
	fi
	{
		echo "round $round (seed $seed):$did; status $rc, try $try"
		diff "$T/whole" "$T/got"
		tail -n 5 "$said"
	} >>"$T/bad"
	[ -z "$KEEP" ] || cp "$log" "$KEEP/round-$round.log"
}

kill_rounds() {
	echo "# seed $seed"
	fm-driver $plan >"$T/log" 2>/dev/null
	points "$T/log" >"$T/whole"
	is 'an undisturbed sweep' "$(wc -l <"$T/whole")" 40
	make_plan "$1" "$seed" >"$T/plan"
	: >"$T/bad"
	round=1 did=
	log=$T/round.log said=$T/said
	: >"$log"
	while read -r what ms number; do
		if [ "$what" = - ]; then
			end_round
			round=$((round + 1)) did=
			: >"$log"
			: >"$said"
			continue
		fi
		did="$did $what($ms,$number)"
		$what "$ms" "$number"
		grep -c '^FMWORK RES ' "$log" >>"$T/steps"
	done <"$T/plan"
	is "$1 disturbed sweeps hold the same points, each once" \
	    "$(cat "$T/bad")" ''
	echo "# $(wc -l <"$T/steps") disturbances, after" \
	    "$(sort -nu "$T/steps" | tr '\n' ' ')points"
	ok 'no backend is left behind' gone 12
}
