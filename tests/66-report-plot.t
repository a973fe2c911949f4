#!/bin/sh
# Pictures and the page. What they show is looked at by people; here: that
# each kind is drawn, from nothing, a point, or a grid; that text is text; that
# kept files draw the same again; that the page asks for nothing.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/page.sh"
d=$top/tests/data/report
fm=$(command -v fm-report)

# --- in characters, without gnuplot ---
cat >"$T/log" <<'X'
FMWORK SYS {"device":"AMD EPYC"}
X
awk 'BEGIN { for (i = 1; i <= 40; i++) {
	dt = i == 1 ? 900 : 300 + i % 7 + (i == 30 ? 90 : 0)
	t = 1763700000 + i
	printf "FMWORK REP %d 40 %d.000000000 %d.%09d 0.%09d\n", i, t, t, dt * 1e4, dt * 1e4 }
	print "FMWORK RES 1763700001.000000000 1763700041.000000000 my model BertModel 128 4 3.030 1320.1" }' >>"$T/log"
run 0 env PATH=/nowhere "$fm" plot reps -T text "$T/log"
like 'a sparkline: what' "$T/out" '^my model on AMD EPYC, 2025-11-21$'
like 'which point' "$T/out" '^input 128, batch 4: 40 repetitions, median 3\.03 ms$'
like 'its bars, the warm-up cut off' "$T/out" '^█▁▁▁▁▁▁▁\|[▁█]+  3\.0\.\.3\.92 ms$|^█[▁]+\|.*█.*ms$'
run 0 env PATH=/nowhere "$fm" plot hist -T text "$T/log"
like 'a histogram' "$T/out" '^ +3(\.[0-9]+)? ms +[0-9]+  █+'
like 'with what lies beyond' "$T/out" '^    beyond +1$'
grep -m 1 REP "$T/log" | sed 's/ 40 / 1 /' >"$T/single"
run 0 env PATH=/nowhere "$fm" plot hist -T text "$T/single"
like 'one repetition' "$T/out" '^1 repetition, median 9 ms$'
is 'is one bar' "$(grep -c '[0-9] ms  ' "$T/out")" 1
run 3 env PATH=/nowhere "$fm" plot latency -T text "$d/one.jsonl"
like 'the other kinds need gnuplot' "$T/err" \
    "plots are drawn by gnuplot: cannot start 'gnuplot'"

run 2 fm-report plot
like 'a kind' "$T/err" 'plot wants a kind first'
run 2 fm-report plot pie
like 'that exists' "$T/err" "'pie' is no kind of plot: choose one of latency, "
run 2 fm-report plot latency -o "$T/x.gif" "$d/one.jsonl"
like 'a form' "$T/err" "x.gif': what kind of picture is that"
run 2 fm-report plot latency -T gif "$d/one.jsonl"
like 'that exists, too' "$T/err" "terminal must be svg, png, pdf or text, got 'gif'"
run 2 fm-report plot latency --keep "$d/one.jsonl"
like 'keeping needs a name' "$T/err" 'give --output FILE'
run 2 fm-report plot compare "$d/one.jsonl"
like 'comparing needs two files' "$T/err" 'wants two files, BASE and NEW, got 1'

command -v gnuplot >/dev/null || { skip 'pictures' 'no gnuplot'; finish; }

# --- every kind, in every form ---
for k in latency throughput pareto heatmap phases history; do
	for f in one tokens base sim; do
		fm-report plot $k -o "$T/p.svg" "$d/$f.jsonl" 2>"$T/err"
		is "$k of $f" "$?$(grep -c '</svg>' "$T/p.svg")" 01
	done
	head -1 "$d/one.jsonl" | fm-report plot $k -T svg >"$T/p.svg" 2>"$T/err"
	is "$k of one point" $? 0
	fm-report plot $k -T svg </dev/null >"$T/p.svg" 2>"$T/err"
	is "$k of nothing" $? 0
	run 0 fm-report plot $k -T text "$d/tokens.jsonl"
done
for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26; do
	echo "{\"kind\":\"operator\",\"name\":\"Op$i%s\",\"count\":$i,\"total_us\":$((i * 100))}"
	echo "{\"kind\":\"node\",\"name\":\"node$i\",\"count\":1,\"total_us\":9999}"
