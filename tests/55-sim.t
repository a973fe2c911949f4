#!/bin/sh
# Simulated devices: fm-driver --platform sim:DEVICE. What is printed, what
# follows from sizes, devices and mappings, and what is refused.
. "$(dirname "$0")/lib.sh"
cd "$top" || exit 1
data=tests/data/sim

sim() { d=$1 m=$2; shift 2; fm-driver --platform "sim:$d" --model_root examples/models --model_name "$m" --reps 1 "$@"; }
# num KEY [LINE]: a number of the SIM lines in $T/out
num() { sed -n 's/^FMWORK SIM .*"'"$1"'":\([-0-9.e+]*\).*/\1/p' "$T/out" | sed -n "${2:-1}p"; }
# near NAME GOT WANT PART: within PART of it
near() {
	if awk -v g="$2" -v w="$3" -v p="$4" 'BEGIN { d = g - w; if (d < 0) d = -d
	    exit !(g != "" && d <= p * (w < 0 ? -w : w)) }'; then
		pass "$1"
	else
		fail "$1"; echo "got $2, wanted $3 +- $4" | note
	fi
}

# --- the log ---
run 0 sim H100 Llama-2-7B --input_sizes 64 --output_sizes 1,64 --batch_sizes 1,8 --reps 2
sed -n 's/^RUN //p' "$T/out" | tr '\n' ';' >"$T/runs"
is "order of a generation run" "$(cat "$T/runs")" "64 / 1 / 1;64 / 1 / 8;64 / 64 / 1;64 / 64 / 8;"
E='[0-9]+\.[0-9]{9}'
like "REP" "$T/out" "^FMWORK REP 1 2 $E $E Llama-2-7B 64 64 8 1 0\.[0-9]{9} [0-9]+\.[0-9]{3} [0-9]+\.[0-9]\$"
like "TOK" "$T/out" "^FMWORK TOK 2 $E $E 512\$"
like "RES" "$T/out" "^FMWORK RES $E $E Llama-2-7B 64 64 1 1 0\.000 "
is "GEN where a point with one token came before" "$(grep -c '^FMWORK GEN' "$T/out")" 2
awk '/^FMWORK REP/ { split($5, a, "."); split($6, b, ".")
	d = (b[1] - a[1]) * 1000000000 + b[2] - a[2]; split($12, c, ".")
	if (d != c[1] * 1000000000 + c[2] || $5 < last) bad = 1; last = $6 } END { exit bad }' "$T/out"
is "dt is t1 - t0, and the clock never steps back" $? 0
like "SYS says that nothing was measured" "$T/out" '^FMWORK SYS .*"simulated":true'
cp "$T/out" "$T/log"
fm-process --format jsonl "$T/log" >"$T/records" 2>/dev/null
is "and every record does" "$(grep -c '"simulated": *true' "$T/records")" 4
run 0 fm-driver --platform sim:H100,sim:A17Pro --model_name examples/models/Llama-2-7B --reps 1
is "two devices" "$(grep -c '^FMWORK SIM' "$T/out")" 2
like "without output sizes a plain RES" "$T/out" "^FMWORK RES $E $E examples/models/Llama-2-7B LlamaForCausalLM 128 1 "
run 0 fm-driver --platform sim --list_devices
like "devices" "$T/out" '	[0-9]+ PIM_AI_4chip$'
sim H100-x2 Llama-2-7B >"$T/a" 2>&1; sim H100_x2 Llama-2-7B >"$T/b" 2>&1
is "hyphens and underscores are alike" "$(sed -n 's/.*"sum_ms":\([^,]*\).*/\1/p' "$T/a")" "$(sed -n 's/.*"sum_ms":\([^,]*\).*/\1/p' "$T/b")"

run 0 sim H100 Llama-2-7B
a=$(sed -n 's/^FMWORK KEY //p' "$T/out")
run 0 sim H100 Llama-2-7B --sim:attention eager
ok "another list of layers is another point" test "$a" != "$(sed -n 's/^FMWORK KEY //p' "$T/out")"
sed -n '/^H100:/,/^$/p' share/devices/upmem.yaml | sed 's/tflops: 756.5/tflops: 757/' >"$T/h100.yaml"
run 0 sim H100 Llama-2-7B --sim:extra_archs "$T/h100.yaml"
b=$(sed -n 's/^FMWORK KEY //p' "$T/out")
sed -i 's/tflops: 757/tflops: 758/' "$T/h100.yaml"
run 0 sim H100 Llama-2-7B --sim:extra_archs "$T/h100.yaml"
ok "so is another number of the device" test "$b" != "$(sed -n 's/^FMWORK KEY //p' "$T/out")"

