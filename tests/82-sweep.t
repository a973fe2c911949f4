#!/bin/sh
# Sweeps: sweep files, runs, order, shards, lanes, and logs that are gone on
# with. On the null device; what is checked is which points are measured,
# where, and in which order.
. "$(dirname "$0")/lib.sh"
cd "$T" || exit 1

# points FILE: "input batch" of every result, in order
points() { awk '$2 == "RES" { print $7, $8 }' "$1" | paste -sd, ; }
# where FILE: lines of a log that tell run and size
records() { fm-process --format jsonl "$@"; }
null() { fm-driver --platform null "$@"; }

# --- sweep files ---

cat >base.yaml <<'X'
defaults: {reps: 2, warmup: 1}
env: {FROM_BASE: yes, BOTH: base}
X
cat >s.yaml <<'X'
include: base.yaml
platforms:
  - "null"
  - name: "null"
    null: {latency_ms: 1}
    env: {BOTH: second}
input_sizes: [1, 2-4]
batch_sizes: 1,64
exclude: input*batch > 128
metadata: {node: 7, rack: b}
X
run 0 fm-driver --sweep s.yaml --dry_run
cut -f 1-4 out >plan
is 'a plan of platforms x sizes without what is excluded' "$(wc -l <plan)" 12
is '  fmwork'\''s order' "$(cut -f 3,4 plan | head -6 | tr '\t' ' ' |
    paste -sd,)" '1 1,2 1,3 1,4 1,1 64,2 64'
run 0 fm-driver --sweep s.yaml
cp out log
is 'each combination is an experiment' "$(grep -c 'FMWORK SYS' log)" 2
like 'defaults of an included file reach it' log '^FMWORK ARG --reps 2$'
like '  its environment, too' log '^FMWORK EXP FROM_BASE=yes$'
is '  which a platform may replace' \
    "$(grep 'EXP BOTH' log | paste -sd,)" \
    'FMWORK EXP BOTH=base,FMWORK EXP BOTH=second'
like 'a mapping is a set of sub-options' log \
    '^FMWORK ARG --null:latency_ms 1$'
records log >rec
is 'metadata is in every record' "$(jq -r '[.node, .rack, .sweep] | @csv' rec |
    sort -u)" '7,"b","s"'
run 0 fm-driver --sweep s.yaml --input_sizes 9 --env BOTH=mine --reps 1
is 'the command line replaces what the file says' "$(points out)" '9 1,9 1'
is '  its environment, too' "$(grep -c 'EXP BOTH=mine$' out)" 2
like '  and its options' out '^FMWORK ARG --reps 1$'
run 0 fm-driver --sweep s.yaml --platform null
is 'a platform given replaces those of the file' "$(grep -c SYS out)" 1

cat >stop.yaml <<'X'
platforms: ["null"]
defaults: {reps: 1, no_prune: true, stop: [input >= 5, batch >= 2]}
input_sizes: 1-6
batch_sizes: [1, 2]
X
run 0 fm-driver --sweep stop.yaml
is 'each rule of a list of --stop holds' "$(points out)" \
    '1 1,2 1,3 1,4 1,5 1,1 2'
like '  a flag may be given with its no_' out '^FMWORK ARG --prune false$'
run 0 fm-driver --sweep stop.yaml --stop 'input>=3' --stop 'input>=2'
is '  and those of the command line with them' "$(points out)" '1 1,2 1,1 2'

null -i 2,4 -b 1,8 --reps 10 --null:latency_ms 2 --log past || exit 1
run 0 null -i 2,4,8 -b 8 --reps 100 --dry_run --log past
is 'an estimate from earlier results, scaled where there are none' \
    "$(awk -F'\t' '{ t[$3] = $7 } END { r = t[8] / t[4]
	print (t[2] >= 0.2), (t[2] < 20), (r > 1.98 && r < 2.02) }' out)" '1 1 1'
