import pytest

from spacy_spanbert.checkpoints.checkpoint import CheckpointError
from spacy_spanbert.checkpoints.load import load_tokenizer
from spacy_spanbert.pretraining.checkpoint import BEST, LAST, Progress, save_pretraining
from spacy_spanbert.pretraining.corpus_source import CorpusSource, SourceFile
from spacy_spanbert.pretraining.corruption.span_masking import SpanMasking
from spacy_spanbert.pretraining.earlier_run import (
    SOURCE,
    EarlierRunError,
    check_settings,
    fixed_settings,
    read_progress,
    read_source,
    write_source,
)
from tests.pretraining.simple import make_model, make_settings


def make_run(output, share=0.15, **training):
    settings = make_settings(output, **training)
    settings.corruption = SpanMasking(share=share)
    return settings


def test_what_changes_nothing_that_is_computed_may_change(tmp_path):
    begun = fixed_settings(make_run(tmp_path))
    moved = make_run(tmp_path / "elsewhere", log_every=7, shard=True)
    assert check_settings(begun, moved) is None


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"learn_rate": 0.5}, r"training\.learn_rate was 0\.01 and is 0\.5"),
        ({"share": 0.2}, r"corruption was .*share=0\.15.* and is .*share=0\.2"),
        ({"seed": 4, "eps": 1e-3}, r"training\.eps was 1e-06 and is 0\.001; training\.seed was 3"),
    ],
)
def test_what_was_changed_is_named(changes, message, tmp_path):
    begun = fixed_settings(make_run(tmp_path))
    with pytest.raises(EarlierRunError, match=f"{message}.*Restore them"):
        check_settings(begun, make_run(tmp_path, **changes))


def test_the_text_of_a_run_is_stored_whole(tmp_path):
    source = CorpusSource((SourceFile("a.txt", 3, 17, "digest"),), "tokenizer", {"lang": "en"})
    write_source(tmp_path, source)
    assert read_source(tmp_path) == source
    assert [path.name for path in tmp_path.iterdir()] == [SOURCE]


@pytest.mark.parametrize("content", [None, "{", '{"files": []}'])
def test_a_record_that_cannot_be_read_is_named(content, tmp_path):
    if content is not None:
        (tmp_path / SOURCE).write_text(content, encoding="utf8")
    with pytest.raises(EarlierRunError, match=rf"{SOURCE} cannot be read .*Begin a new run"):
        read_source(tmp_path)


def save(folder, tokenizer, step):
    save_pretraining(folder, make_model(), load_tokenizer(tokenizer), Progress(step=step))


def test_a_run_that_was_killed_before_it_learned_anything_begins_anew(tmp_path, tiny_bert):
    assert read_progress(tmp_path / "none") is None
    save(tmp_path / BEST, tiny_bert, step=0)
    assert read_progress(tmp_path) is None
    save(tmp_path / LAST, tiny_bert, step=0)
    assert read_progress(tmp_path).step == 0


@pytest.mark.parametrize("content", ["{", None])
def test_a_trained_encoder_without_its_run_is_not_taken_for_none(content, tmp_path, tiny_bert):
    save(tmp_path / BEST, tiny_bert, step=3)
    with pytest.raises(EarlierRunError, match=rf"holds {BEST} .* but no {LAST}/.*Move {tmp_path}"):
        read_progress(tmp_path)
    (tmp_path / BEST / "pretraining.json").unlink()
    if content is not None:
        (tmp_path / BEST / "pretraining.json").write_text(content)
    with pytest.raises(EarlierRunError, match=f"Move {tmp_path} away, or name another"):
        read_progress(tmp_path)


def test_a_last_checkpoint_that_does_not_say_how_far_it_is_is_not_taken_for_none(
    tmp_path, tiny_bert
):
    save(tmp_path / LAST, tiny_bert, step=3)
    (tmp_path / LAST / "pretraining.json").write_text('{"step": ')
    with pytest.raises(CheckpointError, match=f"is damaged: .*Move {tmp_path} away, or name"):
        read_progress(tmp_path)
    (tmp_path / LAST / "pretraining.json").unlink()
    with pytest.raises(EarlierRunError, match=f"holds {LAST} .*Move {tmp_path} away, or name"):
        read_progress(tmp_path)
