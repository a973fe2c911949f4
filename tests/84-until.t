#!/bin/sh
# --until: a point is repeated until its median is known well enough.
. "$(dirname "$0")/lib.sh"

null() { fm-driver --platform null "$@"; }
obs() { sed -n 's/^FMWORK OBS [0-9]* [0-9]* [0-9]* //p' "$1"; }
reps() { grep -c '^FMWORK REP' "$1"; }
why() { obs "$1" | sed 's/.*"stop":"\([a-z_]*\)".*/\1/' | paste -sd, -; }
# key FILE KEY: the number behind it in the records
key() { sed -n "s/.*\"$2\": *\([-0-9.e]*\).*/\1/p" "$1" | head -n 1; }

# A device that is never late: the clock is not asked.
cat >"$T/sim.sh" <<'X'
#!/bin/sh
# Answers pieces: milliseconds are $BASE plus what a rule says of repetition n.
while IFS= read -r line; do
	case $line in
	*'"hello"'*) printf 'FMWORK HELLO 1 piece\nFMWORK OK\n' ;;
	*'"open"'*) printf 'FMWORK SYS {}\nFMWORK SETUP 0.1\nFMWORK OK\n' ;;
	*'"run"'*)
		echo "$line" >>"$LOG"
		echo "$line" | sed 's/.*"warmup": *\([0-9]*\).*"first": *\([0-9]*\).*"reps": *\([0-9]*\).*/\1 \2 \3/' |
		    awk -v rule="$RULE" -v most="${MOST:-1000000}" '{
			for (n = $2; n < $2 + $3 && n <= most; n++) {
				us = 1000000
				if (rule == "flat") us += n % 7 * 1000
				if (rule == "wide") us += n * 7919 % 997 * 1000
				if (rule == "drift") us += n * 20000
				printf "FMWORK REP %d %d %d.000000000 %d.%09d 0.%09d\n",
				    n, $3, 1000 + n, 1000 + n, us, us
			}
			print "FMWORK OBS 1 1 1 {\"seen\":" n - 1 "}"
			print "FMWORK SIM 1 1 1 {\"pieces\":true}"
			if ($2 > most)
				print "FMWORK ERR skipped 1 1 1 there is no more"
			else
				print "FMWORK OK"
		}' ;;
	*) echo 'FMWORK OK' ;;
	esac
done
X
mkdir "$T/bin"
cp "$T/sim.sh" "$T/bin/fm-backend-piece"
chmod +x "$T/bin/fm-backend-piece"
# piece RULE ARGS...
piece() {
	RULE=$1 LOG=$T/asked FM_BACKEND_PATH=$T/bin
	shift
	rm -f "$T/asked"
	export RULE LOG FM_BACKEND_PATH
	run 0 fm-driver --backend piece -i 1 "$@"
	unset FM_BACKEND_PATH
}
# What was asked for: "first+reps", and the warm-up of each
asked() {
	sed 's/.*"warmup": *\([0-9]*\).*"first": *\([0-9]*\).*"reps": *\([0-9]*\).*/\2+\3/' \
	    "$T/asked" | paste -sd, -
}

# --- how it goes

piece flat --until 'ci<1%' --warmup 3
is 'pieces grow by half' "$(asked)" '1+10,11+6,17+9'
is 'repetitions are numbered through' \
    "$(awk '$2 == "REP" { if ($3 != ++n) exit 1 } END { print n }' "$T/out")" 25
is 'their number was not planned' \
    "$(awk '$2 == "REP" && $4 != 0' "$T/out")" ''
is 'warm-up stands before the first piece alone' \
    "$(sed 's/.*"warmup": *\([0-9]*\).*/\1/' "$T/asked" | paste -sd, -)" 3,0,0
is 'one RES, of all of them' \
    "$(awk '$2 == "RES" { print $3, $4 }' "$T/out")" '1001.000000000 1025.001004000'
is 'one OBS: the last word, and why it stopped' "$(obs "$T/out")" \
    '{"seen":25,"stop":"ci","ci":0.002991}'
