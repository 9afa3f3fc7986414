import json

import pytest
import spacy
from spacy.tokens import DocBin

from spacy_spanbert import segments
from spacy_spanbert.data.labelled import read_labelled
from spacy_spanbert.data.labelled_convert import convert_labelled
from spacy_spanbert.data.problems import CorpusError, Problems

NLP = spacy.blank("en")


def convert(tmp_path, text: str, *, pairs: bool = False, suffix: str = ".jsonl"):
    source, target = tmp_path / f"in{suffix}", tmp_path / "out.spacy"
    source.write_text(text, encoding="utf8")
    problems = Problems()
    rows = dict(convert_labelled(source, target, NLP, problems, pairs=pairs))
    return list(DocBin().from_disk(target).get_docs(NLP.vocab)), rows, problems


def lines(*records) -> str:
    return "".join(json.dumps(record) + "\n" for record in records)


def test_a_label_is_one_among_all_labels_of_the_file(tmp_path):
    text = lines({"text": "a", "label": "x"}, {"text": "b", "label": "y"}, {"text": "c"})
    docs, rows, problems = convert(tmp_path, text)
    assert [doc.cats for doc in docs] == [{"x": 1.0, "y": 0.0}, {"x": 0.0, "y": 1.0}, {}]
    assert rows["without annotation"] == "1"
    assert not problems


def test_whole_numbers_are_labels_by_their_digits(tmp_path):
    text = lines({"text": "a", "label": 1}, {"text": "b", "labels": [0, "1"]})
    docs, _, problems = convert(tmp_path, text)
    assert [doc.cats for doc in docs] == [{"0": 0.0, "1": 1.0}, {"0": 1.0, "1": 1.0}]
    assert not problems


def test_several_labels_and_values_by_label(tmp_path):
    text = lines(
        {"text": "a", "labels": ["x", "y"]},
        {"text": "b", "labels": []},
        {"text": "c", "cats": {"x": 0.25}},
    )
    docs, _, _ = convert(tmp_path, text)
    assert [doc.cats for doc in docs] == [{"x": 1.0, "y": 1.0}, {"x": 0.0, "y": 0.0}, {"x": 0.25}]


def test_spans_and_tags_beside_labels_are_not_left_out_without_a_word(tmp_path):
    (doc,), _, problems = convert(tmp_path, lines({"text": "a", "label": "x", "spans": []}))
    assert doc.cats == {"x": 1.0}
    (noted,) = problems.examples["other annotation left out"]
    assert "It has spans, of which nothing is read here. Convert without --texts" in str(noted)


@pytest.mark.parametrize("suffix", [".jsonl", ".tsv"])
def test_pairs_of_both_formats_are_the_same(tmp_path, suffix):
    records = [
        {"text_a": 'Say "a".', "text_b": "b c", "label": "x", "id": "1"},
        {"text_a": "d", "text_b": "", "label": "y", "id": "2"},
    ]
    text = lines(*records)
    if suffix == ".tsv":
        rows = [list(records[0]), *(list(record.values()) for record in records)]
        text = "".join("\t".join(row) + "\r\n" for row in rows)
    docs, _, problems = convert(tmp_path, text, pairs=True, suffix=suffix)
    assert not problems
    found = [tuple(segment.text for segment in segments(doc)) for doc in docs]
    assert found == [('Say "a".', "b c"), ("d", "")]
    assert [doc.cats["x"] for doc in docs] == [1.0, 0.0]
    for line in read_labelled(tmp_path / f"in{suffix}", Problems(), pairs=True):
        assert line.user_data["id"] in "12"


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{", r"in\.jsonl:2: Expected one JSON object a line"),
        ("[1]", r"in\.jsonl:2: Expected an object"),
        ('{"text_a": "a"}', r"Expected \"text_b\", a string, but it is missing. The keys .* 'te"),
        ('{"text_a": "a", "text_b": 1}', r"\"text_b\", a string, but it is 1"),
        ('{"text_a": "a", "text_b": "b", "label": 0.5}', "Expected a label, .* number, not 0.5"),
        ('{"text_a": "a", "text_b": "b", "label": true}', "a whole number, not True"),
        ('{"text_a": "a", "text_b": "b", "labels": "x"}', "a list of strings, not 'x'"),
        ('{"text_a": "a", "text_b": "b", "cats": {"x": 2}}', "a value from 0 to 1 by label"),
        ('{"text_a": "\\ud800", "text_b": "b"}', "Half of a surrogate pair"),
    ],
)
def test_a_record_that_cannot_be_used_is_reported_and_left_out(tmp_path, line, message):
    good = lines({"text_a": "a", "text_b": "b", "label": "x"})
    docs, _, problems = convert(tmp_path, good + line + "\n", pairs=True)
    assert len(docs) == 1
    assert len(problems) == 1
    with pytest.raises(CorpusError, match=message):
        list(read_labelled(tmp_path / "in.jsonl", Problems("stop"), pairs=True))


