"""The peer's side of `benchmarks.training_speed` and `benchmarks.training_profile`: a PyTorch training step.

Run by these with a Python that has PyTorch; imports nothing of ours.

    python training_speed_peer.py '{"blocks": [["conv", 16, 2, 1, 3], ...], "side": 32, "batch": 64}' [profile]

prints one number, images per second, or with `profile` the milliseconds of each part of a step as a JSON object.
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


def make_step(blocks, side, batch):
    """A function that takes one step of SGD on random images."""
    chain, channels = [], 3
    for kind, out, stride, expansion, kernel in blocks:
        chain.append(Block(kind, channels, out, stride, expansion, kernel))
        channels = out
    network = nn.Sequential(*chain, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, 10))
    network = network.to(memory_format=torch.channels_last)
    optimiser = torch.optim.SGD(network.parameters(), 0.05)
    images = torch.randn(batch, 3, side, side).contiguous(memory_format=torch.channels_last)
    labels = torch.randint(0, 10, (batch,))

    def step():
        optimiser.zero_grad()
        nn.functional.cross_entropy(network(images), labels).backward()
        optimiser.step()

    return step


def images_per_second(blocks, side, batch):
    """Median over steps."""
    step, times = make_step(blocks, side, batch), []
    for _ in range(WARM_UP + STEPS):
        started = time.perf_counter()
        step()
        times.append(time.perf_counter() - started)
    return batch / statistics.median(times[WARM_UP:])


def part_of(event):
    """The part of a step that an operator belongs to; shapes tell depthwise convolutions."""
    if "convolution" in event.key:
        weights = event.input_shapes[2 if "backward" in event.key else 1]
        return "depthwise" if len(weights) == 4 and weights[1] == 1 and weights[0] > 1 else "convolution"
    network = ("batch_norm", "hardtanh", "aten::add_", "aten::add")
    return "normalisation" if any(name in event.key for name in network) else "rest"


def profile(blocks, side, batch):
    """Milliseconds of each part in one step."""
    step = make_step(blocks, side, batch)
    # the first profile of a process is slow itself
    for count in (WARM_UP, STEPS):
        with torch.profiler.profile(record_shapes=True) as found:
            for _ in range(count):
                step()
    parts = dict.fromkeys(("convolution", "depthwise", "normalisation", "rest"), 0.0)
    for event in found.key_averages(group_by_input_shape=True):
        parts[part_of(event)] += event.self_cpu_time_total / STEPS / 1e3
    return parts


if __name__ == "__main__":
    task = json.loads(sys.argv[1])
    print(json.dumps(profile(**task)) if sys.argv[2:] == ["profile"] else images_per_second(**task))
