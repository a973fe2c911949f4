#!/bin/sh
# fm-driver --infer: given inputs, padding, expected outputs, wrong input.
# shellcheck disable=SC2154,SC2317
. "$(dirname "$0")/lib.sh"

data=$top/tests/data/infer
model=$data/mix.onnx
fm-driver --platform cpu --list_devices >/dev/null 2>&1 ||
    skip_all 'ONNX Runtime is not here'

infer() { fm-driver "$model" "$@"; }
# case_with NAME FILE: the good case with NAME replaced by FILE, in $T/in
case_with() {
	rm -rf "$T/in"
	cp -r "$data/case" "$T/in"
	[ $# = 0 ] || cp "$data/$2" "$T/in/$1"
}
# refused NAME TEXT OPTION...: status 2 and that message about $T/in
refused() {
	name=$1 text=$2
	shift 2
	run 2 infer --infer "$T/in" --out "$T/o" "$@"
	is "$name" "$(sed "s#$T/##g" "$T/err")" "fm-driver: $text"
}

# What comes out, where, and how it compares.
run 0 infer --infer "$data/case" --out "$T/out1" --expect "$data/want"
is 'nothing on stderr' "$(cat "$T/err")" ''
printf 'sum: equal, max abs 0, max rel 0\ny: equal, max abs 0, max rel 0\n' \
    >"$T/want"
same 'a line per output' "$T/out" "$T/want"
ok 'sum.npy as numpy writes it' cmp "$T/out1/sum.npy" "$data/want/sum.npy"
ok 'y.npy too' cmp "$T/out1/y.npy" "$data/want/y.npy"
(cd "$data" && fm-driver mix.onnx --infer case --out "$T/out2") >"$T/out"
ok 'relative paths' cmp "$T/out2/y.npy" "$data/want/y.npy"
is 'silent without --expect' "$(cat "$T/out")" ''
(cd "$T" && fm-driver "$model" --infer "$data/case" --out a/b) >"$T/out"
ok 'folders are made' test -f "$T/a/b/y.npy"
run 0 infer --infer "$data/case" --out "$T/a/b"
run 0 infer --infer "$data/case" --expect "$data/want"

# Numbered folders, in the order of their numbers.
run 0 infer --infer "$data/many" --out "$T/many" --expect "$data/many-want"
is 'the order of cases' "$(sed 's/:.*//' "$T/out" | tr '\n' ' ')" \
    '2/sum 2/y 10/y '
ok 'the layout is mirrored' cmp "$T/many/10/sum.npy" "$data/want/sum.npy"
run 0 infer --infer "$data/many/10" --expect "$data/many/10"
cp -r "$data/many" "$T/sets"
mv "$T/sets/10" "$T/sets/test_data_set_0"
cp "$model" "$T/sets/model.onnx"
rm -r "$T/sets/2"
run 0 fm-driver "$T/sets/model.onnx" --infer "$T/sets" --expect "$T/sets"
is 'as ONNX lays its cases out' "$(head -1 "$T/out")" \
    'test_data_set_0/sum: equal, max abs 0, max rel 0'
cp -r "$data/many" "$T/bad"
rm "$T/bad/2/x.npy"
run 1 infer --infer "$T/bad" --out "$T/badout"
is 'a bad case is said' "$(sed "s#$T/##" "$T/err")" \
    "fm-driver: case 2: 'bad/2' lacks input 'x': no x.npy and no input_2.pb"
ok 'and the next one runs' test -f "$T/badout/10/y.npy"

# Padding.
run 0 infer --infer "$data/short" --pad 1 --out "$T/p" \
    --expect "$data/short-want"
case_with mask.npy short/mask.npy
refused 'open dimensions that disagree' \
    "'in': mask.npy has 2 for dimension 'sequence', an input before it 3; with --infer, --pad VALUE fills what is short"
case_with x.npy short/x.npy
refused 'a short input' \
    "'in': x.npy is float[1,2], the model wants float[2,3] for 'x'; with --infer, --pad VALUE fills what is short"
refused 'padding is a number' "--pad must be a number, got 'one'" --pad one
case_with mask.npy short/mask.npy
refused 'of the type' \
    "'in': mask.npy: --pad 0.5 is not a value of its type int64" --pad 0.5

# Inputs that do not fit.
case_with ids.npy npy/float.npy
refused 'wrong type' \
    "'in': ids.npy is float[2,3], the model wants int64[batch,sequence] for 'ids'"
case_with x.npy npy/scalar.npy
refused 'wrong type and rank' \
    "'in': x.npy is uint16[], the model wants float[2,3] for 'x'" --pad 0
case_with x.npy long/x.npy
refused 'too long' \
    "'in': x.npy is float[2,4], the model wants float[2,3] for 'x'" --pad 0
case_with idz.npy case/ids.npy
refused 'unknown name' \
    "'in/idz.npy' belongs to no input; the model's inputs: ids int64[batch,sequence], mask int64[batch,sequence], x float[2,3]"
case_with x.npy npy/object.npy
refused 'a pickle' \
    "'in/x.npy': holds Python objects (a pickle), which are never read; save an array of numbers"
case_with input_0.pb many/10/input_0.pb
refused 'given twice' \
    "'in': input 'ids' is given twice, in ids.npy and input_0.pb"
case_with input_3.pb many/10/input_0.pb
refused 'too many' "'in/input_3.pb': the model has only 3 such tensors"
case_with
rm "$T/in/mask.npy"
refused 'missing' \
    "'in' lacks input 'mask': no mask.npy and no input_1.pb"
case_with
mkdir "$T/in/0"
refused 'two layouts' "'in' holds both tensors and numbered folders"
rm -r "$T/in"; mkdir "$T/in"
refused 'nothing there' \
    "'in' holds no <input>.npy, no input_<k>.pb, and no numbered folders of them"
run 3 infer --infer "$T/nowhere" --out "$T/o"
is 'no such folder' "$(sed "s#$T/##" "$T/err")" \
    "fm-driver: cannot open folder 'nowhere': No such file or directory"

# Outputs that cannot be written.
: >"$T/file"
run 3 infer --infer "$data/case" --out "$T/file/o"
like 'said' "$T/err" "^fm-driver: .*file.*: File exists$"
mkdir -p "$T/held/y.npy"
run 3 infer --infer "$data/case" --out "$T/held"
like 'said' "$T/err" "^fm-driver: cannot replace '.*/held/y.npy': "
cp -r "$data/want" "$T/w"
run 2 infer --infer "$data/case" --out "$T/w" --expect "$T/w/."
like 'comparing with itself' "$T/err" \
    "^fm-driver: --out and --expect are the same folder "

# Outputs that are not as expected.
expects() {
	rm -rf "$T/w"
	cp -r "$data/want" "$T/w"
	[ $# = 0 ] || cp "$data/$2" "$T/w/$1"
}
expects y.npy case/x.npy
run 1 infer --infer "$data/case" --expect "$T/w"
is 'how much and where' "$(tail -1 "$T/out")" \
    'y: differs in 5 of 6, max abs 1.25, max rel 1, worst at [1,2]: got 2.5, expected 1.25'
run 0 infer --infer "$data/case" --expect "$T/w" --rtol 1
is 'within the tolerance' "$(tail -1 "$T/out")" \
    'y: equal, max abs 1.25, max rel 1, worst at [0,2]: got 1.0, expected 0.5'
run 0 infer --infer "$data/case" --expect "$T/w" --rtol 0 --atol 1.25
run 1 infer --infer "$data/case" --expect "$T/w" --rtol 0 --atol 1.2499
expects sum.npy npy/half.npy
run 1 infer --infer "$data/case" --expect "$T/w"
is 'type and shape' "$(head -1 "$T/out")" \
    'sum: differs: got int64[1,3], expected float16[2,3]'
expects z.npy want/y.npy
run 2 infer --infer "$data/case" --expect "$T/w"
is 'unknown output' "$(sed "s#$T/##" "$T/err")" \
    "fm-driver: 'w/z.npy' belongs to no output; the model's outputs: sum, y"
run 2 infer --infer "$data/case" --expect "$data/case"
like 'nothing expected' "$T/err" \
    "holds no <output>.npy and no output_<k>.pb$"
run 2 infer --infer "$data/case"
like 'nothing to do' "$T/err" '^fm-driver: --infer needs --out DIR'

# Timed runs on given inputs: the sizes are those of the files.
run 0 infer --inputs "$data/case" --reps 2
is 'the sizes' "$(grep '^RUN [0-9]' "$T/out")" 'RUN 3 / 1'
is 'every repetition' "$(grep -c '^FMWORK REP' "$T/out")" 2
run 0 infer --inputs "$data/many/10" --reps 2
is 'the sizes of tensor files' "$(grep '^RUN [0-9]' "$T/out")" 'RUN 3 / 1'
case_with x.npy short/x.npy
run 2 infer --inputs "$T/in" --reps 2
like 'inputs are checked' "$T/err" \
    'x.npy is float\[1,2\], the model wants float\[2,3\]'

run 2 infer --inputs "$data/case" --reps 2 -i 4
is 'the size is that of the files' "$(sed "s#'/.*/#'#" "$T/err")" \
    "fm-driver: --input_sizes '4': the sequence of 'mix.onnx' is fixed at 3"
run 0 infer --inputs "$data/case" --reps 2 -i 3 -b 1
run 2 infer --inputs "$data/case" --pad 1
is 'padding is for --infer' "$(cat "$T/err")" \
    'fm-driver: --pad belongs to --infer DIR'
run 2 fm-driver "$model" "$model" --infer "$data/case" --out "$T/o"
is 'two models, one folder' "$(cat "$T/err")" \
    'fm-driver: --out takes the outputs of one model on one platform, not of 2'
run 0 fm-driver "$model" "$model" --infer "$data/case" --expect "$data/want"
run 2 fm-driver "$data/twins-in.onnx" --reps 1
is 'sizes that are lacking, each once' "$(sed "s#'/.*/#'#" "$T/err")" \
    "fm-driver: dimensions of 'twins-in.onnx' without a size: k (all open ones: n k); set each with --dim NAME=N"

# Names that a file cannot have, and sizes that only the files know.
rm -rf "$T/in"
mkdir "$T/in"
cp "$data/case/x.npy" "$T/in/a_b.npy"
run 2 fm-driver "$data/twins-in.onnx" --infer "$T/in" --out "$T/o"
is 'a file belongs to the input that is called so' \
    "$(sed "s#$T/##" "$T/err")" \
    "fm-driver: 'in' lacks input 'a/b': no a_b.npy and no input_0.pb"
cp "$data/many/10/input_1.pb" "$T/in/input_0.pb"
run 0 fm-driver "$data/twins-in.onnx" --infer "$T/in" --out "$T/o"
ok 'open dimensions are those of the files' test -f "$T/o/y.npy"
mv "$T/in/a_b.npy" "$T/in/x.npy"
run 2 fm-driver "$data/twins-out.onnx" --infer "$T/in" --out "$T/o"
is 'two outputs in one file' "$(sed "s#'/.*/#'#" "$T/err")" \
    "fm-driver: outputs 'a/b' and 'a_b' of 'twins-out.onnx' would both be written to 'a_b.npy'"
case_with
echo 'not for us' >"$T/in/x.txt"
run 0 infer --infer "$T/in" --expect "$data/want"

# A backend that answers but writes nothing, and one that dies.
cat >"$T/fake" <<'END'
while read -r line; do
	case $line in
	*'"hello"'*) echo FMWORK HELLO 1 ort ;;
	*'"infer"'*) [ -z "$FAKE_DIES" ] || exit 3 ;;
	esac
	echo FMWORK OK
done
END
run 1 infer --via "sh $T/fake" --infer "$data/case" --expect "$data/want"
is 'an output that is not there' "$(head -1 "$T/out")" 'sum: missing'
FAKE_DIES=1
export FAKE_DIES
run 4 infer --via "sh $T/fake" --infer "$data/many" --out "$T/o"
like 'a dead backend ends it' "$T/err" '^fm-driver: case 2: .*exit status 3'

finish
