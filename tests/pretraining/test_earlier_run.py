import pytest

from spacy_spanbert.pretraining.corpus_source import CorpusSource, SourceFile
from spacy_spanbert.pretraining.corruption.span_masking import SpanMasking
from spacy_spanbert.pretraining.earlier_run import (
    SOURCE,
    EarlierRunError,
    check_settings,
    fixed_settings,
    read_source,
    write_source,
)
from tests.pretraining.simple import make_settings


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
