"""What the C library and the interpreter do with a process's memory, set for processes that run for months.

Large blocks go back to the system when they are freed.

glibc learns from the first large block that is freed to keep such blocks: each native thread then holds on to one. With
19 MiB for a password's hash and twenty threads of the pool (chassis/threads.py) that is most of a container's memory.
"""

import ctypes
import gc

M_MMAP_THRESHOLD = -3  # mallopt(3): larger blocks are mapped by themselves; setting it ends the learning
LARGE = 1024 * 1024  # bytes


def give_large_blocks_back() -> bool:
    """Call it once, at the start of a process; False where the C library knows no such setting."""
    library = ctypes.CDLL(None)
    return hasattr(library, "mallopt") and bool(library.mallopt(M_MMAP_THRESHOLD, LARGE))


def leave_alone_what_stays() -> None:
    """Call it once, at the end of a start: what is there by then is not looked through for garbage any more.

    Modules, contracts and tables are some 150,000 objects; each full collection would go through them all, which takes
    100 ms in which nothing else happens (R17).
    """
    gc.collect()
    gc.freeze()
