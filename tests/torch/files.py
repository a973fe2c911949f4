#!/usr/bin/env python3
"""Makes models in files. usage: files.py FOLDER

traced.pt     TorchScript with the shapes it was traced with
script.pt     the same without any
program.pt2   the same, exported
pickled.pt    not TorchScript: what torch.save makes
numbers.pt    TorchScript that takes a number
junk.pt2      nothing
in/, out/     values of the inputs, and what the model gives for them
"""
import os
import sys

import numpy
import torch


class Model(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = torch.nn.Embedding(7, 4)
        self.fc = torch.nn.Linear(4, 3)

    def forward(self, ids, x):
        return self.fc(self.embed(ids) + x)


class Numbers(torch.nn.Module):
    def forward(self, x, n: int):
        return x + n


folder = sys.argv[1]
torch.manual_seed(0)
model = Model().eval()
given = {"ids": torch.tensor([[1, 6, 0, 2, 3]]), "x": torch.rand(1, 5, 4)}
args = tuple(given.values())
os.chdir(folder)
torch.jit.trace(model, args).save("traced.pt")
torch.jit.script(model).save("script.pt")
torch.jit.script(Numbers()).save("numbers.pt")
torch.export.save(torch.export.export(model, args), "program.pt2")
torch.save(model, "pickled.pt")
with open("junk.pt2", "w", encoding="utf-8") as f:
    f.write("junk")
os.mkdir("in")
os.mkdir("out")
for name, tensor in given.items():
    numpy.save("in/%s.npy" % name, tensor.numpy())
numpy.save("out/output.npy", model(*args).detach().numpy())