like '  and of the whole' err 'fm-driver: 3 points, about [1-9][0-9]* s'
null -i 64 -b 2 --reps 2 --null:latency_ms 100 --log past || exit 1
null -i 128 -b 1 --reps 2 --null:latency_ms 4 --log past || exit 1
null -i 32 -b 4 --reps 2 --null:latency_ms 300 --log past || exit 1
run 0 null -i 128,64,32 -b 1,2,4 --reps 100 --dry_run --log past
is '  a point that is there goes by itself' "$(awk -F'\t' '{
	t[$3, $4] = $7 } END { print (t[128, 1] < 10),
	(t[64, 2] >= 10 && t[64, 2] < 30), (t[32, 4] >= 30) }' out)" \
    '1 1 1'
run 0 null -i 64 --until 'ci<1%' --max_reps 50 --dry_run --log past
is '  nobody knows how long --until takes' "$(cut -f 5-7 out)" "10-50	1	-"
run 0 null -i 2 --dry_run --log nosuch
is '  none without any' "$(cut -f 7 out)" -
ok '  and no log' [ ! -e nosuch ]

bad() { # NAME YAML MESSAGE
	printf '%s\n' "$2" >bad.yaml
	run 2 fm-driver --sweep bad.yaml
	like "  $1" err "^fm-driver: $3"
	is '  no log' "$(cat out)" ''
}
bad 'an unknown key' 'platform: cpu' "bad.yaml:1: 'platform' is not known"
bad 'an unknown option' 'defaults:
  repz: 3' "bad.yaml:2: 'repz' is not an option"
bad 'an option about the run' 'defaults: {log: x}' \
    'bad.yaml:1: --log belongs on the command line'
bad 'a wrong value' 'defaults: {reps: many}' 'bad.yaml(:1)?: .*--reps'
bad 'a name that YAML takes for nothing' 'platforms: [null]' \
    'bad.yaml:1: platforms: null is no name'
bad 'a rule that is none' 'exclude: ["input > 5", batch: 5]' \
    'bad.yaml:1: exclude: must be a rule'
bad 'an entry without a name' 'platforms: [{reps: 1}]' \
    'bad.yaml:1: platforms: an entry without a name'
bad 'a rule that is none' 'platforms: "null"
exclude: input >' 'bad.yaml(:1)?: --exclude|--exclude'
bad 'a rule about nothing' 'platforms: "null"
exclude: size > 3' ".*--exclude 'size > 3': 'size' is not one of input"
bad 'no mapping' '[1, 2]' 'bad.yaml: must be a mapping'
bad 'an include that is not there' 'include: none.yaml' ".*none.yaml"
bad 'an include of itself' 'include: bad.yaml' '.*include one another'
bad 'metadata that is no mapping' 'metadata: 3' \
    'bad.yaml:1: metadata: must be a mapping'
run 2 fm-driver --sweep nosuch.yaml
like '  a file that is not there' err 'nosuch.yaml'
run 2 null --exclude 'input > '
like '  a rule on the command line' err "^fm-driver: --exclude"

# --- several models, runs, series ---

run 0 null -i 1 --reps 1 one two
is 'several models, one after the other' \
    "$(awk '$2 == "RES" { print $5 }' out | paste -sd,)" 'one,two'
run 0 null -i 1,2 --reps 1 --runs 3
records out >rec
is 'runs: every point in each' "$(wc -l <rec)" 6
is '  a run_id each' "$(jq -r .run_id rec | uniq -c |
    awk '{ print $1 }' | paste -sd,)" '2,2,2'
run 0 null -i 1 --reps 1 --runs 2 --run_id mine
is 'a name of one'\''s own' "$(records out | jq -r .run_id | paste -sd,)" \
    'mine,mine-2'
printf 'platforms: "null"\ninput_sizes: 1\n' >a.yaml
printf 'platforms: "null"\ninput_sizes: 2\n' >b.yaml
run 0 fm-driver --sweep a.yaml --sweep b.yaml --interleave --runs 3 --reps 1
is 'runs of two files alternate, each the first in turn' \
    "$(records out | jq -r .sweep | paste -sd,)" 'a,b,b,a,a,b'
