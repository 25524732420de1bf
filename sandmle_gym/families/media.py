"""Images and sounds as files whose bytes depend on nothing but their content.

An encoder's output changes with the version and build of its compressor, and a digest must not. So
pictures are PNG with stored (uncompressed) blocks, which every reader takes.
"""

import struct
import zlib

import numpy as np

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_LARGEST_BLOCK = 0xFFFF


def png(pixels: np.ndarray) -> bytes:
    """Write an image, uint8 (height, width) in grey or (height, width, 3) in RGB."""
    if pixels.dtype != np.uint8 or pixels.ndim not in (2, 3) or pixels.shape[2:] not in ((), (3,)):
        raise ValueError(
            f"an image is uint8 (h, w) or (h, w, 3), not {pixels.dtype} {pixels.shape}"
        )
    height, width = pixels.shape[:2]
    colour = 2 if pixels.ndim == 3 else 0
    header = struct.pack(">IIBBBBB", width, height, 8, colour, 0, 0, 0)
    # every line begins with the number of its filter: 0, none
    lines = np.zeros((height, 1 + pixels[0].size), np.uint8)
    lines[:, 1:] = pixels.reshape(height, -1)
    chunks = ((b"IHDR", header), (b"IDAT", _stored(lines.tobytes())), (b"IEND", b""))
    return _SIGNATURE + b"".join(_chunk(kind, data) for kind, data in chunks)


def wav(samples: np.ndarray, rate: int) -> bytes:
    """Write a mono sound, int16 (samples,), at `rate` samples per second."""
    if samples.dtype != np.int16 or samples.ndim != 1:
        raise ValueError(f"a sound is int16 (n,), not {samples.dtype} {samples.shape}")
    data = samples.astype("<i2").tobytes()
    layout = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, rate, 2 * rate, 2, 16)
    body = b"WAVE" + layout + struct.pack("<4sI", b"data", len(data)) + data
    return struct.pack("<4sI", b"RIFF", len(body)) + body


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _stored(data: bytes) -> bytes:
    """Wrap bytes as a zlib stream of stored blocks (RFC 1950, RFC 1951 §3.2.4)."""
    starts = range(0, len(data), _LARGEST_BLOCK)
    blocks = []
    for start in starts:
        block = data[start : start + _LARGEST_BLOCK]
        last = start + _LARGEST_BLOCK >= len(data)
        blocks.append(struct.pack("<BHH", last, len(block), len(block) ^ 0xFFFF) + block)
    return b"\x78\x01" + b"".join(blocks) + struct.pack(">I", zlib.adler32(data))
