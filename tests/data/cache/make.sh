#!/bin/sh
# Makes the folders of tests/46-fm-cache.t: a cache of ours with a good, a
# failed and a killed build, and one as MLAgility and GroqFlow leave it.
cd "$(dirname "$0")" || exit 1
rm -rf ours mlagility
# XXH3, 128 bits, of model.onnx
hash=61918868d4c1aa2b740753b1b533dad1
k1=0123456789abcdef0123456789abcdef
k2=fedcba98765432100123456789abcdef
k3=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa

state() { # STATUS SEED SHAPE MODEL
	cat <<X
build_name: $4
build_status: $1
config:
  model: 342681f0648421260eb3c9999405625d
  class: null
  weights: random
  seed: $2
  sequence:
    - stage: import
  shapes:
    batch: [$3, 128]
  fm: "0.1"
model:
  name: bert
  path: /models/bert
  type: huggingface
  class: BertModel
  hash: fc9301cc57f9761813e404d327776b18
  parameters: 20672
  size: 82688
X
}
mkdir -p ours/obj/$k1 ours/obj/$k2 ours/obj/$k3.tmp ours/results
echo 'fm cache 1' >ours/.fm-cache
printf 'a graph\n' >ours/obj/$k1/model.onnx
echo 'model' | tee ours/obj/$k1/log_import.txt >ours/obj/$k2/log_import.txt
{
	state successful_build 1 1 good
	cat <<X
stages:
  - name: import
    status: ok
    seconds: 0.25
    log: log_import.txt
artifacts:
  - path: model.onnx
    bytes: 8
    hash: "$hash"
updated: "2026-11-21T11:46:15Z"
X
} >ours/obj/$k1/state.yaml
{
	state failed_build 2 8 bad
	cat <<X
error: 'stage import: it "broke", badly'
stages:
  - name: import
    status: failed
    log: log_import.txt
X
} >ours/obj/$k2/state.yaml
state build_running 3 1 dead >ours/obj/$k3.tmp/state.yaml
for mean in 0.002 0.0025; do
	printf '{"platform":"cpu","device":"Xeon Gold",'
	printf '"runtime":"ONNX Runtime 1.31.1","input":128,"batch":1,'
	printf '"status":"OK","stats":{"n":9,"mean":%s,"median":0.002}}\n' $mean
done >ours/results/$k1.jsonl

b=mlagility/linear_d5b1df11
mkdir -p $b/x86_benchmark mlagility/labels mlagility/groq_model_11111111
: >mlagility/.mlacache
: >$b/.mlabuild
cat >$b/linear_d5b1df11_state.yaml <<'X'
build_status: successful_build
cache_dir: /home/somebody/.cache/mlagility
config:
  auto_name: false
  build_name: linear_d5b1df11
  onnx_opset: 17
  sequence:
  - default
downcast_applied: true
expected_input_dtypes:
  x: float16
expected_input_shapes:
  x: !!python/tuple
  - 1
  - 10
expected_output_names:
- output
info:
  all_build_stages:
  - export_pytorch
  - optimize_onnx
  - fp16_conversion
  - set_success
  backend: auto
  base_onnx_exported: true
  build_stage_execution_times:
    export_pytorch: 0.1
    fp16_conversion: 0.05
    optimize_onnx: 0.02
    set_success: 0.0001
  completed_build_stages:
  - export_pytorch
  - optimize_onnx
  - fp16_conversion
  - set_success
  converted_onnx_exported: true
  current_build_stage: null
  opt_onnx_exported: true
  skipped_stages: 0
intermediate_results:
- /home/somebody/.cache/mlagility/linear_d5b1df11/onnx/linear_d5b1df11-op17-opt-f16.onnx
model_hash: 0ad1d9a7e6f0d8bd5a1f6b6f4d8c6a3b
model_type: pytorch
monitor: true
num_chips_used: null
onnxflow_version: 1.4.0
quantization_samples: null
rebuild: if_needed
uid: 5e884898da28047151d0e56f8dc6292773603d0d6aabbdd62a11ef721d1542d8
X
cat >$b/mlagility_stats.yaml <<'X'
hash: 1234e567
onnx_input_dimensions:
  x:
  - 1
  - 10
onnx_model_information:
  ir_version: 8
  opset: 17
  size on disk (KiB): 0.4
onnx_ops_counter:
  Gemm: 1
parameters: 110
performance:
  x86 (ort v1.15.1):
    build_name: linear_d5b1df11
    device: Intel(R) Xeon(R) CPU @ 2.20GHz
    device_type: x86
    latency_units: milliseconds (ms)
    mean_latency: 0.042
    runtime: ort
    runtime_version: 1.15.1
    throughput: 23921.9
    throughput_units: inferences per second (IPS)
X
echo 'name::linear author::selftest class::LinearTestModel' \
    >mlagility/labels/linear_d5b1df11.txt
cat >mlagility/groq_model_11111111/groq_model_11111111_state.yaml <<'X'
build_status: build_running
config:
  assembler_flags: []
  build_name: groq_model_11111111
  compiler_flags: []
  groqcard: A1.4
  groqview: false
  num_chips: null
expected_input_shapes: {}
groqflow_version: 2.1.2
info:
  all_build_stages: []
  num_parameters: 55
model_type: onnx_file
num_chips_used: 1
X
