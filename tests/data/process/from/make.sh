#!/bin/sh
# Makes the files of other tools beside it, in the forms that they have:
#   hyperfine  1.15, -N -i -r 3 -P batch 1 2 'sleep 0.00{batch}' and 'false'
#   gbench     1.7, three repetitions of cases with named arguments, and the
#              same with aggregates only
#   the others as their sources print them
cd "$(dirname "$0")" || exit 1

cat >hyperfine.json <<'X'
{
  "results": [
    {
      "command": "sleep 0.001",
      "mean": 0.004833762,
      "stddev": 0.0033003226,
      "median": 0.003814191,
      "user": 0.0009257999999999998,
      "system": 0.0,
      "min": 0.001974276,
      "max": 0.008432748,
      "times": [
        0.008432748,
        0.003814191,
        0.001974276
      ],
      "exit_codes": [
        0,
        0,
        0
      ],
      "parameters": {
        "batch": "1",
        "mode": "slow"
      }
    },
    {
      "command": "false",
      "mean": 0.002889362666666667,
      "stddev": 0.0009244869093569326,
      "median": 0.0023747110000000003,
      "user": 0.0007153333333333333,
      "system": 0.0,
      "min": 0.002336734,
      "max": 0.003956643,
      "times": [
        0.002336734,
        0.0023747110000000003,
        0.003956643
      ],
      "exit_codes": [
        1,
        1,
        null
      ]
    }
  ]
}
X

