import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import spacy
from click.testing import Result
from spacy.tokens import DocBin, Span
from typer.testing import CliRunner

from spacy_spanbert.cli import app

LITBANK = Path(__file__).parents[2] / "assets" / "litbank" / "dev.jsonl"
GOOD = json.dumps({"text": "Ann left.", "spans": [{"start": 0, "end": 3, "label": "PER"}]})
MISFIT = json.dumps({"doc_id": 7, "text": "Ann left.", "label": [[1, 3, "PER"]]})


def convert(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, ["convert", *map(str, arguments)])


def text_of(result: Result) -> str:
    """The output with its line breaks undone: long lines are wrapped."""
    return " ".join(result.output.split())


def assert_fails(result: Result, message: str) -> None:
    assert message in text_of(result)
    assert result.exit_code == 1
    assert isinstance(result.exception, SystemExit)


def n_spans(path: Path) -> list[int]:
    docs = DocBin().from_disk(path).get_docs(spacy.blank("en").vocab)
    return [len(doc.spans["sc"]) for doc in docs]


def test_litbank_becomes_documents_and_the_counts_are_printed(tmp_path: Path) -> None:
    result = convert(LITBANK, tmp_path / "dev.spacy", "--group", "doc_id")
    assert result.exit_code == 0
    output = text_of(result)
    assert "documents 10 sentences 852 words 20,802 spans 1,422 PER 924" in output
    assert "problem" not in output
    assert sum(n_spans(tmp_path / "dev.spacy")) == 1422
    assert len(n_spans(tmp_path / "dev.spacy")) == 10


def test_a_corpus_goes_through_all_formats_and_back(tmp_path: Path) -> None:
    steps: list[tuple[str, list[str]]] = [
        *(("1.jsonl", []), ("2.conll", []), ("3", ["--docs-per-file", "3"])),
        *(("4.jsonl", []), ("5", ["--to", "conll"]), ("6.jsonl", ["--from", "conll"])),
    ]
    source = LITBANK
    for name, options in steps:
        group = ["--group", "doc_id"] if source == LITBANK else []
        assert convert(source, tmp_path / name, *options, *group).exit_code == 0
        source = tmp_path / name

    def spans(path: Path) -> list[list[tuple[int, int, str]]]:
        records = map(json.loads, path.read_text(encoding="utf-8").splitlines())
        return [
            sorted((span["char_start"], span["char_end"], span["label"]) for span in one["spans"])
            for one in records
        ]

    assert spans(tmp_path / "1.jsonl") == spans(tmp_path / "4.jsonl") == spans(tmp_path / "6.jsonl")
    assert len(list((tmp_path / "3").iterdir())) == 4


