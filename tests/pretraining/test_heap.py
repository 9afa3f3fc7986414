"""Freed memory goes back to the system."""

import platform
from pathlib import Path

import pytest
import torch

from spacy_spanbert.pretraining.heap import release_heap


def _resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * 4096


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc has malloc_trim")
def test_memory_freed_between_blocks_in_use_is_given_back():
    # each below the size from which the C library asks the system for a block of its own
    blocks = [torch.ones(20_000) for _ in range(4000)]
    kept = blocks[99::100]
    n_freed = 4 * 20_000 * (len(blocks) - len(kept))
    del blocks
    before = _resident_bytes()
    release_heap()
    assert before - _resident_bytes() > n_freed / 2
    assert all(bool((block == 1).all()) for block in kept)
