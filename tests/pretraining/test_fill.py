import pytest
import torch
from transformers import BertConfig, BertForMaskedLM

from spacy_spanbert.checkpoints.load import load_checkpoint
from spacy_spanbert.errors import SpanbertError
from spacy_spanbert.pretraining.checkpoint import Progress, save_pretraining
from spacy_spanbert.pretraining.fill import fill_masks, load_for_filling
from spacy_spanbert.pretraining.model import PretrainingModel


@pytest.fixture(scope="module")
def pretrained(tiny_bert, tmp_path_factory):
    folder = tmp_path_factory.mktemp("pretrained") / "checkpoint"
    checkpoint = load_checkpoint(tiny_bert)
    torch.manual_seed(5)
    model = PretrainingModel(checkpoint.module, {"mlm": 1.0, "sbo": 1.0})
    save_pretraining(folder, model, checkpoint.tokenizer, Progress())
    return folder


def fill(folder, text, objective="mlm", n_best=3):
    checkpoint, model = load_for_filling(folder, objective)
    return fill_masks(checkpoint, model, text, boundary=objective == "sbo", n_best=n_best)


def test_each_mask_has_its_most_probable_pieces(pretrained):
    guesses = fill(pretrained, "the [MASK] [MASK] was [MASK] there", n_best=4)
    assert [len(best) for best in guesses] == [4, 4, 4]
    for best in guesses:
        probabilities = [guess.probability for guess in best]
        assert probabilities == sorted(probabilities, reverse=True)
        assert 0 < sum(probabilities) <= 1


def test_a_published_checkpoint_with_its_head_is_asked_in_whatever_form_it_is_named(
    tiny_bert, tmp_path, monkeypatch
):
    tokenizer = load_checkpoint(tiny_bert).tokenizer
    config = BertConfig.from_pretrained(tiny_bert)
    published = BertForMaskedLM(config).eval()
    folder = tmp_path / "published_encoder" / "model"
    published.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    (tmp_path / "published_encoder" / "__init__.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    text = "the old [MASK] was there"
    ids = tokenizer(text, return_tensors="pt")
    with torch.no_grad():
        logits = published(**ids).logits[0, ids["input_ids"][0] == tokenizer.mask_token_id]
    for source in (folder, "package:published_encoder/model"):
        checkpoint, model = load_for_filling(source, "mlm")
        (best,) = fill_masks(checkpoint, model, text, boundary=False, n_best=3)
        for guess in best:
            index = tokenizer.convert_tokens_to_ids(guess.piece)
            assert guess.probability == pytest.approx(logits.softmax(1)[0, index].item(), rel=1e-3)


def test_special_pieces_are_no_candidates(pretrained):
    checkpoint, _ = load_for_filling(pretrained, "mlm")
    special = set(checkpoint.tokenizer.all_special_tokens)
    (best,) = fill(pretrained, "the [MASK] was", n_best=10_000)
    assert {guess.piece for guess in best} == checkpoint.tokenizer.get_vocab().keys() - special


def test_probabilities_are_those_of_the_head_over_hugging_faces_output(pretrained):
    checkpoint, model = load_for_filling(pretrained, "mlm")
    text = "the old [MASK] was there"
    ids = checkpoint.tokenizer(text, return_tensors="pt")["input_ids"]
    with torch.no_grad():
        hidden = checkpoint.module(input_ids=ids).last_hidden_state[0]
        place = ids[0].tolist().index(checkpoint.tokenizer.mask_token_id)
        vector = model.heads["mlm"](hidden[place][None])
        table = checkpoint.module.get_input_embeddings().weight
        expected = (vector @ table.T + model.output_bias).softmax(1)[0]
    (best,) = fill(pretrained, text, n_best=1000)
    vocabulary = checkpoint.tokenizer.get_vocab()
    for guess in best:
        assert guess.probability == pytest.approx(
            expected[vocabulary[guess.piece]].item(), rel=1e-3
        )


def test_the_boundary_head_sees_the_two_pieces_around_the_span_and_the_position(pretrained):
    checkpoint, model = load_for_filling(pretrained, "sbo")
    # without attention, the vector of a piece tells of that piece alone
    with torch.no_grad():
        for layer in checkpoint.module.encoder.layer:
            layer.attention.output.dense.weight.zero_()
            layer.attention.output.dense.bias.zero_()

    def guess(text):
        return fill_masks(checkpoint, model, text, boundary=True, n_best=3)

    first, second = guess("and he [MASK] [MASK] was in")
    assert first != second
    assert guess("the he [MASK] [MASK] was of") == [first, second]
    for other in ("and the [MASK] [MASK] was in", "and he [MASK] [MASK] of in"):
        assert guess(other)[0] != first
        assert guess(other)[1] != second


@pytest.mark.parametrize(
    ("text", "objective", "message"),
    [
        ("no mask", "mlm", r"Expected a text with \[MASK\]"),
        ("[MASK] was there", "sbo", "text on both sides"),
        ("he was [MASK]", "sbo", "text on both sides"),
        ("a " + "[MASK] " * 33 + "b", "sbo", "at most 32 masks side by side, but there are 33"),
        ("[MASK] " * 2000, "mlm", "the encoder reads"),
    ],
)
def test_what_cannot_be_asked_is_explained(pretrained, text, objective, message):
    with pytest.raises(SpanbertError, match=message):
        fill(pretrained, text, objective)


def test_a_checkpoint_without_heads_is_refused(tiny_bert):
    with pytest.raises(SpanbertError, match="has no head for sbo"):
        load_for_filling(tiny_bert, "sbo")
