import gzip
import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import spacy
from spacy.tokens import Doc

from spacy_spanbert.annotations.relations import has_relations
from spacy_spanbert.data.problems import CorpusError, Problems
from spacy_spanbert.data.read import read_docs
from spacy_spanbert.data.write import write_docs
from tests.data.strategies import sent_starts_of, spans_of

NLP = spacy.blank("en")
LITBANK = Path(__file__).parents[2] / "assets" / "litbank"
RECORD = json.dumps({"text": "Ann left.", "spans": [{"start": 0, "end": 3, "label": "PER"}]})


def read(path: Path, **options: object) -> list[Doc]:
    options.setdefault("problems", Problems("stop"))
    return list(read_docs(path, NLP, **options))  # type: ignore[arg-type]


def test_litbank_dev_is_read_as_sentences() -> None:
    docs = read(LITBANK / "dev.jsonl")
    assert len(docs) == 852
    assert sum(len(doc) for doc in docs) == 20_802
    assert sum(len(doc.spans["sc"]) for doc in docs) == 1_422
    assert not any(doc.has_annotation("SENT_START") for doc in docs if len(doc) > 1)


def test_litbank_dev_is_read_as_documents() -> None:
    docs = read(LITBANK / "dev.jsonl", group="doc_id")
    assert len(docs) == 10
    assert sum(len(list(doc.sents)) for doc in docs) == 852
    assert sum(len(doc) for doc in docs) == 20_802
    assert sum(len(doc.spans["sc"]) for doc in docs) == 1_422


@pytest.mark.parametrize("split", ["train", "dev"])
def test_grouping_equals_joining_the_lines_by_hand(split: str) -> None:
    with (LITBANK / f"{split}.jsonl").open(encoding="utf-8") as file:
        records = [json.loads(line) for line in file]
    for doc in read(LITBANK / f"{split}.jsonl", group="doc_id"):
        own = [record for record in records if record["doc_id"] == doc.user_data["doc_id"]]
        assert [token.text for token in doc] == [word for one in own for word in one["tokens"]]
        assert [bool(token.whitespace_) for token in doc] == [
            space for one in own for space in one["spaces"]
        ]
        starts = [sum(len(one["tokens"]) for one in own[:i]) for i in range(len(own))]
        assert sent_starts_of(doc) == starts
        assert spans_of(doc) == [
            (start + span["start"], start + span["end"], span["label"])
            for start, one in zip(starts, own, strict=True)
            for span in one["spans"]
        ]


def test_retokenizing_litbank_loses_few_spans_and_none_in_silence() -> None:
    problems = Problems()
    docs = read(LITBANK / "dev.jsonl", retokenize=True, problems=problems)
    n_spans = sum(len(doc.spans["sc"]) for doc in docs)
    assert n_spans + problems.counts["misaligned span"] == 1_422
    assert set(problems.counts) == {"misaligned span"}
    assert n_spans > 0.985 * 1_422
    assert all([*map(str, doc)] == [*map(str, NLP(doc.text))] for doc in docs[:50])


def test_a_brat_folder_with_relations_knows_them_of_all_its_documents(tmp_path: Path) -> None:
    for name, relations in (("a", "R1\tIs Arg1:T1 Arg2:T1\n"), ("b", "")):
        (tmp_path / f"{name}.txt").write_text("Ann left.")
        (tmp_path / f"{name}.ann").write_text(f"T1\tPER 0 3\tAnn\n{relations}")
    assert [len(doc._.relations) for doc in read(tmp_path)] == [1, 0]
    assert all(has_relations(doc) for doc in read(tmp_path))
    (tmp_path / "a.ann").write_text("T1\tPER 0 3\tAnn\n")
    assert not any(has_relations(doc) for doc in read(tmp_path))