def test_what_does_not_fit_is_reported_with_document_text_and_offsets(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text(f"{GOOD}\n{MISFIT}\nbroken\n")
    listing = tmp_path / "problems.txt"
    result = convert(tmp_path / "a.jsonl", tmp_path / "a.spacy", "--problems-file", listing)
    assert result.exit_code == 0
    misfit = (
        f"{tmp_path}/a.jsonl:2, document '7': The span 'nn' (PER, characters 1 to 3) "
        "does not fit the words: it cuts 'Ann'."
    )
    assert misfit in result.output
    assert f"{tmp_path}/a.jsonl:3: Expected one JSON object a line" in result.output
    assert "misaligned span: 1" in result.output
    assert listing.read_text().splitlines()[0] == misfit
    assert len(listing.read_text().splitlines()) == 2
    assert n_spans(tmp_path / "a.spacy") == [1, 0]


def test_the_group_none_makes_a_document_of_each_record(tmp_path: Path) -> None:
    result = convert(LITBANK, tmp_path / "dev.spacy", "--group", "none")
    assert result.exit_code == 0
    assert "documents 852 sentences not marked" in text_of(result)
    assert "problem" not in result.output


def test_raising_stops_at_the_first_problem_and_writes_nothing(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text(f"{GOOD}\nbroken\n")
    result = convert(tmp_path / "a.jsonl", tmp_path / "a.spacy", "--on-error", "stop")
    assert_fails(result, "a.jsonl:2: Expected one JSON object a line")
    assert [path.name for path in tmp_path.iterdir()] == ["a.jsonl"]


def test_retokenizing_uses_the_tokenizer_of_the_language_or_model(tmp_path: Path) -> None:
    record = {"tokens": ["don", "'t"], "spaces": [False, False], "spans": [[0, 2, "X"]]}
    (tmp_path / "a.jsonl").write_text(json.dumps(record))
    spacy.blank("xx").to_disk(tmp_path / "model")
    for options, words in (
        ([], ["don", "'t"]),
        (["--retokenize"], ["do", "n't"]),
        (["--retokenize", "--lang", "de"], ["don't"]),
        (["--retokenize", "--model", tmp_path / "model"], ["don't"]),
    ):
        result = convert(tmp_path / "a.jsonl", tmp_path / "b.jsonl", *options)
        assert result.exit_code == 0
        assert json.loads((tmp_path / "b.jsonl").read_text())["tokens"] == words


def test_an_empty_corpus_is_converted_with_a_warning(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").touch()
    result = convert(tmp_path / "a.jsonl", tmp_path / "a.spacy")
    assert result.exit_code == 0
    assert "There was nothing in it." in result.output
    assert n_spans(tmp_path / "a.spacy") == []


def test_a_corpus_of_problems_only_is_not_written(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"title": "a", "body": "b"}\n' * 3)
    result = convert(tmp_path / "a.jsonl", tmp_path / "a.spacy")
    assert_fails(result, "Nothing could be read, 3 problems. The first: ")
    assert "its keys: 'title', 'body'" in text_of(result)
    assert not (tmp_path / "a.spacy").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["missing.jsonl", "a.spacy"], "missing.jsonl: There is no such file or folder."),
        (["dev.jsonl", "a.txt"], "a.txt: the name does not tell the format."),
        (["dev.jsonl", "a.spacy", "--to", "xml"], "one of spacy, jsonl, conll, brat, not 'xml'"),
        (["dev.jsonl", "a.spacy", "--from", "xml"], "one of spacy, jsonl, conll, brat, not 'xml'"),
        (["dev.jsonl", "a.spacy", "--from", "spacy"], "dev.jsonl: Expected a .spacy file"),
        (["dev.jsonl", "a.spacy", "--from", "conll"], "dev.jsonl:1: Expected BIO tags"),
        (["dev.jsonl", "a.spacy", "--lang", "qq"], "No tokenizer for the language 'qq'"),
        (["dev.jsonl", "a.spacy", "--model", "nowhere"], "nowhere is no folder of a pipeline"),
        (
            ["dev.jsonl", "a.spacy", "--model", "full", "--lang", "de"],
            "--lang de does not go with --model",
        ),
        (["dev.jsonl", "a.spacy", "--on-error", "ignore"], "--on-error is skip or stop"),
        (["dev.jsonl", "a.jsonl", "--docs-per-file", "0"], "docs_per_file is at least 1"),
        (["full", "a.spacy"], "full: No file to read in this folder."),
        (["dev.jsonl", "full", "--to", "brat"], "is not empty"),
        (["dev.jsonl", "full/a.txt/x.spacy"], "full/a.txt is a file, where a folder is needed"),
        (["damaged.spacy", "a.jsonl"], "damaged.spacy: Expected a .spacy file"),
    ],
)
def test_wrong_input_is_one_clear_line_and_exit_code_1(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "dev.jsonl").write_text(GOOD)
    (tmp_path / "damaged.spacy").write_bytes(b"?")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "a.txt").touch()
    assert_fails(convert(*arguments), message)
    assert {path.name for path in tmp_path.iterdir()} == {"dev.jsonl", "damaged.spacy", "full"}


