#!/bin/sh
# fm-cache: every command on builds of ours, damaged ones, hostile ones, and
# folders of MLAgility and GroqFlow, which it reads and never changes.
. "$(dirname "$0")/lib.sh"
C=$FM_CACHE_DIR
data=$top/tests/data/cache
k1=0123456789abcdef0123456789abcdef
k2=fedcba98765432100123456789abcdef
k3=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa

# fresh: three builds: good (two results), failed, killed
fresh() { rm -rf "$C"; cp -r "$data/ours" "$C"; mkdir -p "$C/files" "$C/pins"
	for k in good:$k1 bad:$k2 dead:$k3; do ln -s "obj/${k#*:}" "$C/${k%%:*}"; done; }
fresh

# --- looking ---
run 0 fm-cache list
is "names, sorted" "$(tr '\n' ' ' <"$T/out")" "bad dead good "
run 0 fm-cache list --long
like "a good one" "$T/out" "^good +successful_build +[0-9.]+ k?B +2026-"
like "a failed one" "$T/out" "^bad +failed_build "
like "one whose maker is gone" "$T/out" "^dead +killed "
run 0 fm-cache list --json
like "JSON" "$T/out" "\"key\": \"$k1\""
run 0 fm-cache list --json --long
like "with states" "$T/out" '"build_status": "killed"'
rm "$C/good"; run 0 fm-cache list
like "without a name: by key" "$T/out" "^$k1\$"
run 0 fm-cache path $k1
is "and reached by it" "$(cat "$T/out")" "$C/obj/$k1"
fresh
run 0 fm-cache stats good
like "stats: the state" "$T/out" "build_status: successful_build"
like "and the results" "$T/out" "^ +runtime: ONNX Runtime 1"
run 0 fm-cache print good
like "print is stats" "$T/out" "build_status: successful_build"
run 0 fm-cache stats good --json
like "as JSON" "$T/out" '"median": 0.002'
run 2 fm-cache stats nosuch
like "no such build" "$T/err" "there is no build 'nosuch' in .*: fm-cache list names them"
run 2 fm-cache stats ../x
like "a path is no name" "$T/err" "one path component"
run 2 fm-cache stats
like "which" "$T/err" "which build"
run 0 fm-cache location
is "location" "$(cat "$T/out")" "$C"
run 0 fm-cache list -d "$T/nowhere"
like "no builds" "$T/err" "no builds in '$T/nowhere'"
run 2 fm-cache frob
like "no such command" "$T/err" "no such command: 'frob'"
run 2 fm-cache
like "which command" "$T/err" "which command"
mkdir "$T/plain"; : >"$T/plain/x"
run 2 fm-cache list -d "$T/plain"
like "a folder that is no cache" "$T/err" "there is no .fm-cache in it"
run 2 fm-cache list -d a -d b
like "one at a time" "$T/err" "one --cache_dir at a time"
for cmd in list location gc report; do
	run 2 fm-cache "$cmd" good
	like "$cmd: of all or none" "$T/err" "takes no names: what is 'good'"
done

# --- verify ---
run 0 fm-cache verify
like "nothing is damaged" "$T/out" "^3 of 3 builds are as they were made"
printf X | dd of="$C/obj/$k1/model.onnx" bs=1 seek=3 conv=notrunc 2>/dev/null
run 1 fm-cache verify
like "a flipped byte" "$T/out" "^good: 'model.onnx' is damaged"
like "counted" "$T/out" "^2 of 3 builds"
printf X >>"$C/obj/$k1/model.onnx"
run 1 fm-cache verify good
like "a longer file" "$T/out" "has another size"
rm "$C/obj/$k1/model.onnx"
run 1 fm-cache verify
like "a missing file" "$T/out" "is missing"
ln -s /etc/hostname "$C/obj/$k1/model.onnx"
run 1 fm-cache verify
like "a link is no artifact" "$T/out" "is missing"
sed -i 's#path: model.onnx#path: ../../../x#' "$C/obj/$k1/state.yaml"
run 1 fm-cache verify
like "nor is a path outside" "$T/out" "is not a file of the build"
fresh

