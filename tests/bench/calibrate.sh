#!/bin/sh
# A simulated CPU, calibrated: measures a model of 125 million parameters on
# this machine at some sizes, fits share/devices' CPU to them, and compares
# what it then predicts for other sizes with what those take. Rounds alternate
# and the least repetition of a point counts, since others may use the machine.
#
#   calibrate.sh [ROUNDS [REPS]]     some minutes; $THREADS [1]
top=$(cd "$(dirname "$0")/../.." && pwd)
B=${B:-$top/build}
PATH=$B/bin:$PATH
cd "$top" || exit 1
T=$(mktemp -d "${TMPDIR:-/tmp}/fm-bench.XXXXXX") || exit 3
trap 'rm -rf "$T"' EXIT
trap 'exit 130' INT
model=examples/models/granite-embedding-125m-english
export FM_CACHE_DIR="$T/cache"

measure() {
	fm-driver $model --load_format dummy --threads "${THREADS:-1}" \
	    --reps "$reps" "$@" 2>/dev/null | fm-process --format jsonl 2>/dev/null
}
reps=${2:-3}
echo "$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1)," \
    "$(nproc) processors, ${THREADS:-1} used, load $(cut -d' ' -f1 /proc/loadavg)"
for _ in $(seq "${1:-8}"); do
	measure --input_sizes 16,48,96,160 --batch_sizes 1,2 >>"$T/fit"
	measure --input_sizes 32,64,128 --batch_sizes 1,2 >>"$T/held"
done
fm-driver --platform sim:CPU --model_name $model --sim:data_type float32 \
    --sim:calibrate "$T/fit" --sim:calibrate_by min --out "$T/cpu.yaml" || exit 1
fm-driver --platform sim:CPU_fitted --model_name $model --sim:data_type float32 \
    --sim:extra_archs "$T/cpu.yaml" --reps 1 \
    --input_sizes 32,64,128 --batch_sizes 1,2 >"$T/sim"
echo 'sizes that were not in the fit:'
echo 'input batch measured_s simulated_s error'
sed -n 's/.*"input": *\([0-9]*\),.*"batch": *\([0-9]*\),.*"min": *\([0-9.]*\),.*/\1 \2 \3/p' \
    "$T/held" >"$T/measured"
sed -n 's/^FMWORK SIM \([0-9]*\) 1 \([0-9]*\) .*"sum_ms":\([0-9.]*\),.*/\1 \2 \3/p' "$T/sim" |
    awk 'NR == FNR { k = $1 " " $2; if (!(k in m) || $3 < m[k]) m[k] = $3; next }
    { k = $1 " " $2; printf "%s %.4f %.4f %+.1f%%\n", k, m[k], $3 / 1e3, ($3 / 1e3 / m[k] - 1) * 100 }' \
	"$T/measured" - | tee "$T/errors"
awk '{ e = $5 + 0; print e < 0 ? -e : e }' "$T/errors" | sort -n |
    awk '{ v[NR] = $1 } END { printf "%d points: median error %.1f %%, worst %.1f %%\n",
	NR, (v[int((NR + 1) / 2)] + v[int(NR / 2) + 1]) / 2, v[NR] }'
