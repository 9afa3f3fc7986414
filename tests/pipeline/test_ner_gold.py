"""Gold entities: what is learned from, what is unknown, what is reported."""

import numpy as np
import pytest
import spacy
import torch
from spacy.tokens import Doc, Span
from spacy.training import Example

from spacy_spanbert.errors import SpanbertError
from spacy_spanbert.nn.tag_rules import TagRules
from spacy_spanbert.pipeline.ner_gold import EntityCorpus, entity_tags
from tests.tagging_pipeline import (
    ENTITIES,
    add_tagging,
    make_tagging_nlp,
    ner_examples,
)
from tests.tiny_pipeline import add_encoder, initialize, make_optimizer

RULES = TagRules(("GPE", "PER"), "bio")
VOCAB = spacy.blank("en").vocab
WORDS = ["New", "York", "met", "Anna"]


def make_example(predicted=None, entities=(), missing=(), sent_starts=None) -> Example:
    gold = Doc(VOCAB, words=WORDS)
    spans = [Span(gold, *entity) for entity in entities]
    gold.set_ents(spans, missing=[gold[i : i + 1] for i in missing], default="outside")
    return Example(Doc(VOCAB, words=predicted or WORDS, sent_starts=sent_starts), gold)


def names(example: Example) -> list[str | None]:
    return [RULES.tags[tag] if tag >= 0 else None for tag in entity_tags(example, RULES).tolist()]


def test_entities_become_tags_of_the_predicted_words():
    assert names(make_example(entities=[(0, 2, "GPE"), (3, 4, "PER")])) == [
        *("B-GPE", "I-GPE", "O", "B-PER"),
    ]


def test_words_of_other_tokenizations_get_the_tags_of_their_entity():
    example = make_example(["New", "Yo", "rk", "met", "Anna"], [(0, 2, "GPE")])
    assert names(example) == ["B-GPE", "I-GPE", "I-GPE", "O", "O"]


def test_an_entity_that_does_not_fit_the_words_is_unknown_and_no_negative():
    example = Example(
        Doc(VOCAB, words=["New", "Yorkmet", "Anna"]),
        Doc(VOCAB, words=["New", "York", "met", "Anna"], spaces=[True, False, True, False]),
    )
    example.reference.ents = [Span(example.reference, 0, 2, "GPE")]
    assert names(example) == [None, None, "O"]


@pytest.mark.parametrize("is_sentence", [True, False], ids=["sentence", "pair"])
def test_an_entity_over_a_border_of_sentences_or_of_a_pair_is_unknown(is_sentence):
    starts = [True, True, False, False] if is_sentence else None
    example = make_example(entities=[(0, 2, "GPE"), (3, 4, "PER")], sent_starts=starts)
    if not is_sentence:
        doc = example.predicted
        doc.spans["pair"] = [doc[:1], doc[1:]]
    assert names(example) == [None, None, "O", "B-PER"]
    assert EntityCorpus.read([example]).crossing == {"GPE": 1}


def test_the_loss_of_an_entity_over_the_border_of_a_pair_is_finite(tiny_bert):
    nlp = make_tagging_nlp(tiny_bert, "spanbert_ner")
    (example,) = ner_examples(nlp, [(WORDS, [(0, 2, "GPE"), (3, 4, "PER")])])
    doc = example.predicted
    doc.spans["pair"] = [doc[:1], doc[1:]]
    assert 0 < nlp.update([example], losses={})["spanbert_ner"] < 100


def test_words_marked_as_missing_are_unknown():
    assert names(make_example(entities=[(3, 4, "PER")], missing=[1, 2])) == [
        *("O", None, None, "B-PER"),
    ]


def test_entities_with_other_labels_are_outside():
    assert names(make_example(entities=[(0, 2, "ORG")])) == ["O"] * 4


