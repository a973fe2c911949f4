#!/bin/sh
# What may have disturbed a measurement (OBS), pinning (--cpus), and waiting
# for a quiet machine (--require_quiet).
# shellcheck disable=SC2154
. "$(dirname "$0")/lib.sh"
export FM_LOCK_DIR="$T/lock"
null() { fm-driver --platform null --reps 5 "$@"; }
# key FILE NAME: values of a key of the OBS lines
key() { sed -n 's/.*FMWORK OBS.*"'"$2"'":\([^,}]*\).*/\1/p' "$1"; }
# fact NAME: of the SYS line in $T/out
fact() {
	sed -n 's/^FMWORK SYS .*"'"$1"'":"\{0,1\}\([^"]*\)".*/\1/p' "$T/out" |
	    head -n 1
}
# A number below a limit, which also refuses what is none.
below() { awk -v a="$1" -v b="$2" 'BEGIN { exit !(a ~ /^[0-9.]+$/ && a + 0 < b) }'; }

# --- evidence ---
run 0 null -i 8,16
cp "$T/out" "$T/log"
is 'OBS after each RES' "$(grep -A1 '^FMWORK RES' "$T/log" |
    grep -c '^FMWORK OBS [0-9]* 1 1 {')" 2
like 'it names its point' "$T/log" '^FMWORK OBS 16 1 1 \{"wall_ms":'
for k in wall_ms own_ms switches_voluntary switches_involuntary faults_minor \
    faults_major; do
	like "OBS has $k" "$T/log" "^FMWORK OBS .*\"$k\":[0-9]"
done
if [ -r /proc/stat ] && [ -r /proc/loadavg ]; then
	for k in others_ms steal_ms load1 runnable; do
		like "OBS has $k" "$T/log" "^FMWORK OBS .*\"$k\":[0-9]"
	done
fi
[ -e /sys/devices/system/cpu/cpu0/cpufreq/scaling_cur_freq ] ||
    is 'a frequency that nobody tells is not there' \
	"$(key "$T/log" freq_mhz)" ''
run 0 fm-process --format jsonl "$T/log"
like 'the record has them as noise' "$T/out" \
    '"noise": ?\{"wall_ms":[0-9.]+,.*"runnable":[0-9]+'
is 'nothing is noted' "$(grep -c 'not quiet' "$T/out")" 0
run 0 null --null:latency_ms 60
ok 'the time is that of the repetitions' below "$(key "$T/out" wall_ms)" 2000
like 'a share of the time, when there is enough of it' "$T/out" \
    '"others_percent":[0-9.]+'
run 0 null --warmup 20 --null:latency_ms 20 --reps 1
ok 'warm-up is not in it' below "$(key "$T/out" wall_ms)" 300
run 0 fm-driver --platform sim:V100 "$top/examples/models/Llama-3.1-8B" -i 8
is 'a simulation observes nothing' "$(grep -c 'FMWORK OBS' "$T/out")" 0

# --- pieces of a run are observed as a whole ---
printf '%s\n' '{"op":"open","options":{"latency_ms":30}}' \
    '{"op":"run","reps":4}' '{"op":"run","first":5,"reps":1}' \
    '{"op":"run","reps":1}' '{"op":"observe","seconds":0.2}' \
    '{"op":"observe","seconds":11}' |
    "$B/libexec/fm/fm-backend-null" >"$T/out" 2>/dev/null
key "$T/out" wall_ms | tr '\n' ' ' >"$T/walls"
ok 'a further piece counts from the first one, a new run from anew' awk '
    { exit !($1 > 119 && $2 > $1 + 29 && $3 > 29 && $3 < $1) }' "$T/walls"
ok 'observe: as long as asked' awk '{ exit !($4 > 199) }' "$T/walls"
like 'observe: not for ever' "$T/out" 'ERR usage 0 0 0 "seconds" must be'

# --- the same from Python ---
py=${FM_PYTHON:-python3}
if "$py" -c '' 2>/dev/null && [ -r /proc/stat ]; then
	"$B/tests/noise" keep >"$T/made"
	made=$(grep '^/' "$T/made")
	"$B/tests/noise" "$made/a" "$made/b" | tr , '\n' | tr '{' '\n' |
	    sed 's/[}]//g' | grep . | sort >"$T/want"
	"$py" - "$top/backends/torch" "$made" >"$T/json" <<'X'
