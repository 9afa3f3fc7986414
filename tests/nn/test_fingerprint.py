import pytest
import torch
from transformers import AutoModel

from spacy_spanbert.nn.fingerprint import encoder_fingerprint
from tests.tiny_encoder import write_tiny_bert


@pytest.fixture
def module(checkpoint):
    return AutoModel.from_pretrained(checkpoint)


def test_a_module_that_was_saved_or_runs_in_training_mode_has_the_same_fingerprint(
    module, tmp_path
):
    expected = encoder_fingerprint(module)
    module.save_pretrained(tmp_path)
    assert encoder_fingerprint(AutoModel.from_pretrained(tmp_path).train()) == expected
    assert encoder_fingerprint(AutoModel.from_pretrained(tmp_path, add_pooling_layer=False)) == (
        expected
    )
    assert len(expected) == 16


def test_a_change_of_any_weights_is_seen(module):
    known = {encoder_fingerprint(module)}
    for name, parameter in module.named_parameters():
        if not name.startswith("pooler."):
            with torch.no_grad():
                parameter.mul_(1.001).add_(1e-6)
            known.add(encoder_fingerprint(module))
    n_weights = sum(not name.startswith("pooler.") for name, _ in module.named_parameters())
    assert len(known) == 1 + n_weights


def test_weights_read_by_another_number_of_heads_are_another_encoder(tmp_path):
    two, four = (write_tiny_bert(tmp_path / str(n), n_heads=n) for n in (2, 4))
    modules = [AutoModel.from_pretrained(folder) for folder in (two, four)]
    assert torch.equal(*(m.embeddings.word_embeddings.weight for m in modules))
    assert encoder_fingerprint(modules[0]) != encoder_fingerprint(modules[1])
