#!/bin/sh
# --use_slurm, with a double of Slurm's commands, which makes states that a
# real one will not make when asked. 53-slurm.t has the real one.
. "$(dirname "$0")/lib.sh"

mkdir "$T/shim"
for c in sbatch squeue scontrol scancel sacct; do
	ln -s "$top/tests/shims/slurm" "$T/shim/$c"
done
PATH=$T/shim:$PATH
SLURM_SHIM=$T/slurm
export SLURM_SHIM
# A fresh cluster.
fresh() { rm -rf "$SLURM_SHIM"; mkdir "$SLURM_SHIM"; }
# plan TASK LINE...: a line for each submission
plan() { i=$1; shift; printf '%s\n' "$@" >"$SLURM_SHIM/plan.$i"; }
# slurm STATUS OPTION...: a sweep of 12 points in 3 shards
slurm() {
	want=$1; shift
	run "$want" fm-driver --use_slurm --slurm:shards 3 --slurm:poll 0 \
	    --platform null --input_sizes 8,16,32,64 --batch_sizes 1,2,3 \
	    --reps 2 "$@"
}
# The points of a log, in order, each with how it ended.
points() {
	awk '/^RUN / { p = $2 "x" $4 }
	    /^FMWORK RES / { print p, "ok" }
	    /^FMWORK ERR / { print p, $3 }' "${1:-$T/out}" | sort
}
all=$(for i in 8 16 32 64; do for b in 1 2 3; do echo "${i}x$b ok"; done; done |
    sort)
calls() { grep -c "^$1 " "$SLURM_SHIM/calls"; }

# --- what is submitted ---

fresh
slurm 0 --stop 'batch >= 2'
is 'a sweep that only --stop cuts short has not failed' \
    "$(points | sed 's/.* //' | sort -u | paste -sd,)" ok,skipped
rm -rf "$FM_CACHE_DIR/slurm"

fresh
slurm 0
is 'every point, and none twice' "$(points)" "$all"
is 'one array' "$(calls sbatch)" 1
like 'of three tasks' "$SLURM_SHIM/sbatch" '^--array=1-3$'
like 'that may run again' "$SLURM_SHIM/sbatch" '^--requeue$'
like 'with a name of its own' "$SLURM_SHIM/sbatch" \
    '^--job-name=fm-[0-9a-f]{16}$'
is 'one run' "$(grep -o '"run_id":"[^"]*"' "$T/out" | sort -u | wc -l)" 1
is 'nothing on stderr' "$(grep -v 'there is no spread' "$T/err")" ''

fresh
slurm 0 --jobs 2 --slurm:partition debug --slurm:gres gpu:1 \
    --slurm:exclusive true --slurm:no_kill false --slurm:time_min 5 \
    --slurm:p other
for o in --array=1-3%2 --partition=debug --gres=gpu:1 --exclusive \
    --time-min=5 -pother; do
	like "sbatch gets $o" "$SLURM_SHIM/sbatch" "^$o\$"
done
is 'false is no option' "$(grep -c no-kill "$SLURM_SHIM/sbatch")" 0

run 0 fm-driver --use-slurm --platform null -i 1-100 --dry_run
like 'so many shards and no more' "$T/out" "'--array=1-50'"
run 0 fm-driver --use-slurm --platform null -i 1-100 --jobs 2 --dry_run
like 'or four for each job at a time' "$T/out" "'--array=1-8%2'"

fresh
slurm 0 --dry_run
like '--dry_run shows the command' "$T/out" "'--array=1-3'"
like 'and the script' "$T/out" '^trap : TERM$'
ok 'and submits nothing' [ ! -f "$SLURM_SHIM/calls" ]
is 'and leaves nothing' "$(ls -d "$FM_CACHE_DIR"/slurm/????????????????/ |
    wc -l)" 2

