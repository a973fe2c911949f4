#!/bin/sh
# Simulated devices against figures from elsewhere: families of models as
# transformers counts them, devices that exchange data, transfers of experts,
# and the rules of the schema.
. "$(dirname "$0")/lib.sh"
cd "$top" || exit 1
data=tests/data/sim
sim() { d=$1 m=$2; shift 2; fm-driver --platform "sim:$d" --model_name "$m" --reps 1 --sim:layers 1 "$@" >"$T/out" 2>"$T/err"; }
num() { sed -n 's/^FMWORK SIM .*"'"$1"'":\([-0-9.e+]*\).*/\1/p' "$T/out"; }
# column K CONDITION: of the log of operations, the first that meets it
column() { awk -F'\t' "$2"' { print $'"$1"'; exit }' "$T/out"; }
# near NAME GOT WANT: within a billionth
near() {
	if awk -v g="$2" -v w="$3" 'BEGIN { d = g - w; if (d < 0) d = -d
	    exit !(g != "" && d <= 1e-9 * (w < 0 ? -w : w)) }'; then
		pass "$1"
	else
		fail "$1"; echo "got $2, wanted $3" | note
	fi
}
calc() { awk "BEGIN { printf \"%.15g\", $1 }"; }

# --- families: parameters and FLOP as data/sim/families.py found them ---
mkdir "$T/m"
while IFS='	' read -r name params flop config; do
	echo "$config" >"$T/m/config.json"
	sim H100 "$T/m" --input_sizes 8 --batch_sizes 2
	is "$name: parameters" \
	    "$(sed -n 's/.*"parameters":\([0-9]*\).*/\1/p' "$T/out")" "$params"
	# Experts: for each of 3 blocks and 16 rows four projections, a gate of
	# 6, and three products of 64 x 96 in each of the two that are visited.
	[ "$flop" != - ] || flop=$(calc "3 * 2 * 16 * (64 * (64 + 32 + 32 + 64) + 64 * 6 + 2 * 3 * 64 * 96)")
	is "$name: FLOP" "$(awk -F'\t' '$5 == "linear" && $4 != "lm_head" { s += $11 }
	    END { printf "%.0f", s }' "$T/out")" "$flop"
done <$data/families.tsv
is 'all of them' "$n" 36

# Attention: every token looks at those before it, 36 pairs of 8, in a window
# of 5 at 30 of them; a score takes 4 d + 5.
pairs() { awk -F'\t' '$5 == "sdpa" { printf "%.0f ", $11 / (2 * 4 * (4 * '"$1"' + 5)) }' "$T/out"; }
family() { sed -n "s/^$1	.*	{/{/p" $data/families.tsv >"$T/m/config.json"; }
family llama; sim H100 "$T/m" --input_sizes 8 --batch_sizes 2
is 'no window' "$(pairs 16)" '36 36 36 '
family mistral; sim H100 "$T/m" --input_sizes 8 --batch_sizes 2
is 'a window everywhere' "$(pairs 16)" '30 30 30 '
family gemma2; sim H100 "$T/m" --input_sizes 8 --batch_sizes 2
is 'in every other block' "$(pairs 256)" '30 36 30 '
family gemma3; sim H100 "$T/m" --input_sizes 8 --batch_sizes 2
is 'in five of six' "$(pairs 16)" '30 30 30 '
sed 's/}/, "layer_types": ["full_attention", "sliding_attention", "full_attention"]}/' \
    "$T/m/config.json" >"$T/c"; mv "$T/c" "$T/m/config.json"
sim H100 "$T/m" --input_sizes 8 --batch_sizes 2
is 'where the config says' "$(pairs 16)" '36 30 36 '
family qwen2; sed -i 's/}/, "sliding_window": 5}/' "$T/m/config.json"
sim H100 "$T/m" --input_sizes 8 --batch_sizes 2
is 'not unless it is switched on' "$(pairs 16)" '36 36 36 '
sed -i 's/}/, "use_sliding_window": true, "max_window_layers": 1}/' "$T/m/config.json"
sim H100 "$T/m" --input_sizes 8 --batch_sizes 2
is 'and then from a block on' "$(pairs 16)" '36 30 30 '