done >"$T/profile"
run 0 fm-report plot profile -T svg "$T/profile"
like 'a bar for each operator' "$T/out" '>Op26%s \(26\)<'
like 'with its share' "$T/out" '> 7\.4 %<'
like 'small ones put together' "$T/out" '>all others<'
is 'nodes are not mixed with them' "$(grep -c node "$T/out")" 0
run 0 fm-report plot profile -T svg --where 'kind=="node"' "$T/profile"
like 'nodes when asked for' "$T/out" '>time per node<'
echo '{"kind":"node","name":"/encoder/layer.11/attention/output/LayerNorm/SkipLayerNormalization","count":1,"total_us":5}' |
    fm-report plot profile -T svg >"$T/out"
like 'the end of a long name' "$T/out" '>(\.\.\.|…)/output/LayerNorm/SkipLayerNormalization \(1\)<'
run 0 fm-report plot profile -T svg /dev/null
sed 's/}$/,"sim":{"device":"H100","sum_ms":2,"parts":{"sum":{"ms":{"compute":1.5,"mem_transfer":0.5}}}}}/' \
    "$d/sim.jsonl" >"$T/roof"
run 0 fm-report plot roofline --keep -o "$T/r.svg" "$T/roof" "$d/one.jsonl"
is 'a simulated point: three times the ridge, 3/4 of the peak' \
    "$(head -1 "$T/r.svg.dat")" '3 0.75'
is 'a measured one: what it simulates in the time it took' \
    "$(sed -n 9p "$T/r.svg.dat")" "3 $(awk 'BEGIN { printf "%.10g", 1.5 / 2.998684 }')"
like 'simulated says so' "$T/r.svg" '>simulated<'
like 'more than one size of an axis is told' "$T/r.svg" '>0\.5<'
run 0 fm-report plot roofline -T svg "$d/one.jsonl"
like 'measured points alone have no roofs' "$T/err" '5 measured points have no simulated one'
for k in reps hist ecdf; do
	run 0 fm-report plot $k -o "$T/p.svg" "$T/log"
	fm-report plot $k -T svg </dev/null >"$T/p.svg" 2>"$T/err"
	is "$k of nothing" $? 0
done
run 0 fm-report plot compare -o "$T/p.svg" "$d/base.jsonl" "$d/slow.jsonl"
like 'the point that is slower' "$T/p.svg" '>input 512, batch 8<'
run 0 fm-report plot compare -T svg /dev/null /dev/null
run 0 fm-report plot latency -o "$T/p.png" "$d/one.jsonl"
is 'PNG' "$(head -c 4 "$T/p.png" | tail -c 3)" PNG
run 0 fm-report plot latency -o "$T/p.pdf" "$d/one.jsonl"
is 'PDF' "$(head -c 4 "$T/p.pdf")" %PDF

# --- what they say ---
run 0 fm-report plot latency -T svg "$d/one.jsonl"
like 'title' "$T/out" '>latency by batch<'
like 'what, where, when' "$T/out" '>granite-embedding-125m fp32 on AMD EPYC \(cpu\), 2026-11-18<'
like 'a name for each line' "$T/out" '>input 512<'
like 'units' "$T/out" '>latency / ms<'
run 0 fm-report plot throughput -T svg --title 'a title' --x input \
    --series batch --y p50 "$d/one.jsonl"
like 'what is asked for: title' "$T/out" '>a title<'
like 'series' "$T/out" '>batch 64<'
like 'axes' "$T/out" '>p50 / ms<'
run 0 fm-report plot latency -T svg "$d/one.jsonl" "$d/sim.jsonl"
like 'what is simulated says so in the key' "$T/out" ', simulated<'
like 'and in the title' "$T/out" '>in part simulated: granite'
run 0 fm-report plot heatmap -T svg "$d/one.jsonl"
like 'a cell that failed' "$T/out" '>ERR_oom<'
like 'several colours are named' "$T/out" '>5<'
run 0 fm-report plot heatmap -T svg --where 'input == 512 && batch == 64' "$d/one.jsonl"
is 'a grid of failures shows them' \
    "$(grep -c 'ERR_oom' "$T/out")$(grep -c 'nothing to show' "$T/out")" 10
{ cat "$d/one.jsonl"; sed 's/granite-embedding-125m/other/' "$d/one.jsonl"; } >"$T/two"
run 0 fm-report plot heatmap -T svg "$T/two"
like 'the picture says what it merges' "$T/out" '>latency by input and batch size, median over model<'
echo '{"input":1,"batch":1,"itl":0.0012}' >"$T/small"
run 0 fm-report plot heatmap -T svg "$T/small"
like 'small numbers have digits' "$T/out" '>0\.0012<'
run 0 fm-report plot history -T svg "$d/history.jsonl"
like 'one step in the history' "$T/out" '>latency over time: 1 step<'
like 'of 6 %' "$T/out" '>\+[56]\.[0-9] %<'
run 0 fm-report plot reps -T svg "$T/log"
like 'repetitions' "$T/out" '>40 repetitions: input 128, batch 4; drift '
like 'an outlier' "$T/out" '>outlier<'
run 0 fm-report plot reps -T svg "$T/single"
like 'one repetition of a point without a name' "$T/out" '>1 repetition<'

