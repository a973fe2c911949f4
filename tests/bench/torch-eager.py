#!/usr/bin/env python3
"""The same model, sizes and threads as a run of fm-driver, by PyTorch in eager
mode with transformers: prints the median latency in milliseconds.

usage: torch-eager.py MODEL-DIR INPUT BATCH REPS THREADS
The weights are random when the folder has none. Fresh token ids are made for
every repetition, outside the timed region; the first fifth of the repetitions
is dropped, as fmwork does."""
import os
import statistics
import sys
import time

import torch
import transformers


def load(path):
    config = transformers.AutoConfig.from_pretrained(path)
    if os.path.exists(os.path.join(path, "model.safetensors")):
        model = transformers.AutoModel.from_pretrained(path)
    else:
        model = transformers.AutoModel.from_config(config)
    return model.eval(), config.vocab_size


def main(path, *numbers):
    length, batch, reps, threads = map(int, numbers)
    torch.set_num_threads(threads)
    model, vocab = load(path)
    mask = torch.ones(batch, length, dtype=torch.int64)
    times = []
    with torch.no_grad():
        for _ in range(reps):
            ids = torch.randint(5, vocab, (batch, length))
            start = time.perf_counter_ns()
            model(input_ids=ids, attention_mask=mask)
            times.append(time.perf_counter_ns() - start)
    kept = times[max(reps // 5, 1):]
    print("%.6f" % (statistics.median(kept) / 1e6))


if __name__ == "__main__":
    main(*sys.argv[1:])
