#!/bin/sh
# Makes the logs and folders beside it that the tests of fm-process read, all
# of them written by hand after the forms in fm-log(5).
cd "$(dirname "$0")" || exit 1

# reps N T0 STEP MS LATE: N repetitions of MS milliseconds, from T0 seconds on
# every STEP nanoseconds and LATE later
reps() {
	awk -v n="$1" -v t="$2" -v step="$3" -v ms="$4" -v late="$5" 'BEGIN {
		for (i = 1; i <= n; i++) {
			dt = (i == 1 ? 90 : ms) * 1000000 + i * i % 7 * 1000
			b = i * step + late
			printf "FMWORK REP %d %d %d.%09d %d.%09d 0.%09d\n",
			    i, n, t, b, t, b + dt, dt
		}
	}'
}

{
	printf 'FMWORK ARG --model_name acme/model\nFMWORK ARG --reps 10\n'
	printf 'FMWORK SETUP 0.250000\n\nRUN 128 / 2\n\n'
	reps 10 1700000000 95000000 4 0
	printf '\nFMWORK RES 1700000000.095000000 1700000000.954002000 '
	printf 'acme/model RobertaModel 128 2 4.002 499.8\n'
} >embed.log

sed 's/ 4.002 499.8$/ 5.002 499.8/' embed.log >contradicts.log
sed 's/acme\/model/my own model/g' embed.log >spaces.log
sed '/^FMWORK REP 4 /d' embed.log >lost.log
sed '/^FMWORK RES/d' embed.log >torn.log
awk '/^FMWORK RES/ { print "FMWORK RES 1700000000.0 17"; next } { print }' \
    embed.log >bad.log
