"""Detection: anchor-free targets, losses, decoding and COCO metrics."""