import json, sys
sys.path.insert(0, sys.argv[1])
from fm_torch import noise
a, b = (noise.Snapshot(sys.argv[2] + "/" + x) for x in "ab")
b.first.at = a.last.at + 1000000000
b.first.ms = a.last.ms + 20
b.first.counts = a.last.counts
print(json.dumps(noise.between(a, b), separators=(",", ":")))
none = noise.Snapshot("/no/such/folder")
print(" ".join(noise.between(none, none)), file=sys.stderr)
X
	tr , '\n' <"$T/json" | tr '{' '\n' | sed 's/[}]//g' | grep . | sort >"$T/got"
	# What the two processes themselves did is their own.
	sed -i -E 's/^("(switches|faults|migrations)[a-z_]*"):[0-9]+/\1/' \
	    "$T/got" "$T/want"
	same 'Python observes the same' "$T/got" "$T/want"
	rm -rf "$made"
else
	skip 'Python observes the same' 'no Python'
fi

# --- the device of an NVIDIA driver ---
if [ -f "$B/tests/preload/nvml.so" ] && "$py" -c 'import ctypes' 2>/dev/null
then
	mkdir "$T/nvml"
	cp "$B/tests/preload/nvml.so" "$T/nvml/libnvidia-ml.so.1"
	LD_LIBRARY_PATH=$T/nvml "$py" - "$top/backends/torch" \
	    >"$T/out" 2>&1 <<'X'
import json, sys
sys.path.insert(0, sys.argv[1])
from fm_torch import nvml
found = nvml.find("01-02")
print(json.dumps(found.state(idle=True), separators=(",", ":")))
print("device_busy_percent" in found.state(idle=False), nvml.find("other"))
X
	is 'an NVIDIA device: clocks, heat, who else uses it' \
	    "$(cat "$T/out")" '{"device_clock_mhz":1980,"device_memory_clock_mhz":2619,"device_temperature_c":61,"device_power_w":350.5,"device_others":2,"device_busy_percent":37,"device_power_capped":true,"device_throttled":["heat"]}
False None'
	"$py" - "$top/backends/torch" >"$T/out" 2>&1 <<'X'
import sys
sys.path.insert(0, sys.argv[1])
from fm_torch import nvml
print(nvml.find("01-02"))
X
	[ -e /dev/nvidia0 ] || is 'no driver: nothing' "$(cat "$T/out")" None
else
	skip 'an NVIDIA device' 'no Python with ctypes'
fi

# --- --cpus ---
mine=$(sed -n 's/^Cpus_allowed_list:[[:space:]]*//p' /proc/self/status)
one=$(echo "$mine" | sed 's/[-,].*//')
if [ -z "$one" ]; then
	skip '--cpus' 'no /proc'
	finish
fi
run 0 null --cpus "$one"
cp "$T/out" "$T/pinned"
is 'SYS says where it ran' "$(fact cpus)" "$one"
like 'and on how many CPUs' "$T/out" '"cores":1,'
pinned=$(sed -n 's/^FMWORK KEY //p' "$T/out")
run 0 null
is 'without it everywhere' "$(fact cpus)" "$mine"
[ ! -d /sys/devices/system/node/node0 ] ||
    like 'SYS names memory nodes' "$T/out" '"numa_nodes":"[0-9,-]+"'
ok 'it is part of the key' [ "$pinned" != \
    "$(sed -n 's/^FMWORK KEY //p' "$T/out")" ]
run 0 null --cpus "$one"
is 'always the same one' "$(sed -n 's/^FMWORK KEY //p' "$T/out")" "$pinned"

fm-driver --platform null --cpus "$one" --null:load_ms 3000 >"$T/long" 2>&1 &
driver=$!
mask() {
	child=$(cat "/proc/$driver/task/$driver/children" 2>/dev/null)
	sed -n 's/^Cpus_allowed_list:[[:space:]]*//p' \
	    "/proc/${child% }/status" 2>/dev/null
}
for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15; do
	sleep 0.1
	[ "$(mask)" = "$one" ] && break
