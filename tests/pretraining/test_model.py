"""Published heads give the logits of the models they come from; encoders without segments work."""

import shutil

import numpy as np
import pytest
import torch
from transformers import (
    AutoConfig,
    BertForPreTraining,
    BertModel,
    DistilBertConfig,
    DistilBertForMaskedLM,
    DistilBertModel,
    ElectraConfig,
    ElectraForMaskedLM,
    MPNetConfig,
    MPNetModel,
    RobertaForMaskedLM,
)

from spacy_spanbert.checkpoints.load import load_checkpoint
from spacy_spanbert.errors import SpanbertError
from spacy_spanbert.pretraining.checkpoint import load_heads
from spacy_spanbert.pretraining.collate import collate
from spacy_spanbert.pretraining.model import PretrainingModel
from spacy_spanbert.pretraining.windows import Corrupted, PieceSampler
from tests.pretraining.simple import make_model

IDS = np.array([2, 17, 20, 35, 3, 12, 9, 3], dtype=np.int32)
SEGMENTS = np.array([0, 0, 0, 0, 0, 1, 1, 1], dtype=np.int32)
PLACES = np.array([1, 3, 6], dtype=np.int32)
SMALL = {"vocab_size": 40, "max_position_embeddings": 32}
DISTILBERT = DistilBertConfig(**SMALL, dim=16, n_layers=1, n_heads=2, hidden_dim=32)


def make_batch(segments=SEGMENTS):
    return collate([Corrupted(IDS, segments, PLACES, IDS[PLACES])], [True])


def save_as_published(published, folder, tokenizer_of):
    """Save a model with the heads that its class has, none of their weights left at 0."""
    torch.manual_seed(1)
    with torch.no_grad():
        for parameter in published.parameters():
            parameter.add_(torch.randn_like(parameter), alpha=0.1)
    published.save_pretrained(folder)
    for path in tokenizer_of.iterdir():
        if not path.name.startswith("model.") and path.name != "config.json":
            shutil.copy(path, folder)
    return published.eval()


def load_as_ours(folder, objectives):
    model = PretrainingModel(load_checkpoint(folder).module, objectives).eval()
    return model, load_heads(folder, model)


def mlm_logits(model, batch):
    vectors = model.represent(model.encode(batch), batch)
    return model.piece_logits(vectors["mlm"])


def run_published(published, **inputs):
    with torch.no_grad():
        return published(torch.from_numpy(IDS).long()[None], **inputs)


@torch.no_grad()
def test_berts_published_heads_are_taken(tmp_path, tiny_bert):
    published = BertForPreTraining(AutoConfig.from_pretrained(tiny_bert))
    published = save_as_published(published, tmp_path, tiny_bert)
    model, missing = load_as_ours(tmp_path, {"mlm": 1.0, "nsp": 1.0})
    assert missing == []
    batch = make_batch()
    expected = run_published(published, token_type_ids=torch.from_numpy(SEGMENTS).long()[None])
    torch.testing.assert_close(mlm_logits(model, batch), expected.prediction_logits[0, PLACES])
    pair = model.heads["nsp"](model.encode(batch)[batch.places["nsp"]])
    torch.testing.assert_close(pair, expected.seq_relationship_logits)


@torch.no_grad()
def test_robertas_published_head_is_taken(tmp_path, tiny_roberta):
    published = RobertaForMaskedLM(AutoConfig.from_pretrained(tiny_roberta))
    published = save_as_published(published, tmp_path, tiny_roberta)
    model, missing = load_as_ours(tmp_path, {"mlm": 1.0, "nsp": 1.0})
    assert missing == ["nsp"]
    expected = run_published(published).logits[0, PLACES]
    torch.testing.assert_close(mlm_logits(model, make_batch(0 * SEGMENTS)), expected)


@pytest.mark.parametrize(
    "published",
    [
        DistilBertForMaskedLM(DISTILBERT),
        ElectraForMaskedLM(
            ElectraConfig(
                **SMALL,
                embedding_size=12,
                hidden_size=16,
                num_hidden_layers=1,
                num_attention_heads=2,
                intermediate_size=32,
            )
        ),
    ],
    ids=lambda model: type(model).__name__,
)
@torch.no_grad()
def test_other_families_published_heads_are_taken(published, tmp_path, tiny_bert):
    published.resize_token_embeddings(
        AutoConfig.from_pretrained(tiny_bert).vocab_size, mean_resizing=False
    )
    published = save_as_published(published, tmp_path, tiny_bert)
    model, missing = load_as_ours(tmp_path, {"mlm": 1.0})
    assert missing == []
    expected = run_published(published).logits[0, PLACES]
    torch.testing.assert_close(mlm_logits(model, make_batch(0 * SEGMENTS)), expected)


def test_a_pooler_alone_is_no_head_for_pairs(tmp_path, tiny_bert):
    assert BertModel.from_pretrained(tiny_bert).pooler is not None
    _, missing = load_as_ours(tiny_bert, {"mlm": 1.0, "nsp": 1.0})
    assert missing == ["mlm", "nsp", "output_bias"]


@pytest.mark.parametrize(
    "encoder",
    [
        DistilBertModel(DISTILBERT),
        MPNetModel(
            MPNetConfig(
                **SMALL,
                hidden_size=16,
                num_hidden_layers=1,
                num_attention_heads=2,
                intermediate_size=32,
            ),
            add_pooling_layer=False,
        ),
        make_model(type_vocab_size=1).encoder,
    ],
    ids=lambda model: type(model).__name__,
)
def test_an_encoder_without_segments_learns_from_pairs_without_them(encoder):
    model = PretrainingModel(encoder.eval(), {"mlm": 1.0, "nsp": 1.0})
    assert not model.has_segments
    answers = model(make_batch())
    (answers["mlm"].loss + answers["nsp"].loss).backward()
    assert all(head.grad.isfinite().all() for head in model.heads.parameters())
    assert model(make_batch(0 * SEGMENTS))["mlm"].loss.item() == answers["mlm"].loss.item()


def test_an_encoder_with_segments_sees_them():
    model = make_model().eval()
    assert model.has_segments
    losses = [model(make_batch(segments))["mlm"].loss for segments in (SEGMENTS, 0 * SEGMENTS)]
    assert losses[0] != losses[1]


def test_a_text_without_known_pieces_is_an_error_that_says_what_to_do():
    with pytest.raises(SpanbertError, match=r"none occurs .*\[pretraining.vocabulary\] tokenizer"):
        PieceSampler(np.zeros(5, dtype=np.int64), mask=4)


@pytest.mark.parametrize(
    ("objectives", "message"),
    [({"mlm": 1.0, "lmm": 1.0}, "mlm, sbo.* but got lmm"), ({"mlm": 0.0}, "above 0, but got none")],
)
def test_objectives_that_cannot_be_are_refused(objectives, message):
    with pytest.raises(SpanbertError, match=message):
        make_model(objectives)