# What a window no longer shows is neither read nor computed with, however
# attention is written; and the phases are the sums of their operations.
family mistral
# sums NAME ARGS...: of a generation that begins before the window is full
sums() {
	what=$1; shift
	sim H100 "$T/m" --input_sizes 3 --output_sizes 9 --batch_sizes 2 "$@"
	near "$what: the sum of its operations" "$(awk -F'\t' '$2 == "gen" { s += $9 } END { printf "%.15g", s / 1e6 }' "$T/out")" "$(num gen_ms)"
}
sums 'a window'
sums 'a window, eager' --sim:attention eager
is 'the last token looks at five' \
    "$(awk -F'\t' '$3 == 9 && $4 == "layers.0.attn_softmax" { print $7, $11 }' "$T/out")" \
    '2x4x1x5 200.0'
echo 'scaled_dot_product_attention: "A17Pro,t"' >"$T/map.yaml"
sums 'a window, with transfers' --sim:mapping "$T/map.yaml"
# Transfers take longest at every length, whatever takes longer beside them.
sed '/^PIM_AI_1chip:/,/^$/!d; s/^PIM_AI_1chip/turns/; s/tflops: .*/tflops: 0.154/; s/bw_GBs: 12.8/bw_GBs: 0.01/' \
    share/devices/upmem.yaml >"$T/turns.yaml"
echo 'scaled_dot_product_attention: "turns,t"' >"$T/map.yaml"
sed -i 's/"sliding_window": *[0-9]*/"sliding_window": null/' "$T/m/config.json"
sums 'a turn under a transfer' --sim:mapping "$T/map.yaml" --sim:extra_archs "$T/turns.yaml"
is 'that is one' "$(awk -F'\t' '$2 == "gen" && $5 == "sdpa" { print $10, ($17 > $18 + $19) }' "$T/out" | sort -u | tr '\n' ',')" \
    'transfer 0,transfer 1,'
family mistral
cat >"$T/l.yaml" <<X
decoder: true
layers: [{name: a, kind: sdpa, heads: 4, head_dim: 16, window: 5, input: [batch, 4, length, 16]}]
X
sim H100 "$T/l.yaml" --input_sizes 3 --output_sizes 9
near 'in a list, causal or not' "$(awk -F'\t' '$2 == "gen" { s += $9 } END { printf "%.15g", s / 1e6 }' "$T/out")" "$(num gen_ms)"
is 'five there, too' "$(awk -F'\t' '$3 == 9 && $5 == "sdpa" { print $11 }' "$T/out")" "$((4 * 5 * (4 * 16 + 5))).0"

# --- devices that share a model ---
link() {
	cat <<X
$1:
  {host_to_device_bw_GBs: 4, host_to_device_pj_per_bit: 1, device_to_host_bw_GBs: 2,
  device_to_host_pj_per_bit: 1, mem_bw_GBs: 100, mem_pj_per_bit: 1, tflops: 1,
  pj_per_tflop: 1, link_GBs: 10, link_latency_us: 3, link_pj_per_bit: 2,
  efficiency_link: 0.5, link_topology: $2}
X
}
{ link ring ring; link full full; } >"$T/links.yaml"
shared() { d=$1; shift; sim "$d" "$T/m" --sim:extra_archs "$T/links.yaml" --input_sizes 8 --batch_sizes 2 "$@"; }
family llama
# o_proj sums 2 x 8 x 64 values of two bytes over 4 devices: twice 3/4 of them
# pass every link, which reaches half of 10 GB/s.
M=$(calc '2 * 8 * 64 * 2')
shared ring --tp_size 4
near 'all-reduce in a ring' "$(column 20 '$4 == "layers.0.o_proj"')" \
    "$(calc "2 * (3 * 3000 + 3 / 4 * $M / 5)")"
near 'its energy' "$(column 26 '$4 == "layers.0.o_proj"')" "$(calc "2 * 3 * $M * 8 * 2")"
near 'so for what the MLP sums' "$(column 20 '$4 == "layers.0.down_proj"')" \
    "$(calc "2 * (3 * 3000 + 3 / 4 * $M / 5)")"
near 'all-gather of one row of logits' "$(column 20 '$4 == "lm_head"')" \
    "$(calc '3 * 3000 + 3 / 4 * 2 * 99 * 2 / 5')"
