from pathlib import Path

import pytest
import spacy
from spacy.tokens import Doc, Span

from spacy_spanbert.annotations.relations import Relation
from spacy_spanbert.data.brat import has_relation_lines, read_brat, report_unannotated
from spacy_spanbert.data.brat_write import write_brat
from spacy_spanbert.data.problems import CorpusError, Problems
from spacy_spanbert.data.records import Record, RecordRelation, RecordSpan

NLP = spacy.blank("en")
TEXT = "Barack Obama\nvisited  Paris,\tthe\ncapital of France."


def read(
    folder: Path, annotations: str, text: str = TEXT, problems: Problems | None = None
) -> Record:
    (folder / "a.txt").write_text(text, newline="")
    (folder / "a.ann").write_text(annotations, newline="")
    (record,) = read_brat(folder / "a.ann", "a", Problems("stop") if problems is None else problems)
    return record


def test_text_bound_annotations_are_spans(tmp_path: Path) -> None:
    record = read(tmp_path, "T1\tPER 0 12\tBarack Obama\n\nT7\tcell line 7 12\tObama\r\n")
    assert record.text == TEXT
    assert record.words is None
    assert record.spans == [RecordSpan(0, 12, "PER"), RecordSpan(7, 12, "cell line")]
    assert record.user_data == {"doc_id": "a"}


def test_text_is_read_exactly_as_it_is(tmp_path: Path) -> None:
    text = "\r\nA\tb \n\n c\u2028\u00a0d \n"
    record = read(tmp_path, "T1\tX 2 3\tA\n", text)
    assert record.text == text


def test_an_empty_annotation_file_gives_no_spans(tmp_path: Path) -> None:
    assert read(tmp_path, "").spans == []
    assert read(tmp_path, "", text="").text == ""


def test_pieces_parted_by_the_end_of_a_line_are_one_span(tmp_path: Path) -> None:
    record = read(tmp_path, "T1\tX 29 32;33 50\tthe capital of France\n")
    assert [record.text[span.start : span.end] for span in record.spans] == [
        "the\ncapital of France"
    ]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("T1\tPER 0 6;13 20\tBarack visited", "discontinuous annotation is no span"),
        ("T1\tPER 0 6;7 12\tBarack Obama", "discontinuous"),
        ("T1\tPER 7 12;0 6\tObama Barack", "discontinuous"),
        ("T1\tPER 0 11\tBarack Obama", "At its offsets the text has 'Barack Obam'"),
        ("T1\tPER 1 13\tBarack Obama", "At its offsets the text has"),
        ("T1\tPER 0 120\tBarack Obama", "0 to 120 is no stretch of the text's 51 characters"),
        ("T1\tPER 3 3\t", "3 to 3 is no stretch"),
        ("T1\tPER 9 3\tx", "9 to 3 is no stretch"),
        ("T1\tPER 0 12", "Expected T1, tab, label, start, end, tab, text"),
        ("T1 PER 0 12 Barack Obama", "Expected T1"),
        ("T1\tPER zero 12\tBarack Obama", "Expected T1"),
        ("X1\tPER 0 12\tBarack Obama", "Expected T1"),
    ],
)
def test_a_bad_annotation_is_named_by_file_and_line_and_only_it_is_left_out(
    tmp_path: Path, line: str, message: str
) -> None:
    good = "T1\tPER 0 12\tBarack Obama\n"
    with pytest.raises(CorpusError, match=rf"a\.ann:2, document 'a': .*{message}"):
        read(tmp_path, f"{good}{line}\n{good}")
    problems = Problems()
    assert len(read(tmp_path, f"{good}{line}\n{good}", problems=problems).spans) == 2
    assert problems.counts == {"bad annotation": 1}


def test_events_and_notes_are_noted_as_left_out(tmp_path: Path) -> None:
    problems = Problems("stop")
    lines = "E1\tSee:T1 By:T2\nA1\tSure T1\n#1\tAnnotatorNotes T1\thm\n*\tEquiv T1 T2\n"
    assert read(tmp_path, lines, problems=problems).spans == []
    assert problems.counts == {
        "event left out": 1,
        "attribute left out": 1,
        "note left out": 1,
        "equivalence left out": 1,
    }


