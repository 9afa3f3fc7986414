"""The component `spanbert_spancat`: learning nested spans, saving, every mode."""

import json

import numpy as np
import pytest
import spacy
import torch
from spacy import Language
from spacy.tokens import Doc
from spacy.training import Example

from spacy_spanbert.layers.head_model import head_shim
from tests.tiny_pipeline import (
    NESTED,
    PLAIN_TOK2VEC,
    add_encoder,
    add_spancat,
    fit,
    found_spans,
    initialize,
    make_examples,
    make_nlp,
    make_optimizer,
)

SUGGESTER = {"@misc": "spacy.ngram_range_suggester.v1", "min_size": 1, "max_size": 7}
GOLD = {"".join(words): sorted(spans) for words, spans in NESTED}


def spans_with_scores(doc: Doc, key: str = "sc") -> dict[tuple[int, int, str], float]:
    group = doc.spans[key]
    assert len(group) == len(group.attrs["scores"])
    spans = [(span.start, span.end, span.label_) for span in group]
    assert spans == sorted(spans, key=lambda span: span[:2])
    return dict(zip(spans, group.attrs["scores"].tolist(), strict=True))


def predict(nlp: Language) -> list[Doc]:
    """Annotate the words of NESTED."""
    docs = [Doc(nlp.vocab, words=words) for words, _ in NESTED]
    return list(nlp.pipe(docs))


def crosses(one, other) -> bool:
    return one[0] < other[0] < one[1] < other[1] or other[0] < one[0] < other[1] < one[1]


def overlaps(one, other) -> bool:
    return one[0] < other[1] and other[0] < one[1]


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"multilabel": True},
        {"multilabel": True, "max_positive": 1},
        {"overlap": "nested"},
        {"suggester": SUGGESTER},
        {"loss": {"boundary_smoothing": 0.1, "positive_weight": 2.0}},
        {"loss": {"focal_gamma": 1.0, "none_weight": 0.5, "negatives": 0.5}},
        {"model": {"representation": "span_self_attention"}},
        {"model": {"conv_layers": 1, "biaffine_width": 8, "dropout": 0.1}},
        {"model": {"representation": "endpoints_mean", "use_width_embedding": False}},
    ],
    ids=str,
)
def test_nested_spans_of_two_docs_are_learned_by_heart(tiny_bert, settings):
    nlp = make_nlp(tiny_bert, spancat=settings)
    examples = make_examples(nlp)
    fit(nlp, examples, n_steps=80)
    assert nlp.evaluate(examples)["spans_sc_f"] == 1.0
    for doc in predict(nlp):
        found = spans_with_scores(doc)
        assert list(found) == sorted(GOLD["".join(word.text for word in doc)], key=lambda s: s[:2])
        assert min(found.values()) > 0.5


def test_it_learns_on_byte_level_pieces_and_in_bfloat16(tiny_roberta):
    nlp = make_nlp(
        tiny_roberta,
        encoder={"model": {"precision": "bfloat16"}},
        spancat={"model": {"precision": "bfloat16"}},
    )
    fit(nlp, make_examples(nlp), n_steps=80)
    assert nlp.evaluate(make_examples(nlp))["spans_sc_f"] == 1.0


@pytest.mark.parametrize("how", ["bytes", "disk"])
@pytest.mark.parametrize("settings", [{}, {"multilabel": True, "spans_key": "other"}])
def test_a_saved_pipeline_finds_the_same_spans_with_the_same_scores(
    tiny_bert, tmp_path, how, settings
):
    settings = dict(settings)
    key = settings.pop("spans_key", "sc")
    nlp = make_with_key(tiny_bert, key, **settings)
    fit(nlp, make_examples(nlp, spans_key=key), n_steps=40)
    expected = [spans_with_scores(doc, key) for doc in predict(nlp)]
    assert all(expected)
    if how == "disk":
        nlp.to_disk(tmp_path / "nlp")
        loaded = spacy.load(tmp_path / "nlp")
    else:
        loaded = spacy.blank("en").from_config(nlp.config).from_bytes(nlp.to_bytes())
    assert [spans_with_scores(doc, key) for doc in predict(loaded)] == expected
    pipe = loaded.get_pipe("spanbert_spancat")
    assert pipe.labels == nlp.get_pipe("spanbert_spancat").labels
    assert pipe.cfg == nlp.get_pipe("spanbert_spancat").cfg


def make_with_key(checkpoint, spans_key: str, **settings) -> Language:
    nlp = spacy.blank("en")
    add_encoder(nlp)
    add_spancat(nlp, **{**settings, "spans_key": spans_key})
    initialize(nlp, checkpoint, make_examples(nlp, spans_key=spans_key))
    return nlp