is 'one SIM' "$(grep -c '^FMWORK SIM' "$T/out")" 1
like 'ARG says until' "$T/out" '^FMWORK ARG --until ci<1%$'
like 'the arguments know no number' "$T/out" '"reps": "None"'
fm-process --format jsonl "$T/out" >"$T/records"
like 'the reason is in the record' "$T/records" '"stop": ?"ci"'
is 'and so are all repetitions' "$(key "$T/records" n)" 25
is 'the same bytes in one piece' "$(
    piece flat --reps 25 >/dev/null; awk '$2 == "REP" { print $3, $5, $6, $7 }' "$T/out" | cksum)" "$(
    piece flat --until 'ci<1%' >/dev/null; awk '$2 == "REP" { print $3, $5, $6, $7 }' "$T/out" | cksum)"

# --- when it stops

piece wide --until 'ci<5%'
is 'a wide one takes more' "$(why "$T/out")" ci
fm-process --format jsonl "$T/out" >"$T/records"
sed 's/.*"median": *\([0-9.]*\).*"ci95": *\[\([0-9.]*\), *\([0-9.]*\)\].*/\1 \2 \3/' \
    "$T/records" | awk '{ r = ($3 - $2) / 2 / $1; exit !(NF == 3 && r > .01 && r < .05) }'
is 'the interval of the record is what was asked for' $? 0
[ "$(reps "$T/out")" -gt 200 ]
is 'that took more than 200' $? 0
piece wide --until 'ci<0.01%' --max_reps 100
is '--max_reps' "$(why "$T/out") $(reps "$T/out")" 'max_reps 100'
piece flat --until 'ci<1%' --min_reps 60
is '--min_reps' "$(why "$T/out") $(reps "$T/out")" 'ci 60'
piece flat --until 'ci<1%' --min_reps 5 --max_reps 5
is 'both' "$(why "$T/out") $(reps "$T/out")" 'max_reps 5'
is 'no interval from so few' "$(obs "$T/out")" '{"seen":5,"stop":"max_reps","ci":null}'
piece drift --until 'ci<60%' --max_reps 200
is 'what drifts is not steady' "$(why "$T/out")" max_reps
piece drift --until "n>20 && (steady || !steady)" --max_reps 200
is 'unless the rule does not mind' "$(why "$T/out")" ci
MOST=13
export MOST
piece wide --until 'ci<0.1%'
is 'a log that is played has its end' "$(why "$T/out") $(reps "$T/out")" 'end 13'
MOST=16
piece wide --until 'ci<0.1%'
is '... also at the end of a piece' "$(why "$T/out") $(reps "$T/out")" 'end 16'
unset MOST
run 0 null -i 1,2 --until 'ci<0.0000001%' --null:latency_ms 2 --null:jitter 0.5 \
    --max_seconds 0.2
is '--max_seconds' "$(why "$T/out")" 'max_seconds,max_seconds'
awk '$2 == "RES" { split($3, a, "."); split($4, b, ".")
    if ((b[1] - a[1]) * 1e9 + b[2] - a[2] > 1e9) print }' "$T/out" >"$T/late"
is '... is kept' "$(cat "$T/late")" ''
for rule in 'n>=20' 'median<2ms && n>8' 'ci<1% && drift<5% && cv<50%' \
    'sd<1ms && mean>0 && min>0 && max<5 && ess>3 && rho1<2 && latency<2'; do
	piece flat --until "$rule"
	is "$rule" "$(why "$T/out")" ci
done
run 0 fm-driver --backend null -i 8 --until 'ci<5%' --null:latency_ms 0.2 --seed 3
is 'with a real one' "$(why "$T/out")" ci
fm-driver --backend replay --replay:log "$T/out" -i 8 --until 'ci<5%' \
    --model_name null >"$T/again" 2>"$T/err"
is 'and its log, played' \
    "$(grep '^FMWORK REP' "$T/again" | cksum)" \
    "$(grep '^FMWORK REP' "$T/out" | cksum)"

# --- what it is not

while IFS='|' read -r args text; do
	eval "run 2 null $args"
	like "$args" "$T/err" "$text"
done <<'X'
--until 'ci<1%' --reps 3|--until says how long to go on: leave --reps
--until 'ci<1%' --seconds 3|leave --reps and --seconds
--until 'si<1%'|--until 'si<1%': 'si' is not known: there are ci, steady,
--until 'ci<'|--until: 'ci<': a value is wanted at the end
--until 'ci<1%' --min_reps 9 --max_reps 8|--min_reps 9 is more than --max_reps 8
--min_reps 9|--min_reps belongs to --until
--max_reps 9|--max_reps belongs to --until
--max_seconds 9|--max_seconds belongs to --until
X
finish