done
[ "$one" = "$mine" ] || is 'the backend is pinned, the driver is not' \
    "$(mask) $(sed -n 's/^Cpus_allowed_list:[[:space:]]*//p' \
	/proc/$driver/status)" "$one $mine"
kill "$driver" 2>/dev/null
wait "$driver" 2>/dev/null

one_line() { is "$1: one line" "$(wc -l <"$T/err")" 1; }
run 2 null --cpus 8191
one_line 'a CPU that is not there'
like 'it says which are' "$T/err" \
    "^fm-driver: .*cpus '8191': .* only CPUs [0-9,-]+"
run 2 null --cpus '0-x'
like 'no list' "$T/err" \
    "^fm-driver: --cpus: '0-x' must be a list of CPU numbers below 8192"
one_line 'no list'
run 2 null --cpus ''
run 2 null --cpus '0::1'
run 2 null --cpus 0-1:1
like 'a CPU of two lanes' "$T/err" 'CPU 1 belongs to two lanes'
run 2 null --cpus 0:1 --device_sets 0:1:2
like 'too few lists' "$T/err" 'a list for each of 3 lanes'
run 2 fm-driver --backend sim --cpus 0 \
    "$top/examples/models/Llama-3.1-8B"
like 'a simulation runs nowhere' "$T/err" "backend 'sim' cannot be pinned"

two=$(echo "$mine" | sed -n 's/^\([0-9]*\)[-,]\([0-9]*\).*/\2/p')
if [ -n "$two" ]; then
	run 0 null --cpus "$one:$two" -i 1-6 --null:latency_ms 5
	is 'two lanes, each on its own' "$(sed -n \
	    's/^FMWORK SYS .*"cpus":"\([^"]*\)".*/\1/p' "$T/out" |
	    sort -u | tr '\n' ' ')" "$(printf '%s\n' "$one" "$two" | sort |
	    tr '\n' ' ')"
	sed -n 's/^FMWORK KEY //p' "$T/out" | sort >"$T/keys"
	run 0 null --cpus "$one:$two" -i 6,5,4,3,2,1 --null:latency_ms 5
	sed -n 's/^FMWORK KEY //p' "$T/out" | sort >"$T/again"
	same 'in whatever lane, the key is the same' "$T/again" "$T/keys"
else
	skip 'two lanes' 'one CPU'
fi

# The runtime's own threads are as many as the CPUs.
small=$(find "$top/tests/data/ort" -name '*.onnx' | head -n 1)
if [ -e "$B/libexec/fm/libonnxruntime.so.1" ]; then
	run 0 fm-driver "$top/tests/data/ort/outer.onnx" --dim n=4 \
	    --reps 2 --cpus "$one" || note <"$T/err"
	like 'ONNX Runtime: one CPU, one thread' "$T/out" \
	    '"intra_op_num_threads":1,'
	if command -v taskset >/dev/null; then
		run 0 taskset -c "$one" fm-driver \
		    "$top/tests/data/ort/outer.onnx" --dim n=4 --reps 2
		like 'so by an inherited mask' "$T/out" \
		    '"intra_op_num_threads":1,'
	fi
else
	skip 'ONNX Runtime: one CPU, one thread' "no ONNX Runtime for $small"
fi

# Drivers that are pinned to different CPUs do not wait for each other.
if [ -e "$B/libexec/fm/libonnxruntime.so.1" ] && [ -n "$two" ]; then
	outer() { fm-driver "$top/tests/data/ort/outer.onnx" --dim n=4 "$@"; }
	fm-driver "$top/tests/data/ort/outer.onnx" --dim n=4 --seconds 20 \
	    --cpus "$one" >"$T/first" 2>&1 &
	first=$!
	for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
		grep -q '^FMWORK REP' "$T/first" && break
		sleep 0.1
	done
	run 0 outer --reps 2 --cpus "$two" --lock fail
	run 4 outer --reps 2 --cpus "$one" --lock fail
	like 'the same CPU is taken' "$T/err" \
	    "device cpu-$one is in use by another fm-driver"
	run 4 outer --reps 2 --lock fail
	kill "$first"
	wait "$first" 2>/dev/null
else
	skip 'drivers on different CPUs' 'no ONNX Runtime, or one CPU'
fi

# --- --require_quiet ---
# A backend whose machine is noisy $BUSY times.
mkdir "$T/backends"
cat >"$T/backends/fm-backend-double" <<'X'
#!/bin/sh
say() { printf '%s\n' "$*"; }
n=0
while read -r line; do
	case $line in
	*'"op":"hello"'*)
		say 'FMWORK HELLO 1 double'
		[ -n "$DEAF" ] || say 'FMWORK CAP observe' ;;
	*'"op":"observe"'*)
		n=$((n + 1))
		echo "$line" >>"$T/asked"
		if [ $n -le "$BUSY" ]; then
			say 'FMWORK OBS 0 0 0 {"others_percent":62.5}'
		elif [ -n "$MUTE" ]; then
			:
		else
			say 'FMWORK OBS 0 0 0 {"others_percent":4.9}'
		fi ;;
	*'"op":"run"'*)
		say 'FMWORK REP 1 1 1.000000000 1.500000000 0.500000000'
		say "FMWORK OBS 0 0 0 {\"wall_ms\":500.0$DURING}" ;;
	esac
	say 'FMWORK OK'
