#!/bin/sh
# --use_slurm under a real Slurm, where one can be started: what it does to
# the tasks of a sweep, and what then stands in the log.
. "$(dirname "$0")/lib.sh"
trap 'slurm_stop; rm -rf "$T"' EXIT
# shellcheck source=tests/slurm.sh
. "$top/tests/slurm.sh"
slurm_start || skip_all "$slurm_why"

# The points of a log, in order, each with how it ended.
points() {
	awk '/^RUN / { p = $2 "x" $4 }
	    /^FMWORK RES / { print p, "ok" }
	    /^FMWORK ERR / { print p, $3 }' "${1:-$T/out}" | sort
}
all=$(for i in 8 16 32 64; do for b in 1 2 3; do echo "${i}x$b ok"; done; done |
    sort)

# What fm-process makes of a log, but for the times.
facts() {
	fm-process --format jsonl "$1" | sed 's/.*"model"/"model"/
	    s/"warmup".*"status"/"status"/; s/"time_end".*"key"/"key"/
	    s/"sys_id".*//' | sort
}
# sweep STATUS OPTION...: the 12 points
sweep() {
	want=$1; shift
	run "$want" fm-driver --use_slurm --slurm:shards 3 --slurm:poll 0.5 \
	    --platform null --input_sizes 8,16,32,64 --batch_sizes 1,2,3 \
	    --reps 2 "$@"
}
# begin OPTION...: the same beside us, slower; its number is $pid
begin() {
	fm-driver --use_slurm --slurm:shards 2 --slurm:poll 0.5 \
	    --platform null --input_sizes 8,16,32,64 --batch_sizes 1,2,3 \
	    --reps 2 --null:latency_ms 100 "$@" >"$T/out" 2>"$T/err" &
	pid=$!
	until_measured 3
}
# until_measured N: the tasks have so many points
until_measured() {
	i=0
	until [ "$(cat "$FM_CACHE_DIR"/slurm/[!j]*/shard-*.log 2>/dev/null |
	    grep -c '^FMWORK RES')" -ge "$1" ] || [ $((i += 1)) = 150 ]; do
		sleep 0.1
	done
}
# The job of this sweep.
job() { squeue -h -o %F | head -n 1; }

fm-driver --platform null --input_sizes 8,16,32,64 --batch_sizes 1,2,3 \
    --reps 2 >"$T/local" 2>"$T/err"
start=$(date +%s)
sweep 0 --jobs 2 --slurm:partition debug
facts "$T/local" >"$T/wanted"
facts "$T/out" >"$T/got"
is 'facts of 12 points' "$(grep -c '"key":"[0-9a-f]' "$T/wanted")" 12
same 'the same points as without Slurm' "$T/got" "$T/wanted"
run 2 fm-driver --use_slurm --platform null --slurm:partition none
like 'refused' "$T/err" \
    '^fm-driver: sbatch refuses the job: .*invalid partition specified: none'

rm -rf "$FM_CACHE_DIR/slurm"
begin
kill -s INT $pid
wait $pid
is 'Ctrl-C' $? 130
is 'the array is cancelled' "$(squeue -h -t PD,R | wc -l)" 0
is 'what was measured is there' \
    "$([ "$(points | grep -c ok)" -ge 3 ] && points | grep -vc ok)" 0
rm -rf "$FM_CACHE_DIR/slurm"

# Its driver dies, one task is queued again, one is ended.
begin --log "$T/real"
kill -s KILL $pid
wait $pid 2>"$T/.e"
job=$(job)
scontrol requeue "${job}_1"
scancel "${job}_2"
rm "$T/real"
run 1 fm-driver --attach "$job" --slurm:poll 0.5
is '--attach, REQUEUED, CANCELLED' \
    "$(points "$T/real" | awk '{ print $1 }' | uniq)" \
    "$(echo "$all" | cut -d' ' -f1)"
is 'rows of the second alone' "$(points "$T/real" | grep -v ok |
    sed 's/ .*//' | grep -vcxE '16x1|64x1|16x2|64x2|16x3|64x3')" 0
like 'preempted' "$T/real" '^FMWORK ERR preempted .* the job was cancelled'
rm -rf "$FM_CACHE_DIR/slurm" "$T/real"

# Somebody with more rights takes the node; then the node fails.
begin
sbatch --parsable -o /dev/null -p first -n 2 --wrap 'sleep 1' >"$T/.e"
wait $pid
is 'PREEMPTED' "$? $(points)" "0 $all"
like 'in another job' "$T/err" 'job [0-9]+_1: submitted again'
rm -rf "$FM_CACHE_DIR/slurm"
begin --slurm:no-requeue true
scontrol update "NodeName=$(hostname -s)" State=down Reason=test
sleep 1
scontrol update "NodeName=$(hostname -s)" State=resume 2>"$T/.e"
wait $pid
is 'NODE_FAIL' "$? $(points)" "0 $all"
note <<END
a real Slurm: $(($(date +%s) - start)) s
END

finish
