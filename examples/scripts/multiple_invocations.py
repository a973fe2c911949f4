#!/usr/bin/env python3
"""One model with two shapes: two builds. The third call has a shape that was
seen before and adds none."""
import torch

torch.manual_seed(0)

model = torch.nn.Linear(16, 4)
for batch in 1, 8, 1:
    model(torch.rand(batch, 16))
