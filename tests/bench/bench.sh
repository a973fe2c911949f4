#!/bin/sh
# make bench: measures fm itself, always beside something else, the two in
# turn. Prints a table; what cannot be measured here says why. Takes some
# minutes; nothing else should run meanwhile.
#
#   $FM_PYTHON   a Python with torch and transformers [python3]
#   $THREADS     threads for the model [all processors]
#   $QUICK       when set: only what takes seconds
top=$(cd "$(dirname "$0")/../.." && pwd)
B=${B:-$top/build}
PATH=$B/bin:$PATH
LC_ALL=C
export B PATH LC_ALL
python=${FM_PYTHON:-python3}
threads=${THREADS:-$(nproc)}
bench=$top/tests/bench
T=$(mktemp -d "${TMPDIR:-/tmp}/fm-bench.XXXXXX") || exit 3
export FM_CACHE_DIR="$T/cache"
trap 'rm -rf "$T"' EXIT
trap 'exit 130' INT

row() { printf '%-46s %12s %12s %8s\n' "$@"; }
title() { printf '\n'; row "$@"; row -- ------------ ------------ -------; }
skipped() { printf '%-46s skipped: %s\n' "$1" "$2"; }
ratio() { echo "$1 $2" | awk '{ printf "%.3f", $1 / $2 }'; }
# The median of the numbers on stdin.
median() {
	sort -n | awk '{ v[NR] = $1 }
	    END { print (v[int((NR + 1) / 2)] + v[int(NR / 2) + 1]) / 2 }'
}
has_torch() {
	[ -n "$torch" ] || { "$python" -c 'import torch, transformers' \
	    >/dev/null 2>&1 && torch=yes || torch=no; }
	[ $torch = yes ]
}
torch=

uname -srm
sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1
echo "$(nproc) processors, $threads threads, load $(cut -d' ' -f1 /proc/loadavg)"

# --- the harness by itself -----------------------------------------------------

title 'harness (nanoseconds)' fm limit ratio
fm-driver --platform null --reps 300000 --input_sizes 128 2>/dev/null |
    awk '$2 == "REP" { split($5, a, "."); split($6, b, ".")
	if (n++) print ((a[1] - s) * 1e9 + a[2] - ns)
	s = b[1]; ns = b[2] }' >"$T/gaps"
gap=$(median <"$T/gaps")
row 'between two repetitions (null backend)' "$gap" 1000 "$(ratio "$gap" 1000)"
read -r put get <<X
$("$B/bench/rep-line")
X
row 'print a REP line' "$put" 100 "$(ratio "$put" 100)"
row 'read a REP line' "$get" 300 "$(ratio "$get" 300)"
noise=$("$B/bench/noise")
row 'noise evidence, once a point' "$noise" 1000000 "$(ratio "$noise" 1000000)"

"$bench/ssh.sh"

# sweep POINTS REPS: milliseconds of the whole program
sweep() {
	for _ in 1 2 3 4 5; do
		"$B/bench/peak" fm-driver --platform null --input_sizes "1-$1" \
		    --reps "$2" >/dev/null 2>/dev/null 3>"$T/peak"
		awk '{ printf "%.3f\n", $2 / 1e6 }' "$T/peak"
	done | median
}
title 'driver (milliseconds)' fm limit ratio
one=$(sweep 1 1)
many=$(sweep 1001 1)
point=$(echo "$one $many" | awk '{ printf "%.4f", ($2 - $1) / 1000 }')
row 'start, one point, end (null backend)' "$one" 100 "$(ratio "$one" 100)"
row 'each point more' "$point" 2 "$(ratio "$point" 2)"
all=$(sweep 1000 100)
row '1000 points of 100 repetitions' "$all" 5000 "$(ratio "$all" 5000)"

[ -z "$QUICK" ] || exit 0

printf '\n%s\n' 'fm-process'
"$bench/process.sh"

printf '\n%s\n' 'fm-report'
"$bench/report.sh"

title 'simulated device, 70B parameters' fm limit ratio
"$bench/sim.sh"

# --- a 125M-parameter checkpoint and its graph -------------------------------