def test_a_doc_with_spans_survives_bytes_with_its_scores(trained_nlp):
    doc = predict(trained_nlp)[0]
    doc._.trf_data = None
    copied = Doc(trained_nlp.vocab).from_bytes(doc.to_bytes(exclude=["user_hooks"]))
    assert spans_with_scores(copied) == spans_with_scores(doc)


@pytest.mark.parametrize("overlap", ["any", "nested", "flat"])
@pytest.mark.parametrize("threshold", [0.0, 0.05])
def test_overlap_decides_which_spans_stand_together(trained_nlp, overlap, threshold):
    everything = everything_of(trained_nlp, threshold)
    trained_nlp.get_pipe("spanbert_spancat").cfg["overlap"] = overlap
    for doc, before in zip(predict(trained_nlp), everything, strict=True):
        found = spans_with_scores(doc)
        pairs = [(one, other) for one in found for other in found if one != other]
        assert found.items() <= before.items()
        assert found
        if overlap == "any":
            assert found == before
        elif overlap == "nested":
            assert not any(crosses(*pair) for pair in pairs)
            lost = set(before) - set(found)
            assert all(any(crosses(one, other) for other in found) for one in lost)
        else:
            assert not any(overlaps(*pair) for pair in pairs)


def everything_of(nlp: Language, threshold: float):
    pipe = nlp.get_pipe("spanbert_spancat")
    pipe.cfg["threshold"] = threshold
    return [spans_with_scores(doc) for doc in predict(nlp)]


def test_at_threshold_zero_every_span_is_written_once(trained_nlp):
    max_length = trained_nlp.get_pipe("spanbert_spancat").cfg["max_length"]
    for doc, found in zip(predict(trained_nlp), everything_of(trained_nlp, 0.0), strict=True):
        spans = {
            (s, e) for s in range(len(doc)) for e in range(s + 1, min(s + max_length, len(doc)) + 1)
        }
        assert sorted((start, end) for start, end, _ in found) == sorted(spans)


def test_at_threshold_one_nothing_uncertain_is_written(trained_nlp):
    assert all(min(found.values(), default=1) == 1 for found in everything_of(trained_nlp, 1.0))


def test_at_most_max_positive_labels_are_written_of_a_span(tiny_bert):
    nlp = make_nlp(tiny_bert, spancat={"multilabel": True, "threshold": 0.0})
    pipe = nlp.get_pipe("spanbert_spancat")
    for most in (None, 1, 2, 3, 9):
        pipe.cfg["max_positive"] = most
        for doc in predict(nlp):
            counts: dict[tuple[int, int], int] = {}
            for start, end, _ in spans_with_scores(doc):
                counts[start, end] = counts.get((start, end), 0) + 1
            assert set(counts.values()) == {min(most or 3, 3)}


def test_a_suggesters_spans_have_the_scores_they_have_among_all(trained_nlp):
    """As ngram suggester: all lengths; the labels and scores of the same spans are the same."""
    expected = everything_of(trained_nlp, 0.0)
    make_suggester = spacy.registry.misc.get("spacy.ngram_suggester.v1")
    trained_nlp.get_pipe("spanbert_spancat").suggester = make_suggester(sizes=[1, 3, 6])
    for doc, before in zip(predict(trained_nlp), expected, strict=True):
        found = spans_with_scores(doc)
        assert {end - start for start, end, _ in found} == {1, 3, 6}
        assert len(found) == len(doc) + len(doc) - 2 + len(doc) - 5
        for span, score in found.items():
            assert score == pytest.approx(before[span], abs=1e-5)


def test_a_suggester_that_finds_nothing_gives_no_spans_and_learns_nothing(tiny_bert):
    suggester = {"@misc": "spacy.ngram_suggester.v1", "sizes": [40]}
    nlp = make_nlp(tiny_bert, spancat={"suggester": suggester})
    losses = fit(nlp, make_examples(nlp), 2)
    assert losses["spanbert_spancat"] == 0.0
    assert [found_spans(doc) for doc in predict(nlp)] == [[], []]