run 0 fm-driver --platform sim:H100 --model_name examples/models/Llama-2-7B --seconds 5
is "a time is answered by one repetition" "$(sed -n 's/^FMWORK REP \([0-9]* [0-9]*\) .*/\1/p' "$T/out")" "1 0"

# --- figures that can be reckoned by hand ---
# Llama-2-7B: 13214154752 bytes of weights and 524288 of cache a token.
run 0 sim H100 Llama-2-7B --input_sizes 64 --output_sizes 64
near "decoding waits for weights and cache" "$(num gen_ms)" "$(awk 'BEGIN { print (63 * 13214154752 + 6048 * 524288) / 2000 / 1e6 }')" 0.002
like "which is said" "$T/out" '"gen":\{.*"memory":0\.99'
near "tokens per second" "$(num tokens_per_s)" "$(awk -v t="$(num gen_ms)" 'BEGIN { printf "%.12g", 63 / t * 1000 }')" 1e-9
run 0 sim H100 Llama-2-7B --input_sizes 4096 --sim:layers 1
flop=$(awk -F'\t' '$5 == "linear" || $5 == "sdpa" { s += $11 } END { printf "%.12g", s }' "$T/out")
near "a prompt: two for each row and weight, half the square of tokens" "$flop" \
    "$(awk 'BEGIN { p = 4096; printf "%.12g", 2 * p * 32 * 202375168 + 2 * 131072000 + 32 * 32 * (4 * 128 + 5) * p * (p + 1) / 2 }')" 1e-9
like "a long one waits for arithmetic" "$T/out" '"bound":\{"sum":\{"compute":0\.9'
run 0 sim H100 Llama-3.1-8B --input_sizes 1024 --output_sizes 2 --sim:layers 1
kv=$(awk -F'\t' '$2 == "gen" && $5 == "sdpa" { print $19; exit }' "$T/out")
near "grouped queries read 8 heads, not 32" "$kv" "$(awk 'BEGIN { print 2 * 2 * 8 * 128 * (1025 + 1) / 2000 }')" 1e-6
run 0 sim H100 Llama-3.1-8B --input_sizes 1024 --output_sizes 2 --sim:layers 1 --sim:sliding_window 128
kv=$(awk -F'\t' '$2 == "gen" && $5 == "sdpa" { print $19; exit }' "$T/out")
near "a window that is full" "$kv" "$(awk 'BEGIN { print 2 * 2 * 8 * 128 * (128 + 1) / 2000 }')" 1e-6
run 0 sim H100 Llama-3.1-8B --input_sizes 64 --output_sizes 2 --sim:layers 1 --sim:sliding_window 128
kv=$(awk -F'\t' '$2 == "gen" && $5 == "sdpa" { print $19; exit }' "$T/out")
near "and one that is not" "$kv" "$(awk 'BEGIN { print 2 * 2 * 8 * 128 * (65 + 1) / 2000 }')" 1e-6

# The sum in closed form is the sum of what the log shows.
for m in 'Llama-3.1-8B --sim:sliding_window 100' 'Mixtral-8x7B --batch_sizes 8' \
    'Llama-2-7B --sim:attention eager --batch_sizes 64' 'Llama-2-7B --sim:data_type int4'; do
	# shellcheck disable=SC2086
	run 0 sim A17Pro $m --input_sizes 60 --output_sizes 90 --sim:layers 1
	awk -F'\t' '$2 == "gen" { s += $9 } END { printf "%.12g\n", s / 1e6 }' "$T/out" >"$T/sum"
	near "closed form is the sum over passes: $m" "$(num gen_ms)" "$(cat "$T/sum")" 1e-9
done
run 0 sim A17Pro Llama-2-7B --input_sizes 8 --output_sizes 4 --sim:layers 1 --sim:compat upmem
awk -F'\t' '$2 == "sum" { s += $9 } END { printf "%.9g\n", s / 1e6 }' "$T/out" >"$T/sum"
near "so in UPMEM's manner" "$(num sum_ms)" "$(cat "$T/sum")" 1e-8
is "where products wait for weights, too" "$(awk -F'\t' '$2 == "gen" && $5 == "linear" { print $10 }' "$T/out" | sort -u)" memory
like "which is most of the time" "$T/out" '"bound":\{.*"gen":\{.*"memory":0\.9'

