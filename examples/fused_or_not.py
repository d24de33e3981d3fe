"""What fusing one inverted bottleneck does on three accelerators: python examples/fused_or_not.py

By the vendor's compiler.  The article's lesson: an early fused block has more multiply-accumulates and is faster, a
late one is slower.
"""

from hw_model.blocks import Block
from hw_model.predict import predict

ACCELERATORS = ("ethos-u55-256", "ethos-u65-512", "ethos-u85-1024")
EXPANSION = 6
BLOCKS = {
    "early: 160x160, 16 to 24 channels, stride 2": (160, 16, 24, 2),
    "late: 10x10, 160 to 160 channels": (10, 160, 160, 1),
}


def main() -> None:
    """Compile each block both ways and print milliseconds and MACs."""
    for name, (side, given, channels, stride) in BLOCKS.items():
        print(name)
        for accelerator in ACCELERATORS:
            ibn, fused = (
                predict([Block(kind, side, side, given, channels, 3, stride, EXPANSION)], accelerator, "compile").cost
                for kind in ("ibn", "fused_ibn")
            )
            print(
                f"  {accelerator:15} IBN {ibn.latency_ms:.3f} ms, fused {fused.latency_ms:.3f} ms: latency "
                f"{fused.latency_ms / ibn.latency_ms - 1:+.0%}, MACs {fused.macs / ibn.macs - 1:+.0%}"
            )


if __name__ == "__main__":
    main()