class TestSentences:
    WORDS = NESTED[0][0]

    def docs(self, nlp: Language, starts: tuple[int, ...]) -> Doc:
        flags = [index in starts for index in range(len(self.WORDS))] if starts else None
        return nlp(Doc(nlp.vocab, words=self.WORDS, sent_starts=flags))

    def test_no_span_crosses_a_sentence_boundary(self, trained_nlp):
        trained_nlp.get_pipe("spanbert_spancat").cfg["threshold"] = 0.0
        found = found_spans(self.docs(trained_nlp, (0, 5, 12)))
        assert found
        assert all(not (start < border < end) for start, end, _ in found for border in (5, 12))
        lengths = {(5, 12): 0, (0, 5): 0, (12, 15): 0}
        for start, end, _ in found:
            for sentence in lengths:
                lengths[sentence] += sentence[0] <= start and end <= sentence[1]
        assert lengths == {(5, 12): 28, (0, 5): 15, (12, 15): 6}

    def test_spans_cross_sentence_boundaries_if_asked_for(self, trained_nlp):
        pipe = trained_nlp.get_pipe("spanbert_spancat")
        pipe.cfg["cross_sentences"] = True
        assert found_spans(self.docs(trained_nlp, (0, 5, 12))) == sorted(NESTED[0][1])

    def test_without_boundaries_nothing_is_restricted(self, trained_nlp):
        assert found_spans(self.docs(trained_nlp, ())) == sorted(NESTED[0][1])

    def test_no_span_crosses_from_one_doc_to_the_next(self, trained_nlp):
        for found in everything_of(trained_nlp, 0.0):
            assert max(end for _, end, _ in found) <= max(len(words) for words, _ in NESTED)


def test_flat_spans_are_written_as_entities(trained_nlp):
    pipe = trained_nlp.get_pipe("spanbert_spancat")
    pipe.cfg |= {"overlap": "flat", "write_ents": True}
    for doc in predict(trained_nlp):
        assert len(doc.ents) > 0
        ents = [(ent.start, ent.end, ent.label_) for ent in doc.ents]
        assert ents == found_spans(doc)


def test_the_scorer_of_a_component_uses_its_spans_key(tiny_bert):
    nlp = make_with_key(tiny_bert, "other")
    scores = nlp.evaluate(make_examples(nlp, spans_key="other"))
    assert "spans_other_f" in scores
    assert json.dumps(scores)


def test_one_span_with_two_labels_is_learned_with_multilabel(tiny_bert):
    data = [(["Anna", "saw", "Spain"], [(0, 1, "PER"), (0, 1, "QUEEN"), (2, 3, "GPE")])]
    nlp = make_nlp(tiny_bert, data=data, spancat={"multilabel": True})
    fit(nlp, make_examples(nlp, data), 60)
    doc = nlp(Doc(nlp.vocab, words=data[0][0]))
    assert found_spans(doc) == sorted(data[0][1])


def test_the_whole_of_a_long_text_is_trained_as_in_one_piece(tiny_bert, monkeypatch):
    """Above some ten thousand candidates training scores blocks and computes them twice."""
    results = []
    for most in (40_000, 8):
        monkeypatch.setattr("spacy_spanbert.layers.span_scorer.MAX_TRAINING_SPANS", most)
        torch.manual_seed(0)
        nlp = make_nlp(tiny_bert)
        fit(nlp, make_examples(nlp), 5)
        nlp.to_bytes()
        module = head_shim(nlp.get_pipe("spanbert_spancat").model).module
        results.append(torch.cat([p.detach().flatten() for p in module.parameters()]).numpy())
    np.testing.assert_allclose(results[0], results[1], rtol=1e-3, atol=1e-3)


def test_it_learns_on_a_plain_tok2vec_without_our_encoder():
    nlp = spacy.blank("en")
    add_spancat(nlp, model={"tok2vec": PLAIN_TOK2VEC})
    examples = make_examples(nlp)
    nlp.initialize(lambda: examples)
    fit(nlp, examples, 100, learn_rate=0.01)
    assert nlp.evaluate(examples)["spans_sc_f"] == 1.0
    loaded = spacy.blank("en").from_config(nlp.config).from_bytes(nlp.to_bytes())
    assert [found_spans(doc) for doc in predict(loaded)] == [sorted(spans) for _, spans in NESTED]


def test_examples_of_a_plain_python_loop_are_learned_from(tiny_bert):
    """Spans in Example.from_dict are character offsets."""
    nlp = spacy.blank("en")
    add_encoder(nlp)
    add_spancat(nlp)
    text = "The old mayor of New York"
    gold = {"spans": {"sc": [(0, 25, "PER"), (17, 25, "GPE")]}}
    examples = [Example.from_dict(nlp.make_doc(text), gold)]
    initialize(nlp, tiny_bert, examples)
    sgd = make_optimizer()
    for _ in range(40):
        nlp.update([Example.from_dict(nlp.make_doc(text), gold)], sgd=sgd)
    assert found_spans(nlp(text)) == [(0, 6, "PER"), (4, 6, "GPE")]