# --- hostile states ---
hostile() {
	cp "$T/state" "$C/obj/$k1/state.yaml"
	(sanitized || ulimit -v 600000; timeout 5 fm-cache list --long >"$T/out" 2>"$T/err")
	is "$1: refused in bounded time and memory" $? 0
	like "$1: the row" "$T/out" "^good +unreadable"
	like "$1: the others are there" "$T/out" "^bad +failed_build"
}
{ i=0; while [ $i -lt 3000 ]; do printf '['; i=$((i + 1)); done; } >"$T/state"
hostile "deep nesting"
{ echo "a0: &a0 [x,x,x,x,x,x,x,x,x,x]"; i=0; while [ $i -lt 12 ]; do
	echo "a$((i + 1)): &a$((i + 1)) [*a$i,*a$i,*a$i,*a$i,*a$i,*a$i,*a$i,*a$i,*a$i]"
	i=$((i + 1)); done; } >"$T/state"
hostile "anchors"
{ printf 'a: '; head -c 3000000 /dev/zero | tr '\0' x; } >"$T/state"
hostile "a huge scalar"
echo "- 1" >"$T/state"
hostile "a list"
echo "!!python/object/apply:os.system [id]" >"$T/state"
hostile "a tag"
sed "s#path: model.onnx#path: ../../../../etc/passwd#" "$data/ours/obj/$k1/state.yaml" >"$C/obj/$k1/state.yaml"
echo 'groqview: ../../../../etc' >>"$C/obj/$k1/state.yaml"
run 1 fm-cache verify good
like "a path outside is no file of the build" "$T/out" "^good: '../../../../etc/passwd' is not a file of the build"
run 2 fm-cache open good --with groqview
like "nor is it opened" "$T/err" "holds nothing for GroqView"
sed -e 's#path: /models/bert#path: "\\e[31m\\nfake  successful_build"#' -e 's#seed: 1#seed: "\\e[1m\\nx"#' \
    -e 's#path: model.onnx#path: "\\e[1m\\nx: fine"#' "$data/ours/obj/$k1/state.yaml" >"$C/obj/$k1/state.yaml"
run 0 fm-cache list -l
is "a path makes no row" "$(grep -c . "$T/out")" 3
like "nor colours" "$T/out" "^good .* \[31m fake  successful_build\$"
run 1 fm-cache verify good
like "nor does the name of a file" "$T/out" "^good: ' \[1m x: fine' is missing"
run 0 fm-cache why good bad
like "nor an input" "$T/out" "^the seed of the weights changed from ' \[1m x' to 2"
rm "$C/obj/$k1/state.yaml"; mkfifo "$C/obj/$k1/state.yaml"
timeout 5 fm-cache list -l >"$T/out" 2>"$T/err"
is "a pipe does not hold it up" $? 0
rm "$C/obj/$k1/state.yaml"; ln -s /etc/passwd "$C/obj/$k1/state.yaml"
run 0 fm-cache list -l
ok "a link is not followed" sh -c '! grep -q root "$1"' sh "$T/out"
fresh
ln -s ../../etc "$C/evil"; ln -s "obj/../../etc" "$C/evil2"
run 0 fm-cache list
ok "links to elsewhere are no builds" sh -c '! grep -q evil "$1"' sh "$T/out"
run 2 fm-cache delete evil
ok "and cannot be deleted" test -d /etc
fresh
mv "$C/obj/$k1" "$T/outside"; ln -s "$T/outside" "$C/obj/$k1"
run 1 fm-cache clean good
like "a build that leads elsewhere is not cleaned" "$T/err" "obj/$k1' is no folder"
run 0 fm-cache delete good
is "nor is it emptied" "$(ls "$T/outside" | wc -l)$(sed -n 's/^build_status: / /p' "$T/outside/state.yaml")" "3 successful_build"
fresh

# --- removing ---
run 0 fm-cache delete good --dry_run
like "dry run" "$T/out" "^would delete good \([0-9]+ bytes\)"
ok "does nothing" test -d "$C/obj/$k1"
ln -s "obj/$k1" "$C/second"
run 0 fm-cache delete good second good --dry_run
is "a build is one, however often it is named" "$(wc -l <"$T/out")" 1
run 0 fm-cache delete good
is "a build goes with all its names and results" "$(cd "$C" && echo ./* obj/* results/*)" \
    "./bad ./dead ./files ./obj ./pins ./results obj/$k3.tmp obj/$k2 results/*"