# Experts: few tokens visit few of them, many visit all.
run 0 sim H100 Mixtral-8x7B --input_sizes 1 --batch_sizes 1,512 --sim:layers 1
awk -F'\t' '$4 == "layers.0.w1" { print $12 }' "$T/out" >"$T/bytes"
near "one token visits two experts" "$(sed -n 1p "$T/bytes")" "$(awk 'BEGIN { print 2 * 2 * 4096 * 14336 }')" 0.01
near "512 tokens visit all eight" "$(sed -n 2p "$T/bytes")" "$(awk 'BEGIN { print 8 * 2 * 4096 * 14336 + 2 * 512 * 2 * (4096 + 14336) }')" 0.001

# --- types, devices that share, memory, power ---
run 0 sim H100_SXM Llama-3.1-8B --input_sizes 2048 --sim:data_type int8
near "eight bits have their own peak" "$(num sum_ms)" "$(awk 'BEGIN { print 1.29 * 2 * 2048 * 6.98e9 / 1979e3 / 1e6 }')" 0.2
run 0 sim H100_SXM Llama-3.1-70B --input_sizes 128 --output_sizes 64 --tp_size 4
near "four devices share the weights" "$(num gen_ms)" "$(awk 'BEGIN { w = 2 * (70.553e9 - 128256 * 8192); print 63 * (w / 4 / 3350 + 161 * 2 * 5000) / 1e6 }')" 0.12
near "and the memory" "$(num need_gb)" 35.5 0.05
like "tp is in the lines" "$T/out" '^FMWORK RES .* 128 64 1 4 '
run 0 sim H100_SXM Llama-3.1-70B --output_sizes 8 --sim:pp_size 4
near "stages do not hurry one request" "$(num gen_ms)" "$(awk 'BEGIN { print 7 * 2 * (70.553e9 - 128256 * 8192) / 3350 / 1e6 }')" 0.05
run 0 sim H100_SXM Llama-3.1-70B --output_sizes 8 --batch_sizes 32 --sim:pp_size 4 --sim:microbatches 4
ok "but parts of a batch" awk -v g="$(num sum_ms)" 'BEGIN { exit !(g > 0 && g < 700) }'
run 1 sim H100_SXM Llama-3.1-70B
like "a point that does not fit is a row with its numbers" "$T/out" \
    '^FMWORK ERR oom 128 1 1 H100_SXM: 14[12]\.[0-9]+ GB of weights, cache and activations are needed, the device has 80\.00 GB'
run 1 sim H100_SXM Llama-3.1-8B --output_sizes 1 --input_sizes 128,131072 --batch_sizes 8
is "and the sweep goes on" "$(grep -c '^FMWORK RES' "$T/out")" 1
cat >"$T/hot.yaml" <<'EOT'
hot: {host_to_device_bw_GBs: 1, host_to_device_pj_per_bit: 1, device_to_host_bw_GBs: 1, device_to_host_pj_per_bit: 1, mem_bw_GBs: 1000, mem_pj_per_bit: 10, tflops: 100, pj_per_tflop: 4e11, idle_w: 50, tdp_w: 100, launch_us: 3, efficiency_compute: 0.5, efficiency_memory: 0.5}
EOT
run 0 sim hot Llama-2-7B --output_sizes 8 --sim:extra_archs "$T/hot.yaml"
like "more power than the device may take is said" "$T/out" '"over_tdp":false'
near "efficiency and launches" "$(num gen_ms)" "$(awk 'BEGIN { print 7 * (13.3e9 / 500 + 483 * 3000) / 1e6 }')" 0.02
near "idle power counts" "$(num gen_w)" 89.5 0.03
sed -i 's/tdp_w: 100/tdp_w: 60/' "$T/hot.yaml"
run 0 sim hot Llama-2-7B --output_sizes 8 --sim:extra_archs "$T/hot.yaml"
like "and when it is too much" "$T/out" '"over_tdp":true'