sed 's/$/\r/' embed.log >crlf.log
{ printf 'Loading: 10%%\rLoading: 100%%\r'; cat embed.log; } >bar.log
{ cat embed.log; sed 's/--reps 10/--reps 10 --eval/;
    s/ 1700000000\./ 1700000100./g; s/acme/emca/' embed.log; } >two.log
# Two drivers write to one log, line by line.
sed -n '1,6p' embed.log >mixed.log
reps 10 1700000000 95000000 4 0 >a.tmp
reps 10 1700000000 95000000 6 1000000 >b.tmp
{
	paste -d '\n' a.tmp b.tmp
	grep RES embed.log
	sed -n '/RES/s/.095000000/.096000000/; /RES/s/.954002000/.957002000/
	    /RES/s/4.002 499.8/6.002 333.2/p' embed.log
} >>mixed.log
rm a.tmp b.tmp

cat >ours.log <<'END'
FMWORK ARG --platform sim
FMWORK SETUP 0.100000
FMWORK SYS {"backend":"sim","device":"Card","host":"h1","load1":7,"run_id":"r-1"}
FMWORK KEY 00ff
FMWORK REP 1 2 1700000000.000000000 1700000000.010000000 0.010000000
FMWORK TOK 1 0.004000000 0.006000000 8
FMWORK GAP 1 900 800.5 850
FMWORK REP 2 2 1700000000.020000000 1700000000.030000000 0.010000000
FMWORK TOK 2 0.004200000 0.005800000 8
FMWORK RES 1700000000.000000000 1700000000.030000000 m C 8 1 10.000 100.0
FMWORK OBS 8 1 1 {"steal_ms":3}
FMWORK SIM 8 1 1 {"device":"card","fits":true}
FMWORK KEY 00fe
FMWORK ERR oom 65536 1 4 cannot allocate 12884901888 bytes
FMWORK ERR nodevice 0 0 0 no card
END

cat >spyre.log <<'END'

--------------------------------------------------------------------------------
PARAMS
--------------------------------------------------------------------------------

batch_size_times = 10
model_path       = /models/granite

INFO init engine (profile, create kv cache, warmup model) took 20.61 seconds

FMWORK SETUP 0.000007

RUN 64 / 1 / 1 / 1

FMWORK REP   1 /   3 : 100.000000000 100.030000000 0.003 3.0 3333.3
FMWORK REP   2 /   3 : 100.030000000 100.050000000 0.002 2.0 5000.0
FMWORK REP   3 /   3 : 100.050000000 100.070000000 0.002 2.0 5000.0

FMWORK RES 20250621-014836.577621 64 1 10 1 0.002000 2.0 5000.0

RUN 64 / 8 / 1 / 1

FMWORK REP   1 /   3 : 101.000000000 101.090000000 0.009 1.1 8888.9
FMWORK REP   2 /   3 : 101.100000000 101.180000000 0.008 1.0 10000.0
FMWORK REP   3 /   3 : 101.200000000 101.280000000 0.008 1.0 10000.0

FMWORK RES 20250621-014837.577621 64 8 10 1 0.008000 1.0 10000.0

FMWORK GEN 20250621-014837.577621 64 8 1 1 0.008 0.006 0.002 0.8 1333.3
END

cat >gen.log <<'END'
FMWORK EXP A=1
FMWORK ARG --model_name m/x
FMWORK SETUP 1.000000
RUN 64 / 1 / 1
FMWORK REP 1 3 1.000000000 1.030000000 m/x 64 1 1 1 0.030000000 30.000 33.3
FMWORK REP 2 3 1.040000000 1.060000000 m/x 64 1 1 1 0.020000000 20.000 50.0
FMWORK REP 3 3 1.070000000 1.090000000 m/x 64 1 1 1 0.020000000 20.000 50.0
FMWORK RES 1.000000000 1.090000000 m/x 64 1 1 1 0.000 0.020 20.000 50.0
RUN 64 / 8 / 1
FMWORK REP 1 3 2.000000000 2.110000000 m/x 64 8 1 1 0.110000000 13.750 72.7
FMWORK REP 2 3 2.200000000 2.300000000 m/x 64 8 1 1 0.100000000 12.500 80.0
FMWORK REP 3 3 2.400000000 2.500000000 m/x 64 8 1 1 0.100000000 12.500 80.0
FMWORK RES 2.000000000 2.500000000 m/x 64 8 1 1 0.000 0.100 12.500 80.0
FMWORK GEN 2.000000000 2.500000000 m/x 64 8 1 1 0.000 0.000 0.100 0.080 0.020 10.000 100.0
RUN 128 / 8 / 1
torch.cuda.OutOfMemoryError: CUDA out of memory. Tried to allocate 9 GiB
END
sed 's/ 0.080 0.020 10.000 / 0.080 0.025 10.000 /' gen.log >gen-wrong.log

# What was never told apart by the first drivers, and what went wrong.
{
	echo 'PARAMS'
	echo 'model_path = /m/first'
	echo 'RUN 8 / 4 / 2 / 1'
	echo 'REP   1 /   2 : 10.000000000 10.090000000 0.090 22.5 88.9'
	echo 'REP   2 /   2 : 10.100000000 10.140000000 0.040 10.0 200.0'
	echo 'RES 20240926-183953.009140 8 4 2 1 0.040 10.0 200.0'
} >bare.log
{
	sed -n '1,8p' embed.log
	printf 'warning: no line end'
	sed -n '9p' embed.log
	sed -n '10p' embed.log | cut -c1-40 | tr -d '\n'
	sed -n '11,$p' embed.log
} >glued.log
{
	echo 'RUN 64 / 8 / 1'
	echo 'FMWORK REP 1 1 1.000000000 1.080000000 m 64 8 1 1 0.080000000 10.000 100.0'
	echo 'FMWORK RES 1.000000000 1.080000000 m 64 8 1 1 nan nan nan nan'
} >nan.log
{
	echo 'BENCHMARK 64 8 1 1'
	for i in 1 2 3; do
		echo "FMWORK DT 64 1 1 1 0.00200$i"
		echo "FMWORK DT 64 8 1 1 0.00500$i"
	done
	echo 'FMWORK GEN 20261121-061858.726491 64 32 64 8 1 1 0.000 0.000 0.002 0.003 0.375 2666.667'
	echo 'RUN 1 / 2'
	echo 'FMWORK REP 20261121-061858.270852 1 2 64 8 2 1 66 8 0.190 0.500 0.300 37.500 53.333'
	echo 'FMWORK REP 20261121-061859.270852 2 2 64 8 2 1 66 8 0.180 0.500 0.310 37.500 53.333'
	echo 'FMWORK GEN 20261121-061859.291880 64 32 64 8 2 1 0.000 0.000 0.180 0.310 38.750 51.613'
} >vision.log
{
	echo 'RUN llama3.1-8b 128 64 1'
	echo 'FMWORK REP llama3.1-8b 128 64 1 | 130 64 | 0.000100 0.001000 0.050000 0.064000 | 0.781 1280.000'
	echo 'FMWORK REP llama3.1-8b 128 64 1 | 130 64 | 0.000100 0.001000 0.050000 0.064000 | 0.781 1280.000'
} >cerebras.log

mkdir -p runs/one runs/old runs/two/three runs/many
cp gen.log runs/one/driver.log
sed '/model_path/d' bare.log >runs/old/exp.log
echo 'fmwork.py -m /m/granite/base -r 2' >runs/old/exp.cmd
printf 'time_start 5.5\nmodel_name acme/big\ntime_end   9.5\n' |
    tee runs/two/three/runner.log >runs/many/runner.log
printf 'server --env SENDNN_INFERENCE_WARMUP_BATCH_SIZES=4 --max-model-len 3072 --tensor-parallel-size 2 --model /m/acme/big' |
    tee runs/two/three/server.cmd >runs/many/server.cmd
printf 'FMWORK EXP SENDNN_INFERENCE_USE_CB=1\nstarted\n' |
    tee runs/two/three/server.log >runs/many/server.log
printf 'client --random-input-len 1024 --random-output-len 128 --num-prompts 16' \
    >runs/two/three/client.cmd
: >runs/two/three/metrics.log
cat >runs/two/three/client.log <<'END'
client_time_start:6.000000000
Successful requests:                     16
Benchmark duration (s):                  31.47
Total input tokens:                      16368
Total generated tokens:                  2048
Request throughput (req/s):              0.51
Output token throughput (tok/s):         65.08
Median TTFT (ms):                        4987.65
P99 TTFT (ms):                           9001.23
Median ITL (ms):                         198.76
client_time_end:8.000000000
END
for i in 0 1 10; do
	{
		echo "vllm bench serve --num-prompts 20 --max-concurrency $i"
		cat runs/two/three/client.log
	} >runs/many/client.log.$i
done

cat >profile.json <<'END'
[
{"cat":"Session","pid":1,"tid":1,"dur":100,"ts":1,"ph":"X","name":"model_run","args":{}},
{"cat":"Node","pid":1,"tid":1,"dur":30,"ts":2,"ph":"X","name":"a_kernel_time","args":{"op_name":"MatMul","provider":"CPUExecutionProvider"}},
{"cat":"Node","pid":1,"tid":1,"dur":5,"ts":3,"ph":"X","name":"b_kernel_time","args":{"op_name":"Relu","provider":"CPUExecutionProvider"}},
{"cat":"Node","pid":1,"tid":1,"dur":1,"ts":3,"ph":"X","name":"b_fence_before","args":{"op_name":"Relu"}},
{"cat":"Node","pid":1,"tid":1,"dur":15,"ts":4,"ph":"X","name":"c_kernel_time","args":{"op_name":"MatMul","provider":"CPUExecutionProvider"}}
]
END
head -c -30 profile.json >profile-torn.json

{
	sed -n '/^INFO/,$p' spyre.log
	printf '\nSettings for Spyre\n------------------\n\n'
	printf 'OMP_NUM_THREADS:                 32\nFLEX_HDMA_MODE_FULL:             None\n\nDONE\n'
} >settings.log