sed 's/"batch":64/"batch":1048576/' "$d/one.jsonl" >"$T/sizes"
run 0 fm-report plot latency -T svg "$T/sizes"
like 'a size has all its digits' "$T/out" '>1048576<'
head -1 "$d/one.jsonl" | fm-report plot latency -T svg >"$T/out"
is 'one size has one tic' "$(grep -c '>0\.9[0-9]*<' "$T/out")" 0
echo '{"input":1,"batch":1,"itl":1e-7,"thp":1}
{"input":1,"batch":2,"itl":1e12,"thp":2}' >"$T/wide"
run 0 fm-report plot pareto -T svg "$T/wide"
is 'tics of a wide range are few' "$(grep -Ec '>(0\.01|0\.1|1|100|1000)<' "$T/out")" 2

run 0 fm-report plot phases -T text "$d/tokens.jsonl"
like 'the key in characters is whole' "$T/out" 'first token \*+all further tokens #'
run 0 fm-report plot compare -T text "$d/base.jsonl" "$d/slow.jsonl"
like 'in a comparison, too' "$T/out" 'no difference '

awk 'BEGIN { for (i = 0; i < 402; i++) printf "{\"model\":\"m%d\",\"batch\":%d,\"itl\":%d,\"thp\":%d,\"timestamp\":\"17637000%02d.0\"}\n",
	i / 2, i % 2 + 1, i + 1, i + 1, i % 2 }' >"$T/lines"
for k in latency pareto history; do
	run 0 fm-report plot $k -T svg "$T/lines"
	is "$k of very many lines, in their colours" \
	    "$(grep -o 'rgb(\( *[0-9]*,*\)*)' "$T/out" | sort -u | wc -l | awk '{ print ($1 > 50) }')" 1
done

# --- hostile text ---
sed 's/granite-embedding-125m/`touch x`;system(\\"x\\")<b>$\\\\ '"''"'@x 5%s/' \
    "$d/one.jsonl" >"$T/evil"
cd "$T" || exit 1
for k in latency throughput pareto heatmap; do
	run 0 fm-report plot $k -T svg "$T/evil"
	ok "$k: text is text" grep -qF '`touch x`;system("x")&lt;b>$\ '"''"'@x 5%s fp32 on' "$T/out"
done

ok 'no command was run' test ! -e x
sed 's/"model":"[^"]*"/"model":"50%s `id` %d"/' "$d/tokens.jsonl" >"$T/percent"
cat "$d/tokens.jsonl" >>"$T/percent"
run 0 fm-report plot phases -T svg "$T/percent"
like 'a label with % is text, too' "$T/out" '>50%s `id` %d, input 128, batch 8<'
run 0 fm-report plot phases -T svg "$d/tokens.jsonl"
is 'few numbers fit beside long names' \
    "$(sed 's/<[^>]*>//g; s/^[[:space:]]*//' "$T/out" | grep '^[0-9]*0$' |
	paste -sd,)" 0,200,400,600

sed "s/granite-embedding-125m/a=20 #1;2'3\$4>5/" "$d/one.jsonl" >"$T/digits"
run 0 fm-report plot latency -T svg "$T/digits"
ok 'a digit behind a quoted character stays one' \
    grep -qF "a=20 #1;2'3\$4>5 fp32 on" "$T/out"
long=org/$(printf '%0230d' 0)
awk -v long="$long" '{ for (i = 1; i < 3; i++) { l = $0
	sub(/"model":"[^"]*"/, "\"model\":\"" long "-v" i "\"", l); print l } }' \
    "$d/one.jsonl" >"$T/long"
run 0 fm-report plot latency -T svg "$T/long"
like 'long names do not cost the key' "$T/out" '>org/00*\.\.\.00*-v2, input 128<'
run 0 fm-report plot compare -T svg "$T/long" "$T/long"
like 'the end of a long name is on its tic' "$T/out" \
    '>org/00*\.\.\.0*-v2, input 512, batch 8<'

