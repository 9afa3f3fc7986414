from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from spacy_spanbert.data.records import (
    Record,
    RecordSpan,
    join_records,
    join_words,
    to_characters,
    word_offsets,
)


def record(text: str, *spans: tuple[int, int], spaced: bool = False) -> Record:
    """A record whose words are parted by single spaces."""
    words = text.split(" ") if text else []
    spaces = [True] * len(words)
    if spaces and not spaced:
        spaces[-1] = False
    made = [RecordSpan(start, end, "A") for start, end in spans]
    return Record(join_words(words, spaces), words, spaces, made, user_data={"doc_id": "x"})


@given(st.lists(st.tuples(st.text(min_size=1, max_size=4), st.booleans()), max_size=6))
def test_offsets_cut_the_joined_text_into_the_words(pairs: list[tuple[str, bool]]) -> None:
    words, spaces = [word for word, _ in pairs], [space for _, space in pairs]
    text = join_words(words, spaces)
    assert [text[start:end] for start, end in word_offsets(words, spaces)] == words


def test_sentences_without_white_space_at_their_ends_get_a_space_between_them() -> None:
    joined = join_records([record("A b.", (0, 1)), record("C.", (0, 1)), record("D")])
    assert joined.text == "A b. C. D"
    assert joined.words == ["A", "b.", "C.", "D"]
    assert joined.spaces == [True, True, True, False]
    assert joined.sent_starts == [0, 2, 3]
    assert joined.spans == [RecordSpan(0, 1, "A"), RecordSpan(2, 3, "A")]


def test_sentences_that_carry_their_white_space_are_joined_as_they_are() -> None:
    joined = join_records([record("No.", spaced=True), record("4."), record("--Wall")])
    assert joined.text == "No. 4.--Wall"
    assert joined.spaces == [True, False, False]


def test_joining_characters_equals_joining_words() -> None:
    records = [record("A b.", (0, 2)), record(""), record("C d e.", (0, 1), (1, 3))]
    in_words = join_records(records)
    in_characters = join_records([to_characters(one) for one in records])
    assert in_characters.words is None
    assert to_characters(in_words) == in_characters
    assert [in_characters.text[span.start : span.end] for span in in_characters.spans] == [
        "A b.",
        "C",
        "d e.",
    ]


def test_if_one_record_has_no_words_all_are_in_characters() -> None:
    joined = join_records([record("A b.", (1, 2)), to_characters(record("C d.", (1, 2)))])
    assert joined.words is None
    assert [joined.text[span.start : span.end] for span in joined.spans] == ["b.", "d."]
    assert joined.sent_starts == [0, 5]


def test_empty_records_are_no_sentences() -> None:
    joined = join_records([record(""), record("A b"), record(""), record("C"), record("")])
    assert joined.sent_starts == [0, 2]
    assert joined.text == "A b C "
    assert join_records([record("")]).sent_starts == []


def test_sentence_starts_inside_a_record_are_kept() -> None:
    first = replace(record("A b c"), sent_starts=[0, 2])
    assert join_records([first, record("D")]).sent_starts == [0, 2, 3]


def test_only_what_is_the_same_in_all_records_is_kept_of_the_user_data() -> None:
    one = replace(record("A"), user_data={"doc_id": "x", "sent_id": 0, "only": 1})
    two = replace(record("B"), user_data={"doc_id": "x", "sent_id": 1})
    assert join_records([one, two]).user_data == {"doc_id": "x"}


def test_tags_are_joined_and_missing_ones_left_empty() -> None:
    tagged = replace(record("A b"), tags=["X", "Y"])
    assert join_records([tagged, record("C")]).tags == ["X", "Y", ""]
    assert join_records([record("A"), record("C")]).tags is None
    assert to_characters(tagged).tags is None
