#!/usr/bin/env python3
"""Generation by the torch backend against transformers' own generate(), for a
tiny random model, which it makes and leaves there. usage: generate.py
FOLDER-OF-THE-BACKEND MODEL; prints TAP.
"""
import sys

sys.path.insert(0, sys.argv[1])

import tokenizer  # noqa: E402
import torch  # noqa: E402

from fm_torch import generate, load, options  # noqa: E402
from fm_torch.device import Device  # noqa: E402
from fm_torch.fill import Feed  # noqa: E402

done = []


def check(name, good):
    done.append(good)
    print("%s %d - %s" % ("ok" if good else "not ok", len(done), name))


tokenizer.make(sys.argv[2])
request = {"generate": True, "model": {"path": sys.argv[2], "seed": 5}}
device = Device("cpu")
loaded = load.load(request, device)
feed = Feed(load.ports(loaded))
runner = generate.Generator(loaded, device, feed, options.read({}))
feed.shape({"batch": 3, "sequence": 9}, None)
ids = feed.fill(7, 1)["input_ids"]
times, tokens = runner.request(ids, 6, True)
with torch.no_grad():
    want = loaded.module.generate(
        input_ids=ids, attention_mask=torch.ones_like(ids), do_sample=False,
        min_new_tokens=6, max_new_tokens=6, pad_token_id=0)
    full = loaded.module(input_ids=torch.cat([ids] + tokens[:5], 1)).logits
check("the tokens of generate()",
      torch.equal(torch.cat(tokens, 1), want[:, 9:]))
check("and of one pass over the whole",
      torch.equal(torch.cat(tokens, 1), full[:, 8:].argmax(-1)))
check("a time for each token", len(times.tokens) == 6)
check("in order", times.start < times.tokens[0] < times.tokens[5]
      <= times.end)
check("five gaps", len(times.gaps_us()) == 5)
times, tokens = runner.request(ids, 1, False)
check("one token is one pass", len(tokens) == 1 and len(times.tokens) == 1)
check("a prompt has as many tokens as words",
      runner.take_prompt("once upon a nosuch time") == 5)
runner.shape({"batch": 2, "input": 5, "output": 3,
              "dims": {"batch": 2, "sequence": 5}})
times = runner.repeat_tokens({"batch": 2, "output": 3}, 1)
want = loaded.module.generate(
    input_ids=torch.tensor([[3, 4, 5, 2, 6]] * 2), do_sample=False,
    attention_mask=torch.ones(2, 5, dtype=torch.int64),
    min_new_tokens=3, max_new_tokens=3, pad_token_id=0)
check("and is what the model goes on with",
      torch.equal(torch.cat(runner.said, 1), want[:, 5:]))
check("as text", runner.prompt.text_of(runner.said)
      == repr(runner.prompt.tokenizer.decode(
          want[0, 5:].tolist(), skip_special_tokens=True)))
print("1..%d" % len(done))
sys.exit(not all(done))