def test_a_text_of_an_annotation_tool_is_tokenized(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text(RECORD + "\n")
    (doc,) = read(tmp_path / "a.jsonl", spans_key="gold")
    assert [token.text for token in doc] == ["Ann", "left", "."]
    assert spans_of(doc, "gold") == [(0, 1, "PER")]


def test_a_folder_of_all_formats_is_read_in_sorted_order(tmp_path: Path) -> None:
    def doc(text: str) -> Doc:
        made = NLP(text)
        made.spans["sc"] = []
        return made

    write_docs([doc("one")], tmp_path / "1.jsonl")
    write_docs([doc("two"), doc("three")], tmp_path / "2.conll")
    write_docs([doc("four")], tmp_path / "3" / "x.spacy")
    write_docs([doc("five")], tmp_path / "4" / "brat", format="brat")
    write_docs([doc("six")], tmp_path / "5.jsonl.gz")
    (tmp_path / "6.md").write_text("not read")
    assert [one.text for one in read(tmp_path)] == ["one", "two", "three", "four", "five", "six"]
    assert [one.text for one in read(tmp_path, format="conll")] == ["two", "three"]
    for one in read(tmp_path):
        assert "sc" in one.spans


def test_compressed_files_are_read(tmp_path: Path) -> None:
    doc = NLP("some text")
    doc.spans["sc"] = [doc[0:2]]
    for name in ("a.jsonl", "a.conll", "a.spacy"):
        write_docs([doc], tmp_path / name)
        with gzip.open(tmp_path / f"{name}.gz", "wb") as file:
            file.write((tmp_path / name).read_bytes())
        assert [spans_of(one) for one in read(tmp_path / f"{name}.gz")] == [[(0, 2, "")]]


def test_a_format_may_be_named_against_the_suffix(tmp_path: Path) -> None:
    shutil.copy(LITBANK / "dev.jsonl", tmp_path / "dev.data")
    assert len(read(tmp_path / "dev.data", format="jsonl")) == 852


def test_documents_of_a_brat_folder_are_called_by_their_paths(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    for name in ("sub/a.b", "c"):
        (tmp_path / f"{name}.txt").write_text("Ann")
        (tmp_path / f"{name}.ann").write_text("T1\tPER 0 3\tAnn\n")
    (tmp_path / "alone.txt").write_text("Ben")
    problems = Problems()
    docs = read(tmp_path, problems=problems)
    assert [doc.user_data["doc_id"] for doc in docs] == ["c", "sub/a.b"]
    assert problems.counts == {"annotations missing": 1}
    assert [doc.user_data["doc_id"] for doc in read(tmp_path / "sub" / "a.b.ann")] == ["a.b"]


@pytest.mark.parametrize("name", ["a.jsonl", "a.conll", "a.tsv"])
def test_an_empty_file_has_no_docs(tmp_path: Path, name: str) -> None:
    (tmp_path / name).touch()
    assert read(tmp_path / name) == []


def test_what_cannot_be_read_is_refused_with_what_can(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text("[]")
    with pytest.raises(CorpusError, match=r"a\.json: Expected one of \.spacy \.jsonl"):
        read(tmp_path / "a.json")
    with pytest.raises(CorpusError, match="No file to read in this folder"):
        read(tmp_path)
    with pytest.raises(CorpusError, match=r"nothing: There is no such file or folder"):
        read(tmp_path / "nothing")
    with pytest.raises(CorpusError, match="one of spacy, jsonl, conll, brat, not 'json'"):
        read(tmp_path / "a.json", format="json")


def test_options_that_make_no_sense_for_a_format_are_refused(tmp_path: Path) -> None:
    write_docs([], tmp_path / "a.spacy")
    with pytest.raises(CorpusError, match=r"a\.spacy: Only records of JSONL and CoNLL"):
        read(tmp_path / "a.spacy", group="doc_id")
    with pytest.raises(CorpusError, match=r"a\.spacy: .*not tokenized again"):
        read(tmp_path / "a.spacy", retokenize=True)


def test_sentences_of_conll_can_be_grouped_and_tokenized_again(tmp_path: Path) -> None:
    (tmp_path / "a.conll").write_text("PHA\tB-X\n-\tO\nx\tO\n\n")
    (doc,) = read(tmp_path / "a.conll", retokenize=True)
    assert doc.text == "PHA - x"
    assert spans_of(doc) == [(0, 1, "X")]


def test_labels_stand_beside_spans_and_tags_among_all_labels_of_the_corpus(tmp_path: Path) -> None:
    words = {"tokens": ["Ann", "left"], "tags": ["NNP", "VBD"], "spans": [[0, 1, "PER"]]}
    records = [
        {**words, "label": "news"},
        {**words, "labels": ["sports", "news"], "cats": {"old": 0.25}},
        {**words, "labels": []},
        {"text": "b", "cats": {"news": 0.5}},
        {"text": "c", "labels": ["art"]},
        {"text": "d"},
        {"text": "e", "label": "rejected", "answer": "reject"},
    ]
    for name, part in (("a.jsonl", records[:3]), ("b.jsonl", records[3:])):
        (tmp_path / name).write_text("\n".join(map(json.dumps, part)))
    problems = Problems()
    docs = read(tmp_path, problems=problems)
    assert problems.counts == {"answer not accepted": 1}
    known = {"art": 0.0, "news": 0.0, "sports": 0.0}
    assert [doc.cats for doc in docs] == [
        {**known, "news": 1.0},
        {**known, "news": 1.0, "sports": 1.0, "old": 0.25},
        known,
        {"news": 0.5},
        {**known, "art": 1.0},
        {},
    ]
    for doc in docs[:3]:
        assert [span.text for span in doc.spans["sc"]] == ["Ann"]
        assert [token.tag_ for token in doc] == ["NNP", "VBD"]
    assert all("sc" not in doc.spans and not doc.user_data for doc in docs[3:])


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"label": 0.5}, r"a\.jsonl:1: Expected a label, a string .* not 0.5"),
        ({"labels": "x"}, '"labels", a list of strings, not'),
        ({"labels": ["x", ""]}, "one letter or more or a whole number, not ''"),
        ({"cats": {"x": 2}}, "a value from 0 to 1 by label"),
    ],
)
def test_labels_that_cannot_be_used_are_reported_and_the_spans_kept(
    tmp_path: Path, wrong: dict[str, Any], message: str
) -> None:
    record = {"text": "Ann", "spans": [[0, 3, "PER"]], **wrong}
    (tmp_path / "a.jsonl").write_text(json.dumps(record))
    problems = Problems()
    (doc,) = read(tmp_path / "a.jsonl", problems=problems)
    assert (len(doc.spans["sc"]), doc.cats) == (1, {})
    assert problems.counts == {"bad label": 1}
    with pytest.raises(CorpusError, match=message):
        read(tmp_path / "a.jsonl")


def test_a_document_of_several_records_has_a_label_that_all_of_them_have(tmp_path: Path) -> None:
    records = [
        {"doc_id": 1, "text": "a", "label": "x"},
        {"doc_id": 1, "text": "b", "label": "x"},
        {"doc_id": 2, "text": "c", "label": "y"},
        {"doc_id": 2, "text": "d"},
    ]
    (tmp_path / "a.jsonl").write_text("\n".join(map(json.dumps, records)))
    problems = Problems()
    docs = read(tmp_path / "a.jsonl", group="doc_id", problems=problems)
    assert [(doc.text, doc.cats) for doc in docs] == [("a b", {"x": 1.0, "y": 0.0}), ("c d", {})]
    assert "the first with others is 'd'" in str(problems.examples["labels left out"])