is 'nothing is exchanged after other layers' "$(awk -F'\t' '$20 + 0 > 0 { print $4 }' "$T/out" |
    sed 's/layers\.[0-9]*\.//' | sort -u | tr '\n' ' ')" 'down_proj embed_tokens lm_head o_proj '
near 'weights are divided' "$(column 18 '$4 == "layers.0.q_proj"')" \
    "$(calc '2 * (64 * 64 + 16 * (64 + 64)) / 4 / 100')"
near 'two heads of keys on four devices: each is there twice' \
    "$(column 19 '$5 == "sdpa"')" "$(calc '2 * 2 * 2 * 2 * 16 * (8 + 8) / 2 / 100')"
like 'two devices wait for links' "$T/out" '	link	.*'
like 'which is said' "$T/out" '"bound":\{"sum":\{.*"link":0\.[0-9]'
family mixtral
shared ring --tp_size 4
near 'experts: a sum for each token, not for each expert that it visits' "$(column 20 '$4 == "layers.0.w2"')" \
    "$(calc "2 * (3 * 3000 + 3 / 4 * $M / 5)")"
family llama
shared full --tp_size 4
near 'everyone connected to everyone' "$(column 20 '$4 == "layers.0.o_proj"')" \
    "$(calc "2 * (3000 + 3 / 4 * $M / 5)")"
shared ring --output_sizes 3
one=$(num gen_ms)
shared ring --output_sizes 3 --sim:pp_size 3
near 'groups hand a token on' "$(num gen_ms)" "$(calc "$one + 2 * 2 * (3000 + 2 * 64 * 2 / 5) / 1e6")"
sim ring "$T/m" --sim:extra_archs "$T/links.yaml" --input_sizes 8 --batch_sizes 4
one=$(num sum_ms)
sim ring "$T/m" --sim:extra_archs "$T/links.yaml" --input_sizes 8 --batch_sizes 8 --sim:pp_size 3 --sim:microbatches 2
near 'two parts of a batch in three groups' "$(num sum_ms)" \
    "$(calc "$one * (2 + 2) / 3 + 3 * (3000 + 4 * 8 * 64 * 2 / 5) / 1e6")"
is 'so many there are' "$(num tp) $(num pp)" '1 3'
near 'what it waits for is all of the time' "$(sed -n 's/.*"bound":{"sum":{\([^}]*\)}.*/\1/p' "$T/out" |
    tr ',:' '\n ' | awk '{ s += $2 } END { print s }')" 1

# --- flags of a mapping ---
family mixtral
mapped() { printf '%s\n' "$@" >"$T/map.yaml"; sim full "$T/m" --sim:extra_archs "$T/links.yaml" --sim:mapping "$T/map.yaml" --input_sizes 8 --batch_sizes 2; }
bytes=$(calc '16 * 64 * 2')
mapped 'w1: full'
is 'no flag: the input is here' "$(column 13 '$4 == "layers.1.w1"')" 0.0
mapped 'w1: "full,m"'
near 'm: it comes once for all experts' "$(column 13 '$4 == "layers.1.w1"')" "$bytes"
near 'there' "$(column 15 '$4 == "layers.1.w1"')" "$(calc "$bytes / 4")"
near 'and before that back to the host' "$(column 16 '$4 == "layers.1.w1"')" "$(calc "$bytes / 2")"
mapped 'w1: "full,t"'
near 't: for each expert that is visited' "$(column 13 '$4 == "layers.1.w1"')" "$(calc "2 * $bytes")"
mapped 'w1: "full,tm"'
near 'both: each' "$(column 13 '$4 == "layers.1.w1"')" "$(calc "2 * $bytes")"
mapped 'o_proj: "full,t"' 'q_proj: "full,m"'
near 'a layer without experts' "$(column 13 '$4 == "layers.1.o_proj"')" "$bytes"
near 'with either flag' "$(column 13 '$4 == "layers.1.q_proj"')" "$bytes"
mapped 'model.layers.0-1.mlp.experts: H100' 'w1: full' 'w2: full' 'layers.1.w2: full'
is 'a path is a key, but after a name' \
    "$(column 6 '$4 == "layers.1.w1"') $(column 6 '$4 == "layers.1.w2"') $(column 6 '$4 == "layers.2.w1"')" 'H100 full full'