# Words with everything that a shell would read.
nasty=$(printf 'a b\t"c" '"'d'"' $HOME `e` \\ %% *\nnew line')
cat >"$T/words" <<'END'
#!/bin/sh
for w; do printf '<%s>' "$w"; done >"$FM_TEST_WORDS"
END
chmod +x "$T/words"
fresh
FM_TEST_WORDS=$T/got
export FM_TEST_WORDS
mkdir "$T/d %j '"
run 0 fm-driver --use_slurm --slurm:driver "$T/words" --slurm:poll 0 \
    --run_id "it's" --platform null --env "A=$nasty" --null:x "$nasty" \
    --slurm:dir "$T/d %j '" -- "$nasty"
id=$(basename "$T/d %j '"/????????????????)
printf '<%s>' --shard 1/1 --run_id "it's" --log "$T/d %j '/$id/shard-1.log" \
    --resume --platform=null "--env=A=$nasty" --null:x "$nasty" -- \
    "$nasty" >"$T/wanted"
same 'every word arrives as it was' "$T/got" "$T/wanted"
ok 'a folder with odd letters' [ -f "$T/d %j '/$id/shard-1.err" ]

# --- what is refused ---

refused() { # NAME TEXT OPTION...
	name=$1 text=$2; shift 2
	run 2 fm-driver "$@"
	like "$name" "$T/err" "^fm-driver: $text"
}
refused '--jobs alone' '--jobs belongs to --use_slurm' --jobs 2
refused '--detach alone' '--detach belongs to --use_slurm' --detach
refused '--slurm: alone' '--slurm:OPTION belongs to --use_slurm' \
    --slurm:partition debug
refused 'two at once' '--attach goes on with a job' --attach 1 --use_slurm
refused 'no sweep' '--use_slurm is for sweeps, --profile is none' \
    --use_slurm --profile
refused 'two places' '--host and --use_slurm exclude' --host x --use_slurm
refused 'two kinds of shards' '--shard and --use_slurm exclude' --shard 1/2 \
    --use_slurm
refused 'an option of ours' "--slurm:array: this option of sbatch is ours" \
    --platform null --use_slurm --slurm:array 1-3
refused 'no option at all' "--slurm:q must have one value" \
    --platform null --use_slurm --slurm:q:x 1
refused 'no number of shards' "--slurm:shards: 'x' must be a whole number" \
    --platform null --use_slurm --slurm:shards x
refused 'no seconds' "--slurm:poll: 'x' must be a number" \
    --platform null --use_slurm --slurm:poll x
refused 'no job' "--attach: 'x' must be the number of a job" --attach x
refused 'a job of others' '--attach: no job 77 of ours in ' --attach 77

fresh
printf 'sbatch: error: invalid partition specified: x\n' >"$SLURM_SHIM/refuse"
printf 'sbatch: error: Batch job submission failed: No\n' >>"$SLURM_SHIM/refuse"
refused 'what sbatch says, in one line' \
    'sbatch refuses the job: invalid partition specified: x; Batch job' \
    --platform null --use_slurm --slurm:partition x
run 4 env PATH="$T/nothing" "$B/bin/fm-driver" --platform null --use_slurm
like 'no Slurm' "$T/err" "is Slurm on this machine\?: cannot start 'sbatch'"

# --- states ---

# with CODE POINTS: all points, of which these have this code
with() {
	for p in $2; do printf '%s %s\n' "$p" "$1"; done >"$T/bad"
	echo "$all" | while read -r p ok; do
		grep "^$p " "$T/bad" || echo "$p $ok"
	done
}
# Of the second of three shards: the log is torn in its third point.
shard2='16x1 8x2 64x2 32x3'
rest='64x2 32x3'