run 0 fm-cache delete --all
is "all" "$(ls "$C/obj")" ""
fresh
run 2 fm-cache delete
like "none" "$T/err" "which builds"
run 2 fm-cache delete --all good
like "all and some" "$T/err" "exclude one another"
run 2 fm-cache delete good nosuch
ok "one that is not there: nothing is deleted" test -d "$C/obj/$k1"
run 0 fm-cache clean good --dry_run
like "a dry run of cleaning" "$T/out" "^would clean good"
ok "does nothing, too" test -f "$C/good/model.onnx"
run 0 fm-cache clean good
is "clean: artifacts go" "$(ls "$C/good" | tr '\n' ' ')" "log_import.txt state.yaml "
like "it is marked" "$C/good/state.yaml" "^build_status: cleaned"
like "results stay" "$C/results/$k1.jsonl" OK
run 0 fm-cache list -l
like "one sees it in the list" "$T/out" "^good +cleaned"
run 0 fm-cache path dead
is "the folder of a killed one" "$(cat "$T/out")" "$C/obj/$k3.tmp"
head -c 100000 /dev/zero >"$C/obj/$k3.tmp/half"
run 0 fm-cache list -l
like "what it left counts" "$T/out" "^dead +killed +100.. kB"
run 0 fm-cache clean dead
like "and is cleaned" "$T/out" "^cleaned dead \(100000 bytes\)"
is "to state and logs" "$(ls "$C/obj/$k3.tmp")" state.yaml
mkdir "$C/obj/$k1.tmp"; head -c 100000 /dev/zero >"$C/obj/$k1.tmp/half"
run 0 fm-cache list -l
like "also beside a good one" "$T/out" "^good +cleaned +100.. kB"
run 0 fm-cache clean good
ok "there it goes whole" test ! -d "$C/obj/$k1.tmp"
mkdir "$T/rep0"
run 0 fm-cache report -r "$T/rep0"
like "and in the report" "$(cat "$T/out")" "^bert,.*,good,cleaned,"
fresh
mkdir "$T/plain/obj"
run 2 fm-cache delete --all --yes -d "$T/plain"
like "nothing without our marker" "$T/err" "there is no .fm-cache in it"
ok "is touched" test -d "$T/plain/obj"
if command -v script >/dev/null; then
	echo n | script -qec "fm-cache delete good" /dev/null >"$T/out" 2>&1
	like "on a terminal it asks" "$T/out" 'delete 1 build\? \[y/N\]'
	ok "no means no" test -d "$C/obj/$k1"
	script -qec "fm-cache delete good --yes" /dev/null >"$T/out" 2>&1 </dev/null
	ok "--yes does not ask" sh -c '! test -d "$1"' sh "$C/obj/$k1"
	fresh
else
	skip "questions" "no script(1)"
fi

# --- gc ---
touch -d '40 days ago' "$C/obj/$k1"
touch -d '10 days ago' "$C/obj/$k2"
run 0 fm-cache gc --older_than 30d --dry_run
is "older than" "$(cut -d' ' -f1-3 "$T/out")" "would delete good"
run 0 fm-cache clean good
run 0 fm-cache gc --older_than 30d --dry_run
is "and cleaning it was no use of it" "$(cut -d' ' -f1-3 "$T/out")" "would delete good"
run 0 fm-cache gc --max_size 1 -n
is "least recently used first" "$(cut -d' ' -f3 "$T/out" | tr '\n' ' ')" "good bad dead "
run 0 fm-cache pin good
run 0 fm-cache gc --max_size 1 -n
is "pinned ones never" "$(cut -d' ' -f3 "$T/out" | tr '\n' ' ')" "bad dead "
run 0 fm-cache list -l
like "one sees it" "$T/out" "^good .*\(pinned\)"
run 2 fm-cache pin
like "which, and there is no --all" "$T/err" "which builds. Name them\$"
run 0 fm-cache unpin good
run 0 fm-cache gc --older_than 4w
is "it really goes" "$(fm-cache list | tr '\n' ' ')" "bad dead "
run 0 fm-cache gc --max_size 20G
is "what fits stays" "$(fm-cache list | tr '\n' ' ')" "bad dead "
run 2 fm-cache gc
like "what may go" "$T/err" "Give --max_size"
run 2 fm-cache gc --max_size lots
like "a size" "$T/err" "'lots' must be a whole number and one of"
run 2 fm-cache gc --older_than 99999999999999w
like "an age" "$T/err" "must be a whole number"
fresh

