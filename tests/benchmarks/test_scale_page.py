"""docs/scale.md says what its own figures make."""

import json

import pytest
import torch
from transformers import BertModel

from benchmarks.arguments import RESULTS, ROOT
from benchmarks.pretraining_flops import training_flops
from spacy_spanbert.checkpoints.scratch import size_config
from spacy_spanbert.pretraining.model import PretrainingModel

PAGE = (ROOT / "docs" / "scale.md").read_text(encoding="utf8")
CONFIG = size_config({})
PIECES = 40 * 3.3e9 * 1.3225
PEAKS = {"A100": 312e12, "H100": 989.4e12}
SCALING = 38.86 / 42.75  # of 128 GPUs over 8


def flops_with_sbo() -> float:
    """Of a piece: the output layer and the boundary head once more, at 14.9 % of the places."""
    width, inputs = CONFIG.hidden_size, 2 * CONFIG.hidden_size + 200
    head = 2 * (inputs * width + width * width) + 2 * width * CONFIG.vocab_size
    return training_flops(CONFIG, 512) + 3 * 0.149 * head


def line(start: str) -> list[str]:
    (found,) = [text for text in PAGE.splitlines() if text.startswith(f"| {start} |")]
    return [cell.strip() for cell in found.strip("|").split("|")[1:]]


def test_operations_a_piece():
    assert line("operations a piece, MLM")[0] == f"{training_flops(CONFIG, 512) / 1e6:.0f} · 10⁶"
    assert line("operations a piece, MLM + SBO")[0] == f"{flops_with_sbo() / 1e6:.0f} · 10⁶"
    assert line("all")[0] == "1.06 · 10²⁰"
    assert PIECES * flops_with_sbo() == pytest.approx(1.06e20, rel=0.005)


@pytest.mark.parametrize("percent", [20, 30, 40])
def test_hours(percent: int):
    cells = [float(cell.removesuffix(" h")) for cell in line(f"{percent} %")]
    seconds = [PIECES * flops_with_sbo() / (8 * peak * percent / 100) for peak in PEAKS.values()]
    hours = [value / 3600 for value in seconds]
    assert cells[:2] == pytest.approx(hours, rel=0.04)
    assert cells[2:] == pytest.approx([value / 16 / SCALING for value in hours], abs=0.06)
    if percent == 30:
        assert [cell.removesuffix(" h") for cell in line("3.3 billion words, 40 times")] == [
            f"{cell:g}" for cell in cells
        ]
        gpu_hours = [8 * value for value in hours]
        gpu_hours += [value / SCALING for value in gpu_hours]
        assert [float(cell) for cell in line("GPU hours")] == pytest.approx(gpu_hours, rel=0.01)


def test_what_the_measured_share_makes_of_bert_base():
    """The share on CPU times its peak, over the operations of a piece."""
    use = json.loads((RESULTS / "pretraining_speed.json").read_text())["results"]["utilization"]
    speed = use["share"] * use["peak_tflops"] * 1e12 / flops_with_sbo()
    cells = line("computed: BERT-base, windows of 512, MLM + SBO, at the same share")
    assert float(cells[0].replace(",", "")) == pytest.approx(speed, rel=0.006)
    years = PIECES / speed / (365.25 * 86400)
    assert float(cells[2].removesuffix(" years")) == pytest.approx(years, abs=0.51)


def test_what_is_sent_and_kept():
    with torch.device("meta"):
        encoder = BertModel(CONFIG, add_pooling_layer=False)
        model = PretrainingModel(encoder, {"mlm": 1.0, "sbo": 1.0})
    n_parameters = sum(parameter.numel() for parameter in model.parameters())
    assert line("parameters with heads, without the pooler") == [f"{n_parameters / 1e6:.0f} M"] * 2
    assert line("gradient, float32") == [f"{4 * n_parameters / 1e6:.0f} MB"] * 2
    sent = [f"{2 * (n - 1) / n * 4 * n_parameters / 1e6:.0f} MB" for n in (8, 128)]
    assert line("sent by each GPU in a ring, 2 (n - 1) / n times that") == sent
    assert f"| {16 * n_parameters / 1e9:.1f} GB | computed |" in PAGE


def test_the_command_of_the_page_has_the_steps_of_40_epochs():
    steps = PIECES / (2_097_152 * 0.89)
    assert steps == pytest.approx(94_000, rel=0.01)
    assert "--pretraining.training.step_pieces 2097152 --pretraining.budget.steps 94000" in PAGE