def test_a_folder_with_files_is_replaced_if_asked_for(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text(GOOD)
    out = tmp_path / "out"
    for _ in range(2):
        result = convert(tmp_path / "a.jsonl", out, "--to", "brat", "--overwrite")
        assert result.exit_code == 0
    assert sorted(path.name for path in out.iterdir()) == ["doc.ann", "doc.txt"]


def test_it_is_a_command_of_spacy(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "spacy", "spanbert", "convert", "missing", "a.spacy"]
    environment = {**os.environ, "WASABI_LOG_FRIENDLY": "1"}
    done = subprocess.run(
        command, capture_output=True, text=True, cwd=tmp_path, env=environment, check=False
    )
    assert done.returncode == 1
    assert done.stdout.strip().endswith("missing: There is no such file or folder.")
    assert "Traceback" not in done.stdout + done.stderr


def test_spans_become_entities_the_longest_of_those_that_overlap(tmp_path: Path) -> None:
    spans = [{"start": 0, "end": 2, "label": "GPE"}, {"start": 1, "end": 2, "label": "PER"}]
    records = [
        {"tokens": ["New", "York", "won"], "spans": spans},
        {"tokens": ["Nobody", "won"], "spans": []},
        {"tokens": ["York", "won"], "tags": ["NNP", "VBD"]},
    ]
    (tmp_path / "a.jsonl").write_text("\n".join(map(json.dumps, records)), encoding="utf8")
    result = convert(tmp_path / "a.jsonl", tmp_path / "a.spacy", "--ents")
    assert result.exit_code == 0
    assert "The span 'York' (PER, words 1 to 2) overlaps another, and is no entity." in text_of(
        result
    )
    docs = list(DocBin().from_disk(tmp_path / "a.spacy").get_docs(spacy.blank("en").vocab))
    found = [[(entity.start, entity.end, entity.label_) for entity in doc.ents] for doc in docs]
    assert found == [[(0, 2, "GPE")], [], []]
    # a record without a list of spans is not annotated: nothing is known of its words
    assert [doc.has_annotation("ENT_IOB") for doc in docs] == [True, True, False]
    assert ["sc" in doc.spans for doc in docs] == [True, True, False]


def test_entities_that_a_corpus_has_already_are_kept(tmp_path: Path) -> None:
    doc = spacy.blank("en")("Ann left")
    doc.ents = [Span(doc, 0, 1, "PER")]
    DocBin(docs=[doc]).to_disk(tmp_path / "a.spacy")
    assert convert(tmp_path / "a.spacy", tmp_path / "b.spacy", "--ents").exit_code == 0
    (copy,) = DocBin().from_disk(tmp_path / "b.spacy").get_docs(spacy.blank("en").vocab)
    assert [entity.text for entity in copy.ents] == ["Ann"]


def write_entities(path: Path, spans: bool = False) -> None:
    """Two Docs with entities, one known to have none, and one that is not annotated."""
    nlp = spacy.blank("en")
    docs = [nlp("Ann left"), nlp("in Rome"), nlp("nobody"), nlp("unknown")]
    docs[0].ents = [Span(docs[0], 0, 1, "PER")]
    docs[1].ents = [Span(docs[1], 1, 2, "LOC")]
    docs[2].set_ents([], default="outside")
    if spans:
        docs[0].spans["sc"] = [Span(docs[0], 0, 2, "EVENT")]
    DocBin(docs=docs).to_disk(path)


def spans_of(path: Path) -> list[list[tuple[int, int, str]] | None]:
    records = map(json.loads, path.read_text("utf8").splitlines())
    return [
        [(span["start"], span["end"], span["label"]) for span in record["spans"]]
        if "spans" in record
        else None
        for record in records
    ]


def test_entities_are_written_where_there_are_no_spans(tmp_path: Path) -> None:
    write_entities(tmp_path / "a.spacy")
    result = convert(tmp_path / "a.spacy", tmp_path / "a.jsonl")
    assert result.exit_code == 0
    assert "Entities (doc.ents) are written as spans: 3 documents have no" in text_of(result)
    assert "spans 2, not annotated in 1 documents PER 1 LOC 1" in text_of(result)
    # nothing is known of the last one, and an empty list would say that it has no spans
    assert spans_of(tmp_path / "a.jsonl") == [[(0, 1, "PER")], [(1, 2, "LOC")], [], None]
    assert convert(tmp_path / "a.spacy", tmp_path / "b", "--to", "brat").exit_code == 0
    assert any("T1\tLOC 3 7\tRome" in path.read_text() for path in (tmp_path / "b").glob("*.ann"))
    assert convert(tmp_path / "a.spacy", tmp_path / "a.conll").exit_code == 0
    assert "Rome\tB-LOC\n" in (tmp_path / "a.conll").read_text()


def test_spans_go_before_entities_unless_these_are_named(tmp_path: Path) -> None:
    write_entities(tmp_path / "a.spacy", spans=True)
    assert convert(tmp_path / "a.spacy", tmp_path / "a.jsonl").exit_code == 0
    assert spans_of(tmp_path / "a.jsonl")[:2] == [[(0, 2, "EVENT")], [(1, 2, "LOC")]]
    result = convert(tmp_path / "a.spacy", tmp_path / "a.jsonl", "--spans-key", "ents")
    assert result.exit_code == 0
    assert spans_of(tmp_path / "a.jsonl")[:2] == [[(0, 1, "PER")], [(1, 2, "LOC")]]
    result = convert(tmp_path / "a.spacy", tmp_path / "a.jsonl", "--spans-key", "scc")
    assert "Expected spans under the key 'scc'; there are: 'sc'." in result.output
    assert spans_of(tmp_path / "a.jsonl") == [None] * 4