# --- no number leaves without the word ---
fm-driver --platform sim:H100 --model_root examples/models --model_name Llama-2-7B \
    --input_sizes 64,128 --output_sizes 1,64 --batch_sizes 1,8 --reps 3 >"$T/log" 2>/dev/null
fm-process --format jsonl "$T/log" >"$T/records"
# said COMMAND...: so does what it prints
said() { fm-report "$@" >"$T/out" 2>"$T/err"; ok "simulated: fm-report $(echo "$*" | sed "s#$T/##g")" grep -q simulated "$T/out"; }
for c in table prom benchstat junit github html; do said $c "$T/records"; done
for f in csv md; do said table --format $f "$T/records"; done
said diff "$T/records" "$T/records"
if command -v gnuplot >/dev/null; then
	for p in latency throughput pareto heatmap phases history roofline; do
		said plot $p -T svg "$T/records"
	done
	said plot compare -T svg "$T/records" "$T/records"
	for p in reps hist ecdf; do said plot $p -T svg "$T/log"; done
else
	skip 'plots' 'no gnuplot here'
fi

# --- the schema and the program refuse the same ---
if perl -MJSON::PP -e 1 2>/dev/null; then
	perl - "$T" <<'X'
use JSON::PP; use strict;
my $dir = shift; local $/; open my $f, "<", "share/devices/schema.json";
my $s = decode_json(<$f>)->{additionalProperties};
my @required = @{$s->{required}};
sub put { my ($name, $good, %v) = @_; open my $o, ">", "$dir/rule-$name-$good.yaml";
	print $o "x:\n", map { "  $_: $v{$_}\n" } sort keys %v; }
sub fits { my ($p, $v) = @_;
	return grep { $_ eq $v } @{$p->{enum}} if $p->{enum};
	return $v =~ /^-?[0-9.e+]+$/ && !(exists $p->{minimum} && $v < $p->{minimum})
	    && !(exists $p->{exclusiveMinimum} && $v <= $p->{exclusiveMinimum})
	    && !(exists $p->{maximum} && $v > $p->{maximum}); }
my %base = map { $_ => 1 } @required;
for my $k (sort keys %{$s->{properties}}) {
	my $i = 0;
	put("$k-" . $i++, fits($s->{properties}{$k}, $_) ? "good" : "bad", %base, $k => $_)
	    for qw(-1 0 0.5 1 2 4e11 ring full star true); }
for my $k (@required) { my %v = %base; delete $v{$k}; put("no-$k", "bad", %v); }
put("extra", "bad", %base, speed => 1);
X
	model=tests/data/model/bert/model
	for f in "$T"/rule-*.yaml; do
		want=${f##*-}
		fm-driver --platform sim:x --model_name $model --sim:extra_archs "$f" \
		    --reps 1 --batch_sizes 1 --input_sizes 1 >"$T/out" 2>"$T/err" && got=good.yaml || got=bad.yaml
		[ "$got" = "$want" ] &&
		    [ "$(wc -l <"$T/err")" = "$([ "$got" = good.yaml ]; echo $?)" ] ||
		    echo "${f##*/}: $got $(cat "$T/err")"
	done >"$T/differ"
	is 'cases' "$(find "$T" -name 'rule-*' | wc -l)" 289
	is 'the schema refuses what the program refuses' "$(head -3 "$T/differ")" ''
else
	skip 'the schema' 'perl has no JSON::PP'
fi
printf 'a-b: &a {%s}\na_b: *a\n' "host_to_device_bw_GBs: 1, host_to_device_pj_per_bit: 1, device_to_host_bw_GBs: 1, device_to_host_pj_per_bit: 1, mem_bw_GBs: 1, mem_pj_per_bit: 1, tflops: 1, pj_per_tflop: 1" >"$T/d.yaml"
run 2 fm-driver --platform sim:a-b --model_name tests/data/model/bert/model --sim:extra_archs "$T/d.yaml"
like 'a name in both spellings' "$T/err" "d.yaml:2: device 'a_b' is here twice"
finish