# --- GroqFlow's estimate: 10 us and 24 GB/s each way ---
run 0 sim GroqChip1 all-MiniLM-L6-v2 --input_sizes 128 --estimate
near "input" "$(num input_s)" "$(awk 'BEGIN { printf "%.12g", 128 * 8 / 24e9 + 1e-5 }')" 1e-9
near "output" "$(num output_s)" "$(awk 'BEGIN { printf "%.12g", (128 + 1) * 384 * 2 / 24e9 + 1e-5 }')" 1e-9
near "latency is the sum" "$(num latency_s)" "$(awk -v a="$(num input_s)" -v b="$(num compute_s)" -v c="$(num output_s)" 'BEGIN { printf "%.12g", a + b + c }')" 1e-9
near "throughput" "$(num throughput_per_s)" "$(awk -v l="$(num latency_s)" 'BEGIN { print 1 / l }')" 1e-5
run 0 sim PIM-AI-1chip Llama-2-7B --input_sizes 100000 --output_sizes 2 --estimate
near "the first token waits for the input" "$(sed -n 's/^FMWORK TOK 1 \([0-9.]*\) .*/\1/p' "$T/out")" \
    "$(awk -v ms="$(num sum_ms)" 'BEGIN { printf "%.9f", ms / 1e3 + 100000 * 8 / 12.8e9 }')" 1e-9

# --- a world that does not end before its clock does ---
sed '/^PIM_AI_1chip:/,/^$/!d; s/^PIM_AI_1chip/slow/; s/tflops: .*/tflops: 1e-9/' share/devices/upmem.yaml >"$T/slow.yaml"
run 1 sim slow Llama-2-7B --input_sizes 2000,1 --sim:extra_archs "$T/slow.yaml" --reps 1
like "a time that stamps cannot hold" "$T/out" '^FMWORK ERR usage 2000 1 1 the device would work for 2\.[0-9e+]* s: time stamps end after [0-9.e+]* s$'
like "a smaller one after it" "$T/out" '^FMWORK RES [0-9.]* [0-9.]* Llama-2-7B LlamaForCausalLM 1 1 '

# --- mappings ---
map() { printf '%s\n' "$@" >"$T/map.yaml"; }
mapped() { fm-driver --platform sim --model_root examples/models --model_name Llama-2-7B --reps 1 --sim:mapping "$T/map.yaml" "$@"; }
map 'layers.0-15.q_proj: H100,t' 'layers.16-31.q_proj: V100' 'scaled_dot_product_attention: A17Pro' 'lm_head: H100'
run 0 mapped --sim:layers 1
is "blocks, functions and contexts" "$(awk -F'\t' '$5 == "linear" || $5 == "sdpa" { print $4, $6 }' "$T/out" | grep -cE '^layers\.([0-9]|1[0-5])\.q_proj H100$|^layers\.(1[6-9]|2[0-9]|3[01])\.q_proj V100$|attn_output A17Pro$|^lm_head H100$')" 65
near "what crosses goes by the host, there and back" "$(sed -n 's/.*"sum":{"ms":{[^}]*},"mj":{[^}]*},"host_to_device_mb":\([^,]*\),.*/\1/p' "$T/out")" "$(awk 'BEGIN { print (15 + 16 + 33) * 128 * 4096 * 2 / 1e6 }')" 0.7
like "layers without a device are reported" "$T/err" "layers without a device: embed_tokens, "
run 2 mapped --strict
like "and refused with --strict" "$T/err" "^fm-driver: mapping 'map.yaml': layers without a device: embed_tokens, .* and [0-9]+ more\$"
map 'q_proj: H100' 'rotatory_emb: H100'
run 0 fm-driver --platform sim:V100 --model_name examples/models/Llama-2-7B --reps 1 --sim:mapping "$T/map.yaml"
like "so are keys that meet nothing" "$T/err" "keys that no layer answers to: rotatory_emb"
is "with a device, too, every layer has one" "$(grep -c 'without a device' "$T/err")" 0

# --- other models ---
run 0 fm-driver --platform sim:PIM-AI-1chip --model_name $data/nn_example.yaml --reps 1 --sim:compat upmem --sim:report upmem
like "UPMEM's report" "$T/out" '^Total time \(SUM \+ GEN\): 4\.8056[0-9]+e-07 s, with data type: DataType\.bfloat16, batch size: 1$'
run 0 fm-driver --platform sim:H100 --model_name $data/unit_layers.yaml --reps 1
like "a list of layers" "$T/out" '^FMWORK SIM '
for m in granite-embedding-125m-english all-MiniLM-L6-v2; do
	run 0 sim H100 $m --input_sizes 128
	is "an encoder has one phase: $m" "$(num tokens)" 0
