"""Generation: one pass over the prompt, then one pass per further token with
the KV cache. An output size g means g tokens: one prefill and g - 1 decode
passes, whatever tokens come; the likeliest one is taken.
"""
import time

import torch

from .errors import Refused, one_line
from .load import forward_names, positions
from .measure import Runner, stamp


class Times:
    """Of one request, in nanoseconds of the monotonic clock."""

    def __init__(self, start):
        self.start = start
        self.tokens = []  # when each was there that was waited for
        self.end = None

    def gaps_us(self):
        return [round((b - a) / 1000)
                for a, b in zip(self.tokens, self.tokens[1:])]


def single(loaded, request):
    """Checks of a point before it runs."""
    most = positions(loaded.module)
    length = (request.get("input") or 0) + (request.get("output") or 1) - 1
    if most and length > most:
        raise Refused("usage", "%d tokens are more than the %d positions of "
                      "the model" % (length, most))


class Prompt:
    """A text as the model's own tokenizer reads it."""

    def __init__(self, text, folder):
        import transformers
        try:
            self.tokenizer = transformers.AutoTokenizer.from_pretrained(
                folder)
            ids = self.tokenizer(text)["input_ids"]
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise Refused("nomodel", "--prompt: the tokenizer of '%s': %s"
                          % (folder, one_line(error))) from error
        if not ids:
            raise Refused("usage", "--prompt: there are no tokens in it")
        self.ids = torch.tensor([ids])

    def text_of(self, tokens):
        """What the first sequence goes on with, as a Python literal."""
        return repr(self.tokenizer.decode(
            torch.cat(tokens, 1)[0].tolist(), skip_special_tokens=True))


class Generator(Runner):
    """A causal language model asked for tokens."""

    def __init__(self, loaded, device, feed, options):
        super().__init__(loaded, device, feed, options)
        self.loaded = loaded
        self.prompt, self.said = None, None
        if self.events:
            raise Refused("usage", "--torch:events: the time of a generation "
                          "is that of many calls; it has none")
        names = forward_names(loaded.module)
        if "past_key_values" not in names:
            raise Refused("nomodel", "%s keeps no KV cache: it cannot "
                          "generate" % type(loaded.module).__name__)
        self.more = {"use_cache": True}
        if "logits_to_keep" in names:
            self.more["logits_to_keep"] = 1

    def take_prompt(self, text):
        """Every sequence begins with it from now on; its tokens."""
        self.prompt = Prompt(text, self.loaded.folder)
        return self.prompt.ids.shape[1]

    def inputs(self, request, n):
        if self.prompt:
            return self.prompt.ids.repeat(request.get("batch") or 1, 1)
        return self.feed.fill(request.get("seed", 0), n)["input_ids"]

    def next_token(self, result):
        logits = getattr(result, "logits", None)
        if logits is None:
            raise Refused("nomodel", "%s gives no logits: name a class for "
                          "causal language models"
                          % type(self.loaded.module).__name__)
        return logits[:, -1:].argmax(-1)

    @torch.no_grad()
    def request(self, ids, tokens, each):
        """(times, all tokens): the timed region is the whole of it."""
        sync, call, more = self.device.synchronize, self.call, self.more
        clock = time.monotonic_ns
        if not self.transfers:
            ids = self.device.move({"ids": ids})["ids"]
        times = Times(clock())
        if self.transfers:
            ids = ids.to(self.device.torch)
        result = call(input_ids=ids, **more)
        token = self.next_token(result)
        sync()
        times.tokens.append(clock())
        out = [token]
        for _ in range(tokens - 1):
            result = call(input_ids=token,
                          past_key_values=result.past_key_values, **more)
            token = self.next_token(result)
            out.append(token)
            if each:
                sync()
                times.tokens.append(clock())
        if self.transfers:
            torch.cat(out, 1).to("cpu")
        sync()
        times.end = clock()
        return times, out

    def repeat_tokens(self, request, n):
        times, self.said = self.request(
            self.inputs(request, n), request.get("output") or 1,
            bool(request.get("token_times")))
        return times

    def run(self, request, answers, watchdog, epoch):
        """And the text, as fmwork's older drivers print it."""
        super().run(request, answers, watchdog, epoch)
        if self.prompt:
            answers.say("SAY", "FMWORK TXT", self.prompt.text_of(self.said))

    def warm_up(self, request, n):
        self.repeat_tokens(request, n)

    def shape(self, request):
        single(self.loaded, request)
        super().shape(request)

    def timed(self, request, n, plan, answers, epoch):
        times = self.repeat_tokens(request, n)
        answers.say("REP", n, plan.reps, stamp(epoch + times.start),
                    stamp(epoch + times.end), stamp(times.end - times.start))
        answers.say("TOK", n, stamp(times.tokens[0] - times.start),
                    stamp(times.end - times.tokens[0]),
                    request.get("output") or 1)
        if len(times.tokens) > 1:
            answers.say("GAP", n, *times.gaps_us())
        return times.start, times.end