# --- kept files draw the same again ---
run 0 fm-report plot latency --keep -o p.svg "$d/one.jsonl"
mv p.svg first.svg
gnuplot p.svg.gp 2>/dev/null
same 'the kept script draws the same picture' p.svg first.svg
rec() { echo "{\"model\":\"m\",\"input\":$1,\"batch\":$2,\"status\":\"$3\",\"itl\":$4,\"thp\":$5}"; }
{
	rec 64 1 ERR_oom null null; rec 64 8 ERR_oom null null
	rec 128 1 OK 2.5 400.0; rec 128 8 OK 10.25 780.5
	rec 512 1 OK 20.5 48.75; rec 512 8 OK 80.75 99.0
	rec null 8 ERR_oom null null
} >part.jsonl
run 0 fm-report html part.jsonl
like 'a series without a point moves no other name' "$T/out" '<title>input 512: at 8: 80\.75'
run 0 fm-report plot latency -T svg part.jsonl
is 'and has no name' "$(grep -c 'input 64' "$T/out")" 0
run 0 fm-report plot pareto -T svg part.jsonl
is 'tics of latencies are round' "$(grep -c '>20\.5<' "$T/out")" 0
like 'so is one of theirs' "$T/out" '>20 *<'
run 0 fm-report plot heatmap -T svg part.jsonl
is 'a failure without a size has no place in a map' "$(grep -c '>ERR_oom<' "$T/out")" 2
echo 'set key on; plot x title "mine"' >mine.gp
run 0 fm-report plot latency --template mine.gp -T svg "$d/one.jsonl"
like "one's own template" "$T/out" '>mine<'
echo 'plot nonsense(' >mine.gp
run 3 fm-report plot latency --template mine.gp -T svg "$d/one.jsonl"
like "what gnuplot says of it" "$T/err" 'gnuplot: exit status 1: .'
run 3 fm-report plot latency --template nowhere.gp -T svg "$d/one.jsonl"

# --- the page ---
run 0 fm-report html --base "$d/base.jsonl" --title 'My <page>' -o page.html \
    "$d/slow.jsonl" "$d/one.jsonl"
like 'heading' page.html '<h1>My &lt;page&gt;</h1>'
like 'verdict' page.html '<td class="bad">regressed</td>'
like 'failed points with their errors' page.html 'cannot allocate 12884901888 bytes'
like 'values on hover' page.html '<title>input 128: at 8: 9\.[0-9]* \(9\.'
is 'nothing is fetched' "$(grep -cE '(src|href)="[^#]|url\(|@import|http-equiv="refresh"' page.html)" 0
is 'no script but our own' "$(grep -c '<script' page.html)" 1
is 'no handlers in the pictures' "$(grep -cE ' on[a-z]+=' page.html)" 0
run 0 fm-report html --sort -latency --columns input,latency "$d/one.jsonl"
like 'columns as asked for' "$T/out" '<th scope="col" class="n">latency ms</th></tr>'
run 0 fm-report html -o evil.html "$T/evil"
is 'text is text' "$(grep -c '<b>' evil.html)" 0
run 0 fm-report html /dev/null
like 'a page about nothing' "$T/out" 'no records'
fm-report html <"$d/one.jsonl" >"$T/out" 2>"$T/err"
is 'from a pipe' $? 0
{ echo '{"torn'; cat "$d/one.jsonl"; } >torn.jsonl
run 1 fm-report html -o page2.html torn.jsonl
is 'a line that cannot be read is told once, with its file' "$(cat "$T/err")" \
    'fm-report: torn.jsonl:1: a record is cut off: skipped'
fm-report html -o page2.html <torn.jsonl 2>"$T/err"
is 'or as stdin' "$?$(cat "$T/err")" '1fm-report: stdin:1: a record is cut off: skipped'
fm-report html --base - -o page2.html "$d/slow.jsonl" <"$d/base.jsonl" 2>"$T/err"
is 'a base from a pipe' \
    "$(grep -c '>geometric mean<' page2.html)$(grep -c 'nothing to compare' page2.html)" 20
mkdir tmp
TMPDIR=$T/tmp fm-report html "$d/one.jsonl" "$d/base.jsonl" | head -1 >/dev/null
is 'nothing is left when the reader goes away' "$(ls tmp)" ''

if command -v chromium >/dev/null; then
	browse page.html >seen
	is 'the script makes heads that sort' \
	    "$(grep -c '<button type="button">latency ms</button>' seen)" 1
	like 'the browser keeps a log of its requests' net.json '"net_error"'
	is 'and asks nobody for anything' "$(asked)" ''
else
	skip 'the script makes heads that sort' 'no chromium'
fi
finish