T1, T2 = "T1\tPER 0 12\tBarack Obama\n", "T2\tLOC 22 27\tParis\n"
OBAMA, PARIS = RecordSpan(0, 12, "PER"), RecordSpan(22, 27, "LOC")


def test_relations_name_their_arguments_by_id_and_may_stand_before_them(tmp_path: Path) -> None:
    lines = (
        f"R1\tVisits Arg1:T1 Arg2:T2\t\n{T1}R2\tis in Arg2:T1 Arg1:T2\r\n{T2}"
        "R3\tLocalization Bacterium:T2 Localization:T2\n"
    )
    assert read(tmp_path, lines).relations == [
        RecordRelation(OBAMA, PARIS, "Visits"),
        RecordRelation(PARIS, OBAMA, "is in"),
        RecordRelation(PARIS, PARIS, "Localization"),
    ]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("R2\tX Arg1:T1 Arg2:T9", "out: its Arg2, T9, is not in the file"),
        ("R2\tX Arg1:E1 Arg2:T2", "its Arg1, E1, is an event"),
        ("R2\tX Arg1:T3 Arg2:T9", "its Arg1, T3, cannot be used and its Arg2, T9, is not in"),
    ],
)
def test_a_relation_whose_argument_is_no_span_is_reported(
    tmp_path: Path, line: str, message: str
) -> None:
    bad = "T3\tX 0 6;13 20\tBarack visited\n"
    lines = f"{T1}{T2}{bad}R1\tgood Arg1:T1 Arg2:T2\n{line}\n"
    problems = Problems()
    record = read(tmp_path, lines, problems=problems)
    assert record.relations == [RecordRelation(OBAMA, PARIS, "good")]
    assert problems.counts == {"bad annotation": 1, "relation without argument": 1}
    (problem,) = problems.examples["relation without argument"]
    assert str(problem).startswith(f"{tmp_path / 'a.ann'}:5, document 'a': A relation 'X' is left")
    assert message in problem.message


def test_an_id_that_stands_twice_names_neither(tmp_path: Path) -> None:
    problems = Problems()
    twice = f"{T1}{T2}T1\tLOC 22 27\tParis\nR1\tX Arg1:T1 Arg2:T2\n"
    record = read(tmp_path, twice, problems=problems)
    assert (len(record.spans), record.relations) == (3, [])
    assert "its Arg1, T1, cannot be used" in str(problems.examples["relation without argument"])


@pytest.mark.parametrize(
    "line",
    ["R2", "R2\tX", "R2\tX T1 T2", "R2\tX A:T1", "R\t A:T1 B:T2", "R2\tX A:T1 B:T1 C:T1"],
)
def test_a_line_that_is_no_relation_is_reported(tmp_path: Path, line: str) -> None:
    with pytest.raises(CorpusError, match=r"a\.ann:2.*Expected R1, tab, label, Arg1:T1, Arg2:T2"):
        read(tmp_path, f"{T1}{line}\n")


def test_a_file_without_relations_says_that_there_are_none_if_others_have_some(
    tmp_path: Path,
) -> None:
    assert read(tmp_path, T1).relations is None
    (record,) = read_brat(tmp_path / "a.ann", "a", Problems("stop"), is_related=True)
    assert record.relations == []
    (tmp_path / "b.ann").write_text(f"{T1}{T2}R1\tX Arg1:T1 Arg2:T2\n")
    assert not has_relation_lines([])
    assert not has_relation_lines([tmp_path / "a.ann"])
    assert has_relation_lines([tmp_path / "a.ann", tmp_path / "b.ann"])


def test_a_missing_text_and_missing_annotations_are_reported(tmp_path: Path) -> None:
    (tmp_path / "a.ann").touch()
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "b.txt").touch()
    with pytest.raises(CorpusError, match=r"a\.ann, .*Expected the text in a\.txt beside it"):
        list(read_brat(tmp_path / "a.ann", "a", Problems("stop")))
    problems = Problems()
    assert list(read_brat(tmp_path / "a.ann", "a", problems)) == []
    report_unannotated(tmp_path, problems)
    assert problems.counts == {"text missing": 1, "annotations missing": 1}
    assert "b.txt: Expected b.ann" in str(problems.examples["annotations missing"][0])