# --- why, open ---
run 0 fm-cache why good bad
like "which inputs differ" "$T/out" "^the seed of the weights changed from 1 to 2"
like "shapes as they are" "$T/out" "^the batch input changed from \[1,128\] to \[8,128\]"
run 0 fm-cache why good good
is "or none" "$(cat "$T/out")" "their inputs do not differ"
sed -i "/class: null/d" "$C/obj/$k1/state.yaml"
run 0 fm-cache why good bad
ok "what is not there and none are the same" sh -c '! grep -q "class" "$1"' sh "$T/out"
run 2 fm-cache why
like "what" "$T/err" "why what"
run 2 fm-cache why good
like "alone: stages are known, or not" "$T/err" "build 'good' has stages of its own"
run 0 fm-cache why $k1 "$top/tests/data/model/bert/model" -- --load_format dummy --seed 9
like "a key is a name, too" "$T/out" "^the seed of the weights changed from 1 to 9"
run 0 fm-cache why good "$top/tests/data/model/bert/model" -- --load_format dummy --seed 9
like "against arguments of fm-driver" "$T/out" "^the seed of the weights changed from 1 to 9"
run 2 fm-cache open good --with groqview
like "nothing for GroqView" "$T/err" "holds nothing for GroqView: .*--groqview"
mkdir "$T/bin"; printf '#!/bin/sh\necho "viewer $*"\n' >"$T/bin/netron"; chmod +x "$T/bin/netron"
run 0 env "PATH=$T/bin:$PATH" fm-cache open good
like "the viewer is started" "$T/out" "^viewer .*/obj/$k1/model.onnx"
run 4 env "PATH=$B/bin" fm-cache open good
like "or how to get it" "$T/err" "netron is not installed: pip install netron"
echo 'graph: ../../../../../../../../etc/passwd' >>"$C/obj/$k1/state.yaml"
run 0 env "PATH=$T/bin:$PATH" fm-cache open good
like "a path outside is no graph" "$T/out" "^viewer .*/obj/$k1/model.onnx"
sed -i "s#^graph: .*#graph: half.onnx#; s#path: /models/bert#path: $C/obj/$k1/model.onnx#" "$C/obj/$k1/state.yaml"
run 2 fm-cache open good
like "the model is not shown for a graph that is gone" "$T/err" "has no graph any more"
sed -i "/^graph: /d; s#path: $C/obj/$k1/model.onnx#path: /models/bert#" "$C/obj/$k1/state.yaml"
rm "$C/obj/$k1/model.onnx"
run 2 fm-cache open good
like "no graph" "$T/err" "has no graph any more"
fresh

# --- report ---
mkdir "$T/rep"
run 0 fm-cache report --report_dir "$T/rep"
csv=$(cat "$T/out")
ok "named by the day" test -f "$T/rep/$(date +%Y-%m-%d).csv"
is "MLAgility's columns come first" "$(head -1 "$csv" | cut -d, -f1-14)" \
    "model_name,author,model_class,params,hash,license,task,groq_chips_used,groq_estimated_latency,nvidia_latency,x86_latency,onnx_exported,onnx_optimized,onnx_converted"
