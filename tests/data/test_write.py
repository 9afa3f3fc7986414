from pathlib import Path

import pytest
import spacy
from spacy.tokens import Doc

from spacy_spanbert.annotations.pair import make_pair
from spacy_spanbert.data.problems import CorpusError, Problems
from spacy_spanbert.data.write import output_format, write_docs

NLP = spacy.blank("en")


@pytest.mark.parametrize(
    ("name", "kind"),
    [("a.spacy", "spacy"), ("a.JSONL.gz", "jsonl"), ("a.tsv", "conll"), ("a.conll", "conll")],
)
def test_the_suffix_tells_the_format(name: str, kind: str) -> None:
    assert output_format(Path(name)) == kind


@pytest.mark.parametrize("name", ["a", "a.txt", "a.json", "a.ann", ".spacy"])
def test_a_name_that_does_not_tell_the_format_is_refused(name: str) -> None:
    with pytest.raises(CorpusError, match=r"does not tell the format\. Name one of spacy, jsonl"):
        output_format(Path(name))
    assert output_format(Path(name), "brat") == "brat"


def test_an_unknown_format_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="one of spacy, jsonl, conll, brat, not 'xml'"):
        write_docs([], tmp_path / "a.spacy", format="xml")


def test_files_of_so_many_docs_are_for_one_format_only(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="docs_per_file is for the format spacy, not for jsonl"):
        write_docs([], tmp_path / "a.jsonl", docs_per_file=2)


@pytest.mark.parametrize("name", ["a.spacy", "a.jsonl", "a.conll", "brat"])
def test_without_a_collector_the_first_problem_raises_and_nothing_is_written(
    tmp_path: Path, name: str
) -> None:
    kind = "brat" if name == "brat" else None
    if name == "a.spacy":
        write_docs([NLP("no spans")], tmp_path / name)  # It holds whatever keys there are.
        return
    with pytest.raises(CorpusError, match="document 1: Expected spans under the key 'sc'"):
        write_docs([NLP("no spans")], tmp_path / name, format=kind)
    assert list(tmp_path.iterdir()) == []
    problems = Problems()
    write_docs([NLP("no spans")], tmp_path / name, format=kind, problems=problems)
    assert problems.counts == {"no spans under the key": 1}
    assert (tmp_path / name).exists()


@pytest.mark.parametrize("kind", ["conll", "brat"])
def test_what_a_format_of_spans_has_no_place_for_is_told_once(tmp_path: Path, kind: str) -> None:
    docs = [make_pair(NLP, "a", "b"), Doc(NLP.vocab, words=["a"], tags=["X"], pos=["X"])]
    docs[0].cats = {"x": 1.0}
    docs.append(docs[0].copy())
    for doc in docs:
        doc.spans["sc"] = []
    problems = Problems("stop")
    write_docs(docs, tmp_path / "a", format=kind, problems=problems)
    assert problems.counts == {
        **{"labels of texts (doc.cats) left out": 1, "tags left out": 1},
        **{"parts of speech left out": 1, "two texts of a pair left out": 1},
    }
    (found,) = problems.examples["labels of texts (doc.cats) left out"]
    assert "no place for labels of texts (doc.cats): those of 2 documents are" in str(found)