done
run 1 sim H100 all-MiniLM-L6-v2 --output_sizes 4
like "and generates nothing" "$T/out" "^FMWORK ERR usage 128 4 1 'BertModel' generates nothing"
run 1 sim H100 granite-embedding-125m-english --input_sizes 512,513
like "all positions of an encoder" "$T/out" '^FMWORK RES .* RobertaModel 512 1 '
like "and one more" "$T/out" '^FMWORK ERR usage 513 1 1 513 tokens are more than the 512 positions of this model$'

# --- tables ---
run 0 sim H100 Llama-2-7B --output_sizes 2 --sim:summary 1
like "summary" "$T/out" '^gen down_proj linear H100 32 [0-9.]+ memory 1\.0[0-9]+ 0\.0026 [01]\.'
run 0 sim H100 Llama-2-7B --output_sizes 2 --sim:compat upmem --sim:report_layers 1 --sim:report_functions 1 --sim:print_log_summary 1
like "layers" "$T/out" '^[0-9]+,down_proj,linear,\(11008 x 4096\),32,'
like "functions" "$T/out" '^scaled_dot_product_attention,attn_output,\(1, 32, 128, 128\),'
like "log summary" "$T/out" '^##### All \(SUM and GEN\) Execution summary #####$'
run 0 sim H100 Llama-2-7B --sim:verbose 1
like "trace" "$T/out" '^sum pass 1 layers\.31\.up_proj on H100: [0-9.]+ us, memory bound: compute [0-9.]+ us mem_transfer'
run 0 sim H100 Llama-2-7B --sim:print_log 1
like "log" "$T/out" '^start_ns	phase	pass	layer'

# --- what is refused: one line, status 2, no log ---
bad() {
	text=$1; shift
	run 2 "$@"
	is "  one line" "$(wc -l <"$T/err")" 1
	like "  $text" "$T/err" "$text"
	ok "  no log" test ! -s "$T/out"
}
bad "there is no device 'H10' among the [0-9]+ known; near are .*H100" sim H10 Llama-2-7B
bad "there is no device 'h100'.*near are H100" sim h100 Llama-2-7B
bad "which device" fm-driver --platform sim --model_name examples/models/Llama-2-7B
bad "which model" fm-driver --platform sim:H100
bad "tp_size: backend 'null' has no such setting" fm-driver --platform null --tp_size 2
bad "strict: backend 'null' has no such setting" fm-driver --platform null --strict
bad "estimate: backend 'null' has no such setting" fm-driver --platform null --estimate
bad "output_sizes: backend 'null' cannot generate" fm-driver --platform null --output_sizes 2
bad "'H100' has no link_GBs" sim H100 Llama-2-7B --tp_size 2
bad "num_key_value_heads: 32 attention heads cannot share 5" sim H100 Llama-2-7B --sim:num_key_value_heads 5
bad "32 heads cannot be shared by 3" sim H100_SXM Llama-2-7B --tp_size 3
bad "compat upmem has neither" sim H100_SXM Llama-2-7B --tp_size 2 --sim:compat upmem
bad "microbatches belong to pp_size" sim H100 Llama-2-7B --sim:microbatches 2
bad "no layer of this model is called 'x'" sim H100 Llama-2-7B --sim:last_layer x
bad "must be int4, int8, float16, bfloat16 or float32" sim H100 Llama-2-7B --sim:data_type fp8
bad "--output_sizes: " sim H100 Llama-2-7B --output_sizes 0
extra() { fm-driver --platform sim:x --model_name examples/models/Llama-2-7B --sim:extra_archs "$T/d.yaml"; }
good='host_to_device_bw_GBs: 1
  host_to_device_pj_per_bit: 1
  device_to_host_bw_GBs: 1
  device_to_host_pj_per_bit: 1
  mem_bw_GBs: 1
  mem_pj_per_bit: 1
  tflops: 1
  pj_per_tflop: 4e11'
device() { printf '# a device\nx:\n  %s\n' "$1" >"$T/d.yaml"; }
device "$good"; run 0 extra
device "$(echo "$good" | grep -v tflops)"; bad "d.yaml:3: device 'x' lacks 'tflops'" extra
device "$good
  speed: 3"; bad "d.yaml:11: device 'x': 'speed' is no field of a device" extra
