"""Loading a model as fmwork's driver does: from_pretrained with the `model`
set, to the device, torch.compile with the `compile` set, eval. And what a
model says of itself: inputs, parameters, precision.
"""
import difflib
import glob
import importlib
import inspect
import os
import time

import torch

from . import archive, vocabulary
from .errors import Refused, is_oom, one_line
from .fill import Feed
from .values import from_json

WORDS = {torch.float32: "fp32", torch.float16: "fp16",
         torch.bfloat16: "bf16", torch.float64: "fp64", torch.int8: "int8",
         torch.uint8: "int8"}


class Loaded:
    """A model that is ready to be called."""

    def __init__(self, module, folder, dummy=False, notes=()):
        self.module = module      # as loaded
        self.run = module         # the same or what torch.compile made of it
        self.call = module        # a function of named inputs that calls it
        self.setup_ns = 0
        self.folder = folder
        self.notes = list(notes)
        self.dummy = dummy
        self.file = None          # the Archive, for models in files
        self.ports = None         # of such a model: its inputs

    @property
    def name(self):
        return getattr(self.module, "original_name",
                       None) or type(self.module).__name__


# --- classes ---

def is_model_class(cls):
    import transformers
    from transformers.models.auto.auto_factory import _BaseAutoModelClass
    return inspect.isclass(cls) and issubclass(
        cls, (transformers.PreTrainedModel, _BaseAutoModelClass))


def find_class(name, generates=False):
    import transformers
    name = name or ("AutoModelForCausalLM" if generates else "AutoModel")
    try:
        cls = getattr(transformers, name)
    except AttributeError:
        near = difflib.get_close_matches(name, dir(transformers), 1)
        raise Refused("nomodel", "transformers %s has no class '%s'%s" % (
            transformers.__version__, name,
            ": did you mean %s?" % near[0] if near else "")) from None
    if not is_model_class(cls):
        raise Refused("nomodel", "transformers.%s is no class of a model"
                      % name)
    return cls


# --- weights ---

def has_weights(folder):
    return any(glob.glob(os.path.join(glob.escape(folder), pattern))
               for pattern in ("*.safetensors", "*.bin", "*.index.json"))


def pretrained(cls, path, options):
    try:
        return cls.from_pretrained(path, **options)
    except TypeError as error:
        raise Refused("usage", "from_pretrained: %s"
                      % one_line(error)) from error
    except Exception as error:
        if is_oom(error) or isinstance(error, ImportError):
            raise
        raise Refused("nomodel", "'%s': %s" % (path, one_line(error))
                      ) from error


def random(cls, path, options, seed):
    """The model of a config, with random weights."""
    import transformers
    try:
        config = transformers.AutoConfig.from_pretrained(path)
    except (OSError, ValueError) as error:
        raise Refused("nomodel", "'%s': %s" % (path, one_line(error))
                      ) from error
    torch.manual_seed(seed)
    make = getattr(cls, "from_config", None) or cls._from_config
    try:
        return make(config, **options)
    except TypeError as error:
        raise Refused("usage", "from_config: %s" % one_line(error)
                      ) from error
    except ValueError as error:
        raise Refused("nomodel", "'%s': %s" % (path, one_line(error))
                      ) from error


def weights(model, options, generates):
    """(module, are the weights random?, notes)"""
    path, how = model["path"], model.get("load_format", "auto")
    cls = find_class(model.get("class"), generates)
    local = os.path.isdir(path)
    if how == "dummy":
        return random(cls, path, options, model.get("seed", 0)), True, []
    if local and not has_weights(path):
        if how == "safetensors":
            raise Refused("nomodel", "'%s' has no weights: --load_format "
                          "dummy makes random ones" % path)
        seed = model.get("seed", 0)
        return (random(cls, path, options, seed), True,
                ["no weights in '%s': random weights from seed %d"
                 % (path, seed)])
    return pretrained(cls, path, options), False, []


# --- the whole ---

def compiled(module, options):
    try:
        return torch.compile(module, **options)
    except Exception as error:
        raise Refused("usage", "torch.compile: %s" % one_line(error)
                      ) from error


def from_folder(request, device):
    model, sets = request["model"], request.get("sets") or {}
    module, dummy, notes = weights(
        model, from_json(sets.get("model") or {}), request.get("generate"))
    if not device.on_host:
        module = module.to(device.torch)
    return Loaded(module, model["path"], dummy, notes)


def from_file(request, device):
    """A TorchScript file or an exported program, as it is."""
    model, sets = request["model"], request.get("sets") or {}
    path = model["path"]
    for odd, what in ((sets.get("model"), "--model: it takes no arguments"),
                      (model.get("load_format") == "dummy",
                       "--load_format dummy: it has its weights")):
        if odd:
            raise Refused("usage", "'%s' is loaded as it is; %s"
                          % (path, what))
    one = archive.load(path, device.torch)
    loaded = Loaded(one.module, path)
    loaded.file = one
    loaded.ports = archive.ports(
        archive.inputs(one, path, model.get("given")))
    return loaded


