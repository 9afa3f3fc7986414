"""Reading and writing CoNLL; that any spans come back is tested in `test_round_trips.py`."""

from pathlib import Path

import pytest
import spacy
from spacy.tokens import Doc, Span

from spacy_spanbert.annotations.relations import Relation
from spacy_spanbert.data.conll import read_conll
from spacy_spanbert.data.conll_write import write_conll
from spacy_spanbert.data.problems import CorpusError, Problems
from spacy_spanbert.data.records import Record, RecordSpan

NLP = spacy.blank("en")


def read(folder: Path, text: str, problems: Problems | None = None) -> list[Record]:
    (folder / "a.conll").write_text(text, newline="")
    return list(read_conll(folder / "a.conll", Problems("stop") if problems is None else problems))


def spans(record: Record) -> list[tuple[int, int, str]]:
    return [(span.start, span.end, span.label) for span in record.spans]


def test_an_empty_file_has_no_records(tmp_path: Path) -> None:
    assert read(tmp_path, "") == []
    assert read(tmp_path, "\n\n# a comment\n\n") == []


def test_layers_of_litbank_are_nested_spans(tmp_path: Path) -> None:
    rows = "the\tB-FAC\tO\t\nhouse\tI-FAC\tO\t\nof\tI-FAC\tO\t\nAnn\tI-FAC\tB-PER\t\n.\tO\tO\t\n"
    one, two = read(tmp_path, f"{rows}\n{rows}")
    assert one.words == ["the", "house", "of", "Ann", "."]
    assert spans(one) == [(0, 4, "FAC"), (3, 4, "PER")]
    assert one.text == "the house of Ann ."
    assert one.sent_starts is None
    assert two.place.line == 7
    assert spans(two) == spans(one)


def test_the_numbers_and_comments_of_germeval_are_not_words(tmp_path: Path) -> None:
    text = (
        "#\thttp://de.wikipedia.org/wiki/Manfred [2009-10-17]\n"
        "1\tARD-Programmchef\tB-PERpart\tO\n2\tVolker\tB-PER\tO\n3\tHerres\tI-PER\tB-OTH\n"
    )
    (record,) = read(tmp_path, text)
    assert record.words == ["ARD-Programmchef", "Volker", "Herres"]
    assert spans(record) == [(0, 1, "PERpart"), (1, 3, "PER"), (2, 3, "OTH")]


def test_of_conll_2003_the_last_column_is_read_and_documents_are_docs(tmp_path: Path) -> None:
    text = (
        "-DOCSTART- -X- -X- O\n\nEU NNP B-NP B-ORG\nrejects VBZ B-VP O\n\nPeter NNP B-NP B-PER\n\n"
        "-DOCSTART- -X- -X- O\n\nBRUSSELS NNP B-NP B-LOC\n"
    )
    one, two = read(tmp_path, text)
    assert one.words == ["EU", "rejects", "Peter"]
    assert one.sent_starts == [0, 2]
    assert spans(one) == [(0, 1, "ORG"), (2, 3, "PER")]
    assert two.words == ["BRUSSELS"]


def test_documents_begin_where_the_doc_id_changes(tmp_path: Path) -> None:
    text = "# doc_id = a\nx O\n\n# doc_id = a\ny O\n\n# doc_id = b\nz O\n# newdoc id = b\nw O\n"
    records = read(tmp_path, text)
    assert [record.words for record in records] == [["x", "y"], ["z"], ["w"]]
    assert [record.user_data for record in records] == [
        *({"doc_id": "a"}, {"doc_id": "b"}, {"doc_id": "b"}),
    ]
    assert [record.sent_starts for record in records] == [[0, 1], [0], [0]]


def test_in_a_document_too_a_span_ends_with_its_sentence(tmp_path: Path) -> None:
    problems = Problems()
    (record,) = read(tmp_path, "# newdoc\nEU B-ORG\n\nPeter I-ORG\n", problems)
    assert spans(record) == [(0, 1, "ORG"), (1, 2, "ORG")]
    assert ":4: I-ORG goes on" in str(problems.examples["illegal tag sequence"][0])


def test_words_that_look_like_comments_are_words(tmp_path: Path) -> None:
    (record,) = read(tmp_path, "# O\n#tag B-X\n#1 I-X\n")
    assert record.words == ["#", "#tag", "#1"]
    assert spans(record) == [(1, 3, "X")]


def test_windows_line_ends_and_runs_of_blank_lines_do_not_matter(tmp_path: Path) -> None:
    records = read(tmp_path, "\r\n\r\na\tB-X\r\nb\tI-X\r\n\r\n\r\nc\tO\r\n")
    assert [record.words for record in records] == [["a", "b"], ["c"]]
    assert spans(records[0]) == [(0, 2, "X")]


