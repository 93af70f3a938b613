"""What the C library does with memory that is no longer used."""

from __future__ import annotations

import contextlib
import ctypes
import sys

#: The option of `mallopt`, and glibc's own value for it, in bytes.
_M_MMAP_THRESHOLD = -3
_MMAP_THRESHOLD = 128 * 1024


def return_large_blocks() -> None:
    """Have every large block returned to the system as soon as it is freed.

    glibc stops doing so once the first one has been freed: it then keeps blocks of that
    size on its heap, where bodies of answers leave gaps that the next ones do not fit. That
    is a third of the memory of a large run. Other C libraries do not know this option.
    """
    if sys.platform == "linux":
        with contextlib.suppress(AttributeError, OSError):
            ctypes.CDLL(None).mallopt(_M_MMAP_THRESHOLD, _MMAP_THRESHOLD)
