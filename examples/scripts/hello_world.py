#!/usr/bin/env python3
"""One model, called once: what fm-driver finds in a script.

    fm-driver examples/scripts/hello_world.py --analyze_only
    fm-driver examples/scripts/hello_world.py --reps 100
"""
import torch

torch.manual_seed(0)


class SmallModel(torch.nn.Module):
    def __init__(self, inputs, outputs):
        super().__init__()
        self.fc = torch.nn.Linear(inputs, outputs)

    def forward(self, x):
        return torch.relu(self.fc(x))


model = SmallModel(10, 5)
print(model(torch.rand(3, 10)).shape)
