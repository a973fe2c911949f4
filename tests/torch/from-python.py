#!/usr/bin/env python3
"""fm.py: a model in hand, a script, a profile. usage: from-python.py
FOLDER-OF-FM.PY SCRIPT; FM_BIN names the programs. Prints TAP.
"""
import sys

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
x = torch.rand(4, 8)
record = fm.benchmark_model(model, x, reps=5)
check("a record", (record["status"], record["model"], record["batch"],
                   record["stats"]["n"]), ("OK", "Sequential", 4, 5))
check("the model is as it was", model.training)
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
print("1..%d" % len(done))
sys.exit(not all(done))
