#!/usr/bin/env python3
"""Makes the reference data of the model tests, with torch and transformers.

    make.py [MINILM]

For every class a tiny checkpoint with random weights, large enough for
attention to matter, and for each NAME:

    NAME/model/         config.json, model.safetensors
    NAME/in/0, in/1 …   one folder per call: input_ids.npy …
    NAME/out/0 …        what transformers answers: last_hidden_state.npy …

Call 0 is one sequence without padding, call 1 a batch padded on the right,
call 2 one padded on the left. MINILM is the folder of a real
all-MiniLM-L6-v2 checkpoint, of which only inputs and answers are kept.
Also writes what fuzzing starts from, ../../fuzz/corpus/{onnx,checkpoint}.
Everything is seeded: the same versions make the same bytes.
"""

import json
import pathlib
import shutil
import struct
import sys

import numpy as np
import onnx
import torch
import transformers as tf

HERE = pathlib.Path(__file__).resolve().parent
SMALL = dict(vocab_size=100, hidden_size=32, num_hidden_layers=2,
             num_attention_heads=4, intermediate_size=48,
             max_position_embeddings=40)
ROBERTA = dict(SMALL, type_vocab_size=1, pad_token_id=1, bos_token_id=0,
               eos_token_id=2, layer_norm_eps=1e-5)
DISTIL = dict(vocab_size=100, dim=32, n_layers=2, n_heads=4, hidden_dim=48,
              max_position_embeddings=40)

# name, config, class that is saved, class that is asked, element type of the
# weights, largest shard, length of call 0
CASES = [
    ("bert", tf.BertConfig(**SMALL, hidden_act="gelu"),
     tf.BertModel, tf.BertModel, "float32", "1GB", 11),
    ("bert-bf16", tf.BertConfig(**SMALL, hidden_act="quick_gelu"),
     tf.BertModel, tf.BertModel, "bfloat16", "1GB", 11),
    ("bert-masked-lm", tf.BertConfig(**SMALL, hidden_act="silu"),
     tf.BertForMaskedLM, tf.BertModel, "float32", "1GB", 11),
    ("roberta", tf.RobertaConfig(**ROBERTA, hidden_act="gelu"),
     tf.RobertaModel, tf.RobertaModel, "float32", "1GB", 11),
    ("roberta-types", tf.RobertaConfig(**dict(ROBERTA, type_vocab_size=2),
                                       hidden_act="relu"),
     tf.RobertaModel, tf.RobertaModel, "float16", "1GB", 11),
    ("xlm-roberta", tf.XLMRobertaConfig(**ROBERTA, hidden_act="gelu_new"),
     tf.XLMRobertaModel, tf.XLMRobertaModel, "float32", "40KB", 11),
    ("distilbert", tf.DistilBertConfig(**DISTIL, activation="gelu"),
     tf.DistilBertModel, tf.DistilBertModel, "float32", "1GB", 11),
    ("mpnet", tf.MPNetConfig(**dict(SMALL, max_position_embeddings=180),
                             hidden_act="gelu"),
     tf.MPNetModel, tf.MPNetModel, "float32", "1GB", 170),
]


def randomize(model):
    """Trained-looking weights: every bias and LayerNorm counts."""
    g = torch.Generator().manual_seed(7)
    with torch.no_grad():
        for name, p in model.named_parameters():
            r = torch.randn(p.shape, generator=g)
            norm = p.dim() == 1 and name.endswith("weight")
            p.copy_(1 + 0.2 * r if norm else 0.2 * r)


def calls(config, length):
    rng = np.random.default_rng(11)
    pad = config.pad_token_id or 0
    for shape, side in ((1, length), None), ((3, 12), "right"), ((2, 7), "left"):
        ids = rng.integers(5, config.vocab_size, shape)
        mask = np.ones(shape, np.int64)
        for row in range(1, shape[0]):
            cut = slice(-3 * row, None) if side == "right" else slice(0, 4)
            ids[row, cut] = pad
            mask[row, cut] = 0
        call = {"input_ids": ids, "attention_mask": mask}
        if getattr(config, "type_vocab_size", 1) > 1:
            call["token_type_ids"] = rng.integers(0, 2, shape)
        yield call


def write(folder, arrays):
    folder.mkdir(parents=True)
    for name, a in arrays.items():
        np.save(folder / f"{name}.npy", a)