is '  each pass is a run' "$(records out | jq -r .run_id | sort -u | wc -l)" 6
run 0 fm-driver --sweep a.yaml --sweep b.yaml --runs 2 --reps 1
is 'without --interleave they do not' \
    "$(records out | jq -r .sweep | paste -sd,)" 'a,a,b,b'
run 0 fm-driver --sweep s.yaml --input_sizes 1 --batch_sizes 1 --runs 2 \
    --order reload
is '--order reload: the runs of a unit stand together' \
    "$(grep -o '^FMWORK ARG --null.*' out | wc -l)$(awk '/ARG --null/ { l = 1 }
    /^FMWORK RES/ { printf "%s", l ? "b" : "a" } /^ARGS/ { l = 0 }' out)" 2aabb
run 2 null --interleave
like '  --interleave needs two' err 'needs --sweep twice'
run 2 fm-driver --sweep a.yaml --sweep b.yaml --interleave --order reload
like '  and no --order reload' err 'exclude one another'
run 2 fm-driver --sweep a.yaml --sweep b.yaml --runs 600000
like '  too many runs' err 'more than 1000000 in all'

# --- order, shards ---

run 0 null -i 4,1,2 -b 8,1 --reps 1 --order smallest
is 'the smallest first' "$(points out)" '1 1,2 1,4 1,1 8,2 8,4 8'
run 0 null -i 1-9 --reps 1 --order random --shuffle_seed 5
p=$(points out)
ok 'random is another order' [ "$p" != '1 1,2 1,3 1,4 1,5 1,6 1,7 1,8 1,9 1' ]
is '  of all points' "$(echo "$p" | tr ',' '\n' | sort | paste -sd,)" \
    '1 1,2 1,3 1,4 1,5 1,6 1,7 1,8 1,9 1'
run 0 null -i 1-9 --reps 1 --order random --shuffle_seed 5
is '  the same with the same seed' "$(points out)" "$p"
run 0 null -i 1-9 --reps 1 --order random --shuffle_seed 5 --runs 2
ok '  another one in the next run' [ "$(points out)" != "$p,$p" ]
for i in 1 2 3; do
	null -i 1-5 -b 1,2 --reps 1 --shard $i/3 >>shards || exit 1
done
is 'shards are the plan, each point once' \
    "$(awk '$2 == "RES" { print $7, $8 }' shards | sort | uniq -c |
    awk '{ n += $1 == 1 } END { print n, NR }')" '10 10'
for w in 0/3 4/3 x 1 /2 1/; do
	run 2 null --shard $w
	like '  no shard' err "^fm-driver: --shard '$w' must be I/N"
done

# --- --log and --resume ---

run 0 null -i 1-3 -b 1,2 --reps 3 --log l
is '--log: nothing on stdout' "$(cat out)" ''
is '  but in the file' "$(points l)" '1 1,2 1,3 1,1 2,2 2,3 2'
size=$(stat -c %s l)
run 0 null -i 1-3 -b 1,2 --reps 3 --log l --resume
is '--resume: nothing is done twice' "$(stat -c %s l)" "$size"
run 0 null -i 1-4 -b 1,2 --reps 3 --log l --resume
is '  what is new is measured' "$(points l)" \
    '1 1,2 1,3 1,1 2,2 2,3 2,4 1,4 2'
run 0 null -i 1-3 -b 1,2 --reps 3 --log l --resume --null:latency_ms 0.1
is '  a changed option measures what it touches' "$(points l | tr ',' '\n' |
    wc -l)" 14
run 0 null -i 1 --reps 3 --log l --resume --env A=1
is '  so does the environment' "$(points l | tr ',' '\n' | wc -l)" 15
run 0 null -i 1 --reps 3 --log l
is 'without it the log grows' "$(points l | tr ',' '\n' | wc -l)" 16
null -i 1 --reps 3 --log asked || exit 1
for w in '--reps 4' '--reps 3 --warmup 1' '--reps 3 --seed 2' \
    '--seconds 0.01' '--until ci<90% --max_reps 40' '--until ci<90%'; do
	# shellcheck disable=SC2086
	null -i 1 $w --log asked --resume 2>/dev/null
