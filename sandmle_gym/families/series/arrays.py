"""Arrays as files in NumPy's own format, whose bytes depend on nothing but the numbers."""

import struct

import numpy as np

FOLDER = "snippets/"


def npy(values: np.ndarray) -> bytes:
    """Write int16 numbers as an `.npy` file, version 1.0."""
    if values.dtype != np.int16:
        raise ValueError(f"a file of samples is int16, not {values.dtype}")
    header = f"{{'descr': '<i2', 'fortran_order': False, 'shape': {values.shape}, }}"
    header = header.ljust(64 - (10 + len(header) + 1) % 64 + len(header)) + "\n"
    return (
        b"\x93NUMPY\x01\x00"
        + struct.pack("<H", len(header))
        + header.encode()
        + values.astype("<i2").tobytes()
    )
