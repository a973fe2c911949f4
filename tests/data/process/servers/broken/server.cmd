server --env VLLM_SPYRE_USE_CB=10 --env VLLM_SPYRE_WARMUP_BATCH_SIZES=4,8 --max-model-len=3072 --max-num-seqs 16 --tensor-parallel-size 1 --model /m/acme/big
