"""Which kind of file a network is in, told by its first bytes and, for those that are refused, by its name."""

from __future__ import annotations

from pathlib import Path

from hw_model.errors import HardwareInputError

_IDENTIFIER = b"TFL3"
LARGEST_FILE_BYTES = 256 << 20
_FORMATS = {
    ".onnx": "ONNX",
    ".h5": "Keras (HDF5)",
    ".hdf5": "Keras (HDF5)",
    ".keras": "Keras",
    ".pt": "PyTorch",
    ".pth": "PyTorch",
    ".pte": "ExecuTorch",
    ".pb": "a TensorFlow graph",
    ".mlmodel": "Core ML",
    ".safetensors": "safetensors",
}
_BEGINNINGS = {b"\x89HDF": "Keras (HDF5)", b"PK\x03\x04": "a zip archive, such as PyTorch and Keras write"}


def read_tflite(path: Path) -> bytes | None:
    """The bytes of a .tflite file; None where it may be a network in JSON.

    Raises HardwareInputError, naming the format, for what is neither, and for what cannot be read.
    """
    if path.is_dir():
        raise HardwareInputError(f"{path} is a directory; allowed: an int8 .tflite file or a network in JSON")
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST_FILE_BYTES + 1)
    except OSError as error:
        raise HardwareInputError(f"network file {path} cannot be read: {error.strerror}") from error
    if len(content) > LARGEST_FILE_BYTES:
        raise HardwareInputError(f"{path} is larger than {LARGEST_FILE_BYTES >> 20} MB; allowed: smaller networks")
    if content[4:8] == _IDENTIFIER:
        return content
    named = _FORMATS.get(path.suffix.lower()) or _BEGINNINGS.get(content[:4])
    if named:
        raise HardwareInputError(f"{path} is {named}; allowed: a network in JSON, or an int8 .tflite file made of it")
    if path.suffix.lower() == ".tflite":
        raise HardwareInputError(f"{path} is no .tflite file: bytes 5 to 8 are not TFL3")
    return None
