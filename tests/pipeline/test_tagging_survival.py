"""Components that tag words: any text at all, several processes, spaCy's own commands."""

import json
from pathlib import Path

import pytest
import spacy
from hypothesis import given, settings
from hypothesis import strategies as st
from spacy import Language
from spacy.cli._util import app
from spacy.cli.apply import apply
from spacy.cli.evaluate import evaluate
from spacy.cli.train import train
from spacy.tokens import Doc, DocBin, Span
from spacy.training import Example
from typer.testing import CliRunner

from tests.several_processes import assert_done
from tests.short_training import short_training
from tests.survival import STRANGE, assert_annotated, assert_learned
from tests.tagging_pipeline import (
    ENTITIES,
    TAGS,
    entities_with_scores,
    found_entities,
    make_both,
    ner_examples,
    tag_examples,
)
from tests.text.samples import TEXTS, texts
from tests.tiny_pipeline import fit

CONFIGS = Path(__file__).parents[2] / "configs"
DECODERS = ("greedy", "viterbi", "crf")


def make_nlp(checkpoint: Path, **config) -> Language:
    """Both components on one encoder with small windows."""
    nlp = make_both(checkpoint, encoder={"window": 24, "batch_pieces": 256}, **config)
    nlp.max_length = 10_000_000
    return nlp


@pytest.fixture(scope="module", params=DECODERS)
def nlp(request: pytest.FixtureRequest, tiny_bert: Path, tiny_roberta: Path) -> Language:
    checkpoint = tiny_roberta if request.param == "viterbi" else tiny_bert
    spacy.util.fix_random_seed(0)
    target = "all_pieces" if request.param == "viterbi" else "word"
    scheme = "bioes" if request.param == "greedy" else "bio"
    return make_nlp(checkpoint, decode=request.param, target=target, scheme=scheme)


def assert_sound(doc: Doc, text: str) -> None:
    assert doc.text == text
    scores = entities_with_scores(doc)
    assert all(0 <= score <= 1 for score in scores.values())
    assert all(0 <= start < end <= len(doc) for start, end, _ in scores)
    assert {word.tag_ for word in doc} <= {"UPPER", "LOWER"}
    assert doc.has_annotation("ENT_IOB") or not len(doc)


def test_strange_texts_in_one_stream_come_back_in_order(nlp):
    docs = assert_annotated(nlp, STRANGE.values(), assert_sound, batch_size=3)
    assert [found_entities(doc) for doc in docs] == [
        found_entities(nlp(text)) for text in STRANGE.values()
    ]


@settings(max_examples=25, deadline=None)
@given(some=st.lists(texts, max_size=5))
def test_any_texts_are_annotated(nlp, some):
    assert_annotated(nlp, some, assert_sound)


@settings(max_examples=15, deadline=None)
@given(some=st.lists(texts, min_size=1, max_size=4), data=st.data())
def test_any_texts_are_learned_from(nlp, some, data):
    """With some entities and tags, none, or no annotation; with sentence boundaries or without, of
    a pair or not.
    """
    examples = []
    for text in some:
        predicted, gold = nlp.make_doc(text), nlp.make_doc(text)
        if len(gold) and data.draw(st.booleans()):
            start = data.draw(st.integers(0, len(gold) - 1))
            end = data.draw(st.integers(start + 1, len(gold)))
            gold.set_ents([Span(gold, start, end, "PER")], default="outside")
            gold[start].tag_ = "UPPER"
            if data.draw(st.booleans()):
                for word in list(predicted)[1:]:
                    word.is_sent_start = data.draw(st.booleans())
            if len(predicted) > 1 and data.draw(st.booleans()):
                border = data.draw(st.integers(1, len(predicted) - 1))
                predicted.spans["pair"] = [predicted[:border], predicted[border:]]
        examples.append(Example(predicted, gold))
    assert_learned(nlp, examples)


def test_a_long_document_is_annotated(nlp):
    words = (" ".join(TEXTS.values()).split() * 400)[:10_000]
    doc = nlp(Doc(nlp.vocab, words=words))
    assert len(doc) == 10_000
    assert_sound(doc, doc.text)