device "$(echo "$good" | sed 's/tflops: 1$/tflops: fast/')"; bad "d.yaml:9: device 'x': 'tflops' must be a number above 0" extra
device "$(echo "$good" | sed 's/mem_bw_GBs: 1/mem_bw_GBs: 0/')"; bad "d.yaml:7: device 'x': 'mem_bw_GBs' must be a number above 0" extra
device "$good
  mem_pj_per_bit: -1"; bad "d.yaml" extra
device "$good
  efficiency_compute: 1.5"; bad "d.yaml:11: device 'x': 'efficiency_compute' must be a number above 0, at most 1" extra
device "$good
  link_topology: star"; bad "'link_topology' must be ring or full" extra
echo 'x: 3' >"$T/d.yaml"; bad "d.yaml:1: device 'x' must be a set of fields" extra
echo '- x' >"$T/d.yaml"; bad "d.yaml:1: must be devices" extra
echo 'x: &a {<<: *a}' >"$T/d.yaml"; bad "d.yaml" extra
rm "$T/d.yaml"; bad "d.yaml" extra
map 'q_proj: Warp9'; bad "map.yaml:1: 'q_proj': there is no device 'Warp9'" mapped
map 'q_proj: H100,x'; bad "map.yaml:1: 'q_proj': flags must be t, m or tm" mapped
map 'q_proj: 3'; bad "map.yaml:1: 'q_proj': must be DEVICE" mapped
map '- q_proj'; bad "map.yaml:1: a mapping must be a set" mapped
map 'nosuch: H100'; bad "mapping 'map.yaml': no layer has a device: none answers to 'nosuch'" mapped
map ''; bad "mapping 'map.yaml': no layer has a device\$" mapped
rm "$T/map.yaml"; bad "map.yaml" mapped
mkdir "$T/m"
model() { printf '%s\n' "$1" >"$T/m/config.json"; }
m() { fm-driver --platform sim:H100 --model_name "$T/m"; }
model '{"model_type":"llama"}'; bad "config.json: there is no 'hidden_size'" m
model '{"model_type":"llama","hidden_size":1e30}'; bad "config.json" m
model '{"model_type":"llama","hidden_size":9000000000}'; bad "'hidden_size' must be a whole number from 1 to 2147483647" m
model '{"model_type":"warp"}'; bad "model_type 'warp' are not known; known are llama, " m
model '{"model_type":"llama","hidden_size":64,"num_hidden_layers":1,"num_attention_heads":4,"num_key_value_heads":3,"intermediate_size":8,"vocab_size":9}'
bad "4 attention heads cannot share 3" m
model '{'; bad "config.json" m
run 2 fm-driver --platform sim:H100 --model_name "$T/nosuch"
like "no model" "$T/err" "is no model: a folder with a config.json, an .onnx"
printf x >"$T/m.onnx"
run 2 fm-driver --platform sim:H100 --model_name "$T/m.onnx"
like "nor is this" "$T/err" "m.onnx' is no ONNX model"
run 0 fm-driver --platform sim:H100 --model_name $data/cnn.onnx --reps 1 --batch_sizes 2
like "what is not covered is told" "$T/err" '1 of 11 operations \(9\.1 %\), with about 0\.0 % of all FLOP, are not covered, their time is missing: Warp'
bad "1 of 11 operations .* of all FLOP, are not covered: Warp" fm-driver --platform sim:H100 --model_name $data/cnn.onnx --strict
# Products of 16 x 16 and 32 x 8 are known, one of 16 x 32 and 64 operations on
# 32 elements are not, and one knows nothing of its input.
run 0 fm-driver --platform sim:H100 --model_name $data/uncovered.onnx --reps 1
like "and how much work it is" "$T/err" '3 of 5 operations \(60\.0 %\), with about 51\.5 % of all FLOP and 1 whose size is not known either, are not covered, their time is missing: Einsum, Warp$'
# 12 x 16 positions each, of 3 x 3 x 4, 2 x 2 x 4 and as many products.
run 0 fm-driver --platform sim:H100 --model_name $data/windows.onnx --reps 1 --sim:layers 1
is "windows" "$(awk -F'\t' '$5 == "conv2d" { print $4, $11 }' "$T/out" | tr '\n' ' ')" \
    "dilated $((2 * 4 * 12 * 16 * 36)).0 even $((2 * 4 * 12 * 16 * 16)).0 same $((2 * 4 * 12 * 16 * 16)).0 "
