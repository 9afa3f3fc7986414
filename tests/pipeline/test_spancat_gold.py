"""What `spanbert_spancat` makes of gold spans: missing, unreachable, unknown, none at all."""

import pytest
import spacy
import torch
from spacy import Language
from spacy.tokens import Doc, Span
from spacy.training import Example

from spacy_spanbert.errors import SpanbertError
from spacy_spanbert.layers.encoder import encoder_shim
from spacy_spanbert.layers.head_model import head_shim
from tests.tiny_pipeline import (
    FLAT,
    NESTED,
    add_encoder,
    add_spancat,
    fit,
    found_spans,
    initialize,
    make_examples,
    make_nlp,
)


def gradient_norm(nlp: Language) -> float:
    nlp.get_pipe("spanbert").flush()
    modules = [
        encoder_shim(nlp.get_pipe("spanbert").model).module,
        head_shim(nlp.get_pipe("spanbert_spancat").model).module,
    ]
    gradients = [p.grad for module in modules for p in module.parameters() if p.grad is not None]
    return sum(float(gradient.abs().sum()) for gradient in gradients)


def all_gradients(nlp: Language, examples) -> torch.Tensor:
    module = head_shim(nlp.get_pipe("spanbert_spancat").model).module
    module.zero_grad()
    nlp.update(examples, sgd=False)
    return torch.cat([p.grad.flatten() for p in module.parameters()])


def without_annotation(nlp: Language, words: list[str]) -> Example:
    return Example(Doc(nlp.vocab, words=words), Doc(nlp.vocab, words=words))


def test_an_example_without_annotation_teaches_nothing(tiny_bert):
    nlp = make_nlp(tiny_bert)
    losses = nlp.update([without_annotation(nlp, NESTED[0][0])], sgd=False, losses={})
    assert losses["spanbert_spancat"] == 0.0
    assert gradient_norm(nlp) == 0.0


def test_an_example_annotated_with_no_span_teaches_that_there_is_none(tiny_bert):
    nlp = make_nlp(tiny_bert)
    losses = nlp.update(make_examples(nlp, FLAT[2:]), sgd=False, losses={})
    assert losses["spanbert_spancat"] > 0.0
    assert gradient_norm(nlp) > 0.0


