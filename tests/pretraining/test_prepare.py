import pytest

from spacy_spanbert.checkpoints.load import load_checkpoint
from spacy_spanbert.pretraining.checkpoint import Progress, save_pretraining
from spacy_spanbert.pretraining.model import PretrainingModel
from spacy_spanbert.pretraining.prepare import take_heads
from tests.pretraining.simple import make_settings


@pytest.fixture
def pretrained(tmp_path, tiny_bert):
    checkpoint = load_checkpoint(tiny_bert)
    model = PretrainingModel(checkpoint.module, {"mlm": 1.0, "sbo": 1.0})
    save_pretraining(tmp_path / "pretrained", model, checkpoint.tokenizer, Progress())
    return tmp_path / "pretrained"


def take(checkpoint, objectives, output, head_warmup_steps):
    settings = make_settings(output, head_warmup_steps=head_warmup_steps)
    settings.encoder.checkpoint = str(checkpoint)
    said = []
    model = PretrainingModel(load_checkpoint(checkpoint).module, objectives)
    return take_heads(settings, model, said.append), " ".join(said)


def test_heads_that_are_all_there_do_not_learn_alone(tmp_path, pretrained):
    n_steps, said = take(pretrained, {"mlm": 1.0, "sbo": 1.0}, tmp_path, 7)
    assert n_steps == 0
    assert "all heads are in" in said
    assert "head_warmup_steps = 7 is skipped" in said


def test_one_new_head_is_enough_to_let_the_heads_learn_alone(tmp_path, pretrained):
    n_steps, said = take(pretrained, {"mlm": 1.0, "nsp": 1.0}, tmp_path, 7)
    assert n_steps == 7
    assert "no weights for nsp (" in said
    assert "They learn alone for 7 steps." in said


def test_new_heads_without_steps_of_their_own_are_told_of(tmp_path, tiny_bert):
    n_steps, said = take(tiny_bert, {"mlm": 1.0}, tmp_path, 0)
    assert n_steps == 0
    assert "Set [pretraining.training] head_warmup_steps to let them learn alone at first" in said


def test_an_encoder_from_scratch_has_no_heads_to_take(tmp_path, tiny_bert):
    settings = make_settings(tmp_path, head_warmup_steps=3)
    settings.encoder.checkpoint = None
    model = PretrainingModel(load_checkpoint(tiny_bert).module, {"mlm": 1.0})
    assert take_heads(settings, model, pytest.fail) == 3
