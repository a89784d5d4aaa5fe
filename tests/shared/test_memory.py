"""What a process has loaded is not searched for garbage; in a process of its own, as it cannot be undone."""

import subprocess
import sys

SCRIPT = """
import gc
from shared.memory import give_back_large_blocks, leave_what_is_loaded
kept = [[] for _ in range(1_000)]
give_back_large_blocks()
leave_what_is_loaded()
assert gc.get_freeze_count() > 1_000
gone = []
gone.append(gone)
del gone
assert gc.collect() >= 1
"""


def test_what_is_loaded_is_left_alone_and_garbage_is_still_found() -> None:
    subprocess.run([sys.executable, "-c", SCRIPT], check=True, timeout=60)
