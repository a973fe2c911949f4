#!/bin/sh
# What --host adds: sweeps of many models and of many points, over an sshd on
# the loopback and without, in turn. Called by hand, or by bench.sh: prints
# rows of milliseconds.
#
#   $ROUNDS   of every sweep [5]
. "$(dirname "$0")/../lib.sh"
. "$top/tests/sshd.sh"
rounds=${ROUNDS:-5} models=40 points=1000

row() { printf '%-46s %12s %12s %8s\n' "$@"; }
printf '\n'
row 'ssh on the loopback (milliseconds)' 'with it' without adds
row -- ------------ ------------ -------
mkdir "$T/home"
if ! sshd_have || ! sshd_start here "SetEnv \"HOME=$T/home\""; then
	printf '%-46s skipped: %s\n' 'a model, a point' "$sshd_why"
	exit 0
fi
export FM_SSH="$sshd_ssh"

# timed FILE ARGUMENT...: adds the milliseconds of one run
timed() {
	file=$1
	shift
	start=$(date +%s%N)
	fm-driver "$@" >"$T/log" 2>&1 || { tail -n 3 "$T/log" >&2; exit 3; }
	end=$(date +%s%N)
	echo "$(((end - start) / 1000))" >>"$file"
}
# The fastest of the rounds in milliseconds: what it takes undisturbed.
least() { sort -n "$1" | awk 'NR == 1 { printf "%.2f", $1 / 1000 }'; }
list=$(awk -v n=$models 'BEGIN { for (i = 1; i <= n; i++)
	printf "null%s", i < n ? "," : "" }')
# shellcheck disable=SC2086 # the words of an option, or none
nulls() { timed "$T/$1.$2" $3 --platform "$4" --input_sizes "$5" --reps 1; }

i=0
while [ $i -lt "$rounds" ]; do
	i=$((i + 1))
	for where in far near; do
		host=
		[ $where = near ] || host='--host here'
		nulls $where one "$host" null 1
		nulls $where models "$host" "$list" 1
		nulls $where points "$host" null 1-$points
	done
done
# row_of LABEL MANY COUNT: what one more of them takes
row_of() {
	far=$(echo "$(least "$T/far.$2") $(least "$T/far.one")" |
	    awk -v n="$3" '{ printf "%.3f", ($1 - $2) / (n - 1) }')
	near=$(echo "$(least "$T/near.$2") $(least "$T/near.one")" |
	    awk -v n="$3" '{ printf "%.3f", ($1 - $2) / (n - 1) }')
	row "$1" "$far" "$near" \
	    "$(echo "$far $near" | awk '{ printf "%.3f", $1 - $2 }')"
}
far=$(least "$T/far.one") near=$(least "$T/near.one")
row 'a run of one model, one point' "$far" "$near" \
    "$(echo "$far $near" | awk '{ printf "%.2f", $1 - $2 }')"
row_of 'one more model' models $models
row_of 'one more point' points $points
