import os

import pytest
import torch

from spacy_spanbert.pretraining.accelerator import USE_FSDP, make_accelerator, say_once
from spacy_spanbert.pretraining.settings import TrainingSettings


def test_accelerates_environment_does_not_rescale_the_gradient(monkeypatch):
    monkeypatch.setenv("ACCELERATE_GRADIENT_ACCUMULATION_STEPS", "4")
    accelerator = make_accelerator(TrainingSettings(precision="float32"))
    weight = torch.ones(3, requires_grad=True)
    accelerator.backward((2 * weight).sum())
    assert weight.grad.tolist() == [2.0, 2.0, 2.0]


@pytest.mark.parametrize(("precision", "expected"), [("float32", "no"), ("bfloat16", "bf16")])
def test_the_config_decides_over_precision(precision, expected, monkeypatch):
    monkeypatch.setenv("ACCELERATE_MIXED_PRECISION", "fp16")
    accelerator = make_accelerator(TrainingSettings(precision=precision))
    assert accelerator.mixed_precision == expected


def test_the_first_process_speaks():
    said = []
    say_once(make_accelerator(TrainingSettings()), said.append)("a line")
    assert said == ["a line"]


@pytest.mark.parametrize(("value", "expected"), [("true", True), ("1", True), ("false", False)])
def test_fsdp_in_the_environment_becomes_a_setting(value, expected, monkeypatch):
    monkeypatch.setenv(USE_FSDP, value)
    settings = TrainingSettings(precision="float32")
    make_accelerator(settings)
    assert settings.shard == expected
    assert USE_FSDP not in os.environ  # or transformers would leave weights out