like "then a column per device and statistic" "$csv" "^model_name.*,Xeon Gold mean_ms,Xeon Gold median_ms,"
like "the last result in ms" "$csv" "^bert,-,BertModel,20672,.*,2.5,True,False,False,good,successful_build,"
like "a failed one, with its error" "$csv" 'failed_build,"stage import: it ""broke"", badly"'
like "a killed one" "$csv" ",killed,"
echo "[" >"$C/obj/$k1/state.yaml"
run 0 fm-cache report -r "$T/rep"
like "one that cannot be read is a row" "$csv" "^good,.*,unreadable,.*state.yaml"
is "the others stay" "$(wc -l <"$csv")" 4
fresh
cat >"$C/results/$k1.jsonl" <<'J'
{"device":"odd","platform":"cpu","batch":1,"input":2,"stats":{"mean":1e300,"min":0.001}}
{"device":"odd","platform":"cpu","stats":{"min":"x"}}
{"device":"odd","platform":"cpu","stats":[1]}
J
run 0 fm-cache report -r "$T/rep"
like "what can be no time is not known" "$csv" "^bert,.*,-,True,False,False,good,successful_build,.*,2 x 1,1,-\$"
truncate -s 3G "$C/results/$k1.jsonl"
printf '\n%s\n' '{"device":"last","platform":"cpu","stats":{"mean":0.5}}' >>"$C/results/$k1.jsonl"
(sanitized || ulimit -v 600000; timeout 20 fm-cache report -r "$T/rep") >"$T/out" 2>"$T/err"
is "a huge file of results: status 0" $? 0
like "the last one of it" "$csv" "^bert,.*,500,True,False,False,good,successful_build,"
run 0 fm-cache report -r "$T/rep" -d "$T/nowhere" -d "$C"
like "a cache with no builds is told" "$T/err" "no builds in '$T/nowhere'"
fresh

# --- MLAgility and GroqFlow ---
M=$data/mlagility
find "$M" -type f -exec md5sum {} + | sort >"$T/before"
run 0 fm-cache list -d "$M"
is "their builds" "$(tr '\n' ' ' <"$T/out")" "groq_model_11111111 linear_d5b1df11 "
run 0 fm-cache stats linear_d5b1df11 -d "$M"
like "a state with tuples" "$T/out" "build_status: successful_build"
like "their results" "$T/out" "device: Intel"
run 0 fm-cache list -l -d "$M"
like "one that died" "$T/out" "^groq_model_11111111 +killed"
run 0 fm-cache report -d "$M" -r "$T/rep"
like "the report: labels and numbers" "$csv" "^linear,selftest,LinearTestModel,110,1234e567,-,-,-,-,-,0.042,True,True,True,linear_d5b1df11,"
run 0 fm-cache report -d "$M" -d "$C" -r "$T/rep"
is "several caches, one table" "$(wc -l <"$csv")" 6
for cmd in delete clean pin; do
	run 2 fm-cache $cmd linear_d5b1df11 -d "$M"
	like "$cmd: never changed" "$T/err" "it can be read, and is never changed"
done
cp -r "$M" "$T/big"; mkdir "$T/big/huge" "$T/big/early"; : >"$T/big/early/.mlabuild"
run 0 fm-cache list -l -d "$T/big"
like "one that died before its first state" "$T/out" "^early +unreadable"
rm -r "$T/big/early"
for f in huge/huge_state.yaml linear_d5b1df11/mlagility_stats.yaml labels/linear_d5b1df11.txt; do
	truncate -s 3G "$T/big/$f"
done
(sanitized || ulimit -v 600000; timeout 20 fm-cache report -d "$T/big" -r "$T/rep") >"$T/out" 2>"$T/err"
is "huge files of theirs are not read" $? 0
like "but told" "$csv" "^huge,.*,unreadable,.*too large"
like "the others are there" "$csv" "^groq_model_11111111,.*,killed,"
like "statistics that cannot be read are its error" "$csv" "^linear_d5b1df11,.*,successful_build,.*mlagility_stats.yaml' is too large"
rm -r "$T/big"
run 2 fm-cache why linear_d5b1df11 groq_model_11111111 -d "$M"
like "nor inputs" "$T/err" "not compared"
run 2 fm-cache verify -d "$M"
like "no hashes there" "$T/err" "keeps no hashes"
(unset FM_CACHE_DIR; MLAGILITY_CACHE_DIR=$M fm-cache list) >"$T/out" 2>"$T/err"
like "their variable" "$T/out" "^linear_"
like "with a notice" "$T/err" "from MLAGILITY_CACHE_DIR; FM_CACHE_DIR is not set"
find "$M" -type f -exec md5sum {} + | sort >"$T/after"
same "nothing there has changed" "$T/after" "$T/before"
run 0 fm-cache list --help
like "help" "$T/out" "names of all builds"
finish