def test_docs_without_annotation_are_unknown():
    assert names(Example(Doc(VOCAB, words=WORDS), Doc(VOCAB, words=WORDS))) == [None] * 4
    assert names(Example(Doc(VOCAB), Doc(VOCAB))) == []


def test_what_cannot_be_learned_is_counted_and_reported(capsys):
    misfit = Example(
        Doc(VOCAB, words=["New", "Yorkmet", "Anna"]),
        Doc(VOCAB, words=["New", "York", "met", "Anna"], spaces=[True, False, True, False]),
    )
    misfit.reference.ents = [Span(misfit.reference, 0, 2, "GPE"), Span(misfit.reference, 3, 4, "X")]
    crossing = make_example(entities=[(0, 2, "GPE")], sent_starts=[True, True, False, False])
    empty = Example(Doc(VOCAB, words=WORDS), Doc(VOCAB, words=WORDS))
    corpus = EntityCorpus.read([misfit, crossing, empty])
    corpus.report(["GPE"], "spanbert_ner")
    assert corpus.n_annotated == 2
    assert capsys.readouterr().err.splitlines() == [
        "[spanbert_ner] 0 of 3 gold entities can be learned",
        "1 do not fit the tokenization, and are left out: GPE 1",
        "1 reach over a border of sentences or of a pair, and are left out: GPE 1",
        "1 are not among the labels, and learned as no entities: X 1",
    ]


@pytest.mark.parametrize("decode", ["greedy", "viterbi", "crf"])
@pytest.mark.parametrize("target", ["all_pieces", "word"])
def test_words_without_annotation_teach_nothing(tiny_bert, decode, target):
    """A batch of them has no loss, and no gradient for the encoder and the scorer."""
    nlp = make_tagging_nlp(tiny_bert, "spanbert_ner", decode=decode, target=target)
    words = ENTITIES[0][0]
    blank = [Example(Doc(nlp.vocab, words=words), Doc(nlp.vocab, words=words)) for _ in range(2)]
    pipe = nlp.get_pipe("spanbert_ner")
    before = {k: v.clone() for k, v in pipe.model.shims[0].module.state_dict().items()}
    losses = nlp.update(blank, sgd=make_optimizer(), losses={})
    assert losses["spanbert_ner"] == pytest.approx(0, abs=1e-4)
    assert losses["spanbert"] == pytest.approx(0, abs=1e-6)
    after = pipe.model.shims[0].module.state_dict()
    if decode != "crf":  # the field's zero is a difference of equal sums
        assert all(torch.equal(value, after[key]) for key, value in before.items())


