#!/usr/bin/env python3
"""Writes families.tsv: small models of every family whose config.json the
simulator reads, with what transformers makes of them: name, parameters, FLOP
of all products with weights for 2 sequences of 8 tokens (without the head of
a decoder; "-" where experts are chosen by values, which a model without
values cannot), and the config.

Models are made on the meta device: nothing is computed or downloaded.
"""
import json
import os
import sys

os.environ["HF_HUB_OFFLINE"] = "1"
import torch
import transformers
from torch.utils.flop_counter import FlopCounterMode

DECODER = dict(hidden_size=64, intermediate_size=96, num_attention_heads=4,
               num_key_value_heads=2, num_hidden_layers=3, vocab_size=99,
               max_position_embeddings=40)
ENCODER = dict(hidden_size=64, intermediate_size=96, num_attention_heads=4,
               num_hidden_layers=3, vocab_size=99, max_position_embeddings=40)
DISTIL = dict(dim=64, hidden_dim=96, n_heads=4, n_layers=3, vocab_size=99,
              max_position_embeddings=40)

# name, class, type, config besides
FAMILIES = [
    ("llama", "Llama", "llama", {**DECODER}),
    ("llama-biases", "Llama", "llama",
     {**DECODER, "attention_bias": True, "mlp_bias": True}),
    ("llama-head-dim", "Llama", "llama", {**DECODER, "head_dim": 24}),
    ("mistral", "Mistral", "mistral", {**DECODER, "sliding_window": 5}),
    ("mixtral", "Mixtral", "mixtral",
     {**DECODER, "num_local_experts": 6, "num_experts_per_tok": 2}),
    ("qwen2", "Qwen2", "qwen2",
     {**DECODER, "tie_word_embeddings": True}),
    ("qwen3", "Qwen3", "qwen3", {**DECODER}),
    ("qwen3-bias", "Qwen3", "qwen3",
     {**DECODER, "head_dim": 32, "attention_bias": True}),
    ("granite", "Granite", "granite", {**DECODER}),
    ("granite-biases", "Granite", "granite",
     {**DECODER, "attention_bias": True, "mlp_bias": True}),
    ("gemma", "Gemma", "gemma", {**DECODER}),
    ("gemma2", "Gemma2", "gemma2", {**DECODER, "sliding_window": 5}),
    ("gemma3", "Gemma3", "gemma3_text",
     {**DECODER, "head_dim": 16, "sliding_window": 5}),
    ("bert", "Bert", "bert", {**ENCODER}),
    ("roberta", "Roberta", "roberta", {**ENCODER}),
    ("xlm-roberta", "XLMRoberta", "xlm-roberta",
     {**ENCODER, "type_vocab_size": 3}),
    ("mpnet", "MPNet", "mpnet", {**ENCODER}),
    ("distilbert", "DistilBert", "distilbert", {**DISTIL}),
]


def product_flop(model):
    ids = torch.zeros(2, 8, dtype=torch.long, device="meta")
    with FlopCounterMode(display=False) as counter:
        model(input_ids=ids)
    of_all = counter.get_flop_counts()["Global"]
    return sum(n for op, n in of_all.items() if "mm" in str(op)
               and "bmm" not in str(op))


def main():
    rows = []
    for name, cls, kind, config in FAMILIES:
        decoder = "num_key_value_heads" in config
        arch = cls + ("ForCausalLM" if decoder else "Model")
        text = {"architectures": [arch], "model_type": kind, **config}
        made = getattr(transformers, (cls if cls != "Gemma3" else
                                      "Gemma3Text") + "Config")(**config)
        with torch.device("meta"):
            model = getattr(transformers, arch)(made).eval()
        params = sum(p.numel() for p in model.parameters())
        flop = "-" if kind == "mixtral" else product_flop(
            model.model if decoder else model)
        rows.append("%s\t%d\t%s\t%s\n" % (name, params, flop,
                                          json.dumps(text)))
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)),
                           "families.tsv"), "w") as f:
        f.writelines(rows)


sys.exit(main())