def test_a_row_with_other_columns_is_reported(tmp_path):
    text = "text\tlabel\na\tx\nb\nc\t\n"
    docs, _, problems = convert(tmp_path, text, suffix=".tsv")
    assert [(doc.text, doc.cats) for doc in docs] == [("a", {"x": 1.0}), ("c", {})]
    assert "Expected 2 columns, text, label, but got 1" in str(list(problems.summary()))


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ("a house\tplaces", r"in\.tsv:1: Expected a first line .* once, text and label"),
        ("text_a\ttext_b", "it has: text_a, text_b"),
        ("text\tlabel\tlabel", "names the columns, each once"),
        ("", "it has: nothing"),
        ("text\tlabels", "A row has one label, in the column label. .* need JSONL"),
        ("text\tcats", "The columns are: text, cats"),
    ],
)
def test_a_first_line_that_names_other_columns_is_refused_at_once(tmp_path, header, message):
    with pytest.raises(CorpusError, match=message):
        convert(tmp_path, f"{header}\nb\tx\nc\tx\n", suffix=".tsv")
    assert not (tmp_path / "out.spacy").exists()


def test_columns_without_a_meaning_are_passed_over(tmp_path):
    text = "note\ttext\tnote\tdoc_id\n\ta\t1\t7\n"
    (doc,), _, problems = convert(tmp_path, text, suffix=".tsv")
    assert (doc.text, doc.cats, doc.user_data) == ("a", {}, {"doc_id": "7"})
    assert set(problems.counts) == {"no labels"}


def test_docs_of_spacys_own_format_stay_as_they_are(tmp_path):
    doc = NLP.make_doc("a b")
    doc.cats = {"x": 1.0}
    DocBin(docs=[doc]).to_disk(tmp_path / "in.spacy")
    convert_labelled(tmp_path / "in.spacy", tmp_path / "out.spacy", NLP, Problems(), pairs=False)
    (found,) = DocBin().from_disk(tmp_path / "out.spacy").get_docs(NLP.vocab)
    assert (found.text, found.cats) == ("a b", {"x": 1.0})


@pytest.mark.parametrize(
    ("source", "target", "message"),
    [
        ("in.jsonl", "out.jsonl", r"out\.jsonl: labels of texts are written to \.spacy"),
        ("in.csv", "out.spacy", r"in\.csv: Expected \.jsonl or \.tsv"),
        ("none.jsonl", "out.spacy", "There is no such file"),
        ("empty.jsonl", "out.spacy", r"No record of .*empty\.jsonl could be used"),
        ("folder", "out.spacy", "No file to read in this folder"),
    ],
)
def test_what_makes_no_sense_is_refused(tmp_path, source, target, message):
    for name in ("in.jsonl", "in.csv"):
        (tmp_path / name).write_text(lines({"text": "a", "label": "x"}), encoding="utf8")
    (tmp_path / "empty.jsonl").write_text("", encoding="utf8")
    (tmp_path / "folder").mkdir()
    with pytest.raises(CorpusError, match=message):
        convert_labelled(tmp_path / source, tmp_path / target, NLP, Problems(), pairs=False)
    assert not (tmp_path / target).is_file()


def test_a_file_without_any_label_is_told(tmp_path):
    _, _, problems = convert(tmp_path, "text\tLabel\na\tx\n", suffix=".tsv")
    (noted,) = problems.examples["no labels"]
    assert "expected a column of TSV named label" in str(noted)


def test_texts_without_words_are_told_since_training_passes_them_over(tmp_path):
    text = lines({"text": "", "label": "x"}, {"text": "a", "label": "x"})
    docs, _, problems = convert(tmp_path, text)
    assert [len(doc) for doc in docs] == [0, 1]
    assert "1 of 2 have no words" in str(problems.examples["empty texts"][0])


def test_a_label_that_is_not_among_the_labels_is_no_sound_record(tmp_path):
    text = lines({"text": "a", "label": "x", "labels": ["y"]}, {"text": "b", "label": "x"})
    docs, _, problems = convert(tmp_path, text)
    assert [doc.text for doc in docs] == ["b"]
    assert "but both are there, and \"label\", 'x'" in str(problems.examples["bad record"][0])


def test_docs_that_are_no_pairs_are_not_taken_for_pairs(tmp_path):
    DocBin(docs=[NLP("no pair")]).to_disk(tmp_path / "in.spacy")
    with pytest.raises(CorpusError, match=r"in\.spacy: of its Docs, number 0: .* no pair of texts"):
        convert_labelled(tmp_path / "in.spacy", tmp_path / "o.spacy", NLP, Problems(), pairs=True)
    assert not (tmp_path / "o.spacy").exists()