def obama(doc_id: str | None = None) -> Doc:
    doc = Doc(NLP.vocab, words=["Barack", "Obama", "\n", "visited"], spaces=[True] * 4)
    doc.spans["sc"] = [Span(doc, 0, 2, label="PER"), Span(doc, 1, 4, label="X Y")]
    if doc_id is not None:
        doc.user_data["doc_id"] = doc_id
    return doc


def test_the_lines_are_brats(tmp_path: Path) -> None:
    write_brat([obama("doc")], tmp_path / "out", "sc", Problems("stop"))
    assert (tmp_path / "out" / "doc.txt").read_bytes() == b"Barack Obama \n visited "
    assert (tmp_path / "out" / "doc.ann").read_text() == (
        "T1\tPER 0 12\tBarack Obama\nT2\tX Y 7 13;14 22\tObama   visited\n"
    )


def test_relations_are_written_behind_the_spans(tmp_path: Path) -> None:
    doc = obama("doc")
    person, other = doc.spans["sc"]
    doc._.relations = [
        Relation(other, person, "in\nside", 0.5),
        Relation(person, Span(doc, 3, 4, label="V"), "does"),
    ]
    problems = Problems()
    write_brat([doc], tmp_path / "out", "sc", problems)
    assert (tmp_path / "out" / "doc.ann").read_text().splitlines() == [
        "T1\tPER 0 12\tBarack Obama",
        "T2\tX Y 7 13;14 22\tObama   visited",
        "T3\tV 15 22\tvisited",
        "R1\tin side Arg1:T2 Arg2:T1",
        "R2\tdoes Arg1:T1 Arg2:T3",
    ]
    assert problems.counts == {"label changed": 1, "argument added to the spans": 1}


def test_documents_without_annotation_beside_others_with_relations_are_noted(
    tmp_path: Path,
) -> None:
    related, unrelated, unknown = obama("a"), obama("b"), obama("c")
    related._.relations = [Relation(*related.spans["sc"], "X")]
    unrelated._.relations = []
    problems = Problems("stop")
    write_brat([related, unrelated], tmp_path / "sound", "sc", problems)
    write_brat([unknown, unrelated], tmp_path / "fine", "sc", problems)
    assert not problems
    write_brat([related, unknown, unrelated], tmp_path / "mixed", "sc", problems)
    assert problems.counts == {"relations not annotated": 1}


def test_every_document_gets_a_safe_name_of_its_own(tmp_path: Path) -> None:
    ids = ["a/../b", "a", "a", "A", "a-2", "", None, ".hidden", "MEDLINE:1", "ä" * 300, "x\ny"]
    write_brat(map(obama, ids), tmp_path / "out", "sc", Problems("stop"))
    names = {path.name for path in (tmp_path / "out").glob("*.txt")}
    assert names == {
        *("a_.._b.txt", "a.txt", "a-2.txt", "A-3.txt", "a-2-2.txt", "doc.txt", "doc-2.txt"),
        *("hidden.txt", "MEDLINE_1.txt", "ä" * 60 + ".txt", "x_y.txt"),
    }
    assert len(list((tmp_path / "out").glob("*.ann"))) == len(ids)


def test_a_label_with_line_ends_is_changed_and_reported(tmp_path: Path) -> None:
    doc = obama("x")
    doc.spans["sc"] = [Span(doc, 0, 1, label="P\tE\nR")]
    problems = Problems()
    write_brat([doc], tmp_path / "out", "sc", problems)
    assert (tmp_path / "out" / "x.ann").read_text() == "T1\tP E R 0 6\tBarack\n"
    assert problems.counts == {"label changed": 1}


def test_a_folder_with_files_is_not_replaced_unless_asked_for(tmp_path: Path) -> None:
    write_brat([obama("x")], tmp_path / "out", "sc", Problems("stop"))
    with pytest.raises(CorpusError, match="not empty"):
        write_brat([obama("y")], tmp_path / "out", "sc", Problems("stop"))
    write_brat([obama("y")], tmp_path / "out", "sc", Problems("stop"), replace=True)
    assert {path.stem for path in (tmp_path / "out").iterdir()} == {"y"}