# A token in front of six: the exporter computes how often from the batch.
run 0 fm-driver --platform sim:H100 --model_name $data/expand.onnx --batch_sizes 3 --reps 1 --strict --sim:layers 1
is "an expanded token" "$(awk -F'\t' '$5 == "linear" { print $7, $11 }' "$T/out")" "3x7x16 $((2 * 3 * 7 * 16 * 8)).0"
l() { printf '%s\n' "$1" >"$T/l.yaml"; bad "$2" fm-driver --platform sim:H100 --model_name "$T/l.yaml"; }
l 'layers: 3' "l.yaml: 'layers' must be a list"
l '{colour: red, layers: [{name: a, kind: silu, input: [1]}]}' "l.yaml: unknown key 'colour'"
l '{decoder: yes, layers: [{name: a, kind: silu, input: [1]}]}' "l.yaml: 'decoder' must be true or false"
l '{last_layer: b, layers: [{name: a, kind: silu, input: [1]}]}' "l.yaml: 'last_layer': no layer is called 'b'"
l 'layers: [{name: a, kind: linear, in: 7, out: 8, input: [5]}]' "layer 1 'a': 'in' must be the last size of 'input'"
l 'layers: [{name: a, kind: linear, in: 7, out: 8, bias: 1}]' "'bias' and 'causal' must be true or false"
l 'layers: [{name: a, kind: embedding, input: [batch, tokens]}]' "'out' is missing"
l 'layers: [{name: a, kind: rotary, input: [batch, tokens]}]' "'out' is missing"
l 'layers: [{name: a, kind: sdpa, heads: 8, kv_heads: 3, head_dim: 4, input: [1]}]' "'kv_heads' must divide 'heads'"
l 'layers: [{name: a}]' "layer 1 'a': must be a set with 'name' and 'kind'"
l 'layers: [{name: a, kind: b}]' "layer 1 'a': 'kind' must be one of linear"
l 'layers: [{name: a, kind: linear}]' "'in' and 'out' are missing"
l 'layers: [{name: a, kind: linear, in: 0, out: 1}]' "'in' must be a whole number from 1"
l 'layers: [{name: a, kind: silu}]' "'input' must be a list of 1 to 8"
l 'layers: [{name: a, kind: silu, input: [x]}]' "or batch, tokens, length, rows"
l 'layers: [{name: a, kind: silu, input: [1], colour: red}]' "unknown key 'colour'"
l 'layers: [{name: a, kind: sdpa, input: [1]}]' "'heads' and 'head_dim' are missing"
l 'layers: [{name: a, kind: conv2d, in: 1, out: 1, input: [1]}]' "four dimensions"
l 'layers: [{name: a, kind: conv2d, in: 1, out: 1, kernel: x, input: [1,1,4,4]}]' "pair \[height, width\]"
l 'layers: [{name: a, kind: matmul, input: [1]}]' "'out' is missing"
l 'layers: [{name: a, kind: linear, in: 1, out: 1, experts: 2, active: 3}]' "'active' must be from 1 to 'experts'"