def to_evaluation(loaded):
    try:
        loaded.run.eval()
    except NotImplementedError:
        raise Refused("usage", "--eval: '%s' runs in the mode that it was "
                      "exported in" % loaded.folder) from None


def load(request, device):
    is_file = request["model"].get("kind") == "file"
    if not is_file:
        importlib.import_module("transformers")  # not part of the set-up
    start = time.monotonic_ns()
    loaded = (from_file if is_file else from_folder)(request, device)
    if request.get("compile"):
        sets = request.get("sets") or {}
        loaded.run = compiled(loaded.module,
                              from_json(sets.get("compile") or {}))
    if request.get("eval"):
        to_evaluation(loaded)
    loaded.call = (loaded.file.call_of(loaded.run) if is_file
                   else loaded.run)
    device.synchronize()
    loaded.setup_ns = time.monotonic_ns() - start
    return loaded


# --- what it says of itself ---

def forward_names(module):
    try:
        return inspect.signature(module.forward).parameters
    except ValueError:  # TorchScript
        return {}


def vocab_size(config):
    for one in (config, getattr(config, "get_text_config", lambda: None)()):
        size = getattr(one, "vocab_size", None)
        if isinstance(size, int) and size > 0:
            return size
    raise Refused("nomodel", "the model's config has no vocab_size: what it "
                  "reads are not tokens")


def ports(loaded):
    """The inputs, as requests declare them."""
    return (ports_of_tokens(loaded) if loaded.ports is None
            else loaded.ports)


def ports_of_tokens(loaded):
    """Those of a language model."""
    names, config = forward_names(loaded.module), loaded.module.config
    if "input_ids" not in names:
        raise Refused("nomodel", "%s takes no input_ids: use it in a script "
                      "and name that"
                      % type(loaded.module).__name__)
    fills = [("input_ids", vocabulary.fill(loaded.folder, config,
                                           vocab_size(config)))]
    if "attention_mask" in names:
        fills.append(("attention_mask", {"value": 1}))
    if "token_type_ids" in names and (
            getattr(config, "type_vocab_size", 0) or 0) > 1:
        fills.append(("token_type_ids", {"value": 0}))
    return [{"name": name, "type": "int64", "shape": ["batch", "sequence"],
             "fill": fill} for name, fill in fills]


def positions(module):
    """Most tokens of a sequence where a table has a row for each, else 0."""
    for name, part in module.named_modules():
        last = name.rpartition(".")[2]
        if isinstance(part, torch.nn.Embedding) and last in (
                "position_embeddings", "wpe", "embed_positions"):
            pad = part.padding_idx
            return part.num_embeddings - (0 if pad is None else pad + 1)
    return 0


def precision(module):
    """The element type of most of the weights' bytes, and the bytes."""
    sizes = {}
    for p in module.parameters():
        sizes[p.dtype] = sizes.get(p.dtype, 0) + p.numel() * p.element_size()
    if not sizes:
        return "none", "none", 0
    most = max(sizes, key=sizes.get)
    name = str(most).replace("torch.", "")
    return WORDS.get(most, name), name, sum(sizes.values())


def outputs(loaded, device):
    """Names of what a call gives: by one call, for tokens with two."""
    feed = Feed(ports(loaded))
    feed.shape({"batch": 1, "sequence": 2}, None)
    with torch.no_grad():
        return [name for name, _ in
                named(loaded.call(**device.move(feed.fill(0, 0))))]


def named(result):
    """(name, tensor) of all tensors in what a model returned."""
    if isinstance(result, torch.Tensor):
        yield "output", result
        return
    items = (result.items() if hasattr(result, "items")
             else (("output_%d" % i, v) for i, v in enumerate(result)))
    for name, value in items:
        if isinstance(value, torch.Tensor):
            yield name, value


def describe(loaded, device, with_outputs):
    """The "model" of the SYS line; fm-backend-torch(7)."""
    word, name, size = precision(loaded.module)
    told = {
        "class": loaded.name,
        "text": repr(loaded.run),
        "inputs": ports(loaded),
        "outputs": outputs(loaded, device) if with_outputs else [],
        "positions": positions(loaded.module),
        "parameters": sum(p.numel() for p in loaded.module.parameters()),
        "weight_bytes": size,
        "weight_type": name,
        "precision": word,
        "dummy": loaded.dummy,
        "notes": loaded.notes,
    }
    config = getattr(loaded.module, "config", None)
    commit = getattr(config, "_commit_hash", None)
    if commit:
        told["commit"] = commit
    return told
