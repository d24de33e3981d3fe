"""The peer's side of `benchmarks.timings.training`: images per second of a PyTorch training step.

Run by `accelnas reproduce training_speed --set peer=PYTHON` with a Python that has PyTorch; imports nothing of ours.

    python training_speed_peer.py '{"blocks": [["conv", 16, 2, 1, 3], ...], "side": 32, "batch": 64}'

prints one number.
"""

import json
import statistics
import sys
import time

import torch
from torch import nn

STEPS, WARM_UP = 10, 3


def layers_of(kind, channels, out, stride, expansion, kernel):
    """Convolutions, normalisations and activations of one block."""
    hidden, pad = channels * expansion, kernel // 2
    if kind == "conv":
        return [nn.Conv2d(channels, out, kernel, stride, pad, bias=False), nn.BatchNorm2d(out), nn.ReLU6()]
    if kind == "fused_ibn":
        first = [nn.Conv2d(channels, hidden, kernel, stride, pad, bias=False), nn.BatchNorm2d(hidden), nn.ReLU6()]
    else:
        first = []
        if expansion > 1:
            first = [nn.Conv2d(channels, hidden, 1, bias=False), nn.BatchNorm2d(hidden), nn.ReLU6()]
        depthwise = nn.Conv2d(hidden, hidden, kernel, stride, pad, groups=hidden, bias=False)
        first += [depthwise, nn.BatchNorm2d(hidden), nn.ReLU6()]
    return [*first, nn.Conv2d(hidden, out, 1, bias=False), nn.BatchNorm2d(out)]


class Block(nn.Module):
    """One block, with its residual where shapes allow."""

    def __init__(self, kind, channels, out, stride, expansion, kernel):
        super().__init__()
        self.residual = kind != "conv" and stride == 1 and channels == out
        self.layers = nn.Sequential(*layers_of(kind, channels, out, stride, expansion, kernel))

    def forward(self, x):
        """[N, C, H, W] to [N, out, H / stride, W / stride]."""
        return x + self.layers(x) if self.residual else self.layers(x)


def images_per_second(blocks, side, batch):
    """Median over steps of SGD on random images."""
    chain, channels = [], 3
    for kind, out, stride, expansion, kernel in blocks:
        chain.append(Block(kind, channels, out, stride, expansion, kernel))
        channels = out
    network = nn.Sequential(*chain, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, 10))
    network = network.to(memory_format=torch.channels_last)
    optimiser = torch.optim.SGD(network.parameters(), 0.05)
    images = torch.randn(batch, 3, side, side).contiguous(memory_format=torch.channels_last)
    labels = torch.randint(0, 10, (batch,))
    times = []
    for _ in range(WARM_UP + STEPS):
        started = time.perf_counter()
        optimiser.zero_grad()
        nn.functional.cross_entropy(network(images), labels).backward()
        optimiser.step()
        times.append(time.perf_counter() - started)
    return batch / statistics.median(times[WARM_UP:])


if __name__ == "__main__":
    print(images_per_second(**json.loads(sys.argv[1])))
