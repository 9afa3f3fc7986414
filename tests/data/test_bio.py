from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacy_spanbert.data.bio import decode_layer, encode_layers, is_tag
from spacy_spanbert.data.records import RecordSpan

N_WORDS = 9
SPANS = st.lists(
    st.builds(
        lambda a, b, label: RecordSpan(min(a, b), max(a, b) + 1, label),
        st.integers(0, N_WORDS - 1),
        st.integers(0, N_WORDS - 1),
        st.sampled_from(["A", "B", "I-A", ""]),
    ),
    max_size=12,
)


@given(SPANS)
def test_any_spans_come_back_from_their_layers(spans: list[RecordSpan]) -> None:
    layers = encode_layers(spans, N_WORDS)
    assert Counter(span for layer in layers for span in decode_layer(layer)) == Counter(spans)


@given(SPANS)
def test_a_word_has_no_tag_in_a_deeper_layer_than_spans_cover_it_or_touch_those(
    spans: list[RecordSpan],
) -> None:
    layers = encode_layers(spans, N_WORDS)
    assert len(layers) <= len(spans)
    assert all(set(layer) != {"O"} for layer in layers)
    for i in range(N_WORDS):
        n_tags = sum(layer[i] != "O" for layer in layers)
        assert n_tags == sum(span.start <= i < span.end for span in spans)


def test_the_outermost_spans_are_in_the_first_layer() -> None:
    spans = [RecordSpan(1, 2, "IN"), RecordSpan(0, 3, "OUT"), RecordSpan(3, 4, "NEXT")]
    assert encode_layers(spans, 4) == [
        ["B-OUT", "I-OUT", "I-OUT", "B-NEXT"],
        ["O", "B-IN", "O", "O"],
    ]


def test_no_spans_need_no_layer_and_no_tags_give_no_span() -> None:
    assert encode_layers([], 3) == []
    assert decode_layer([]) == []


@pytest.mark.parametrize(
    ("tags", "spans"),
    [
        ("B-A I-A O B-A", [(0, 2, "A"), (3, 4, "A")]),
        ("B-A B-A I-A", [(0, 1, "A"), (1, 3, "A")]),
        ("S-A B-A I-A E-A S-B", [(0, 1, "A"), (1, 4, "A"), (4, 5, "B")]),
        ("U-A B-A L-A O", [(0, 1, "A"), (1, 3, "A")]),
        ("B I O S", [(0, 2, ""), (3, 4, "")]),
        ("B-cell-type I-cell-type", [(0, 2, "cell-type")]),
    ],
)
def test_bio_and_bioes_are_read_without_repairs(
    tags: str, spans: list[tuple[int, int, str]]
) -> None:
    repairs: list[int] = []
    found = decode_layer(tags.split(), on_repair=lambda i, reason: repairs.append(i))
    assert found == [RecordSpan(*span) for span in spans]
    assert repairs == []


@pytest.mark.parametrize(
    ("tags", "spans", "repaired"),
    [
        ("O I-A I-A", [(1, 3, "A")], [1]),
        ("B-A I-B", [(0, 1, "A"), (1, 2, "B")], [1]),
        ("O E-A I-A", [(1, 2, "A"), (2, 3, "A")], [1, 2]),
        ("S-A I-A", [(0, 1, "A"), (1, 2, "A")], [1]),
    ],
)
def test_illegal_sequences_are_mended_and_reported(
    tags: str, spans: list[tuple[int, int, str]], repaired: list[int]
) -> None:
    repairs: list[int] = []
    found = decode_layer(tags.split(), on_repair=lambda i, reason: repairs.append(i))
    assert found == [RecordSpan(*span) for span in spans]
    assert repairs == repaired


def test_a_span_ends_at_a_break() -> None:
    repairs: list[str] = []
    found = decode_layer(["B-A", "I-A", "I-A"], {2}, lambda i, reason: repairs.append(reason))
    assert found == [RecordSpan(0, 2, "A"), RecordSpan(2, 3, "A")]
    assert repairs == ["I-A goes on with a span, but there is none: it begins one."]


@pytest.mark.parametrize("tag", ["O", "B-PER", "I", "E-a b", "S-", "B-\n"])
def test_tags_are_known(tag: str) -> None:
    assert is_tag(tag)


@pytest.mark.parametrize("tag", ["", "NN", "o", "BPER", "X-PER", "_", "OO", "O-PER"])
def test_other_strings_are_no_tags(tag: str) -> None:
    assert not is_tag(tag)
    with pytest.raises(ValueError, match="Expected a BIO tag"):
        decode_layer([tag])