SEVERAL_PROCESSES = """
import sys, warnings, spacy
warnings.simplefilter("error")
nlp = spacy.load(sys.argv[1])
texts = ["Anna Smith met Bob in New York", "", "  ", "Rome"] * 8
read = lambda doc: [(e.start, e.end, e.label_) for e in doc.ents] + [w.tag_ for w in doc]
expected = [read(doc) for doc in nlp.pipe(texts)]
docs = list(nlp.pipe(texts, n_process=2, batch_size=4))
assert [doc.text for doc in docs] == texts
assert [read(doc) for doc in docs] == expected
assert any(len(doc.ents) for doc in docs)
assert all(len(doc.spans["ents"].attrs["scores"]) == len(doc.ents) for doc in docs)
print("done")
"""


def test_several_processes_find_what_one_does(tiny_bert, tmp_path):
    nlp = make_nlp(tiny_bert)
    fit(nlp, ner_examples(nlp), 15, learn_rate=0.01)
    nlp.to_disk(tmp_path / "nlp")
    assert_done(SEVERAL_PROCESSES, tmp_path / "nlp", n_threads=2)


def overrides(corpus: Path, checkpoint: Path, name: str) -> dict:
    return {
        **short_training(corpus, checkpoint, n_steps=30),
        f"components.spanbert_{name}.model.precision": "float32",
    }


@pytest.fixture(scope="module", params=["ner", "tagger"])
def trained(request, tiny_bert, tmp_path_factory) -> tuple[str, Path, Path]:
    """The name of a shipped config, a corpus, and what `spacy train` makes of them."""
    folder = tmp_path_factory.mktemp(request.param)
    blank = spacy.blank("en")
    examples = ner_examples(blank) if request.param == "ner" else tag_examples(blank)
    DocBin(docs=[example.reference for example in examples]).to_disk(folder / "corpus.spacy")
    config = CONFIGS / f"{request.param}.cfg"
    train(
        config,
        folder / "out",
        overrides=overrides(folder / "corpus.spacy", tiny_bert, request.param),
    )
    return request.param, folder / "corpus.spacy", folder / "out" / "model-best"


def test_spacy_train_and_evaluate_work_with_the_shipped_config(trained, tmp_path):
    kind, corpus, model = trained
    evaluate(str(model), corpus, output=tmp_path / "scores.json", silent=True)
    scores = json.loads((tmp_path / "scores.json").read_text("utf-8"))
    assert scores["ents_f" if kind == "ner" else "tag_acc"] == 1.0
    nlp = spacy.load(model)
    if kind == "ner":
        (words, gold) = ENTITIES[0]
        assert found_entities(nlp(Doc(nlp.vocab, words=words))) == gold
    else:
        (words, tags) = TAGS[0]
        assert [word.tag_ for word in nlp(Doc(nlp.vocab, words=words))] == tags


def test_apply_writes_what_was_found(trained, tmp_path):
    kind, corpus, model = trained
    apply(corpus, tmp_path / "out.spacy", str(model), "text", batch_size=2, n_process=1)
    docs = list(DocBin().from_disk(tmp_path / "out.spacy").get_docs(spacy.blank("en").vocab))
    if kind == "ner":
        assert [list(entities_with_scores(doc)) for doc in docs] == [gold for _, gold in ENTITIES]
    else:
        assert [[word.tag_ for word in doc] for doc in docs] == [tags for _, tags in TAGS]


def test_init_labels_and_debug_data_know_the_components(trained, tiny_bert, tmp_path):
    kind, corpus, _ = trained
    config = CONFIGS / f"{kind}.cfg"
    changes = [f"--{key}={value}" for key, value in overrides(corpus, tiny_bert, kind).items()]
    run = CliRunner().invoke(app, ["init", "labels", str(config), str(tmp_path), *changes])
    assert run.exit_code == 0, run.output
    expected = ["GPE", "PER"] if kind == "ner" else sorted({t for _, tags in TAGS for t in tags})
    assert json.loads((tmp_path / f"spanbert_{kind}.json").read_text("utf-8")) == expected
    full = tmp_path / "full.cfg"
    run = CliRunner().invoke(app, ["init", "fill-config", str(config), str(full)])
    assert run.exit_code == 0, run.output
    run = CliRunner().invoke(app, ["debug", "data", str(full), *changes])
    assert isinstance(run.exception, SystemExit | None), run.exc_info
    assert run.exit_code in (0, 1)  # 1: it finds the corpus too small