done
is 'so is what was asked otherwise' "$(points asked | tr ',' '\n' | wc -l)" 7
size=$(stat -c %s asked)
run 0 null -i 1 --reps 3 --timeout 9 --retries 2 --isolate --log asked --resume
is '  but not what only guards it' "$(stat -c %s asked)" "$size"

null -i 1-3 --reps 4 --runs 2 --log whole || exit 1
records whole | jq -c '[.input, .key]' | sort >want
size=$(stat -c %s whole)
cut=0 wrong=0
while [ $cut -lt "$size" ]; do
	head -c $cut whole >part
	null -i 1-3 --reps 4 --runs 2 --log part --resume 2>>cuts.err ||
	    wrong=$((wrong + 1))
	fm-process --format jsonl part >rec 2>>cuts.err || wrong=$((wrong + 1))
	if ! jq -c '[.input, .key]' rec | sort | cmp -s - want ||
	    [ "$(jq -r .run_id rec | sort -u | wc -l)" != 2 ] ||
	    [ "$(jq -r .status rec | sort -u)" != OK ]; then
		wrong=$((wrong + 1))
		echo "cut at $cut" | note
	fi
	cut=$((cut + 211))
done
is 'a log cut anywhere is completed: every point once, in its run' $wrong 0
is '  and nobody complains' "$(cat cuts.err)" ''
head -c $((size - 20)) whole >part
run 0 null -i 9 --reps 1 --log part
is 'a line that was cut is not gone on with' \
    "$(grep -c '^FMWORK RES.* 9 1 ' part)" 1

# A line that was cut, and got its end from whoever wrote next.
off=$(grep -ab '^FMWORK RES' part | tail -n 1 | cut -d: -f1)
head -c "$off" part >part2
grep -a '^FMWORK RES' part | tail -n 1 | sed 's/\.[0-9]*$//' >>part2
run 0 null -i 9 --reps 1 --log part2 --resume
is '  and its point is measured again' "$(grep -c '^FMWORK KEY' part2)" \
    $(($(grep -c '^FMWORK KEY' part) + 1))

null -i 2,2,3 --reps 1 --log twice || exit 1
head -c "$(grep -ab '^RUN 2' twice | sed -n '2s/:.*//p')" twice >part
run 0 null -i 2,2,3 --reps 1 --log part --resume
is 'a size that is given twice is gone on with twice' "$(points part)" \
    '2 1,2 1,3 1'
size=$(stat -c %s part)
run 0 null -i 2,2,3 --reps 1 --log part --resume
is '  and not a third time' "$(stat -c %s part)" "$size"

null -i 1-3 --reps 2 --no_prune --null:fault oom@2 --log f 2>/dev/null
is 'failures are in the log' "$(grep -c '^FMWORK ERR oom' f)" 1
run 1 null -i 1-3 --reps 2 --no_prune --null:fault oom@2 --log f --resume
is '  are not tried again' "$(grep -c '^FMWORK ERR oom' f)" 1
run 0 null -i 1-3 --reps 2 --no_prune --null:fault oom@2 --log f --resume_failed
is '  unless asked for' "$(points f)" '1 1,3 1,2 1'
run 2 null -i x --log never
ok '  wrong usage makes no file' [ ! -e never ]
run 2 null --resume
like '  --resume needs a file' err 'needs --log FILE'
run 3 null --log nosuch/x
like '  that can be made' err "^fm-driver: --log 'nosuch/x'"
run 2 null --log /dev/null
like '  and is one' err 'is not a file'
if [ -e /dev/full ] && [ "$(id -u)" = 0 ] && mkdir m &&
    mount -t tmpfs -o size=16k none m 2>/dev/null; then
	run 3 null -i 1-99 --reps 9 --log m/l
	like '  a full disk is told' err 'cannot write the log.*No space'
	records m/l >rec 2>err
	ok '  what was measured is there' test -s rec
	cp m/l l3; umount m
	run 0 null -i 1-99 --reps 9 --log l3 --resume
	is '  and is gone on with' "$(records l3 | jq .input | sort -un |
	    wc -l) $(records l3 | wc -l)" '99 99'
