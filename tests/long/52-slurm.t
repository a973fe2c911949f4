#!/bin/sh
# --use_slurm under a real Slurm, with what takes long: the time limit, which
# Slurm looks at twice a minute, and rounds of a sweep to which something
# happens at a random moment. ROUNDS=N says how many.
. "$(dirname "$0")/../lib.sh"
trap 'slurm_stop; rm -rf "$T"' EXIT
# shellcheck source=tests/slurm.sh
. "$top/tests/slurm.sh"
slurm_start || skip_all "$slurm_why"

points() {
	awk '/^RUN / { p = $2 "x" $4 }
	    /^FMWORK RES / { print p, "ok" }
	    /^FMWORK ERR / { print p, $3 }' "$1" | sort
}
all=$(for i in 8 16 32 64 128; do for b in 1 2 3 4 5 6 7 8; do
	echo "${i}x$b ok"
done; done | sort)
# begin OPTION...: 40 points in 4 shards
begin() {
	rm -rf "$FM_CACHE_DIR/slurm" "$T/log"
	fm-driver --use_slurm --slurm:shards 4 --slurm:poll 0.5 \
	    --platform null -i 8,16,32,64,128 -b 1-8 --reps 2 \
	    --null:latency_ms 100 --log "$T/log" "$@" 2>"$T/err" &
	pid=$!
	i=0
	until [ -n "$(jobs_of R)" ] || [ $((i += 1)) = 100 ]; do
		sleep 0.1
	done
}
# jobs_of STATES: running tasks as JOB_TASK
jobs_of() { squeue -h -r -t "$1" -o %F_%K; }
# A random number below $1.
chance() { od -An -N2 -tu2 /dev/urandom | awk -v n="$1" '{ print $1 % n }'; }

# --- the time limit ---

begin --reps 100 --jobs 2 --slurm:resubmit 0
for job in $(jobs_of R); do
	scontrol update "JobId=$job" "EndTime=$(date -d '15 seconds' +%FT%T)"
done 2>"$T/.e"
i=0
until grep -q TIMEOUT "$T/err" || [ $((i += 1)) = 150 ]; do sleep 1; done
kill -s INT $pid
wait $pid
if grep -q TIMEOUT "$T/err"; then
	like 'TIMEOUT: rows' "$T/log" \
	    "^FMWORK ERR timeout .*over the job's time limit"
	is 'and points from before' \
	    "$([ "$(points "$T/log" | grep -c ok)" -gt 0 ] && echo some)" some
else
	skip TIMEOUT 'the time limit cannot be set back here'
fi

# --- rounds ---

# One of what may happen to a job, at some moment of its run. Where somebody
# ends a task for good, its points are rows.
mishap() {
	task=$(jobs_of R | sed -n "$(($(chance 2) + 1))p")
	case $1 in
	driver)
		kill -s KILL $pid
		wait $pid 2>"$T/.e"
		fm-driver --attach "$(jobs_of R,PD | head -n 1 | cut -d_ -f1)" \
		    --slurm:poll 0.5 2>"$T/err" &
		pid=$!
		;;
	requeue) [ -z "$task" ] || scontrol requeue "$task" ;;
	cancel) [ -z "$task" ] || scancel "$task" ;;
	preempt)
		sbatch --parsable -o /dev/null -p first -n 2 --wrap 'sleep 1'
		;;
	node)
		scontrol update "NodeName=$(hostname -s)" State=down Reason=x
		sleep 1
		scontrol update "NodeName=$(hostname -s)" State=resume
		;;
	esac >"$T/.out" 2>&1
}
round=0
while [ $((round += 1)) -le "${ROUNDS:-20}" ]; do
	what=$(echo driver requeue cancel preempt node |
	    cut -d' ' -f$((round % 5 + 1)))
	begin
	sleep "$(($(chance 3))).$(chance 10)"
	mishap "$what"
	wait $pid
	rc=$?
	got=$(points "$T/log")
	[ "$what" != cancel ] || [ $rc = 0 ] ||
	    got=$(echo "$got" | sed 's/preempted$/ok/') rc=0
	is "round $round: $what" "$rc $got" "0 $all"
done
finish