def answer(model, folder, all_calls):
    for sub in "in", "out":
        shutil.rmtree(folder / sub, ignore_errors=True)
    for i, call in enumerate(all_calls):
        with torch.no_grad():
            out = model(**{k: torch.tensor(v) for k, v in call.items()})
        write(folder / "in" / str(i), call)
        write(folder / "out" / str(i),
              {k: out[k].numpy() for k in ("last_hidden_state",
                                           "pooler_output")
               if out.get(k) is not None})


def tiny(name, config, saved, asked, dtype, shard, length):
    folder = HERE / name
    shutil.rmtree(folder, ignore_errors=True)
    torch.manual_seed(1)
    model = saved(config)
    randomize(model)
    model.to(getattr(torch, dtype)).save_pretrained(
        folder / "model", max_shard_size=shard)
    # A head's checkpoint has no pooler, and transformers would make one up.
    args = {} if saved is asked else {"add_pooling_layer": False}
    model = asked.from_pretrained(
        folder / "model", dtype=torch.float32, **args).eval()
    answer(model, folder, calls(model.config, length))


def minilm(path):
    tokenizer = tf.AutoTokenizer.from_pretrained(path)
    texts = [["A sentence of some length, to be embedded."],
             ["One.", "Two sentences make a batch. It is padded."]]
    batches = [{k: v.astype(np.int64) for k, v in tokenizer(
        t, padding=True, return_tensors="np").items()} for t in texts]
    model = tf.AutoModel.from_pretrained(path, dtype=torch.float32).eval()
    answer(model, HERE / "minilm", batches)


def onnx_seeds(folder):
    """A table that ids look up, in the branches of an If, and a sequence."""
    h, t = onnx.helper, onnx.TensorProto
    ids = h.make_tensor_value_info("ids", t.INT64, ["batch", "sequence"])
    flag = h.make_tensor_value_info("flag", t.BOOL, [])
    y = h.make_tensor_value_info("y", t.FLOAT, None)
    table = h.make_tensor("table", t.FLOAT, [3, 2], [0, 1, 2, 3, 4, 5])
    gather = h.make_node("Gather", ["table", "ids"], ["y"])
    branch = h.make_graph([gather], "branch", [], [y], [table])
    seq = h.make_tensor_sequence_value_info("s", t.FLOAT, None)
    graphs = {
        "gather": h.make_graph([gather], "g", [ids], [y], [table]),
        "if": h.make_graph(
            [h.make_node("If", ["flag"], ["y"], then_branch=branch,
                         else_branch=branch)], "g", [ids, flag], [y]),
        "sequence": h.make_graph(
            [h.make_node("SequenceAt", ["s", "ids"], ["y"])], "g",
            [seq, ids], [y]),
    }
    folder.mkdir(parents=True, exist_ok=True)
    for name, graph in graphs.items():
        onnx.save(h.make_model(graph), folder / f"{name}.onnx")
    raw = onnx.numpy_helper.from_array(np.array([1, -2], np.float32), "x")
    listed = h.make_tensor("x", t.FLOAT16, [2], [1, 2])
    for name, tensor in ("raw", raw), ("listed", listed):
        (folder / f"{name}.pb").write_bytes(tensor.SerializeToString())


def checkpoint_seed(folder):
    """The smallest checkpoint that loads, as tests/fuzz/checkpoint.c wants."""
    config = {"model_type": "distilbert", "vocab_size": 3, "dim": 2,
              "n_layers": 1, "n_heads": 1, "hidden_dim": 2,
              "max_position_embeddings": 2}
    tokenizer = {"added_tokens": [{"id": 0, "special": True}], "model": {}}
    model = tf.DistilBertModel(tf.DistilBertConfig(**config))
    header, at = {}, 0
    for name, p in model.state_dict().items():
        header[name] = {"dtype": "F32", "shape": list(p.shape),
                        "data_offsets": [at, at + 4 * p.numel()]}
        at += 4 * p.numel()
    text = json.dumps(header, separators=(",", ":")).encode()
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "distilbert").write_bytes(
        json.dumps(config).encode() + b"\0" +
        json.dumps(tokenizer).encode() + b"\0" +
        struct.pack("<Q", len(text)) + text + bytes(at))


corpus = HERE.parent.parent / "fuzz" / "corpus"
onnx_seeds(corpus / "onnx")
checkpoint_seed(corpus / "checkpoint")
for case in CASES:
    tiny(*case)
if len(sys.argv) > 1:
    minilm(sys.argv[1])