for s in 'TIMEOUT timeout' 'DEADLINE timeout' 'OUT_OF_MEMORY oom' \
    'CANCELLED preempted' 'FAILED died' 'COMPLETED died'; do
	fresh
	plan 2 "cut PENDING RUNNING ${s% *}"
	slurm 1
	is "${s% *}: rows for what is missing" "$(points)" \
	    "$(with "${s#* }" "$rest")"
	is 'not submitted again' "$(calls sbatch)" 1
	like 'and a word on stderr' "$T/err" "job 101_2: ${s% *}"
done
fresh
plan 2 'skip TIMEOUT'
echo 0:15 >"$SLURM_SHIM/exit"
slurm 1
is 'a task that came to nothing' "$(points)" "$(with timeout "$shard2")"
like 'how it ended' "$T/out" \
    "^FMWORK ERR timeout 16 1 1 over the job's time limit .*signal 15, on n1"
fm-process "$T/out" >"$T/json"
is 'records of it all' "$(grep -c '"status": "ERR_timeout"' "$T/json")" 4
is 'of one run' "$(grep '"run_id"' "$T/json" | sort -u | wc -l)" 1
like 'with what Slurm says of it' "$T/out" \
    '^FMWORK FAIL 16 1 1 .*"job":"101_2","state":"TIMEOUT"'

for s in 'PREEMPTED preempted' 'NODE_FAIL died' 'BOOT_FAIL nodevice'; do
	fresh
	plan 2 "cut RUNNING ${s% *}" 'run RUNNING'
	sed -i 's/$/ COMPLETED/' "$SLURM_SHIM/plan.2"
	sed -i '1s/ COMPLETED//' "$SLURM_SHIM/plan.2"
	slurm 0
	is "${s% *}: goes on in another job" "$(points)" "$all"
	is 'submitted once more' "$(calls sbatch)" 2
	like 'that task alone' "$SLURM_SHIM/sbatch" '^--array=2$'
	fresh
	plan 2 "cut ${s% *}" "skip ${s% *}" "skip ${s% *}"
	slurm 1 --slurm:resubmit 2
	is 'so many times' "$(calls sbatch)" 3
	is 'then rows' "$(points)" "$(with "${s#* }" "$rest")"
done
fresh
plan 1 'skip PREEMPTED' 'run COMPLETED'
plan 3 'skip PREEMPTED' 'run COMPLETED'
slurm 0 --jobs 2
is 'several are one array again' "$(sed -n 's/^--array=//p' \
    "$SLURM_SHIM/sbatch")" '1,3%2'

# Slurm runs it again by itself: between the two it waits.
fresh
plan 2 'run PREEMPTED PENDING RUNNING REQUEUED COMPLETING COMPLETED'
slurm 0
is 'queued again by Slurm' "$(points) $(calls sbatch)" "$all 1"
fresh
plan 2 'run PENDING SPECIAL_EXIT COMPLETED'
slurm 0
like 'one that is held' "$T/err" \
    "job 101_2 is held .*: 'scontrol release 101_2' lets it go on"

# A task that came to its end counts, whatever Slurm calls it.
fresh
plan 2 'run OUT_OF_MEMORY'
slurm 0
is 'an end of its own' "$(points)" "$all"
fresh
slurm 1 --null:fault oom@2
is 'a failed point is its own row' "$(points | grep -c oom)" 3
printf '#!/bin/sh\nexit 1\n' >"$T/failing"
chmod +x "$T/failing"
fresh
slurm 1 --slurm:driver "$T/failing"
is 'an end that says it failed, and not how' "$(points | sort -u | wc -l)" 12
fresh
slurm 2 --null:nonsense 1
like 'what is wrong with the options' "$T/err" "job 101_1: .*nonsense"
is 'leaves no log' "$(cat "$T/out")" ''

# --- Slurm that forgets, and one that does not answer ---

fresh
for i in 1 2 3; do plan $i 'run GONE'; done
slurm 0
is 'forgotten after they ended' "$(points)" "$all"
fresh
plan 2 'cut RUNNING GONE'
slurm 1
is 'forgotten before' "$(points)" "$(with preempted "$rest")"
like 'with the reason' "$T/out" 'Slurm does not know the job any more'
fresh
plan 2 'cut RUNNING GONE'
echo '101_2|TIMEOUT|' >"$SLURM_SHIM/sacct"
slurm 1
is 'accounting remembers' "$(points)" "$(with timeout "$rest")"
fresh
echo 3 >"$SLURM_SHIM/down"
slurm 0
is 'a controller that is away for a while' "$(points)" "$all"
is 'is told once' "$(grep -c 'Unable to contact slurm.*trying again' \
    "$T/err")" 1
fresh
echo 1000 >"$SLURM_SHIM/down"
slurm 4
like 'one that does not come back' "$T/err" \
    'the job goes on, --attach 101 looks at it again'
rm "$SLURM_SHIM/down"
run 0 fm-driver --attach 101
is 'and --attach does' "$(points)" "$all"
fresh
echo far >"$SLURM_SHIM/cluster"
slurm 0
like 'another cluster' "$SLURM_SHIM/calls" '^squeue .*-M far$'

# --- detach, attach ---

fresh
slurm 0 --detach --log "$T/log"
is '--detach prints the number' "$(cat "$T/out")" 101
run 0 fm-driver --attach 101
is '--attach appends to the log' "$(points "$T/log")" "$all"
is 'and prints nothing' "$(cat "$T/out")" ''
cp "$T/log" "$T/before"
run 0 fm-driver --attach 101
same 'and again: nothing is new' "$T/log" "$T/before"
# A driver that died as it wrote.
head -c 2000 "$T/before" >"$T/log"
run 0 fm-driver --attach 101
fm-process "$T/log" >"$T/json"
is 'what was torn is there once' "$(grep -c '"status": "OK"' "$T/json")" 12
run 0 fm-driver --attach 101 --log "$T/other"
same 'into another log' "$T/other" "$T/before"
job=$(cd "$FM_CACHE_DIR/slurm/job-101" && pwd -P)
rm "$FM_CACHE_DIR/slurm/job-101"
echo "$job/script" >"$SLURM_SHIM/script"
rm -f "$T/other"
run 0 env FM_CACHE_DIR="$T/elsewhere" fm-driver --attach 101 --log "$T/other"
same 'from another login' "$T/other" "$T/before"

fresh
plan 2 'run RUNNING'
fm-driver --use_slurm --slurm:shards 3 --slurm:poll 0.1 --platform null \
    -i 8,16,32,64 -b 1,2,3 --reps 2 --log "$T/one" 2>"$T/err" &
pid=$!
i=0
until [ "$(points "$T/one" 2>"$T/.e" | wc -l)" = 8 ] || [ $((i += 1)) = 100 ]
do sleep 0.1; done
run 4 fm-driver --attach 101
like 'one driver looks after a job' "$T/err" 'another fm-driver looks after'
kill -s KILL $pid
wait $pid 2>"$T/.e"
echo COMPLETED >"$SLURM_SHIM/101/2"
run 0 fm-driver --attach 101
is 'after it died, the next goes on' "$(points "$T/one")" "$all"

# --- signals ---

# stopped SIGNAL OPTION...: the sweep is sent one while a task runs
stopped() {
	sig=$1; shift
	fresh
	plan 2 'cut RUNNING'
	fm-driver --use_slurm --slurm:shards 3 --slurm:poll 0.1 \
	    --platform null -i 8,16,32,64 -b 1,2,3 --reps 2 "$@" \
	    >"$T/out" 2>"$T/err" &
	pid=$!
	i=0
	until [ "$(points | wc -l)" = 8 ] || [ $((i += 1)) = 100 ]; do
		sleep 0.1
	done
	kill -s "$sig" $pid
	wait $pid
}
stopped INT
is 'Ctrl-C' $? 130
is 'cancels the array' "$(grep '^scancel' "$SLURM_SHIM/calls")" 'scancel 101'
is 'what was measured is there' "$(points | wc -l)" 10
is 'and no rows' "$(grep -c '^FMWORK ERR' "$T/out")" 0
stopped TERM
is 'SIGTERM' $? 143
stopped HUP
is 'the end of the terminal' $? 129
is 'leaves the array alone' "$(calls scancel)" 0

# What cannot be written stops the sweep.
fresh
plan 3 'skip PENDING'
fm-driver --use_slurm --slurm:shards 3 --slurm:poll 0.1 --platform null \
    -i 8,16,32,64 -b 1,2,3 --reps 2 >/dev/full 2>"$T/err"
is 'a full disk' $? 3
is 'cancels the array, too' "$(calls scancel)" 1
like 'and says why' "$T/err" 'cannot write the log: No space left'

# A driver that died before it could note the number of its job.
fresh
slurm 0 --detach
job=$(cd "$FM_CACHE_DIR/slurm/job-101" && pwd -P)
sed -i 's/"job":"101"/"job":null/g; s/"tries":1/"tries":0/g' \
    "$job/state.json"
run 0 fm-driver --attach 101
is '--attach knows the number' "$(points)" "$all"

# A job's processes are all told to end; the backend may be the first.
fm-driver --platform null --null:latency_ms 50 --reps 1000 >"$T/out" \
    2>"$T/err" &
pid=$!
i=0
until grep -q '^FMWORK REP' "$T/out" || [ $((i += 1)) = 100 ]; do
	sleep 0.1
done
if read -r child _ <"/proc/$pid/task/$pid/children"; then
	kill -s TERM "$child"
	kill -s TERM $pid
	wait $pid
	is 'a backend that is told to end before us' \
	    "$? $(grep -c '^FMWORK ERR' "$T/out")" '143 0'
else
	kill -s TERM $pid
	wait $pid
	skip 'a backend that is told to end before us' 'no list of children'
fi

# --- resume, runs, models ---

fresh
rm -f "$T/log"
run 0 fm-driver --platform null -i 8,16 -b 1,2,3 --reps 2 --log "$T/log"
cp "$T/log" "$T/before"
slurm 0 --log "$T/log" --resume
head -c "$(wc -c <"$T/before")" "$T/log" >"$T/begin"
same '--resume keeps what is there' "$T/begin" "$T/before"
is 'and measures what is not' "$(points "$T/log")" "$all"
is 'as the same run' "$(grep -o '"run_id":"[^"]*"' "$T/log" | sort -u |
    wc -l)" 1
fresh
plan 2 'cut TIMEOUT'
rm "$T/log"
slurm 1 --log "$T/log"
slurm 0 --log "$T/log" --resume_failed
is '--resume_failed: one measurement each' \
    "$(points "$T/log" | grep -c ok)" 12
fresh
slurm 0 --runs 2
is 'two runs' "$(points | sort -u)" "$all"
is 'each with all points' "$(points | wc -l)" 24
is 'and a name' "$(grep -o '"run_id":"[^"]*"' "$T/out" | sort -u | wc -l)" 2
fresh
plan 2 'skip TIMEOUT'
slurm 1 --runs 2
fm-process "$T/out" >"$T/json"
is 'rows of both runs' "$(grep -c ERR_timeout "$T/json")" 8
is 'each under its own' "$(grep '"run_id"' "$T/json" | sort | uniq -c |
    awk '{print $1}' | tr '\n' ' ')" '12 12 '
fresh
slurm 0 --env FM_A=1 --env FM_B=2
is 'EXP lines' "$(grep -c '^FMWORK EXP FM_A=1' "$T/out")" 3
cat >"$T/sweep.yaml" <<'END'
platforms: ["null"]
input_sizes: [8, 16, 32, 64]
batch_sizes: [1, 2, 3]
END
fresh
run 0 fm-driver --use_slurm --sweep "$T/sweep.yaml" --slurm:poll 0 --reps 2
is 'a sweep file' "$(points)" "$all"
like 'a shard for each point' "$SLURM_SHIM/sbatch" '^--array=1-12$'

models=$top/examples/models
fresh
run 0 fm-driver --analyze_only --json "$models/all-MiniLM-L6-v2" \
    "$models/granite-embedding-125m-english"
cp "$T/out" "$T/wanted"
run 0 fm-driver --use_slurm --slurm:poll 0 --analyze_only --json \
    "$models/all-MiniLM-L6-v2" \
    "$models/granite-embedding-125m-english"
like 'with --analyze_only the shards are models' "$SLURM_SHIM/sbatch" \
    '^--array=1-2$'
same 'and the output is one' "$T/out" "$T/wanted"

finish
