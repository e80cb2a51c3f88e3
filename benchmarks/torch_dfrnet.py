"""DFR-Net with three stages in PyTorch, as the paper ran it: what `latency.py` compares with."""

from __future__ import annotations

import torch
from torch import nn


class Branch(nn.Sequential):
    def __init__(self, channels: int) -> None:
        super().__init__(nn.Conv2d(channels, 64, 3, padding=1), nn.ReLU(), nn.MaxPool2d(4))


class Block(nn.Module):
    def __init__(self, before: int, width: int, stride: int) -> None:
        super().__init__()
        self.residual = nn.Sequential(
            nn.Conv2d(before, width, 3, stride, 1, bias=False), nn.BatchNorm2d(width), nn.ReLU(),
            nn.Conv2d(width, width, 3, 1, 1, bias=False), nn.BatchNorm2d(width),
        )  # fmt: skip
        self.channel = nn.Sequential(
            nn.Conv2d(width, width // 16, 1), nn.ReLU(), nn.Conv2d(width // 16, width, 1),
            nn.Sigmoid(),
        )  # fmt: skip
        self.spatial = nn.Sequential(nn.Conv2d(2, 1, 7, padding=3, bias=False), nn.Sigmoid())
        self.shortcut = nn.Sequential()
        if before != width:
            narrow = nn.Conv2d(before, width, 1, stride, bias=False)
            self.shortcut = nn.Sequential(narrow, nn.BatchNorm2d(width))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.residual(x)
        pooled = y.mean((2, 3), keepdim=True) + y.amax((2, 3), keepdim=True)
        y = y * self.channel(pooled)
        y = y * self.spatial(torch.cat([y.mean(1, True), y.amax(1, True)], 1))
        return torch.relu(self.shortcut(x) + y)


class DFRNet(nn.Module):
    def __init__(self, classes: int = 3) -> None:
        super().__init__()
        self.apex, self.difference, self.flow = Branch(3), Branch(1), Branch(3)
        self.fuse = nn.Sequential(
            nn.Conv2d(128, 192, 3, padding=1), nn.BatchNorm2d(192), nn.ReLU(),
            nn.Conv2d(192, 64, 1), nn.BatchNorm2d(64), nn.ReLU(),
        )  # fmt: skip
        self.weights = nn.Sequential(
            nn.Conv2d(128, 24, 1), nn.ReLU(), nn.Conv2d(24, 64, 1), nn.Sigmoid()
        )
        blocks, before = [], 64
        for width in (64, 128, 256):
            stride = 1 if width == before else 2
            blocks += [Block(before, width, stride), Block(width, width, 1)]
            before = width
        self.stages = nn.Sequential(*blocks)
        self.head = nn.Linear(before, classes)

    def forward(
        self, apex: torch.Tensor, difference: torch.Tensor, flow: torch.Tensor
    ) -> torch.Tensor:
        fused = self.fuse(torch.cat([self.apex(apex), self.difference(difference)], 1))
        means = [x.mean((2, 3), keepdim=True) for x in (fused, self.flow(flow))]
        x = self.stages(fused * self.weights(torch.cat(means, 1)))
        return self.head(x.mean((2, 3))).softmax(-1)