# row NAME TYPE INDEX REAL_MS: an iteration, or an aggregate of that name
row() {
	cat <<X
    {
      "name": "$1",
      "family_index": 0,
      "per_family_instance_index": 0,
      "run_name": "$1",
      "run_type": "$2",
      "repetitions": 3,
      $3,
      "threads": 1,
      "iterations": 25,
      "real_time": $4,
      "cpu_time": $4,
      "time_unit": "ms"
    }$5
X
}
context() {
	cat <<'X'
{
  "context": {
    "date": "2026-11-21T16:07:34+02:00",
    "host_name": "node7",
    "executable": "./b",
    "num_cpus": 2,
    "mhz_per_cpu": 2596,
    "cpu_scaling_enabled": true,
    "caches": [
    ],
    "load_avg": [6.48682,6.30957,4.28125],
    "library_build_type": "debug"
  },
  "benchmarks": [
X
}
{
	context
	n=BM_sum/input:128/batch:8/fast
	row $n iteration '"repetition_index": 0' 1.2195275670775554e+00 ,
	row $n iteration '"repetition_index": 1' 9.3096393364979667e-01 ,
	row $n iteration '"repetition_index": 2' 7.2918025069885300e-01 ,
	row $n aggregate '"aggregate_name": "mean"' 9.5989058380873496e-01 ,
	row $n aggregate '"aggregate_name": "cv"' 2.5674818936265104e-01 ,
	row BM_bad iteration \
	    '"error_occurred": true, "error_message": "no device"' 0.0
	printf '  ]\n}\n'
} >gbench.json
{
	context
	n=BM_sum/input:128/batch:8
	row $n aggregate '"aggregate_name": "mean"' 9.5989058380873496e-01 ,
	row $n aggregate '"aggregate_name": "median"' 9.3096393364979667e-01 ,
	row $n aggregate '"aggregate_name": "stddev"' 2.4645016937915076e-01
	printf '  ]\n}\n'
} >gbench-aggregates.json

# test PROMPT GEN AVG SAMPLES: one object of llama-bench, on one line
test_of() {
	printf '{"build_commit": "1a2b3c4d", "build_number": 5163, "cpu_info": "AMD EPYC", "gpu_info": "%s", "backends": "%s", "model_filename": "m/q.gguf", "model_type": "qwen2 7B Q4_K - Medium", "model_size": 4677120000, "model_n_params": 7615616512, "n_batch": 2048, "n_threads": 8, "flash_attn": false, "n_prompt": %s, "n_gen": %s, "n_depth": 0, "test_time": "2025-04-24T11:57:09Z", "avg_ns": %s, "stddev_ns": 1000000, "avg_ts": 1.5, "stddev_ts": 0.1, "samples_ns": [ %s ], "samples_ts": [ 1.5 ]}' \
	    "$5" "$6" "$1" "$2" "$3" "$4"
}
{
	echo '['
	test_of 512 0 71000000 '70000000, 72000000, 71000000' 'RTX 9' CUDA
	echo ,
	test_of 0 128 1067000000 '1066000000, 1067000000, 1068000000' '' CPU
	printf '\n]\n'
} >llama-bench.json
{
	test_of 512 0 71000000 '70000000, 72000000, 71000000' 'RTX 9' CUDA
	echo
	echo '{"torn": '
	test_of 0 128 1067000000 '1066000000, 1067000000, 1068000000' '' CPU
	echo
} >llama-bench.jsonl
cat >llama-bench.csv <<'X'
build_commit,build_number,cpu_info,gpu_info,backends,model_filename,model_type,model_size,n_threads,n_prompt,n_gen,test_time,avg_ns,stddev_ns,avg_ts,stddev_ts
"1a2b3c4d","5163","AMD ""EPYC""","","CPU","m/q.gguf","llama 7B mostly Q4_0","4677120000","8","0","128","2025-04-24T11:57:10Z","1067000000","3834831","119.915244","0.430617"
X

cat >trtexec.json <<'X'
[
  { "startEnqMs" : 0.01, "endEnqMs" : 0.2, "startH2dMs" : 0.05, "endH2dMs" : 0.06, "startComputeMs" : 0.06, "endComputeMs" : 1.06, "startD2hMs" : 1.06, "endD2hMs" : 1.08, "h2dMs" : 0.01, "computeMs" : 1, "d2hMs" : 0.02, "latencyMs" : 1.03, "endToEndMs" : 1.08 }
, { "startEnqMs" : 1.01, "endEnqMs" : 1.2, "startH2dMs" : 1.05, "endH2dMs" : 1.06, "startComputeMs" : 1.06, "endComputeMs" : 2.08, "startD2hMs" : 2.08, "endD2hMs" : 2.10, "h2dMs" : 0.01, "computeMs" : 1.02, "d2hMs" : 0.02, "latencyMs" : 1.05, "endToEndMs" : 1.09 }
, { "startEnqMs" : 2.01, "endEnqMs" : 2.2, "startH2dMs" : 2.05, "endH2dMs" : 2.06, "startComputeMs" : 2.06, "endComputeMs" : 3.08, "startD2hMs" : 3.08, "endD2hMs" : 3.10, "h2dMs" : 0.01, "computeMs" : 1.01, "d2hMs" : 0.02, "latencyMs" : 1.04, "endToEndMs" : 1.09 }
]
X
d='[11/21/2026-14:07:34]'
cat >trtexec.log <<X
&&&& RUNNING TensorRT.trtexec [TensorRT v8601] # /usr/src/tensorrt/bin/trtexec --onnx=bert.onnx --fp16 --shapes=input_ids:8x128,mask:8x128
$d [I] === Model Options ===
$d [I] Format: ONNX
$d [I] Model: bert.onnx
$d [I] Precision: FP32+FP16
$d [I] === Device Information ===
$d [I] Selected Device: NVIDIA A100-SXM4-40GB
$d [I] TensorRT version: 8.6.1
$d [W] * Throughput may be bound by host-to-device transfers for the inputs rather than GPU Compute.
$d [I] Warmup completed 100 queries over 200 ms
$d [I] Timing trace has 1466 queries over 3.00501 s
$d [I]
$d [I] === Performance summary ===
$d [I] Throughput: 487.852 qps
$d [I] Latency: min = 2.03516 ms, max = 3.28613 ms, mean = 2.06006 ms, median = 2.05 ms, percentile(90%) = 2.0752 ms, percentile(95%) = 2.08594 ms, percentile(99%) = 2.12305 ms
$d [I] Enqueue Time: min = 0.5 ms, max = 1.1 ms, mean = 0.6 ms, median = 0.6 ms, percentile(90%) = 0.7 ms, percentile(95%) = 0.7 ms, percentile(99%) = 0.8 ms
$d [I] H2D Latency: min = 0.01 ms, max = 0.02 ms, mean = 0.01 ms, median = 0.01 ms, percentile(90%) = 0.01 ms, percentile(95%) = 0.01 ms, percentile(99%) = 0.01 ms
$d [I] Total Host Walltime: 3.00501 s
&&&& PASSED TensorRT.trtexec [TensorRT v8601] # /usr/src/tensorrt/bin/trtexec --onnx=bert.onnx
X
cat >trtexec-failed.log <<X
&&&& RUNNING TensorRT.trtexec [TensorRT v8601] # trtexec --loadEngine=a.plan --batch=4
$d [E] Error[1]: [stdArchiveReader.cpp::34] Error Code 1: Serialization
$d [E] Engine could not be created from network
&&&& FAILED TensorRT.trtexec [TensorRT v8601] # trtexec --loadEngine=a.plan
X

cat >ort-perf.txt <<'X'
Setting intra_op_num_threads to 1
Session creation time cost: 0.217932 s
First inference time cost: 196 ms
Total inference time cost: 0.49481 s
Total inference requests: 5
Average inference time cost total: 98.961997 ms
Total inference run time: 0.494854 s
Number of inferences per second: 10.104
Avg CPU usage: 11 %
Peak working set size: 271122432 bytes
Avg CPU usage:11
Peak working set size:271122432
Runs:5
Min Latency: 0.0958204 s
Max Latency: 0.101519 s
P50 Latency: 0.0995086 s
P90 Latency: 0.101519 s
P95 Latency: 0.101519 s
P99 Latency: 0.101519 s
P999 Latency: 0.101519 s
X
cat >ort-perf.csv <<'X'
squeezenet,0.0021,36696064,96,0
squeezenet,0.0019,36696064,96,1
squeezenet,0.0020,36696064,96,2

Min Latency: 0.0019 s
squeezenet,0.0041,36696064,96,0
squeezenet,0.0039,36696064,96,1
X
cat >ort-perf.json <<'X'
[
{"cat" : "Session","pid" :1,"tid" :1,"dur" :6911,"ts" :4,"ph" : "X","name" :"model_loading_uri","args" : {}},
{"cat" : "Node","pid" :1,"tid" :1,"dur" :120,"ts" :7000,"ph" : "X","name" :"Gemm_kernel_time","args" : {"op_name" : "Gemm"}},
{"cat" : "Session","pid" :1,"tid" :1,"dur" :150,"ts" :7000,"ph" : "X","name" :"model_run","args" : {}},
{"cat" : "Session","pid" :1,"tid" :1,"dur" :140,"ts" :7200,"ph" : "X","name" :"model_run","args" : {}}
]
X
