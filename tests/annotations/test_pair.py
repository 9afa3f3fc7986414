import logging

import pytest
import spacy
from hypothesis import given, settings
from spacy.tokens import Doc, DocBin

from spacy_spanbert import make_pair, rank, segments
from spacy_spanbert.errors import SpanbertError
from tests.text.samples import texts

NLP = spacy.blank("en")


def words(doc) -> list[str]:
    return [word.text for word in doc]


@settings(deadline=None)
@given(first=texts, second=texts)
def test_a_pair_has_the_words_of_both_texts_and_survives_everything(first, second):
    pair = make_pair(NLP, first, second)
    copies = [
        pair,
        pair.copy(),
        Doc(NLP.vocab).from_bytes(pair.to_bytes()),
        *DocBin(docs=[pair]).get_docs(NLP.vocab),
    ]
    for doc in copies:
        found = [words(segment) for segment in segments(doc)]
        assert found == [words(NLP.make_doc(first)), words(NLP.make_doc(second))]


def test_docs_are_not_tokenized_again_and_keep_what_their_words_carry():
    first = Doc(NLP.vocab, words=["can", "not", "go"], tags=["A", "B", "C"], ents=["B-X", "O", "O"])
    pair = make_pair(NLP, first, "no")
    assert words(pair) == ["can", "not", "go", "no"]
    assert [word.tag_ for word in pair] == ["A", "B", "C", ""]
    assert [ent.text for ent in pair.ents] == ["can"]
    assert pair.text == "can not go no"


@pytest.mark.parametrize("both", [("", ""), ("a", ""), ("", "a")])
def test_a_text_may_be_empty(both):
    assert [segment.text for segment in segments(make_pair(NLP, *both))] == list(both)


def test_spans_set_by_hand_are_a_pair():
    doc = NLP.make_doc("a b c")
    doc.spans["pair"] = [doc[:1], doc[1:]]
    assert [segment.text for segment in segments(doc)] == ["a", "b c"]


def test_what_is_no_pair_says_how_to_make_one():
    with pytest.raises(SpanbertError, match=r"'just one' is no pair.*make_pair.*PairCorpus"):
        segments(NLP.make_doc("just one"))


@pytest.mark.parametrize("borders", [[], [(0, 1)], [(0, 1), (2, 3)], [(0, 2), (1, 3)]])
def test_spans_that_are_no_pair_are_refused(borders):
    doc = NLP.make_doc("a b c")
    doc.spans["pair"] = [doc[start:end] for start, end in borders]
    with pytest.raises(SpanbertError, match="expected two spans, one after the other"):
        segments(doc)


def test_words_that_changed_are_noticed():
    doc = make_pair(NLP, "a b", "c")
    with doc.retokenize() as retokenizer:
        retokenizer.merge(doc[:2])
    with pytest.raises(SpanbertError, match="as make_pair sets them"):
        segments(doc)


def test_neither_text_nor_doc_and_a_strange_vocabulary_are_refused():
    with pytest.raises(SpanbertError, match="text_b of a pair is a text or a Doc, but is a int"):
        make_pair(NLP, "a", 3)  # type: ignore[arg-type]
    with pytest.raises(SpanbertError, match="text_a of a pair, 'x', was made by another pipeline"):
        make_pair(NLP, spacy.blank("en")("x"), "b")


@pytest.mark.parametrize("others", [["aa", "a", "aaaa", "a"], ["a", "aaaa", "a"], ["a"]])
def test_ranking_sorts_by_score_and_keeps_the_order_of_equals(others):
    nlp = spacy.blank("en")
    spacy.Language.component("length_of_second", func=_length_of_second)
    nlp.add_pipe("length_of_second")
    ranked = rank(nlp, "x", others, label="long", batch_size=2)
    expected = sorted(enumerate(others), key=lambda item: -len(item[1]))
    assert [(item.index, item.score) for item in ranked] == [
        (index, len(text) / 10) for index, text in expected
    ]
    assert rank(nlp, "x", [], label="long") == []
    with pytest.raises(SpanbertError, match="label 'wide'; there are: long"):
        rank(nlp, "x", ["a"], label="wide")
    with pytest.raises(SpanbertError, match=r"takes many texts .* in a list, but got one: 'abc'"):
        rank(nlp, "x", "abc", label="long")


def _length_of_second(doc: Doc) -> Doc:
    doc.cats["long"] = len(segments(doc)[1].text) / 10
    return doc


def test_a_text_that_an_error_handler_drops_leaves_the_others_their_numbers(caplog):
    nlp = spacy.blank("en")
    spacy.Language.component("refuses_bad_texts", func=_refuses_bad_texts)
    spacy.Language.component("length_of_second", func=_length_of_second)
    nlp.add_pipe("refuses_bad_texts")
    nlp.add_pipe("length_of_second")
    nlp.set_error_handler(_log_error)
    others = ["a", "bad", "aaaa", "aa", "bad", "aaa"]
    with caplog.at_level(logging.ERROR, logger=__name__):
        ranked = rank(nlp, "x", others, label="long", batch_size=2)
    assert [(item.index, item.score) for item in ranked] == [(2, 0.4), (5, 0.3), (3, 0.2), (0, 0.1)]
    assert [record.getMessage() for record in caplog.records] == [
        "refuses_bad_texts dropped ['x bad']: a bad text"
    ] * 2


def _refuses_bad_texts(doc: Doc) -> Doc:
    if segments(doc)[1].text == "bad":
        raise ValueError("a bad text")
    return doc


def _log_error(name, component, docs, error) -> None:
    del component
    texts_ = [doc.text for doc in docs]
    logging.getLogger(__name__).error("%s dropped %s: %s", name, texts_, error)
