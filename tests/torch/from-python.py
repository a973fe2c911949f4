#!/usr/bin/env python3
"""fm.py: a model in hand, a script, a profile. usage: from-python.py
FOLDER-OF-FM.PY SCRIPT CACHE; FM_BIN names the programs. Prints TAP.
"""
import os
import sys
import types

sys.path.insert(0, sys.argv[1])

import fm  # noqa: E402
import torch  # noqa: E402

done = []


def check(name, got, want=True):
    done.append(got == want)
    print("%s %d - %s" % ("ok" if got == want else "not ok", len(done), name))
    if got != want:
        print("# got: %r, wanted: %r" % (got, want))


model = torch.nn.Sequential(torch.nn.Linear(8, 16), torch.nn.ReLU(),
                            torch.nn.Linear(16, 2))
model[1].eval()
x = torch.rand(4, 8)
record = fm.benchmark_model(model, x, reps=5, build_name="mine")
check("a record", (record["status"], record["model"], record["batch"],
                   record["stats"]["n"]), ("OK", "mine", 4, 5))
check("the model is as it was",
      [part.training for part in model.modules()], [True, True, False, True])
check("it is a build", os.path.exists(
    os.path.join(sys.argv[3], "mine", "model.onnx")))


class Branches(torch.nn.Module):
    def forward(self, x):
        return x + 1 if x.sum() > 0 else x - 1


class Fails(torch.nn.Module):
    def forward(self, x):
        raise RuntimeError("not today")


record = fm.benchmark_model(Branches(), {"x": x}, reps=2, backend="torch")
check("what torch.export refuses is traced",
      (record["status"], record["engine"]), ("OK", "fm/torch"))
try:
    fm.benchmark_model(Fails(), x)
    check("no model", False)
except fm.Error as error:
    check("what neither takes is refused",
          str(error).startswith("the model cannot be exported: "))
try:
    fm.benchmark_model(lambda x: x, x)
    check("no module", False)
except fm.Error as error:
    check("a model is a module", str(error),
          "the model must be a torch.nn.Module, got function")
records = fm.benchmark_script(sys.argv[2], reps=5)
check("a record for each of a script's models",
      [r["status"] for r in records], ["OK", "OK"])
with fm.profile(model) as table:
    model(x)
check("a row for each part", [r["type"] for r in table],
      ["Sequential", "Linear", "ReLU", "Linear"])
check("with sizes", (table[1]["inputs"], table[1]["outputs"]),
      ("4x8", "4x16"))
check("as text", str(table).count("\n"), 4)
try:
    fm.benchmark_script("no.py")
except fm.Error as error:
    check("a failure in fm's words", "there is no script" in str(error))

# --- what numpy has no word for; devices that must be waited for ---

record = fm.benchmark_model(torch.nn.Linear(8, 2).bfloat16(), x.bfloat16(),
                            reps=2, backend="torch")
check("bfloat16", (record["status"], record["precision"]), ("OK", "bf16"))
check("a name that is the same the next time", record["model"], "Linear.pt2")
waited = []
torch.utils.rename_privateuse1_backend("fmdev")
torch.fmdev = types.ModuleType("torch.fmdev")
torch.fmdev.synchronize = waited.append
here = types.SimpleNamespace(device=torch.device("fmdev:1"))
for wait in fm.waits_of(types.SimpleNamespace(
        parameters=lambda: [here, here], buffers=lambda: [x])):
    wait()
check("every device is waited for, whatever its kind", waited, [here.device])
print("1..%d" % len(done))
sys.exit(not all(done))
