import spacy
from spacy.tokens import Doc, Span

from spacy_spanbert.annotations.gold_spans import GoldSpan, place_gold_spans, sentence_numbers

VOCAB = spacy.blank("en").vocab


def make_doc(words, spaces, spans=()):
    doc = Doc(VOCAB, words=words, spaces=spaces)
    doc.spans["sc"] = [Span(doc, start, end, label) for start, end, label in spans]
    return doc


def test_a_docs_own_spans_come_outermost_first_without_repetitions():
    spans = [(1, 2, "B"), (1, 2, "A"), (0, 3, "A"), (1, 2, "A"), (2, 2, "A")]
    doc = make_doc(["a", "b", "c"], [True] * 3, spans)
    assert place_gold_spans(doc, doc, "sc") == [
        GoldSpan(0, 3, 3, "A"),
        GoldSpan(1, 2, 1, "A"),
        GoldSpan(1, 2, 1, "B"),
        GoldSpan(2, 2, 0, "A"),
    ]


def test_spans_are_placed_on_the_predicted_words_by_character():
    predicted = make_doc(["New", "-", "York", "ers."], [False] * 4)
    gold = make_doc(
        ["New-York", "ers", "."], [False] * 3, [(0, 1, "GPE"), (0, 2, "PER"), (0, 3, "PER")]
    )
    placed = place_gold_spans(predicted, gold, "sc")
    assert placed == [
        GoldSpan(0, 4, 4, "PER"),
        GoldSpan(-1, -1, 2, "PER"),  # ends within "ers."
        GoldSpan(0, 3, 3, "GPE"),
    ]
    assert [span.is_aligned for span in placed] == [True, False, True]


def test_white_space_words_the_gold_text_lacks_stay_outside():
    predicted = make_doc(["a", "\n", "b", "\n", "c"], [False] * 5)
    gold = make_doc(["a", "b", "c"], [True, True, False], [(1, 2, "A"), (0, 3, "B")])
    assert place_gold_spans(predicted, gold, "sc") == [
        GoldSpan(0, 5, 5, "B"),
        GoldSpan(2, 3, 1, "A"),
    ]


def test_a_span_without_words_is_not_aligned_with_other_words():
    predicted = make_doc(["a", "b"], [True, False])
    gold = make_doc(["a", "b"], [True, False], [(1, 1, "A")])
    assert place_gold_spans(predicted, gold, "sc") == [GoldSpan(-1, -1, 0, "A")]


def test_sentences_are_numbered_from_their_first_words():
    doc = Doc(VOCAB, words=list("abcd"), sent_starts=[True, False, True, None])
    numbers = sentence_numbers(doc)
    assert numbers is not None
    assert numbers[0] == numbers[1] != numbers[2] == numbers[3]


def test_words_without_sentence_boundaries_have_no_numbers():
    assert sentence_numbers(Doc(VOCAB, words=list("abcd"))) is None