done
X
chmod +x "$T/backends/fm-backend-double"
export T FM_BACKEND_PATH="$T/backends" BUSY=0 DURING='' MUTE='' DEAF=''
double() { fm-driver --backend double --reps 1 "$@"; }
run 0 double --require_quiet 5
like 'a quiet machine' "$T/out" '"quiet":true,"quiet_wait_ms":[0-9]+\}$'
is 'asked once' "$(wc -l <"$T/asked")" 1
BUSY=3
rm "$T/asked"
run 0 double --require_quiet 60
like 'waits until it is quiet' "$T/out" '"quiet":true,'
is 'asked four times' "$(wc -l <"$T/asked")" 4
BUSY=100000
run 0 double --require_quiet 0
like 'waits no longer than it may, measures, and says so' "$T/out" \
    '"quiet":false,"quiet_wait_ms":[0-9]+,"quiet_reason":"before: others use 62.5 % of the CPUs"\}'
like 'it has a result' "$T/out" '^FMWORK RES '
cp "$T/out" "$T/log"
run 0 fm-process --format jsonl "$T/log"
like 'the record has a note' "$T/out" \
    '"notes": ?\["the machine was not quiet: before: others use 62.5 %'
BUSY=0
DURING=',"steal_percent":20.5,"throttled_core":1'
run 0 double --require_quiet 1
like 'what began while it measured counts, too' "$T/out" \
    '"quiet":false,.*"during: the hypervisor takes 20.5 % of the CPUs. time; cores were throttled, times: 1"'
run 0 double
is 'who does not ask gets no verdict' "$(grep -c '"quiet"' "$T/out")" 0
DURING='' MUTE=1
run 1 double --require_quiet 1
like 'a backend that says nothing' "$T/out" \
    '^FMWORK ERR internal .* did not say what it observed'
DEAF=1
run 2 double --require_quiet 1
like 'one that cannot observe' "$T/err" \
    "^fm-driver: --require_quiet: backend 'double' does not observe"
run 2 null --require_quiet -1
unset FM_BACKEND_PATH

run 0 null -i 1,2 --require_quiet 0 --timeout 0.4
is 'the time limit of a point is not that of waiting' \
    "$(grep -c '"quiet":' "$T/out")" 2

# For real: somebody uses the CPU.
if command -v taskset >/dev/null; then
	taskset -c "$one" sh -c 'while :; do :; done' &
	burner=$!
	run 0 null --cpus "$one" --require_quiet 1
	kill "$burner"
	wait "$burner" 2>/dev/null
	like 'a busy machine is seen' "$T/out" \
	    '"quiet":false,"quiet_wait_ms":1[0-9]{3},"quiet_reason":"before: others use [0-9.]+ % of the CPUs'
else
	skip 'a busy machine is seen' 'no taskset'
fi
finish