def test_an_example_without_annotation_changes_no_gradient_of_the_others(tiny_bert):
    nlp = make_tagging_nlp(tiny_bert, "spanbert_ner")
    pipe = nlp.get_pipe("spanbert_ner")
    gold = ner_examples(nlp)
    blank = Example(Doc(nlp.vocab, words=["Anna"]), Doc(nlp.vocab, words=["Anna"]))
    found = []
    for examples in (gold, [*gold, blank]):
        nlp.update(examples, sgd=False)
        module = pipe.model.shims[0].module
        found.append(module.output.weight.grad.clone())
        module.zero_grad()
        nlp.get_pipe("spanbert").flush()
        nlp.get_pipe("spanbert").model.shims[0].module.zero_grad()
    torch.testing.assert_close(found[0], found[1], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("decode", ["viterbi", "crf"])
def test_the_gradient_of_the_loss_is_its_slope(tiny_bert, decode):
    nlp = make_tagging_nlp(tiny_bert, "spanbert_ner", decode=decode, target="all_pieces")
    pipe = nlp.get_pipe("spanbert_ner")
    examples = ner_examples(nlp)
    docs = list(nlp.get_pipe("spanbert").pipe([eg.predicted for eg in examples]))
    scores, _ = pipe.model((docs, "all"), False)
    _, d_scores = pipe.get_loss(examples, scores)
    generator = np.random.default_rng(0)
    nudge = generator.normal(size=scores.logits.shape).astype("f") * 1e-2
    moved = type(scores)(scores.logits + nudge, scores.n_rows, scores.links)
    back = type(scores)(scores.logits - nudge, scores.n_rows, scores.links)
    slope = (pipe.get_loss(examples, moved)[0] - pipe.get_loss(examples, back)[0]) / 2
    assert slope == pytest.approx(float((d_scores.logits * nudge).sum()), rel=1e-2, abs=1e-3)


def test_empty_docs_and_empty_batches_are_trained_on(tiny_bert):
    nlp = make_tagging_nlp(tiny_bert, "spanbert_ner")
    empty = Example(Doc(nlp.vocab), Doc(nlp.vocab))
    assert nlp.update([empty], sgd=make_optimizer(), losses={})["spanbert_ner"] == 0.0
    losses = nlp.update([empty, *ner_examples(nlp), empty], sgd=make_optimizer(), losses={})
    assert losses["spanbert_ner"] > 0


def test_labels_are_those_of_the_examples_or_those_that_are_given(tiny_bert):
    nlp = make_tagging_nlp(tiny_bert, "spanbert_ner")
    pipe = nlp.get_pipe("spanbert_ner")
    assert pipe.labels == ("GPE", "PER")
    assert pipe.label_data == ["GPE", "PER"]
    assert pipe.n_outputs == 5
    with pytest.raises(SpanbertError, match="cannot take 'ORG' any more"):
        pipe.add_label("ORG")
    nlp = spacy.blank("en")
    add_encoder(nlp)
    add_tagging(nlp, "spanbert_ner", scheme="bioes")
    nlp.get_pipe("spanbert_ner").add_label("ORG")
    initialize(nlp, tiny_bert, ner_examples(nlp), spanbert_ner={"labels": ["PER"]})
    assert nlp.get_pipe("spanbert_ner").labels == ("ORG", "PER")
    assert nlp.get_pipe("spanbert_ner").n_outputs == 9


def test_a_corpus_without_entities_is_refused_with_advice(tiny_bert):
    nlp = spacy.blank("en")
    add_encoder(nlp)
    add_tagging(nlp, "spanbert_ner")
    with pytest.raises(SpanbertError, match=r"no entity in doc\.ents; convert .* --ents"):
        initialize(nlp, tiny_bert, ner_examples(nlp, [(["Anna"], [])]))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"target": "pieces"}, "target is 'pieces', expected one of all_pieces, first_piece, word"),
        ({"aggregate": "sum"}, "aggregate is 'sum', expected one of first, mean, max"),
        ({"decode": "beam"}, "decode is 'beam', expected one of greedy, viterbi, crf"),
        ({"scheme": "bilou"}, "scheme is 'bilou', expected one of bio, bioes"),
        ({"lr_scale": 0.0}, "lr_scale is 0.0, expected a number above 0"),
        ({"spans_key": ""}, "spans_key is '', expected a text of one letter or more"),
        ({"target": "all_pieces", "aggregate": "first"}, 'set target = "first_piece"'),
        ({"model": {"dropout": 1.0}}, "dropout is a share, 0 to below 1, but is 1.0"),
        ({"model": {"hidden_width": -1}}, "hidden_width is 0"),
    ],
)
def test_settings_that_cannot_be_are_refused(settings, message):
    with pytest.raises(SpanbertError, match=message):
        add_tagging(spacy.blank("en"), "spanbert_ner", **settings)


def test_a_score_that_training_would_not_see_is_reported(tiny_bert, capsys):
    nlp = spacy.blank("en")
    add_encoder(nlp)
    add_tagging(nlp, "spanbert_ner")
    nlp.config["training"]["score_weights"] = {"ents_f": 0.0}
    initialize(nlp, tiny_bert, ner_examples(nlp))
    assert "[training.score_weights] does not weigh ents_f" in capsys.readouterr().err
