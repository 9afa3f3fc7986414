import pytest
import spacy
from hypothesis import given
from hypothesis import strategies as st
from spacy.tokens import Doc

from spacy_spanbert.data.offsets import fit_sent_starts, fit_spans
from spacy_spanbert.data.problems import CorpusError, Place, Problems
from spacy_spanbert.data.records import RecordSpan

NLP = spacy.blank("en")


@st.composite
def small_docs(draw: st.DrawFn) -> Doc:
    words = draw(st.lists(st.sampled_from(["a", "bc", "def", "\n"]), min_size=1, max_size=6))
    spaces = draw(st.lists(st.booleans(), min_size=len(words), max_size=len(words)))
    return Doc(NLP.vocab, words=words, spaces=spaces)


@given(small_docs())
def test_spans_fit_exactly_where_a_search_over_all_words_finds_them(doc: Doc) -> None:
    words = {
        (doc[i].idx, doc[j].idx + len(doc[j])): (i, j + 1)
        for i in range(len(doc))
        for j in range(i, len(doc))
    }
    for start in range(len(doc.text)):
        for end in range(start + 1, len(doc.text) + 1):
            problems = Problems()
            found = fit_spans(doc, [RecordSpan(start, end, "A", 0.5)], Place(), problems)
            if (start, end) in words:
                assert found == [RecordSpan(*words[start, end], "A", 0.5)]
                assert not problems
            else:
                assert found == []
                assert problems.counts == {"misaligned span": 1}


@given(small_docs(), st.data())
def test_sentence_starts_fit_where_a_word_starts_or_after_white_space(
    doc: Doc, data: st.DataObject
) -> None:
    offset = data.draw(st.integers(0, len(doc.text)))
    problems = Problems()
    found = fit_sent_starts(doc, [offset], Place(), problems)
    after = [token.i for token in doc if token.idx + len(token) > offset]
    if after and doc[after[0]].idx < offset:
        assert found == []
        assert problems.counts == {"sentence start inside a word": 1}
    else:
        assert found == after[:1]
        assert not problems


@pytest.mark.parametrize(
    ("start", "end", "reason"),
    [
        (0, 3, r"'PHA' \(protein, characters 0 to 3\).*it cuts 'PHAs'"),
        (1, 8, r"'HAs and'.*it cuts 'PHAs'"),
        (1, 7, r"it cuts 'PHAs' and 'and'"),
        (5, 9, r"'and '.*white space at its ends"),
    ],
)
def test_the_message_says_why_a_span_does_not_fit(start: int, end: int, reason: str) -> None:
    doc = Doc(NLP.vocab, words=["PHAs", "and", "B"], spaces=[True, True, False])
    with pytest.raises(CorpusError, match=reason):
        fit_spans(doc, [RecordSpan(start, end, "protein")], Place(), Problems("stop"))


def test_no_spans_and_no_sentences_fit_an_empty_text() -> None:
    doc = Doc(NLP.vocab)
    assert fit_spans(doc, [], Place(), Problems("stop")) == []
    assert fit_sent_starts(doc, [0], Place(), Problems("stop")) == []
