"""The component `spanbert_ner`: learning entities, every mode, saving."""

from contextlib import nullcontext

import pytest
import spacy
from spacy.tokens import Doc, DocBin
from spacy.training import Example

from spacy_spanbert.errors import SpanbertError
from spacy_spanbert.pipeline.tag_settings import AGGREGATES, DECODERS, TARGETS
from tests.tagging_pipeline import (
    ENTITIES,
    add_tagging,
    entities_with_scores,
    found_entities,
    make_tagging_nlp,
    ner_examples,
)
from tests.tiny_pipeline import PLAIN_TOK2VEC, add_encoder, fit, initialize, make_optimizer

GOLD = [entities for _, entities in ENTITIES]
CHOICES = [
    ("all_pieces", "first", "viterbi"),
    ("all_pieces", "mean", "crf"),
    ("all_pieces", "max", "greedy"),
    ("first_piece", "first", "greedy"),
    ("first_piece", "first", "crf"),
    ("word", "first", "viterbi"),
    ("word", "mean", "greedy"),
    ("word", "max", "crf"),
]


def predict(nlp) -> list[Doc]:
    return list(nlp.pipe(Doc(nlp.vocab, words=words) for words, _ in ENTITIES))


@pytest.mark.parametrize("choices", CHOICES, ids="-".join)
def test_entities_are_learned_by_heart(tiny_bert, choices):
    target, aggregate, decode = choices
    nlp = make_tagging_nlp(
        tiny_bert, "spanbert_ner", target=target, aggregate=aggregate, decode=decode
    )
    losses = fit(nlp, ner_examples(nlp), n_steps=30, learn_rate=0.01)
    assert [found_entities(doc) for doc in predict(nlp)] == GOLD
    assert nlp.evaluate(ner_examples(nlp))["ents_f"] == 1.0
    assert losses["spanbert_ner"] < 3.0


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("aggregate", AGGREGATES)
def test_every_choice_of_pieces_learns_and_predicts(tiny_bert, target, aggregate):
    """First pieces alone may be trained and all be asked, with a warning: they may be wrong."""
    is_told = target == "first_piece" and aggregate != "first"
    message = rf'aggregate = "{aggregate}" all of its pieces .* Set aggregate = "first", or target'
    with pytest.warns(match=message) if is_told else nullcontext():
        nlp = make_tagging_nlp(
            tiny_bert, "spanbert_ner", target=target, aggregate=aggregate, decode="viterbi"
        )
    losses = [fit(nlp, ner_examples(nlp), 3)["spanbert_ner"] for _ in range(2)]
    assert losses[1] < losses[0]
    for doc in predict(nlp):
        assert all(0 <= score <= 1 for score in entities_with_scores(doc).values())


@pytest.mark.parametrize("decode", DECODERS)
def test_entities_are_learned_by_heart_as_bioes(tiny_roberta, decode):
    nlp = make_tagging_nlp(
        tiny_roberta, "spanbert_ner", scheme="bioes", decode=decode, model={"hidden_width": 16}
    )
    fit(nlp, ner_examples(nlp), n_steps=35, learn_rate=0.01)
    for doc, gold in zip(predict(nlp), GOLD, strict=True):
        scores = entities_with_scores(doc)
        assert list(scores) == gold
        assert min(scores.values(), default=1.0) > 0.5


@pytest.fixture(scope="module")
def trained_folder(tiny_bert, tmp_path_factory):
    spacy.util.fix_random_seed(0)
    nlp = make_tagging_nlp(tiny_bert, "spanbert_ner")
    fit(nlp, ner_examples(nlp), n_steps=30, learn_rate=0.01)
    folder = tmp_path_factory.mktemp("ner") / "nlp"
    nlp.to_disk(folder)
    return folder


@pytest.fixture
def trained_nlp(trained_folder):
    return spacy.load(trained_folder)


def test_a_saved_pipeline_finds_the_same_entities_with_the_same_scores(trained_nlp):
    expected = [entities_with_scores(doc) for doc in predict(trained_nlp)]
    assert [list(found) for found in expected] == GOLD
    copied = spacy.blank("en").from_config(trained_nlp.config).from_bytes(trained_nlp.to_bytes())
    assert [entities_with_scores(doc) for doc in predict(copied)] == expected
    assert copied.get_pipe("spanbert_ner").cfg == trained_nlp.get_pipe("spanbert_ner").cfg


def test_entities_and_their_scores_survive_a_docbin(trained_nlp):
    docs = predict(trained_nlp)
    stored = DocBin().from_bytes(DocBin(docs=docs).to_bytes())
    copies = list(stored.get_docs(spacy.blank("en").vocab))
    assert [entities_with_scores(doc) for doc in copies] == [
        entities_with_scores(doc) for doc in docs
    ]


def test_batches_change_nothing(trained_nlp):
    alone = [entities_with_scores(trained_nlp(doc.copy())) for doc in bare(trained_nlp)]
    together = list(trained_nlp.pipe(bare(trained_nlp), batch_size=2))
    for found, doc in zip(alone, together, strict=True):
        assert entities_with_scores(doc) == pytest.approx(found, abs=1e-5)


def bare(nlp) -> list[Doc]:
    words = [[], *(words for words, _ in ENTITIES), [], ["Anna"]]
    return [Doc(nlp.vocab, words=some) for some in words]


def test_no_entity_crosses_a_sentence_boundary(trained_nlp):
    words = ENTITIES[0][0]
    doc = Doc(trained_nlp.vocab, words=words, sent_starts=[i in (0, 1, 3) for i in range(9)])
    spans = found_entities(trained_nlp(doc))
    assert spans
    assert not any(start < border < end for start, end, _ in spans for border in (1, 3))


