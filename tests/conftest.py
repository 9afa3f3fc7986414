"""Fixtures every floor may use."""

import os
import random
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
os.environ.setdefault("HF_HUB_OFFLINE", "1")  # no test reaches for the network

import numpy
import pytest
import torch
from hypothesis import HealthCheck, settings

from tests.tiny_encoder import write_tiny_bert, write_tiny_roberta

torch.set_num_threads(1)
# how long an example takes, and how long it takes to draw, depends on what else the machine does
settings.register_profile(
    "any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("any machine")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run files with slow tests first: at the end, one process would wait for them."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)


@pytest.fixture(autouse=True)
def _fixed_seeds() -> Iterator[None]:
    random.seed(0)
    numpy.random.seed(0)
    torch.manual_seed(0)
    yield


@pytest.fixture(autouse=True)
def _fresh_accelerator() -> Iterator[None]:
    """Accelerate keeps precision and device for the whole process; a command is one process."""
    yield
    if "accelerate.state" in sys.modules:
        sys.modules["accelerate.state"].AcceleratorState._reset_state(True)


@pytest.fixture
def ctrl_c_arrives() -> Iterator[None]:
    """Also where tests run in the background of a shell, which has Ctrl-C ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture(scope="session")
def tiny_bert(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a tiny uncased BERT with a pooler, once. Read its folder; do not write into it."""
    return write_tiny_bert(tmp_path_factory.mktemp("checkpoints") / "tiny_bert")


@pytest.fixture(scope="session")
def tiny_roberta(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a tiny RoBERTa with a pooler, once. Read its folder; do not write into it."""
    return write_tiny_roberta(tmp_path_factory.mktemp("checkpoints") / "tiny_roberta")


@pytest.fixture(scope="session", params=["bert", "roberta"])
def checkpoint(request: pytest.FixtureRequest, tiny_bert: Path, tiny_roberta: Path) -> Path:
    """A folder of either family: WordPiece, byte-level BPE. Do not write into it."""
    return tiny_bert if request.param == "bert" else tiny_roberta
