import shutil
from pathlib import Path

import pytest
from transformers import BertTokenizerFast

from spacy_spanbert.checkpoints.checkpoint import CheckpointError
from spacy_spanbert.checkpoints.load import load_checkpoint, load_tokenizer
from spacy_spanbert.checkpoints.same_pieces import check_same_pieces
from spacy_spanbert.errors import SpanbertError
from spacy_spanbert.pretraining.prepare import prepare_tokenizer
from tests.pretraining.simple import make_settings
from tests.tiny_encoder import tiny_wordpieces

PIECES = tiny_wordpieces()


def make_tokenizer(folder: Path, pieces: list[str], lowercase: bool = True) -> BertTokenizerFast:
    folder.mkdir()
    (folder / "vocab.txt").write_text("\n".join(pieces) + "\n", encoding="utf8")
    BertTokenizerFast(
        vocab_file=str(folder / "vocab.txt"), do_lower_case=lowercase
    ).save_pretrained(folder)
    return load_tokenizer(folder, cased=not lowercase)


@pytest.mark.parametrize("pieces", [PIECES, [*PIECES, "gene", "##ase"], PIECES[:-3]])
@pytest.mark.parametrize("lowercase", [True, False])
def test_the_same_pieces_and_new_ones_behind_them_are_welcome(
    pieces, lowercase, tmp_path, tiny_bert
):
    tokenizer = make_tokenizer(tmp_path / "other", pieces, lowercase)
    assert check_same_pieces(tokenizer, "other", tiny_bert) is None


def test_places_that_are_kept_free_may_be_taken(tmp_path):
    make_tokenizer(tmp_path / "own", [*PIECES, "[unused1]", "[unused2]", "last"])
    taken = make_tokenizer(tmp_path / "other", [*PIECES, "gene", "[unused2]", "last"])
    assert check_same_pieces(taken, "other", tmp_path / "own") is None


def test_pieces_in_another_order_are_refused_and_named(tmp_path, tiny_bert):
    pieces = [*PIECES[:10], PIECES[11], PIECES[10], *PIECES[12:]]
    tokenizer = make_tokenizer(tmp_path / "other", pieces)
    with pytest.raises(SpanbertError) as caught:
        check_same_pieces(tokenizer, "other", tiny_bert)
    message = str(caught.value)
    assert "tokenizer other numbers 2 pieces otherwise" in message
    assert f"10 is {PIECES[11]!r}, to the encoder {PIECES[10]!r}" in message
    assert "Leave it out to take the encoder's own" in message


def test_a_known_piece_at_a_new_number_is_refused(tmp_path, tiny_bert):
    pieces = [*PIECES[:-1], "gene", PIECES[-1]]
    tokenizer = make_tokenizer(tmp_path / "other", pieces)
    n = len(PIECES)
    with pytest.raises(SpanbertError, match=f"is {n}, to the encoder {n - 1}"):
        check_same_pieces(tokenizer, "other", tiny_bert)


def test_a_checkpoint_without_a_tokenizer_accepts_any(tmp_path, tiny_bert):
    for name in ("config.json", "model.safetensors"):
        shutil.copy(tiny_bert / name, tmp_path)
    tokenizer = make_tokenizer(tmp_path / "other", PIECES[::-1])
    assert check_same_pieces(tokenizer, "other", tmp_path) is None


def test_an_encoder_is_not_loaded_with_the_vocabulary_of_another(tmp_path, tiny_bert):
    make_tokenizer(tmp_path / "other", [*PIECES[:5], *PIECES[:4:-1]])
    with pytest.raises(CheckpointError, match="would get the vectors of others"):
        load_checkpoint(tiny_bert, tokenizer=tmp_path / "other")


def test_a_run_with_the_vocabulary_of_another_encoder_does_not_begin(tmp_path, tiny_bert):
    make_tokenizer(tmp_path / "other", [*PIECES[:5], *PIECES[:4:-1]])
    settings = make_settings(tmp_path / "run")
    settings.encoder.checkpoint = str(tiny_bert)
    settings.vocabulary.tokenizer = str(tmp_path / "other")
    with pytest.raises(SpanbertError, match="would get the vectors of others"):
        prepare_tokenizer(settings)
