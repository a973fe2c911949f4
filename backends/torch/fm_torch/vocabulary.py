"""Which token ids a timed run may draw: the vocabulary without its special
tokens, by the same rules as for models that fm reads itself, so that every
backend draws the same ids for the same folder.
"""
import json
import os

IDS = ("bos_token_id", "eos_token_id", "pad_token_id", "unk_token_id",
       "cls_token_id", "sep_token_id", "mask_token_id")


def read(folder, name):
    try:
        with open(os.path.join(folder, name), encoding="utf-8") as f:
            return json.load(f)
    except (OSError, ValueError):
        return {}


def from_tokenizer(folder):
    added = read(folder, "tokenizer.json").get("added_tokens") or []
    return [t.get("id", -1) for t in added if t.get("special")]


def from_tokenizer_config(folder):
    added = read(folder, "tokenizer_config.json").get(
        "added_tokens_decoder") or {}
    return [int(i) for i, t in added.items() if t.get("special")]


def texts(value):
    """A token is a string, an object with "content", or a list of them."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        return texts(value.get("content"))
    return [t for v in value or [] for t in texts(v)] if isinstance(
        value, list) else []


def from_special_map(folder):
    special = [t for v in read(folder, "special_tokens_map.json").values()
               for t in texts(v)]
    vocab = read(folder, "vocab.json")
    if not vocab:
        try:
            with open(os.path.join(folder, "vocab.txt"),
                      encoding="utf-8") as f:
                vocab = {line.rstrip("\r\n"): i for i, line in enumerate(f)}
        except OSError:
            vocab = {}
    return [vocab[t] for t in special if t in vocab]


def from_config(config):
    for name in IDS:
        value = getattr(config, name, None)
        for one in value if isinstance(value, list) else [value]:
            if isinstance(one, int):
                yield one


def ranges(vocab, special):
    out, lo = [], 0
    for one in sorted(set(special)):
        if lo <= one < vocab:
            if lo < one:
                out.append([lo, one])
            lo = one + 1
    if lo < vocab:
        out.append([lo, vocab])
    return out or [[0, vocab]]


def fill(folder, config, vocab):
    """{"tokens": [[lo, hi], ...]}"""
    special = (from_tokenizer(folder) or from_tokenizer_config(folder)
               or from_special_map(folder))
    return {"tokens": ranges(vocab, special + list(from_config(config)))}
