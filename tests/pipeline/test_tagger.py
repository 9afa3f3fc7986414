"""The component `spanbert_tagger`: learning tags, saving, what is missing."""

import numpy as np
import pytest
import spacy
from spacy.tokens import Doc
from spacy.training import Example

from spacy_spanbert.errors import SpanbertError
from spacy_spanbert.pipeline.tag_gold import TagCorpus
from tests.tagging_pipeline import TAGS, add_tagging, make_tagging_nlp, tag_examples
from tests.tiny_pipeline import add_encoder, fit, initialize, make_optimizer

GOLD = [tags for _, tags in TAGS]


def predict(nlp) -> list[Doc]:
    return list(nlp.pipe(Doc(nlp.vocab, words=words) for words, _ in TAGS))


@pytest.mark.parametrize(
    ("target", "aggregate", "decode"),
    [("word", "mean", "greedy"), ("all_pieces", "mean", "crf"), ("first_piece", "first", "greedy")],
)
def test_tags_are_learned_by_heart(tiny_bert, target, aggregate, decode):
    nlp = make_tagging_nlp(
        tiny_bert, "spanbert_tagger", target=target, aggregate=aggregate, decode=decode
    )
    fit(nlp, tag_examples(nlp), n_steps=25, learn_rate=0.01)
    assert [[word.tag_ for word in doc] for doc in predict(nlp)] == GOLD
    assert [[word.pos_ for word in doc] for doc in predict(nlp)] == [[""] * 7, [""] * 4]
    assert nlp.evaluate(tag_examples(nlp))["tag_acc"] == 1.0


def test_parts_of_speech_are_learned_saved_and_loaded(tiny_bert, tmp_path):
    nlp = spacy.blank("en")
    add_encoder(nlp)
    add_tagging(nlp, "spanbert_tagger", attribute="pos")
    examples = tag_examples(nlp, attribute="pos")
    initialize(nlp, tiny_bert, examples)
    fit(nlp, examples, n_steps=25, learn_rate=0.01)
    nlp.to_disk(tmp_path / "nlp")
    copied = spacy.blank("en").from_config(nlp.config).from_bytes(nlp.to_bytes())
    for some in (nlp, spacy.load(tmp_path / "nlp"), copied):
        assert [[word.pos_ for word in doc] for doc in predict(some)] == GOLD
        assert [[word.tag_ for word in doc] for doc in predict(some)] == [[""] * 7, [""] * 4]
    scores = nlp.evaluate(tag_examples(nlp, attribute="pos"))
    assert scores["pos_acc"] == 1.0
    assert "tag_acc" not in scores or scores["tag_acc"] is None


def test_viterbi_finds_what_greedy_does(tiny_bert):
    nlp = make_tagging_nlp(tiny_bert, "spanbert_tagger")
    found = []
    for decode in ("greedy", "viterbi"):
        nlp.get_pipe("spanbert_tagger").cfg["decode"] = decode
        found.append([[word.tag_ for word in doc] for doc in predict(nlp)])
    assert found[0] == found[1]


def test_words_without_a_tag_and_tags_that_are_not_labels_teach_nothing(tiny_bert):
    nlp = spacy.blank("en")
    add_encoder(nlp)
    add_tagging(nlp, "spanbert_tagger")
    labels = {"labels": ["NOUN", "VERB"]}
    initialize(nlp, tiny_bert, tag_examples(nlp), spanbert_tagger=labels)
    pipe = nlp.get_pipe("spanbert_tagger")
    assert pipe.labels == ("NOUN", "VERB")
    (example,) = tag_examples(nlp, [(["a", "house", "stood"], ["DET", "NOUN", ""])])
    assert pipe.gold_tags(example).tolist() == [-1, 0, -1]
    bare = Example(Doc(nlp.vocab, words=["a", "b"]), Doc(nlp.vocab, words=["a", "b"]))
    assert pipe.gold_tags(bare).tolist() == [-1, -1]
    assert pipe.gold_tags(Example(Doc(nlp.vocab), Doc(nlp.vocab))).tolist() == []
    assert nlp.update([bare], sgd=make_optimizer(), losses={})["spanbert_tagger"] == 0.0


def joined_example(nlp, predicted: list[str], gold: list[str], tags: list[str]) -> Example:
    """`cannot go`, in words of which all but the last two have no blank between them."""
    docs = [
        Doc(nlp.vocab, words=words, spaces=[word in ("cannot", "not") for word in words])
        for words in (predicted, gold)
    ]
    for word, tag in zip(docs[1], tags, strict=True):
        word.tag_ = tag
    return Example(*docs)