else
	skip 'a full disk' 'no tmpfs can be mounted here'
fi

# --- locks ---

null -i 1-2 --reps 1 --null:latency_ms 700 --log k >/dev/null 2>&1 &
pid=$!
while [ ! -s k ]; do sleep 0.05; done
run 4 null -i 1 --reps 1 --log k --lock fail
like 'a log in use: --lock fail leaves' err \
    "'k' is in use by another fm-driver"
run 0 null -i 7 --reps 1 --log k --lock wait
like '  wait waits and says so' err "waiting for 'k'"
wait $pid
is '  until the other one is through' "$(points k)" '1 1,2 1,7 1'
null -i 1-2 --reps 1 --null:latency_ms 400 --log k2 >/dev/null 2>&1 &
pid=$!
while [ ! -s k2 ]; do sleep 0.05; done
run 0 null -i 7 --reps 1 --log k2 --lock none
is '  none does neither' "$(points k2 | cut -c1-3)" '7 1'
wait $pid
null -i 1 --reps 1 --null:latency_ms 1500 --log k4 >/dev/null 2>&1 &
pid=$!
while [ ! -s k4 ]; do sleep 0.05; done
null -i 7 --reps 1 --log k4 2>k4.err &
while ! grep -q 'waiting for' k4.err; do sleep 0.05; done
mv k4 k4.old
wait $pid
wait $!
is '  in the file of that name, when it was renamed meanwhile' \
    "$(points k4.old) $(points k4)" '1 1 7 1'
: >k3.lock
run 0 null -i 7 --reps 1 --log k3
ok 'a file that lies about is no lock' test -s k3

# A process that holds the device's lock; it is this shell's own ort backend
# that is kept waiting.
cpu() {
	fm-driver --platform cpu "$top/tests/data/ort/batch.onnx" --reps 1 "$@"
}
if command -v flock >/dev/null && cpu >/dev/null 2>&1; then
	ok 'a device has a lock' [ -e "$FM_LOCK_DIR/cpu.lock" ]
	mkfifo held
	flock "$FM_LOCK_DIR/cpu.lock" sh -c 'echo >held; exec sleep 2' &
	read -r _ <held
	run 4 cpu --lock fail
	like '  in use: fail leaves' err 'device cpu is in use by another'
	like '  with a row' out '^FMWORK ERR busy 0 0 0 '
	run 0 null -i 1
	ok '  the null device has none' [ ! -e "$FM_LOCK_DIR/null.lock" ]
	run 0 cpu --lock none
	run 0 cpu
	like '  wait waits' err 'waiting for device cpu'
	wait
	cpu --cpus 0 >/dev/null || exit 1
	ok '  CPUs have locks of their own' [ -e "$FM_LOCK_DIR/cpu-0.lock" ]
else
	skip 'locks of devices' 'there is no flock or no ONNX Runtime here'
fi

# --- the environment ---

mkdir backends
cat >backends/fm-backend-env <<'X'
#!/bin/sh
# Tells two variables as the backend's process would have them.
while read -r request; do
	case $request in
	*'"hello"'*) echo 'FMWORK HELLO 1 env' ;;
	*'"open"'*) echo "$request" | jq -r '.env |
	    "FMWORK SYS \({env: ., a: .A, b: .B})"' ;;
	*'"run"'*) echo 'FMWORK REP 1 1 1.000000000 2.000000000 1.000000000' ;;
	esac
	echo 'FMWORK OK'
done
X
chmod +x backends/fm-backend-env
FM_BACKEND_PATH=$T/backends
export FM_BACKEND_PATH
run 0 fm-driver --backend env --reps 1 --env A=1 --env B=__UNSET__
like 'a variable to be removed is null for the backend' out '"a":"1","b":null'
like '  and in the log as it was given' out '^FMWORK EXP B=__UNSET__$'
k1=$(grep KEY out)
run 0 fm-driver --backend env --reps 1 --env A=1
ok '  and another point' [ "$k1" != "$(grep KEY out)" ]
# --- lanes ---