# A backend that keeps the model it is given, which is random and temporary.
model=$T/granite
mkdir -p "$model" "$T/keep"
cat >"$T/keep/fm-backend-ort" <<'X'
#!/bin/sh
# Keeps graph and weights, and hands every line on.
while IFS= read -r line; do
	graph=$(printf '%s' "$line" | sed -n 's/.*"path": *"\([^"]*\)".*/\1/p')
	folder=$(printf '%s' "$line" |
	    sed -n 's/.*"weights": *"\([^"]*\)".*/\1/p')
	[ -z "$graph" ] || cp "$graph" "$KEEP/graph.onnx"
	[ -z "$folder" ] || cp "$folder"/*.safetensors "$KEEP"
	printf '%s\n' "$line"
done | "$B/libexec/fm/fm-backend-ort"
X
chmod +x "$T/keep/fm-backend-ort"
cp "$top"/examples/models/granite-embedding-125m-english/* "$model"
if KEEP=$model FM_BACKEND_PATH=$T/keep fm-driver "$model" --load_format dummy \
    --input_sizes 8 --reps 1 >"$T/log" 2>&1; then
	[ -f "$model/model.safetensors" ] ||
	    mv "$model"/*.safetensors "$model/model.safetensors"
	ort=yes
else
	ort=$(grep -v '^ *$' "$T/log" | tail -n 1)
fi
# --- the backend against a bare loop ----------------------------------------

title 'call, median (microseconds)' fm 'bare loop' ratio
# compare LABEL ROUNDS CALLS MODEL WEIGHTS INPUT...
compare() {
	label=$1 rounds=$2 calls=$3 graph=$4 folder=$5
	shift 5
	"$bench/ort-loop.sh" x "$rounds" "$calls" "$graph" "$folder" \
	    "$threads" "$@" >"$T/loop" 2>"$T/err" ||
	    { skipped "$label" "$(tail -n 1 "$T/err")"; return; }
	read -r _ ours loop r <"$T/loop"
	row "$label" "$ours" "$loop" "$r"
}
if [ "$ort" = yes ]; then
	compare 'granite 125M, 128 tokens x 1' 10 25 "$model/graph.onnx" \
	    "$model" input_ids=int64:1,128:4:50261 \
	    attention_mask=int64:1,128:1:2 token_type_ids=int64:1,128:0:2
else
	skipped 'granite 125M, 128 tokens x 1' "$ort"
fi
compare 'outer product of 256 (microseconds)' 10 20000 \
    "$top/tests/data/ort/outer.onnx" - x=float:256:0:1

# --- start -------------------------------------------------------------------

# first_rep OUT: start a sweep of one repetition; "seconds KiB"
first_rep() {
	"$B/bench/peak" fm-driver "$model" --input_sizes 128 --reps 1 \
	    --threads "$threads" >"$T/log" 2>/dev/null 3>"$T/peak"
	awk 'NR == FNR { start = $1; kib = $3; next }
	    $2 == "REP" { split($6, t, ".")
	    # Doubles cannot hold nanoseconds of the epoch.
	    s = substr(start, 1, 10); ns = substr(start, 11)
	    printf "%.3f %d\n", t[1] - s + (t[2] - ns) / 1e9, kib; exit }' \
	    "$T/peak" "$T/log"
}
import_torch() {
	"$B/bench/peak" "$python" -c 'import torch, transformers
transformers.AutoModel, transformers.RobertaModel' 3>"$T/peak" 2>/dev/null
	awk '{ printf "%.3f %d\n", $2 / 1e9, $3 }' "$T/peak"
}
chill() {
	{ ls "$model"/* "$B"/bin/* "$B"/libexec/fm/*
	! has_torch || "$python" -c 'import os, torch, transformers
for m in torch, transformers:
    for d, _, names in os.walk(os.path.dirname(m.__file__)):
        for n in names: print(os.path.join(d, n))'
	} | "$B/bench/cold"
}
title 'start' 'fm: 1st REP' 'import torch' ratio
if [ "$ort" = yes ]; then
	for cache in warm cold; do
		for _ in 1 2 3; do
			[ $cache = warm ] || chill
			first_rep >>"$T/fm.$cache"
			[ $cache = warm ] || chill
			! has_torch || import_torch >>"$T/torch.$cache"
		done
	done
	for cache in warm cold; do
		for what in '1 seconds' '2 KiB'; do
			ours=$(cut -d' ' -f"${what%% *}" "$T/fm.$cache" | median)
			if has_torch; then
				its=$(cut -d' ' -f"${what%% *}" \
				    "$T/torch.$cache" | median)
				row "$cache page cache, ${what#* }" "$ours" \
				    "$its" "$(ratio "$ours" "$its")"
			else
				row "$cache page cache, ${what#* }" "$ours" - -
			fi
		done
	done
	has_torch || skipped 'import torch, transformers' "$python has none"
else
	skipped 'start' "$ort"
fi

# --- the same model by torch -------------------------------------------------

title 'model, median (milliseconds)' fm 'torch eager' ratio
against_torch() {
	label="granite 125M, $1 tokens x $2"
	rm -f "$T/ours" "$T/theirs"
	for _ in 1 2 3; do
		fm-driver "$model" --input_sizes "$1" --batch_sizes "$2" \
		    --reps 20 --threads "$threads" 2>/dev/null |
		    awk '$2 == "RES" { print $9 }' >>"$T/ours"
		"$python" "$bench/torch-eager.py" "$model" "$1" "$2" 20 \
		    "$threads" 2>/dev/null >>"$T/theirs"
	done
	ours=$(median <"$T/ours") theirs=$(median <"$T/theirs")
	row "$label" "$ours" "$theirs" "$(ratio "$ours" "$theirs")"
}
if [ "$ort" != yes ]; then
	skipped 'granite 125M' "$ort"
elif ! has_torch; then
	skipped 'granite 125M' "$python cannot import torch and transformers"
else
	against_torch 128 1
	against_torch 512 1
	against_torch 128 8
fi

# --- the torch backend -------------------------------------------------------

printf '\n%s\n' 'torch backend: its loop and a plain one; three runtimes in turn'
minilm=$top/build/models/all-MiniLM-L6-v2
if ! has_torch; then
	skipped 'torch backend' "$python cannot import torch and transformers"
elif [ ! -f "$minilm/config.json" ]; then
	skipped 'torch backend' 'no checkpoint: share/setup/setup.sh test'
else
	"$python" "$bench/torch-loop.py" "$B/libexec/fm" "$minilm" 128 1 40 \
	    2>/dev/null
	FM_PYTHON=$python "$python" "$bench/torch-compare.py" "$minilm" \
	    128 1 20 "$threads" 2>/dev/null
fi
