#!/bin/sh
# Records of --schema fmwork are, byte for byte, what fmwork's own scripts
# printed for the same logs. The logs are not part of the sources: without
# them there is nothing to compare.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/lib.sh"

logs=${FM_LOGS:-$top/../shared/data/fmwork-logs}
[ -f "$logs/MANIFEST.tsv" ] || skip_all 'no logs of the original drivers here'

# compare LOG EXPECTED ARGS...
compare() {
	log=$1; want=$2; shift 2
	fm-process --schema fmwork "$@" --path "$logs/$log" \
	    >"$T/out" 2>"$T/err"
	same "$want" "$T/out" "$logs/$want"
}

script_args() {
	case $1 in
	embed-process) echo '--compat embed' ;;
	infer-process-54613bc) echo '--compat infer' ;;
	infer-process-54613bc.opt-model) echo '--metadata_id 42 --compat infer --precision bf16
	    --model meta-llama/Llama-3.1-8B-Instruct' ;;
	infer-process-4fab875) echo '--compat infer-4fab875' ;;
	infer-process-4fab875.opt-model) echo '--compat infer-4fab875
	    --model meta-llama/Llama-3.1-8B-Instruct' ;;
	jsonfy-main) echo '--compat jsonfy --precision bf16
	    --model ibm-granite/granite-3.3-8b-instruct' ;;
	esac
}

cd "$logs" || exit 1
find . -name '*.expected.json' | sort >"$T/list"
while read -r want; do
	want=${want#./}
	base=${want%.expected.json}
	script=$(echo "$base" | sed -E 's/.*\.((embed-process|infer-process-[0-9a-f]{7}|jsonfy-main)(\.opt-model)?)$/\1/')
	log=${base%."$script"}
	case $script in *opt-model) id= ;; *) id=test-1 ;; esac
	if [ -d "$logs/$log" ]; then id=; else log=$log.log; fi
	# shellcheck disable=SC2046
	compare "$log" "$want" ${id:+--metadata_id $id} $(script_args "$script")
done <"$T/list"
fm-process -r --schema fmwork --compat log2csv --path synthetic-server \
    >"$T/out" 2>"$T/err"
is 'log2csv: rows' "$(wc -l <"$T/out" | tr -d ' ')" \
    "$(find synthetic-server -name runner.log | wc -l | tr -d ' ')"
is 'log2csv: the same ones' \
    "$(grep -vxFf synthetic-server/log2csv.out.csv "$T/out")" ''
# The full schema: drivers' own logs are read, and agree with themselves.
for log in *.log; do
	fm-process -f jsonl "$log" >"$T/out" 2>"$T/err"
	is "full schema: $log" "$(grep -c . "$T/out" | sed 's/^[1-9].*/some/') $(:
	    )$(grep -c contradicts "$T/out")" 'some 0'
done
finish