# --- calibration: a device made up is found again from what it measures ---
# slow PART PART US: records of a CPU that reaches these
slow() {
	sed "s/^CPU:/real:/; s/^  tflops: 1\$/&\n  efficiency_compute: $1\n  efficiency_memory: $2\n  launch_us: $3/" \
	    share/devices/cpu.yaml >"$T/real.yaml"
	sim real all-MiniLM-L6-v2 --sim:extra_archs "$T/real.yaml" --sim:data_type float32 \
	    --input_sizes 16,64,256 --batch_sizes 1,4,16 |
	    sed -n 's/^FMWORK SIM \([0-9]*\) 1 \([0-9]*\) .*"sum_ms":\([0-9.]*\),.*/\1 \2 \3/p' |
	    awk '{ printf "{\"status\": \"OK\", \"input\": %d, \"output\": null, \"batch\": %d, \"stats\": {\"median\": %.12f}}\n", $1, $2, $3 / 1000 }'
}
slow 0.3 0.15 20 >"$T/fit.jsonl"
is "records to fit to" "$(wc -l <"$T/fit.jsonl")" 9
fit() { fm-driver --platform sim:CPU --model_name examples/models/all-MiniLM-L6-v2 --sim:data_type float32 --sim:calibrate "$@"; }
run 0 fit "$T/fit.jsonl" --out "$T/fitted.yaml"
like "what is left of errors" "$T/out" '^9 points: median error 0\.[0-9] %, worst [01]\.[0-9] %$'
near "part of the peak" "$(sed -n 's/.*efficiency_compute: //p' "$T/fitted.yaml")" 0.3 0.02
near "part of the bandwidth" "$(sed -n 's/.*efficiency_memory: //p' "$T/fitted.yaml")" 0.15 0.05
near "launches" "$(sed -n 's/.*launch_us: //p' "$T/fitted.yaml")" 20 0.05
(echo '['; sed 's/$/,/' "$T/fit.jsonl"; echo '{"status":"ERR_oom"}]') >"$T/fit.json"
run 0 fit "$T/fit.json" --out "$T/again.yaml"
is "an array does as well" "$(sed 1d "$T/again.yaml")" "$(sed 1d "$T/fitted.yaml")"
run 0 sim CPU_fitted all-MiniLM-L6-v2 --sim:extra_archs "$T/fitted.yaml" --sim:data_type float32 --input_sizes 128 --batch_sizes 8
a=$(num sum_ms)
run 0 sim real all-MiniLM-L6-v2 --sim:extra_archs "$T/real.yaml" --sim:data_type float32 --input_sizes 128 --batch_sizes 8
near "a size that was not in the fit" "$a" "$(num sum_ms)" 0.01
# Others use the machine, too: what was least counts, once for a point.
awk 'NR == 1 || NR == 5 { x = $0; sub(/"median": [0-9.]*/, "\"median\": 9, \"min\": 8", x); print x }
    { m = $0; sub(/"median"/, "\"median\": 7, \"min\"", m); print m }' "$T/fit.jsonl" >"$T/noisy.jsonl"
run 0 fit "$T/noisy.jsonl" --out "$T/min.yaml" --sim:calibrate_by min
is "the least of several" "$(sed 1d "$T/min.yaml")" "$(sed 1d "$T/fitted.yaml")"
like "nine points of eleven records" "$T/out" '^9 points: '
sed 's/"output"/"simulated": true, "output"/' "$T/fit.jsonl" >"$T/sim.jsonl"
bad "has 0 measured points: a fit needs 4" fit "$T/sim.jsonl" --out "$T/x.yaml"
bad "needs --out" fit "$T/fit.jsonl"
{ sed 's/"output"/"model": "a", "output"/' "$T/fit.jsonl"; sed 's/"output"/"model": "b", "output"/' "$T/fit.jsonl"; } >"$T/two.jsonl"
bad "the points to fit to are of two models, 'a' and 'b'" fit "$T/two.jsonl" --out "$T/x.yaml"
sed 's/"median": [0-9.]*/"median": 1e-300/' "$T/fit.jsonl" >"$T/tiny.jsonl"
run 0 fit "$T/tiny.jsonl" --out "$T/tiny.yaml"
like "no error is below nothing" "$T/out" '^9 points: median error [0-9.]+ %, '
bad "not with compat" fit "$T/fit.jsonl" --out "$T/x.yaml" --sim:compat upmem
bad "nosuch.jsonl" fit "$T/nosuch.jsonl" --out "$T/x.yaml"
echo '{' >"$T/fit.jsonl"
bad "fit.jsonl:1" fit "$T/fit.jsonl" --out "$T/x.yaml"
ok "no file is left" test ! -e "$T/x.yaml"

# --- the schema knows the same fields as the program ---
if perl -MJSON::PP -e 1 2>/dev/null; then
	perl -MJSON::PP -e 'local $/; open F, "share/devices/schema.json"; $s = decode_json(<F>)->{additionalProperties};
	    print "$_\n" for sort keys %{$s->{properties}}' >"$T/want"
	sed -n 's/^	*F("\([A-Za-z0-9_]*\)".*/\1/p' backends/sim/device.c | sort >"$T/got"
	same "fields of the schema" "$T/got" "$T/want"
	sed -n 's/^  \([A-Za-z0-9_]*\):.*/\1/p' share/devices/*.yaml | sort -u | comm -23 - "$T/want" >"$T/odd"
	is "devices have no others" "$(cat "$T/odd")" ''
else
	skip "fields of the schema" "perl has no JSON::PP"
fi
finish