def test_words_that_are_not_one_gold_word_are_unknown(tiny_bert):
    nlp = make_tagging_nlp(tiny_bert, "spanbert_tagger")
    example = joined_example(nlp, ["cannot", "go"], ["can", "not", "go"], ["VERB", "ADV", "VERB"])
    verb = nlp.get_pipe("spanbert_tagger").labels.index("VERB")
    assert nlp.get_pipe("spanbert_tagger").gold_tags(example).tolist() == [-1, verb]


def test_tags_that_cannot_be_learned_are_reported_at_initialization(tiny_bert, capsys):
    nlp = spacy.blank("en")
    add_encoder(nlp)
    add_tagging(nlp, "spanbert_tagger")
    joined = joined_example(nlp, ["cannot", "go"], ["can", "not", "go"], ["VERB", "ADV", "VERB"])
    examples = [joined, *tag_examples(nlp, [(["a", "house", "stood"], ["DET", "NOUN", ""])])]
    initialize(nlp, tiny_bert, examples, spanbert_tagger={"labels": ["NOUN", "VERB"]})
    told = capsys.readouterr().err.splitlines()
    assert [line for line in told if "score_weights" not in line] == [
        "[spanbert_tagger] 2 of 5 gold tags can be learned",
        "2 do not fit the tokenization (words that are several gold words: 1), and are left out: "
        "ADV 1, VERB 1",
        "2 are not among the labels, and teach nothing: ADV 1, DET 1",
    ]


@pytest.mark.parametrize(
    ("predicted", "gold", "tags"),
    [
        (["cannot", "go"], ["can", "not", "go"], ["X", "X", "VERB"]),
        (["can", "not", "go"], ["cannot", "go"], ["X", "VERB"]),
        (["cannot", "go"], ["cannot", "go"], ["", "VERB"]),
        ([], [], []),
    ],
)
def test_tags_that_some_word_gets_are_learned_though_words_differ(predicted, gold, tags, capsys):
    example = joined_example(spacy.blank("en"), predicted, gold, tags)
    corpus = TagCorpus.read([example], "tag")
    n_tags = sum(tag != "" for tag in tags)
    corpus.report(sorted(corpus.tags), "tagger")
    assert capsys.readouterr().err == f"[tagger] {n_tags} of {n_tags} gold tags can be learned\n"


def test_empty_docs_and_empty_batches_are_tagged(tiny_bert):
    nlp = make_tagging_nlp(tiny_bert, "spanbert_tagger")
    assert list(nlp.pipe([])) == []
    assert [len(doc) for doc in nlp.pipe(["", "", "a b", ""])] == [0, 0, 2, 0]
    assert nlp.get_pipe("spanbert_tagger").predict([]) == []
    empty = Example(Doc(nlp.vocab), Doc(nlp.vocab))
    assert nlp.update([empty], sgd=make_optimizer(), losses={})["spanbert_tagger"] == 0.0


def test_predictions_are_indices_of_labels(tiny_bert):
    nlp = make_tagging_nlp(tiny_bert, "spanbert_tagger")
    (doc,) = nlp.get_pipe("spanbert").pipe([Doc(nlp.vocab, words=["a", "b"])])
    pipe = nlp.get_pipe("spanbert_tagger")
    (tags,) = pipe.predict([doc])
    assert tags.dtype == np.int64
    assert [word.tag_ for word in doc] == ["", ""]
    pipe.set_annotations([doc], [tags])
    assert [word.tag_ for word in doc] == [pipe.labels[tag] for tag in tags]


@pytest.mark.parametrize(
    ("attribute", "data", "message"),
    [
        ("pos", [(["Anna"], ["PERSON"])], "cannot be 'PERSON', only one of ADJ, ADP, .*attribute"),
        ("tag", [(["Anna"], [""])], "no word of the examples has a token.tag_; if the corpus"),
    ],
)
def test_a_corpus_that_does_not_fit_is_refused_with_advice(tiny_bert, attribute, data, message):
    nlp = spacy.blank("en")
    add_encoder(nlp)
    add_tagging(nlp, "spanbert_tagger", attribute=attribute)
    labels = {"labels": data[0][1]} if attribute == "pos" else {}
    with pytest.raises(SpanbertError, match=message):
        initialize(nlp, tiny_bert, tag_examples(nlp, data), spanbert_tagger=labels)


def test_an_unknown_attribute_is_refused():
    with pytest.raises(SpanbertError, match="attribute is 'lemma', expected one of tag, pos"):
        add_tagging(spacy.blank("en"), "spanbert_tagger", attribute="lemma")