def test_an_example_without_annotation_changes_nothing_for_the_others(tiny_bert):
    nlp = make_nlp(tiny_bert)
    alone = all_gradients(nlp, make_examples(nlp))
    mixed = all_gradients(
        nlp, [without_annotation(nlp, FLAT[0][0]), *make_examples(nlp), Example(nlp(""), nlp(""))]
    )
    torch.testing.assert_close(mixed, alone, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("n_examples", [1, 2])
def test_a_batch_of_empty_docs_is_passed_over(tiny_bert, n_examples):
    nlp = make_nlp(tiny_bert)
    examples = [without_annotation(nlp, []) for _ in range(n_examples)]
    assert nlp.update(examples, sgd=False, losses={})["spanbert_spancat"] == 0.0
    fit(nlp, examples, 1)
    assert found_spans(nlp("")) == []


@pytest.mark.parametrize("max_length", ["auto", 4])
def test_before_initialization_it_says_what_to_call(max_length):
    nlp = spacy.blank("en")
    add_spancat(nlp, max_length=max_length)
    head = nlp.get_pipe("spanbert_spancat")
    with pytest.raises(ValueError, match=r"no weights yet: call nlp\.initialize"):
        head.predict([nlp.make_doc("Anna left")])
    with pytest.raises(ValueError, match=r"no weights yet: call nlp\.initialize"):
        head.update(make_examples(nlp))


def test_gold_that_is_not_suggested_or_of_other_labels_is_reported(tiny_bert, capsys):
    nlp = spacy.blank("en")
    add_encoder(nlp)
    add_spancat(nlp, suggester={"@misc": "spacy.ngram_suggester.v1", "sizes": [1, 2]})
    examples = make_examples(nlp)
    initialize(nlp, tiny_bert, examples, spanbert_spancat={"labels": ["PER", "GPE"]})
    printed = capsys.readouterr().err
    assert "Not among the labels, and learned as no spans: FAC 1\n" in printed
    assert "4 of 9 gold spans suggested; not suggested: FAC 1, GPE 1, PER 3\n" in printed


def test_a_gold_span_without_a_label_is_named_and_refused(tiny_bert):
    nlp = spacy.blank("en")
    add_encoder(nlp)
    add_spancat(nlp)
    examples = make_examples(nlp, [(["Anna", "met", "Bob"], [(0, 1, "PER"), (2, 3, "")])])
    message = r"gold span 'Bob' \(words 2 to 3 .* begins 'Anna met Bob '\) .* has none.*span_finder"
    with pytest.raises(SpanbertError, match=message):
        initialize(nlp, tiny_bert, examples)


def test_one_example_is_enough(tiny_bert):
    data = [(["Anna"], [(0, 1, "PER")])]
    nlp = make_nlp(tiny_bert, data=data)
    fit(nlp, make_examples(nlp, data), 30)
    assert found_spans(nlp("Anna")) == [(0, 1, "PER")]


def test_a_label_never_seen_before_is_left_out(tiny_bert):
    nlp = make_nlp(tiny_bert)
    words, spans = NESTED[0]
    known = make_examples(nlp, [(words, spans[:2])])
    more = make_examples(nlp, [(words, [*spans[:2], (8, 9, "UNKNOWN")])])
    torch.testing.assert_close(all_gradients(nlp, more), all_gradients(nlp, known))
    assert "UNKNOWN" not in nlp.get_pipe("spanbert_spancat").labels


def test_a_span_longer_than_reached_or_across_sentences_is_left_out(tiny_bert):
    nlp = make_nlp(tiny_bert)
    words, spans = NESTED[0]
    nlp.get_pipe("spanbert_spancat").cfg["max_length"] = 5
    short = [span for span in spans if span[1] - span[0] <= 5]
    assert len(short) < len(spans)
    torch.testing.assert_close(
        all_gradients(nlp, make_examples(nlp, [(words, spans)])),
        all_gradients(nlp, make_examples(nlp, [(words, short)])),
    )


def test_a_span_that_does_not_fit_the_tokenization_is_left_out(tiny_bert):
    nlp = make_nlp(tiny_bert)
    words = ["Anna", "can", "not", "go"]
    gold = Doc(nlp.vocab, words=words, spaces=[True, False, True, False])
    gold.spans["sc"] = [Span(gold, 0, 1, "PER"), Span(gold, 1, 2, "GPE")]
    text = ["Anna", "cannot", "go"]
    fitting = Doc(nlp.vocab, words=text, spaces=[True, True, False])
    fitting.spans["sc"] = [Span(fitting, 0, 1, "PER")]

    def predicted() -> Doc:
        return Doc(nlp.vocab, words=text, spaces=[True, True, False])

    torch.testing.assert_close(
        all_gradients(nlp, [Example(predicted(), gold)]),
        all_gradients(nlp, [Example(predicted(), fitting)]),
    )


class TestInitialization:
    def test_labels_and_the_longest_span_come_from_the_examples(self, tiny_bert, capsys):
        nlp = make_nlp(tiny_bert)
        pipe = nlp.get_pipe("spanbert_spancat")
        assert pipe.labels == ("FAC", "GPE", "PER")
        assert pipe.cfg["max_length"] == 7
        printed = capsys.readouterr().err
        assert "[spanbert_spancat] max_length = 7" in printed
        assert "9 gold spans in 2 documents" in printed

    def test_given_labels_are_used_in_their_order(self, tiny_bert):
        nlp = spacy.blank("en")
        add_encoder(nlp)
        add_spancat(nlp)
        labels = {"spanbert_spancat": {"labels": ["PER", "GPE", "ORG"]}}
        initialize(nlp, tiny_bert, make_examples(nlp), **labels)
        pipe = nlp.get_pipe("spanbert_spancat")
        assert pipe.labels == ("PER", "GPE", "ORG")
        assert pipe.model.get_dim("nO") == 4
        fit(nlp, make_examples(nlp), 1)

    def test_labels_added_before_come_first(self, tiny_bert):
        nlp = spacy.blank("en")
        add_encoder(nlp)
        add_spancat(nlp)
        pipe = nlp.get_pipe("spanbert_spancat")
        assert [pipe.add_label("ZED"), pipe.add_label("ZED")] == [1, 0]
        initialize(nlp, tiny_bert, make_examples(nlp))
        assert pipe.labels == ("ZED", "FAC", "GPE", "PER")
        assert pipe.label_data == ["ZED", "FAC", "GPE", "PER"]

    def test_a_label_added_after_is_refused(self, trained_nlp):
        pipe = trained_nlp.get_pipe("spanbert_spancat")
        assert pipe.add_label("PER") == 0
        with pytest.raises(SpanbertError, match="labels FAC, GPE, PER and cannot take 'X'"):
            pipe.add_label("X")
        assert pipe.labels == ("FAC", "GPE", "PER")

    @pytest.mark.parametrize("label", ["", 3, None])
    def test_what_is_no_label_is_refused(self, label):
        nlp = spacy.blank("en")
        add_spancat(nlp)
        with pytest.raises(SpanbertError, match="a label is a text of one letter or more"):
            nlp.get_pipe("spanbert_spancat").add_label(label)

    @pytest.mark.parametrize("spans_key", ["sc", "other"])
    def test_a_corpus_without_spans_under_the_key_is_refused(self, tiny_bert, spans_key):
        nlp = spacy.blank("en")
        add_encoder(nlp)
        add_spancat(nlp)
        data = FLAT[2:] if spans_key == "sc" else FLAT
        with pytest.raises(SpanbertError, match=r"no labels: .* doc.spans\['sc'\]"):
            initialize(nlp, tiny_bert, make_examples(nlp, data, spans_key=spans_key))

    def test_a_corpus_of_empty_docs_is_initialized_with_given_labels(self, tiny_bert):
        nlp = spacy.blank("en")
        add_encoder(nlp)
        add_spancat(nlp)
        examples = [without_annotation(nlp, [])]
        initialize(nlp, tiny_bert, examples, spanbert_spancat={"labels": ["PER"]})
        assert nlp("Anna").spans["sc"] is not None

    def test_the_examples_may_be_a_stream_that_is_read_anew(self, tiny_bert):
        nlp = spacy.blank("en")
        add_encoder(nlp)
        add_spancat(nlp)
        nlp.config["initialize"]["components"] = {"spanbert": {"checkpoint": str(tiny_bert)}}
        nlp.initialize(lambda: iter(make_examples(nlp)))
        assert nlp.get_pipe("spanbert_spancat").cfg["max_length"] == 7


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"spans_key": ""}, "spans_key is ''"),
        ({"threshold": 1.5}, "threshold is 1.5, expected a probability, 0 to 1"),
        ({"max_length": 0}, 'max_length is 0, expected "auto" or a number of words'),
        ({"max_length": "long"}, "max_length"),
        ({"overlap": "crossing"}, "overlap is 'crossing', expected one of any, nested, flat"),
        ({"max_positive": 0, "multilabel": True}, "max_positive is 0"),
        ({"max_positive": 2}, "max_positive is 2, expected null or 1 unless multilabel = true"),
        ({"write_ents": True}, 'write_ents is True, expected false unless overlap = "flat"'),
        ({"lr_scale": 0.0}, "lr_scale is 0.0, expected a number above 0"),
        ({"loss": {"smoothing": 0.1}}, r"loss\] has no option 'smoothing'; there are: boundary_sm"),
        ({"loss": {"boundary_smoothing": 2.0}}, "boundary_smoothing"),
        ({"loss": {"positive_weight": -1.0}}, "positive_weight"),
        ({"loss": {"none_weight": -1.0}}, "none_weight"),
        ({"loss": {"focal_gamma": -1.0}}, "focal_gamma"),
        ({"loss": {"negatives": 2.0}}, "negatives"),
        ({"model": {"representation": "max"}}, "representation"),
        ({"model": {"hidden_width": 0}}, "hidden_width"),
        ({"model": {"biaffine_width": -1}}, "biaffine_width"),
        ({"model": {"conv_layers": -1}}, "conv_layers"),
        ({"model": {"dropout": 1.0}}, "dropout"),
        ({"model": {"activation": "tanh"}}, "activation"),
        ({"model": {"precision": "half"}}, "precision"),
        ({"treshold": 0.5}, "treshold"),
    ],
    ids=str,
)
def test_a_wrong_value_in_the_config_is_named_by_its_key(config, message):
    """When the pipeline is made, not only when it is trained."""
    with pytest.raises(ValueError, match=message):
        add_spancat(spacy.blank("en"), **config)


def test_convolution_with_a_suggester_is_refused_when_the_pipeline_is_made():
    suggester = {"@misc": "spacy.ngram_suggester.v1", "sizes": [1]}
    with pytest.raises(ValueError, match="conv_layers"):
        add_spancat(spacy.blank("en"), suggester=suggester, model={"conv_layers": 1})


@pytest.mark.parametrize(
    ("spans_key", "weights", "is_told"),
    [
        ("sc", {}, False),  # the factory's own weights are for sc
        ("mine", {}, True),
        ("mine", {"spans_mine_f": 0.5}, False),
        ("mine", {"spans_mine_f": 0.0}, True),
    ],
)
def test_weights_that_leave_the_spans_out_of_the_score_are_told(
    tiny_bert, capsys, spans_key, weights, is_told
):
    nlp = spacy.blank("en", config={"training": {"score_weights": weights}})
    add_encoder(nlp)
    add_spancat(nlp, spans_key=spans_key)
    examples = make_examples(nlp, NESTED, spans_key=spans_key)
    initialize(nlp, tiny_bert, examples)
    told = f"weighs no score of spans_key = '{spans_key}'" in capsys.readouterr().err
    assert told == is_told
