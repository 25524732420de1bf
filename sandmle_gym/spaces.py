"""`FreeText`, the space of Unicode strings up to a length, for observations and actions.

`gymnasium.spaces.Text` checks every character against a charset (10 ms per 100,000 characters) and
comes back blank from `AsyncVectorEnv` with its default shared memory, because Gymnasium reads the
shared block of a text space only once. Here the block is read again whenever the batch is copied.
"""

import ctypes
import struct
from collections.abc import Iterable, Iterator, Sequence
from multiprocessing.context import BaseContext
from typing import Any

import numpy as np
from gymnasium.spaces import Space
from gymnasium.vector.utils import (
    create_shared_memory,
    read_from_shared_memory,
    write_to_shared_memory,
)
from numpy.typing import NDArray

from sandmle_gym.errors import UserError

_HEADER = struct.Struct("<I")


class FreeText(Space[str]):
    """All strings of at most `max_length` characters."""

    def __init__(
        self,
        max_length: int,
        *,
        samples: Sequence[str] = ("",),
        seed: int | np.random.Generator | None = None,
    ) -> None:
        """Make the space.

        Args:
            max_length: Longest string, in characters (code points), > 0.
            samples: What `sample` draws from. Sampled actions get executed, so they must be harmless.
            seed: Seed of `sample`.
        """
        if max_length <= 0:
            raise UserError(f"max_length must be positive, not {max_length}")
        self.max_length = int(max_length)
        self.samples = tuple(samples)
        super().__init__(dtype=str, seed=seed)

    @property
    def is_np_flattenable(self) -> bool:
        """False: text has no fixed-size array form."""
        return False

    def sample(self, mask: Any = None, probability: Any = None) -> str:
        """Draw one of `samples`; masks and probabilities mean nothing here and are refused."""
        if mask is not None or probability is not None:
            raise UserError("FreeText.sample takes neither a mask nor a probability")
        return self.samples[int(self.np_random.integers(len(self.samples)))]

    def contains(self, x: Any) -> bool:
        """Tell whether x is a string that fits."""
        return isinstance(x, str) and len(x) <= self.max_length

    def to_jsonable(self, sample_n: Iterable[str]) -> list[str]:
        """Return the strings themselves."""
        return list(sample_n)

    def from_jsonable(self, sample_n: list[Any]) -> list[str]:
        """Return the strings themselves."""
        return [str(sample) for sample in sample_n]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, FreeText) and other.max_length == self.max_length

    def __hash__(self) -> int:
        return hash((FreeText, self.max_length))

    def __repr__(self) -> str:
        return f"FreeText({self.max_length})"


class _LiveTexts(tuple[str, ...]):
    """The texts of a shared block, decoded anew at every look and at every copy.

    `AsyncVectorEnv` reads the block once and deep-copies that object after every step, so the copy
    is where the present content has to be read. With `copy=False` the object itself is the live view.
    """

    _block: Any
    _slot: int

    def __new__(cls, block: Any, slot: int, count: int) -> "_LiveTexts":
        self = super().__new__(cls, ("",) * count)
        self._block, self._slot = block, slot
        return self

    def _read(self, index: int) -> str:
        start = index * self._slot
        raw = _bytes_of(self._block)
        (length,) = _HEADER.unpack(raw[start : start + _HEADER.size].tobytes())
        start += _HEADER.size
        return raw[start : start + length].tobytes().decode("utf-8", "surrogatepass")

    def __getitem__(self, index: Any, /) -> Any:
        return tuple(self)[index]

    def __iter__(self) -> Iterator[str]:
        return (self._read(index) for index in range(len(self)))

    def __eq__(self, other: object) -> bool:
        return tuple(self) == other

    def __hash__(self) -> int:
        return hash(tuple(self))

    def __repr__(self) -> str:
        return repr(tuple(self))

    def __deepcopy__(self, memo: dict[int, Any]) -> tuple[str, ...]:
        return tuple(self)


def _slot_size(space: FreeText) -> int:
    return _HEADER.size + 4 * space.max_length


def _bytes_of(block: Any) -> NDArray[np.uint8]:
    return np.frombuffer(block.get_obj(), dtype=np.uint8)


@create_shared_memory.register(FreeText)
def _create(space: FreeText, n: int = 1, ctx: BaseContext | None = None) -> Any:
    if ctx is None:
        raise UserError("shared memory for FreeText needs a multiprocessing context")
    return ctx.Array(ctypes.c_uint8, n * _slot_size(space))


@read_from_shared_memory.register(FreeText)
def _read(space: FreeText, shared_memory: Any, n: int = 1) -> tuple[str, ...]:
    return _LiveTexts(shared_memory, _slot_size(space), n)


@write_to_shared_memory.register(FreeText)
def _write(space: FreeText, index: int, value: str, shared_memory: Any) -> None:
    data = value[: space.max_length].encode("utf-8", "surrogatepass")
    start = index * _slot_size(space)
    _bytes_of(shared_memory)[start : start + _HEADER.size + len(data)] = np.frombuffer(
        _HEADER.pack(len(data)) + data, dtype=np.uint8
    )