def test_what_was_in_the_entities_before_is_replaced(trained_nlp):
    doc = ner_examples(trained_nlp, [(ENTITIES[0][0], [(3, 6, "OTHER")])])[0].reference
    assert found_entities(trained_nlp(doc)) == GOLD[0]


def test_the_key_of_the_span_group_is_a_setting(tiny_bert):
    nlp = make_tagging_nlp(tiny_bert, "spanbert_ner", spans_key="found")
    assert all("found" in doc.spans for doc in nlp.pipe(["Anna", ""]))


def test_learned_scores_of_one_tag_after_another_are_trained(tiny_bert):
    nlp = make_tagging_nlp(tiny_bert, "spanbert_ner")
    module = nlp.get_pipe("spanbert_ner").model.shims[0].module
    before = module.links.detach().clone()
    fit(nlp, ner_examples(nlp), n_steps=2)
    assert ((module.links - before).abs() > 0).any()


def test_a_random_field_that_was_not_trained_cannot_be_asked_for(tiny_bert):
    nlp = make_tagging_nlp(tiny_bert, "spanbert_ner", decode="viterbi")
    nlp.get_pipe("spanbert_ner").cfg["decode"] = "crf"
    with pytest.raises(SpanbertError, match='was not trained with decode = "crf"'):
        nlp("Anna")


def test_it_learns_on_a_plain_tok2vec_without_our_encoder():
    nlp = spacy.blank("en")
    add_tagging(nlp, "spanbert_ner", model={"tok2vec": PLAIN_TOK2VEC})
    examples = ner_examples(nlp)
    nlp.initialize(lambda: examples)
    fit(nlp, examples, 60, learn_rate=0.01)
    assert [found_entities(doc) for doc in predict(nlp)] == GOLD


def test_it_learns_on_a_stock_listener_that_pools_pieces(tiny_bert):
    listener = {
        "@architectures": "spacy-transformers.TransformerListener.v1",
        "pooling": {"@layers": "reduce_mean.v1"},
    }
    found = []
    for tok2vec in ({"@architectures": "spacy-spanbert.PieceListener.v1"}, listener):
        spacy.util.fix_random_seed(0)
        nlp = make_tagging_nlp(tiny_bert, "spanbert_ner", model={"tok2vec": tok2vec})
        fit(nlp, ner_examples(nlp), 30, learn_rate=0.01)
        found.append([entities_with_scores(doc) for doc in predict(nlp)])
    assert [list(scores) for scores in found[0]] == GOLD
    # the mean of pieces is the same either way, but for the last bits, which training makes more
    for one, other in zip(*found, strict=True):
        assert one == pytest.approx(other, abs=0.05)


def test_replaced_listeners_find_the_same(trained_nlp, tmp_path):
    expected = [entities_with_scores(doc) for doc in predict(trained_nlp)]
    trained_nlp.replace_listeners("spanbert", "spanbert_ner", ["model.tok2vec"])
    trained_nlp.remove_pipe("spanbert")
    assert [entities_with_scores(doc) for doc in predict(trained_nlp)] == expected
    trained_nlp.to_disk(tmp_path / "nlp")
    loaded = spacy.load(tmp_path / "nlp")
    assert [entities_with_scores(doc) for doc in predict(loaded)] == expected


@pytest.mark.parametrize("how", ["disk", "bytes"])
def test_a_replaced_listener_on_a_stock_encoder_can_be_saved_and_learns_on(
    tiny_bert, tmp_path, how
):
    nlp = spacy.blank("en")
    nlp.add_pipe("transformer", config={"model": {"name": str(tiny_bert)}})
    add_tagging(nlp, "spanbert_ner")
    examples = ner_examples(nlp)
    nlp.initialize(lambda: examples)
    fit(nlp, examples, 40)
    expected = [entities_with_scores(doc) for doc in predict(nlp)]
    nlp.replace_listeners("transformer", "spanbert_ner", ["model.tok2vec"])
    nlp.remove_pipe("transformer")
    if how == "disk":
        nlp.to_disk(tmp_path / "nlp")
        loaded = spacy.load(tmp_path / "nlp")
    else:
        loaded = spacy.blank("en").from_config(nlp.config).from_bytes(nlp.to_bytes())
    for one in (nlp, loaded):
        found = [entities_with_scores(doc) for doc in predict(one)]
        assert [list(scores) for scores in found] == GOLD
        for scores, before in zip(found, expected, strict=True):
            assert scores == pytest.approx(before, abs=1e-4)
    encoder = loaded.get_pipe("spanbert_ner").model.get_ref("tok2vec").layers[0].transformer
    before = [parameter.detach().clone() for parameter in encoder.parameters()]
    fit(loaded, examples, 2)
    after = encoder.parameters()
    assert any((one != other).any() for one, other in zip(before, after, strict=True))


def test_examples_of_a_plain_python_loop_are_learned_from(tiny_bert):
    nlp = spacy.blank("en")
    add_encoder(nlp)
    add_tagging(nlp, "spanbert_ner")
    gold = {"entities": [(0, 8, "GPE"), (19, 23, "PER")]}
    text = "New York was where Anna lived"
    initialize(nlp, tiny_bert, [Example.from_dict(nlp.make_doc(text), gold)])
    sgd = make_optimizer(0.01)
    for _ in range(30):
        nlp.update([Example.from_dict(nlp.make_doc(text), gold)], sgd=sgd)
    assert found_entities(nlp(text)) == [(0, 2, "GPE"), (4, 5, "PER")]
