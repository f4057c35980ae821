"""Writing: numbers as JSON, and tensors as safetensors."""

import json
import re
import struct

import torch


def digests(tensors):
    """Of each tensor with entries x_k, k = 0 … in row-major order: Σ x_k, Σ |x_k| and Σ x_k (k mod 97) / 97."""
    result = {}
    for name, tensor in tensors.items():
        flat = tensor.reshape(-1)
        places = (torch.arange(len(flat)) % 97).double() / 97
        result[name] = [flat.sum().item(), flat.abs().sum().item(), (places * flat).sum().item()]
    return result


def write_json(path, value):
    """Indented, but for lists of numbers, each of which stands on one line with 14 digits."""
    text = json.dumps(json.loads(json.dumps(value), parse_float=lambda text: float(f"{float(text):.14g}")), indent=1)
    text = re.sub(r"\[[-+.\deE,\s]*\]", lambda match: re.sub(r"\s+", "", match[0]), text)
    path.write_text(text + "\n")


def write_safetensors(path, tensors):
    """Tensors of double precision under their names."""
    header, data = {}, b""
    for name in sorted(tensors):
        numbers = tensors[name].reshape(-1).tolist()
        start = len(data)
        data += struct.pack(f"<{len(numbers)}d", *numbers)
        header[name] = {
            "dtype": "F64", "shape": list(tensors[name].shape), "data_offsets": [start, len(data)],
        }
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)