@pytest.mark.parametrize(
    ("row", "kind", "message", "words"),
    [
        ("b", "bad row", "Expected 2 columns", ["a", "b", "c"]),
        ("b\tNN", "bad tag", "Expected a BIO tag such as B-PER or O in column 2, not 'NN'", "abc"),
        ("\tO", "bad row", "Expected a word in column 1", ["a", "c"]),
        ("b\tO\tB-Y", "bad row", "More columns than the 2 of the first sentence", "abc"),
        ("b\tI-X", "illegal tag sequence", "I-X goes on with a span, but there is none", "abc"),
    ],
)
def test_bad_rows_and_tags_are_named_by_line_and_the_word_stays(
    tmp_path: Path, row: str, kind: str, message: str, words: list[str]
) -> None:
    text = f"first\tB-X\n\na\tO\n{row}\nc\tB-X\n"
    with pytest.raises(CorpusError, match=rf"a\.conll:4: .*{message}"):
        read(tmp_path, text, Problems("stop"))
    problems = Problems()
    _, record = read(tmp_path, text, problems)
    assert record.words == list(words)
    assert spans(record)[-1] == (len(words) - 1, len(words), "X")
    assert problems.counts == {kind: 1}


def test_a_file_without_tags_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match=r"a\.conll:2: Expected BIO tags .* in the last column"):
        read(tmp_path, "\nEU NNP\nrejects VBZ\n", Problems("skip"))
    with pytest.raises(CorpusError, match="Expected BIO tags"):
        read(tmp_path, "word\n", Problems("skip"))


def test_the_columns_are_as_many_as_the_deepest_document_needs(tmp_path: Path) -> None:
    flat = Doc(NLP.vocab, words=["a", "b"], spaces=[True, False], sent_starts=[True, True])
    flat.spans["sc"] = [Span(flat, 0, 1, label="X")]
    flat.user_data["doc_id"] = "one"
    deep = Doc(NLP.vocab, words=["c", "d", "e"], spaces=[False, False, False])
    deep.spans["sc"] = [Span(deep, 0, 2, label="X"), Span(deep, 1, 3, label="Y")]
    write_conll([flat, deep], tmp_path / "a.conll", "sc", Problems("stop"))
    assert (tmp_path / "a.conll").read_text() == (
        "# newdoc id = one\n"
        "# no_space_after =\na\tB-X\tO\n\n"
        "# no_space_after = 1\nb\tO\tO\n\n"
        "# newdoc\n# sentences = unknown\n"
        "# no_space_after = 1 2 3\nc\tB-X\tO\nd\tI-X\tB-Y\ne\tO\tI-Y\n\n"
    )
    assert [path.name for path in tmp_path.iterdir()] == ["a.conll"]


def test_relations_are_reported_once_as_left_out(tmp_path: Path) -> None:
    docs = [Doc(NLP.vocab, words=["a", "b"]) for _ in range(3)]
    for doc in docs:
        doc.spans["sc"] = [doc[0:1], doc[1:2]]
    for doc in docs[1:]:
        doc._.relations = [Relation(doc[0:1], doc[1:2], "X"), Relation(doc[1:2], doc[0:1], "X")]
    problems = Problems("stop")
    write_conll(docs, tmp_path / "a.conll", "sc", problems)
    assert problems.counts == {"relations left out": 1}
    (problem,) = problems.examples["relations left out"]
    assert "those of 2 documents are left out" in problem.message
    write_conll(docs[:1], tmp_path / "a.conll", "sc", none := Problems("stop"))
    assert not none


def test_a_span_across_a_sentence_boundary_comes_back_whole(tmp_path: Path) -> None:
    doc = Doc(NLP.vocab, words=["a", "b"], sent_starts=[True, True])
    doc.spans["sc"] = [Span(doc, 0, 2, label="X")]
    write_conll([doc], tmp_path / "a.conll", "sc", Problems("stop"))
    assert "# spans_cross_sentences = yes" in (tmp_path / "a.conll").read_text()
    (record,) = read_conll(tmp_path / "a.conll", Problems("stop"))
    assert record.spans == [RecordSpan(0, 2, "X")]
    assert record.sent_starts == [0, 1]


def test_white_space_in_words_is_escaped_only_where_there_is_some(tmp_path: Path) -> None:
    plain = Doc(NLP.vocab, words=[":\\", "\\u{a}"])
    odd = Doc(NLP.vocab, words=["\n", ":\\"])
    for doc in (plain, odd):
        doc.spans["sc"] = []
    write_conll([plain, odd], tmp_path / "a.conll", "sc", Problems("stop"))
    rows = (tmp_path / "a.conll").read_text().splitlines()
    assert [row for row in rows if "\t" in row] == [
        *(":\\\tO", "\\u{a}\tO", "\\u{a}\tO", ":\\u{5c}\tO"),
    ]
    one, two = read_conll(tmp_path / "a.conll", Problems("stop"))
    assert (one.words, two.words) == ([":\\", "\\u{a}"], ["\n", ":\\"])
