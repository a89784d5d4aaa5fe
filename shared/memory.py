"""Give large blocks back to the system: a password's hash takes 19 MiB for a moment."""

import ctypes

# glibc's own numbers, from malloc.h.
_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3


def give_back_large_blocks() -> None:
    """Stop glibc from raising its threshold after the first large block, which would keep the next ones.

    Measured on the API after sign-ins and a panel: 113 MB instead of 132 MB. Elsewhere than on glibc nothing happens.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_MMAP_THRESHOLD, 1 << 20)
        mallopt(_TRIM_THRESHOLD, 1 << 17)