run 0 null -i 1-9 --reps 2 --null:latency_ms 3 --device_sets 0:1:2,3
is 'lanes: every point once' "$(points out | tr ',' '\n' | sort |
    paste -sd,)" '1 1,2 1,3 1,4 1,5 1,6 1,7 1,8 1,9 1'
is '  the lines of a point stand together' \
    "$(awk '$2 == "KEY" { n = 0 } $2 == "REP" { n++ }
	$2 == "RES" && n != 2 { print "apart" }' out)" ''
records --with_sys out >rec
is '  each with the devices of its lane' \
    "$(jq -c .sys.devices rec | sort -u | paste -sd' ')" '[0] [1] [2,3]'
is '  one run' "$(jq -r .run_id rec | sort -u | wc -l)" 1
null -i 1-9 --reps 2 --device_sets 0:1 --log lanes || exit 1
size=$(stat -c %s lanes)
run 0 null -i 1-9 --reps 2 --device_sets 1:5 --log lanes --resume
is '  a point may have been measured in any lane' \
    "$(records lanes | wc -l)" 9
cat >backends/fm-backend-half <<'X'
#!/bin/sh
# Cannot open device 1.
while read -r request; do
	case $request in
	*'"hello"'*) echo 'FMWORK HELLO 1 half' ;;
	*'"open"'*'"devices":[1]'*)
		echo 'it smells of smoke' >&2
		sleep 0.1
		echo 'FMWORK ERR nodevice 0 0 0 device 1 is broken'
		continue ;;
	*'"open"'*) echo 'FMWORK SYS {"device":"half"}' ;;
	*'"run"'*) echo 'FMWORK REP 1 1 1.000000000 2.000000000 1.000000000' ;;
	esac
	echo 'FMWORK OK'
done
X
chmod +x backends/fm-backend-half
for w in 0:1 1:0 1:0:2; do
	run 1 fm-driver --backend half --reps 1 -i 1-4 --device_sets $w
	is "  $w: a device that cannot be opened is a row" \
	    "$(grep -c '^FMWORK ERR nodevice 0 0 0 device 1 is broken' out)" 1
	like '    with what is known' out '^FMWORK FAIL .*it smells of smoke'
	is '    and the others do its work' "$(points out | tr ',' '\n' | sort |
	    paste -sd,)" '1 1,2 1,3 1,4 1'
done
run 4 fm-driver --backend half --reps 1 -i 1-4 --device_sets 1
# --- generation: GEN needs the point with one output token ---

cat >backends/fm-backend-says <<'X'
#!/bin/sh
# Takes longer for more than one token.
while read -r request; do
	case $request in
	*'"hello"'*) echo 'FMWORK HELLO 1 says'; echo 'FMWORK CAP generate' ;;
	*'"open"'*) echo 'FMWORK SYS {"device":"says"}' ;;
	*'"run"'*'"output":1,'*)
		echo 'FMWORK REP 1 3 1.000000000 2.000000000 1.000000000'
		echo 'FMWORK REP 2 3 2.000000000 2.500000000 0.500000000'
		echo 'FMWORK REP 3 3 3.000000000 3.250000000 0.250000000' ;;
	*'"run"'*)
		sleep 0.3
		echo 'FMWORK REP 1 1 3.000000000 7.000000000 4.000000000' ;;
	esac
	echo 'FMWORK OK'
done
X
chmod +x backends/fm-backend-says
gen() { fm-driver --backend says --reps 3 -i 8 --output_sizes 1,4,8,16 "$@"; }
gens() { grep '^FMWORK GEN' "$1" | sort; }
gen --log gen || exit 1
is 'the longer points have GEN' "$(gens gen | wc -l)" 3
head -c "$(grep -b '^RUN 8 / 8' gen | cut -d: -f1)" gen >part
run 0 gen --log part --resume
is '  also those that are gone on with' "$(gens part)" "$(gens gen)"
run 0 gen --device_sets 0:1
is '  and those of another lane' "$(gens out)" "$(gens gen)"

for w in '' 0: a 1-x 0:0 3-1; do
	run 2 null --device_sets "$w"
	like "  '$w' is refused" err "^fm-driver: --device_sets '$w'"
done
finish
