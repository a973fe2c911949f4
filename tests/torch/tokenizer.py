"""A folder as the Hugging Face hub has them: the config of a tiny causal
language model and a tokenizer of a few words, no weights.
"""
import json
import os

import tokenizers
import transformers

WORDS = ["<s>", "</s>", "<unk>", "once", "upon", "a", "time", "there", "was"]
WORDS += ["w%d" % i for i in range(100 - len(WORDS))]


def make(folder):
    os.makedirs(folder, exist_ok=True)
    words = tokenizers.Tokenizer(tokenizers.models.WordLevel(
        {word: i for i, word in enumerate(WORDS)}, unk_token="<unk>"))
    words.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
    transformers.PreTrainedTokenizerFast(
        tokenizer_object=words, bos_token="<s>", eos_token="</s>",
        unk_token="<unk>").save_pretrained(folder)
    with open(os.path.join(folder, "config.json"), "w", encoding="utf-8") as f:
        json.dump({
            "model_type": "llama", "architectures": ["LlamaForCausalLM"],
            "vocab_size": len(WORDS), "hidden_size": 32, "num_hidden_layers": 2,
            "num_attention_heads": 4, "num_key_value_heads": 2,
            "intermediate_size": 48, "max_position_embeddings": 64}, f)
