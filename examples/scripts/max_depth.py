#!/usr/bin/env python3
"""A model of parts: --max_depth 1 finds them as well, --max_depth 2 theirs."""
import torch

torch.manual_seed(0)


class Block(torch.nn.Module):
    def __init__(self, width):
        super().__init__()
        self.norm = torch.nn.LayerNorm(width)
        self.fc = torch.nn.Linear(width, width)

    def forward(self, x):
        return x + self.fc(self.norm(x))


class Model(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.block = Block(32)
        self.head = torch.nn.Linear(32, 2)

    def forward(self, x):
        return self.head(self.block(x))


model = Model()
model(torch.rand(2, 32))
