"""`python -m spacy spanbert vectors`, in the tests' process."""

import hashlib
import json
import re
import sys
from pathlib import Path

import numpy as np
import pytest
import spacy
from click.testing import Result
from typer.testing import CliRunner

from spacy_spanbert.cli import app
from spacy_spanbert.data.vector_files import COLUMNS, VectorBlock, read_vectors, write_vectors
from spacy_spanbert.layers.vector_transform import fit_transform, read_transform
from spacy_spanbert.nn.fingerprint import encoder_fingerprint
from tests.cli.annotate_command import text_of
from tests.tiny_encoder import write_tiny_bert
from tests.tiny_pipeline import make_nlp, make_vectors_nlp

TEXTS = ["She left the bank of the river .", "", "The bank of the king  is old ."]


@pytest.fixture(scope="module")
def model(tiny_bert: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Also writes spans, and keeps no vectors by itself."""
    path = tmp_path_factory.mktemp("pipelines") / "model"
    nlp = make_nlp(tiny_bert, encoder={"vectors": {"keep": False}}, spancat={"threshold": 0.2})
    nlp.to_disk(path)
    return path


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    path = tmp_path / "in.jsonl"
    path.write_text("\n".join(json.dumps({"text": text}) for text in TEXTS))
    return path


def vectors(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, ["vectors", *map(str, arguments)])


def expected_docs(model: Path, **settings) -> list:
    config = {f"components.spanbert.vectors.{key}": value for key, value in settings.items()}
    nlp = spacy.load(model, config={"components.spanbert.vectors.keep": True, **config})
    return [nlp(text) for text in TEXTS]


def test_every_word_has_a_row_with_its_text_and_place(model, corpus, tmp_path):
    run = vectors(model, corpus, tmp_path / "a.safetensors")
    assert run.exit_code == 0, run.output
    assert "Wrote 16 vectors" in text_of(run)
    table = read_vectors(tmp_path / "a.safetensors")
    tokens = [token for doc in expected_docs(model) for token in doc if token.has_vector]
    assert table.columns["text"] == [token.text for token in tokens]
    np.testing.assert_allclose(
        table.vectors, [token.vector for token in tokens], rtol=1e-4, atol=1e-5
    )
    columns = table.columns
    places = zip(columns["doc"], columns["start"], columns["end"], columns["text"], strict=True)
    assert all(TEXTS[doc][start:end] == text for doc, start, end, text in places)
    assert columns["context"][0].startswith("She left the bank")
    encoder = spacy.load(model).get_pipe("spanbert").model.shims[0].module
    digest = hashlib.sha256(hashlib.sha256(corpus.read_bytes()).digest()).hexdigest()[:16]
    assert table.about == {
        "source": f"{corpus.name} {digest}",
        "encoder": encoder_fingerprint(encoder),
        "layers": [2],
        "pooling": "mean",
        "transform": None,
        "of": "words",
    }


def test_layers_pooling_and_float16_are_options(model, corpus, tmp_path):
    options = ["--layers", "0,-1", "--pooling", "first", "--dtype", "float16", "--batch-size", "1"]
    run = vectors(model, corpus, tmp_path / "a.npz", *options)
    assert run.exit_code == 0, run.output
    docs = expected_docs(model, layers=[0, -1], pooling="first")
    expected = np.stack([token.vector for doc in docs for token in doc if token.has_vector])
    table = read_vectors(tmp_path / "a.npz")
    assert table.vectors.dtype == np.float16
    np.testing.assert_allclose(table.vectors, expected, rtol=1e-2, atol=1e-2)
    assert table.about["layers"] == [0, 2]


def test_documents_and_spans_have_rows_too(model, corpus, tmp_path):
    assert vectors(model, corpus, tmp_path / "a.npz", "--of", "documents").exit_code == 0
    docs = [doc for doc in expected_docs(model) if len(doc)]
    table = read_vectors(tmp_path / "a.npz")
    np.testing.assert_allclose(table.vectors, [doc.vector for doc in docs], rtol=1e-4, atol=1e-5)
    assert table.columns["text"] == [doc.text for doc in docs]
    assert table.columns["doc"] == [0, 2]
    assert vectors(model, corpus, tmp_path / "b.npz", "--of", "spans").exit_code == 0
    table = read_vectors(tmp_path / "b.npz")
    spans = [span for doc in docs for span in doc.spans["sc"] if span.has_vector]
    assert len(spans) > 3
    assert table.columns["text"] == [span.text for span in spans]
    np.testing.assert_allclose(table.vectors, [s.vector for s in spans], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("kind", ["centre", "whiten"])
def test_a_transform_is_fitted_and_applied(model, corpus, tmp_path, kind):
    path = tmp_path / "t.safetensors"
    larger = tmp_path / "larger.jsonl"
    larger.write_text("\n".join([corpus.read_text()] * 5))
    run = vectors(model, larger, path, "--fit", kind)
    assert run.exit_code == 0, run.output
    rows = np.concatenate([doc.tensor for doc in expected_docs(model) if len(doc)])
    rows = rows[rows.any(axis=1)]
    expected = fit_transform([rows] * 5, kind)
    loaded = read_transform(path.read_bytes(), "it")
    np.testing.assert_allclose(loaded.mean, expected.mean, rtol=1e-4, atol=1e-5)
    assert vectors(model, corpus, tmp_path / "a.npz", "--transform", path).exit_code == 0
    table = read_vectors(tmp_path / "a.npz")
    assert table.about["transform"] == loaded.fingerprint
    np.testing.assert_allclose(table.vectors, loaded.apply(rows), rtol=1e-2, atol=1e-2)


def test_a_query_finds_the_word_in_its_own_context_first(model, corpus, tmp_path):
    out = tmp_path / "a.npz"
    for _ in range(2):  # the second time the file is there
        run = vectors(model, corpus, out, "--query", TEXTS[2], "--word", "bank", "--top", "3")
        assert run.exit_code == 0, run.output
        lines = run.output.splitlines()
        (first,) = [line for line in lines if line.strip().startswith("1.000")]
        assert first.split()[:4] == ["1.000", "bank", "2", "4"]
    assert "is not encoded again" in text_of(run)
    assert len([line for line in lines if line.strip()[:2] in ("0.", "1.")]) == 3
    run = vectors(model, corpus, out, "--query", TEXTS[0], "--layers", "0", "--word", "bank")
    assert run.exit_code == 1
    assert "layers [2], here [0]. Give the pipeline, the SOURCE and the options" in text_of(run)
    other = tmp_path / "other.txt"
    run = vectors(model, other, out, "--query", "a bank")
    assert (run.exit_code, "There is no" in text_of(run)) == (1, True)
    other.write_text("A river.", "utf8")
    run = vectors(model, other, out, "--query", "a bank")
    assert re.search(rf"source {corpus.name} \w+, here other.txt \w+", text_of(run))
    changed = tmp_path / "edited" / corpus.name
    changed.parent.mkdir()
    changed.write_bytes(corpus.read_bytes().replace(b"bank", b"tank"))
    run = vectors(model, changed, out, "--query", "a bank")
    assert re.search(rf"source {corpus.name} (\w+), here {corpus.name} (?!\1)\w+", text_of(run))
    run = vectors(model, corpus, out, "--query", "\u200b")
    assert (run.exit_code, "has no vector: give a text with letters" in text_of(run)) == (1, True)
    run = vectors(model, corpus, out, "--query", "an old bank", "--word", "banks")
    assert (run.exit_code, "it has an, old, bank." in text_of(run)) == (1, True)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--of", "letters"], "--of is words, spans, documents, not 'letters'"),
        (["--dtype", "float8"], "--dtype is float32 or float16, not 'float8'"),
        (["--layers", "7"], "names layer 7"),
        (["--layers", "all"], "--layers is last, last_four_mean or numbers such as -1,-2"),
        (["--layers", "lasting"], 'layers is "last", "last_four_mean" or a list'),
        (["--pooling", "max"], 'pooling is "mean" or "first"'),
        (["--fit", "pca"], "--fit is centre or whiten"),
        (["--fit", "centre", "--query", "a b"], "Give --fit or --query, not both"),
        (
            ["--fit", "centre", "--transform", "a.safetensors"],
            "Give --fit or --transform, not both",
        ),
        (["--transform", "no.safetensors"], "there is no file no.safetensors"),
        (["--batch-size", "0"], "--batch-size is at least 1"),
        (["--top", "3"], "--top is how many neighbours of a --query"),
        (["--fit", "centre", "--of", "documents"], "--fit is of words, in float32"),
        (["--fit", "whiten"], "whitening vectors of 32 numbers needs a corpus of 64 words"),
    ],
)
def test_a_wrong_option_is_named(model, corpus, tmp_path, options, message):
    run = vectors(model, corpus, tmp_path / "a.safetensors", *options)
    assert run.exit_code == 1
    assert message in text_of(run)
    assert not (tmp_path / "a.safetensors").exists()


def test_a_pipeline_without_an_encoder_is_named(corpus, tmp_path):
    spacy.blank("en").to_disk(tmp_path / "blank")
    run = vectors(tmp_path / "blank", corpus, tmp_path / "a.npz")
    assert run.exit_code == 1
    assert "has no component `spanbert`" in text_of(run)


def test_a_bad_record_is_reported_and_left_out(model, corpus, tmp_path):
    corpus.write_text('{"text": "A bank"}\nnonsense\n')
    run = vectors(model, corpus, tmp_path / "a.npz")
    assert run.exit_code == 0
    assert "1 problem:" in text_of(run)
    assert read_vectors(tmp_path / "a.npz").columns["text"] == ["A", "bank"]


def test_a_query_without_scikit_learn_names_the_extra(model, corpus, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn.neighbors", None)
    run = vectors(model, corpus, tmp_path / "a.npz", "--query", "a bank")
    assert run.exit_code == 1
    assert "pip install 'spacy-spanbert[vectors]'" in text_of(run)


@pytest.fixture(scope="module")
def other_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of the same sizes, with other weights."""
    path = tmp_path_factory.mktemp("pipelines")
    make_vectors_nlp(write_tiny_bert(path / "bert", seed=1)).to_disk(path / "model")
    return path / "model"


def test_vectors_of_another_encoder_or_transform_are_not_searched(
    model, other_model, corpus, tmp_path
):
    out, transform = tmp_path / "a.npz", tmp_path / "t.safetensors"
    assert vectors(model, corpus, out).exit_code == 0
    assert vectors(model, corpus, transform, "--fit", "centre").exit_code == 0
    query = ["--query", TEXTS[2], "--word", "bank"]
    run = vectors(other_model, corpus, out, *query)
    assert run.exit_code == 1
    assert re.search(
        "a.npz cannot be compared .*: encoder [0-9a-f]{16}, here [0-9a-f]", text_of(run)
    )
    run = vectors(model, corpus, out, *query, "--transform", transform)
    assert (run.exit_code, "transform None, here " in text_of(run)) == (1, True)
    assert vectors(model, corpus, out, *query, "--layers", "-1").exit_code == 0


def test_a_file_that_does_not_say_how_it_was_made_is_not_searched(model, corpus, tmp_path):
    block = VectorBlock({name: [0] for name in COLUMNS} | {"text": ["a"], "context": ["a"]},
        np.ones((1, 32), dtype="float32"))  # fmt: skip
    write_vectors([block], tmp_path / "a.npz", "float32", {"layers": [2], "pooling": "mean"})
    run = vectors(model, corpus, tmp_path / "a.npz", "--query", "a")
    assert (run.exit_code, "encoder unknown, here " in text_of(run)) == (1, True)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--layers", "0"], r"other vectors: layers \[2\], here \[0\]"),
        (["--pooling", "first"], "other vectors: pooling mean, here first"),
        (None, "other vectors: encoder [0-9a-f]{16}, here [0-9a-f]{16}"),
    ],
)
def test_a_transform_of_other_vectors_is_refused(
    model, other_model, corpus, tmp_path, options, message
):
    transform = tmp_path / "t.safetensors"
    assert vectors(model, corpus, transform, "--fit", "centre").exit_code == 0
    used = other_model if options is None else model
    run = vectors(used, corpus, tmp_path / "a.npz", "--transform", transform, *(options or []))
    assert run.exit_code == 1
    assert re.search(message + r"\. Fit one on this pipeline", text_of(run))


def test_options_that_a_pipelines_own_transform_was_not_fitted_for_are_refused(
    model, corpus, tmp_path
):
    nlp = spacy.load(model, config={"components.spanbert.vectors.keep": True})
    assert vectors(model, corpus, tmp_path / "t.safetensors", "--fit", "centre").exit_code == 0
    nlp.get_pipe("spanbert").vectors.load(tmp_path / "t.safetensors")
    nlp.to_disk(tmp_path / "nlp")
    assert vectors(tmp_path / "nlp", corpus, tmp_path / "a.npz").exit_code == 0
    run = vectors(tmp_path / "nlp", corpus, tmp_path / "b.npz", "--layers", "0")
    assert (run.exit_code, "layers [2], here [0]" in text_of(run)) == (1, True)
    refitted = vectors(tmp_path / "nlp", corpus, tmp_path / "u.safetensors", "--fit", "centre")
    assert refitted.exit_code == 0
