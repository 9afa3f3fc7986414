"""The command with a pipeline that has a real encoder."""

import json
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import spacy

import spacy_spanbert.cli.annotate_run as module
from spacy_spanbert.cli.annotate_run import AnnotateSettings, annotate
from spacy_spanbert.cli.pipelines import load_pipeline
from spacy_spanbert.cli.progress import Progress
from spacy_spanbert.data.docbin import read_docbin
from spacy_spanbert.data.memory import TransientStrings
from spacy_spanbert.data.problems import Problems
from tests.data.drawn_page import DrawnPage
from tests.tiny_pipeline import NESTED, fit, make_examples, make_nlp

SENTENCES = [" ".join(words) for words, _ in NESTED]


@pytest.fixture(scope="module")
def model(tiny_bert: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    nlp = make_nlp(tiny_bert)
    fit(nlp, make_examples(nlp), n_steps=60)
    path = tmp_path_factory.mktemp("pipelines") / "model"
    nlp.to_disk(path)
    return path


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Sentences in changing company, so that scores depend on how they are batched."""
    lines = [f"{sentence} and word{i} too" for i in range(8) for sentence in SENTENCES]
    path = tmp_path / "in.txt"
    path.write_text("\n".join(lines))
    return path


def run(model: Path, source: Path, output: Path, resume: bool = False) -> None:
    settings = AnnotateSettings(unit="line", batch_size=3, records_per_part=4, resume=resume)
    with Progress(False) as progress:
        annotate(load_pipeline(str(model)), source, output, settings, progress, Problems("stop"))


def records_of(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_nested_spans_come_with_their_scores(model: Path, source: Path, tmp_path: Path) -> None:
    run(model, source, tmp_path / "a.jsonl")
    records = records_of(tmp_path / "a.jsonl")
    spans = [span for record in records for span in record["spans"]]
    assert len(spans) > 40
    nlp = load_pipeline(str(model))
    expected = [
        (span.start, span.end, span.label_, score)
        for doc in [nlp(record["text"]) for record in records]
        for span, score in zip(doc.spans["sc"], doc.spans["sc"].attrs["scores"], strict=True)
    ]
    # Batched in other company, a score differs in its last bits.
    assert [
        (span["start"], span["end"], span["label"], pytest.approx(span["score"], abs=0.02))
        for span in spans
    ] == expected
    run(model, source, tmp_path / "a.html")
    page = DrawnPage((tmp_path / "a.html").read_text())
    assert max(len(word.bars) for word in page.words) >= 2
    score = f"{spans[0]['score']:.3f}"
    assert any(title.endswith(score) for word in page.words for title in word.titles)


def test_files_hold_no_activations(model: Path, source: Path, tmp_path: Path) -> None:
    run(model, source, tmp_path / "a.spacy")
    (doc, *_) = read_docbin(tmp_path / "a.spacy", spacy.blank("en").vocab)
    assert doc.user_data == {"doc_id": "in", "line": 1}
    assert len(doc.spans["sc"]) > 0


def test_forgetting_strings_between_parts_changes_nothing(
    model: Path, source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "TransientStrings", partial(TransientStrings, limit=0))
    run(model, source, tmp_path / "a.spacy")
    monkeypatch.setattr(module, "TransientStrings", partial(TransientStrings, is_active=False))
    run(model, source, tmp_path / "b.spacy")
    assert (tmp_path / "a.spacy").read_bytes() == (tmp_path / "b.spacy").read_bytes()


@pytest.mark.parametrize("n_docs", [1, 6, 9])
def test_resumed_scores_are_the_same_to_the_last_bit(
    model: Path, source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, n_docs: int
) -> None:
    def interrupt(self: Progress, doc: Any) -> None:
        self.n_docs += 1
        if self.n_docs == n_docs:
            raise KeyboardInterrupt

    run(model, source, tmp_path / "whole.spacy")
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(Progress, "add", interrupt)
        run(model, source, tmp_path / "resumed.spacy")
    run(model, source, tmp_path / "resumed.spacy", resume=True)
    whole, resumed = (tmp_path / f"{name}.spacy" for name in ("whole", "resumed"))
    assert whole.read_bytes() == resumed.read_bytes()


@pytest.mark.slow
def test_two_processes_annotate_and_end(model: Path, source: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "spacy", "spanbert", "annotate", str(model), str(source)]
    command += [str(tmp_path / "two.jsonl"), "--unit", "line", "--n-process", "2"]
    subprocess.run(command, check=True, capture_output=True, timeout=600)
    run(model, source, tmp_path / "one.jsonl")
    one, two = (records_of(tmp_path / f"{name}.jsonl") for name in ("one", "two"))
    assert [spans_of(record) for record in one] == [spans_of(record) for record in two]


def spans_of(record: dict[str, Any]) -> list[tuple[int, int, str]]:
    return [(span["start"], span["end"], span["label"]) for span in record["spans"]]
