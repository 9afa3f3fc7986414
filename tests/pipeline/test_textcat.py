import numpy as np
import pytest
import spacy
from hypothesis import given, settings
from hypothesis import strategies as st
from spacy.training import Example

from spacy_spanbert.errors import SpanbertError
from tests.pipeline.classifying import TEXTS, make_classifier, text_examples
from tests.survival import STRANGE, assert_learned
from tests.text.samples import texts
from tests.tiny_pipeline import (
    add_encoder,
    encoder_weights,
    fit,
    initialize,
    make_examples,
    make_nlp,
    make_optimizer,
)

NAME = "spanbert_textcat"


@pytest.fixture
def nlp(tiny_bert):
    return make_classifier(tiny_bert, NAME)


def best(doc) -> str:
    return max(doc.cats, key=doc.cats.get)


@pytest.mark.parametrize(
    "model", [{}, {"hidden_width": 16, "pooling": "attention"}, {"pooling": "max"}]
)
def test_texts_are_learned_by_heart(tiny_bert, model):
    nlp = make_classifier(tiny_bert, NAME, model=model)
    before = encoder_weights(nlp)
    fit(nlp, text_examples(nlp), 40)
    docs = list(nlp.pipe(text for text, _ in TEXTS))
    assert [best(doc) for doc in docs] == [label for _, label in TEXTS]
    assert all(sum(doc.cats.values()) == pytest.approx(1, abs=1e-5) for doc in docs)
    scores = nlp.evaluate(text_examples(nlp))
    assert scores["cats_score"] == scores["cats_acc"] == scores["cats_macro_f"] == 1.0
    after = encoder_weights(nlp)
    assert any((before[key] != after[key]).any() for key in before)


def test_several_labels_are_learned_each_by_itself(tiny_bert):
    nlp = spacy.blank("en")
    add_encoder(nlp)
    nlp.add_pipe(NAME, config={"multilabel": True})
    gold = [{"a": 1.0, "b": 1.0}, {"a": 0.0, "b": 1.0}, {"a": 0.0, "b": 0.0}, {"a": 1.0}]
    examples = [
        Example.from_dict(nlp.make_doc(text), {"cats": cats})
        for (text, _), cats in zip(TEXTS, gold, strict=True)
    ]
    initialize(nlp, tiny_bert, examples)
    fit(nlp, examples, 60)
    for example, doc in zip(examples, nlp.pipe(text for text, _ in TEXTS), strict=True):
        for label, value in example.reference.cats.items():
            assert doc.cats[label] == pytest.approx(value, abs=0.3)
    scores = nlp.evaluate(examples)
    assert scores["cats_macro_f"] == scores["cats_macro_auc"] == 1.0
    assert scores["cats_acc"] is None


def test_long_texts_are_classified_from_all_their_windows(tiny_bert):
    """Each window alone, and the mean of their logits."""
    nlp = make_classifier(tiny_bert, NAME, encoder={"window": 12, "stride": 10})
    fit(nlp, text_examples(nlp), 10)
    long = "a b c d e f g h i j k l m n o p q r s t"
    windows = ["a b c d e f g h i j", "k l m n o p q r s t"]
    logits = [[np.log(p) for p in nlp(text).cats.values()] for text in windows]
    mean = np.mean(logits, axis=0)
    expected = np.exp(mean) / np.exp(mean).sum()
    np.testing.assert_allclose(list(nlp(long).cats.values()), expected, atol=1e-5)
    assert nlp.get_pipe("spanbert").model.predict([nlp.make_doc(long)]).doc_data[0].align


def test_missing_annotation_and_strange_labels_teach_nothing(nlp):
    before = [parameter.clone() for parameter in classifier(nlp).parameters()]
    examples = [
        Example.from_dict(nlp.make_doc("Anna"), {}),
        Example.from_dict(nlp.make_doc("Bob"), {"cats": {"never seen": 1.0}}),
    ]
    losses = nlp.update(examples, sgd=make_optimizer(), losses={})
    assert losses[NAME] == 0
    assert all((a == b).all() for a, b in zip(before, classifier(nlp).parameters(), strict=True))
    assert nlp.evaluate(examples)["cats_score"] is None
    # beside one that is annotated they change nothing
    with_gold = text_examples(nlp)[:1]
    head = nlp.get_pipe(NAME)
    logits = head.model.ops.asarray2f([[1.0, 2.0]] * 3)
    loss, gradient = head.get_loss([*examples, *with_gold], logits)
    alone, own = head.get_loss(with_gold, logits[2:])
    assert loss == alone > 0
    assert gradient[:2].tolist() == [[0, 0], [0, 0]]
    assert (gradient[2:] == own).all()


def classifier(nlp):
    return nlp.get_pipe(NAME).model.shims[0].module


def test_empty_docs_and_batches_are_classified_and_learned_from(nlp):
    assert nlp("").cats.keys() == {"people", "places"}
    assert nlp.get_pipe(NAME).update([], losses={}) == {NAME: 0.0}
    empty = Example.from_dict(nlp.make_doc(""), {"cats": {"people": 1.0, "places": 0.0}})
    assert nlp.update([empty], sgd=make_optimizer(), losses={})[NAME] > 0
    head = nlp.get_pipe(NAME)
    assert head.predict([]).probabilities.shape == (0, 2)


def test_gradients_of_two_batches_are_those_of_one(tiny_bert):
    def weights(batches):
        nlp = make_classifier(tiny_bert, NAME)
        spacy.util.fix_random_seed(0)
        head = nlp.get_pipe(NAME)
        module = head.model.shims[0].module
        with_seed = module.output.weight
        with_seed.data.fill_(0.01)
        with_seed.data[0] = -0.02
        examples = text_examples(nlp)
        for rows in batches:
            nlp.update([examples[row] for row in rows], sgd=False)
        nlp.get_pipe("spanbert").flush()
        encoder = nlp.get_pipe("spanbert").model.shims[0].module
        return [with_seed.grad, encoder.embeddings.word_embeddings.weight.grad]

    for one, two in zip(weights([range(4)]), weights([(0, 1), (2, 3)]), strict=True):
        np.testing.assert_allclose(one, two, atol=1e-6)


def test_it_shares_the_encoder_with_spans(tiny_bert):
    nlp = make_nlp(tiny_bert)
    nlp.add_pipe(NAME)
    examples = make_examples(nlp)
    for example, cats in zip(examples, ({"x": 1.0, "y": 0.0}, {"x": 0.0, "y": 1.0}), strict=True):
        example.reference.cats = cats
    initialize(nlp, tiny_bert, examples)
    losses = fit(nlp, examples, 60)
    assert losses.keys() == {"spanbert", "spanbert_spancat", NAME}
    scores = nlp.evaluate(examples)
    assert scores["spans_sc_f"] == scores["cats_acc"] == 1.0


def test_it_is_saved_and_loaded(nlp, tmp_path):
    fit(nlp, text_examples(nlp), 5)
    text = TEXTS[0][0]
    expected = nlp(text).cats
    nlp.to_disk(tmp_path)
    assert spacy.load(tmp_path)(text).cats == expected
    other = spacy.util.load_model_from_config(nlp.config, auto_fill=True)
    assert other.from_bytes(nlp.to_bytes())(text).cats == expected
    head = spacy.load(tmp_path, exclude=["spanbert"]).get_pipe(NAME)
    assert head.labels == ("people", "places")
    (tmp_path / NAME / "model").unlink()
    with pytest.raises(SpanbertError, match=f"cannot load component '{NAME}' from .*model"):
        spacy.load(tmp_path)


def test_it_can_have_an_encoder_of_its_own(nlp, tmp_path):
    text = TEXTS[0][0]
    expected = nlp(text).cats
    nlp.replace_listeners("spanbert", NAME, ["model.tok2vec"])
    nlp.remove_pipe("spanbert")
    assert nlp(text).cats == pytest.approx(expected)
    nlp.to_disk(tmp_path)
    assert spacy.load(tmp_path)(text).cats == pytest.approx(expected)
    before = encoder_weights_of_head(nlp)
    fit(nlp, text_examples(nlp), 2)
    assert (before != encoder_weights_of_head(nlp)).any()


def encoder_weights_of_head(nlp):
    (node,) = [x for x in nlp.get_pipe(NAME).model.walk() if x.name == "spanbert-encoder"]
    return node.shims[0].module.embeddings.word_embeddings.weight.detach().clone()


@pytest.mark.parametrize(
    ("cats", "message"),
    [
        ([{"a": 1.0, "b": 1.0}], r"in the example 'x 0' doc\.cats is .*multilabel = true"),
        ([{"a": 2.0, "b": 0.0}], "expected values from 0 to 1"),
        ([{}, {}], "needs 2 labels or more, but has none.*--texts"),
        ([{"a": 1.0}], "needs 2 labels or more, but has a"),
    ],
)
def test_gold_that_cannot_be_meant_is_refused(tiny_bert, cats, message):
    nlp = spacy.blank("en")
    add_encoder(nlp)
    nlp.add_pipe(NAME)
    examples = [
        Example.from_dict(nlp.make_doc(f"x {i}"), {"cats": gold}) for i, gold in enumerate(cats)
    ]
    with pytest.raises(SpanbertError, match=message):
        initialize(nlp, tiny_bert, examples)


@pytest.mark.parametrize(
    ("config", "message"),
    [({"threshold": 2.0}, "threshold is 2.0"), ({"lr_scale": 0.0}, "lr_scale is 0.0")],
)
def test_settings_out_of_range_are_refused(config, message):
    with pytest.raises(SpanbertError, match=message):
        spacy.blank("en").add_pipe(NAME, config=config)


def test_labels_are_fixed_once_there_are_weights(nlp, tiny_bert):
    head = nlp.get_pipe(NAME)
    assert head.label_data == ["people", "places"]
    assert head.add_label("people") == 0
    with pytest.raises(SpanbertError, match="cannot take 'new' any more"):
        head.add_label("new")
    initialize(nlp, tiny_bert, text_examples(nlp), **{NAME: {"labels": ["places", "people"]}})


def test_what_there_is_to_learn_is_told(nlp, tiny_bert, capsys):
    examples = text_examples(nlp)
    examples[0].reference.cats = {"else": 1.0}
    examples[1].reference.cats = {}
    initialize(nlp, tiny_bert, examples, **{NAME: {"labels": ["people", "places"]}})
    told = capsys.readouterr().err
    assert "4 texts: else 1, places 2; 1 without annotation" in told
    assert "Not among the labels, and not learned: else" in told


def test_strange_texts_are_classified_and_learned_from(tiny_bert):
    nlp = make_classifier(tiny_bert, NAME, encoder={"window": 24, "batch_pieces": 256})
    docs = list(nlp.pipe(STRANGE.values(), batch_size=3))
    assert [doc.text for doc in docs] == list(STRANGE.values())
    assert all(np.isfinite(list(doc.cats.values())).all() for doc in docs)
    gold = {"cats": {"people": 1.0, "places": 0.0}}
    examples = [Example.from_dict(nlp.make_doc(text), gold) for text in STRANGE.values()]
    assert_learned(nlp, examples)


@settings(max_examples=30, deadline=None)
@given(some=st.lists(texts, min_size=1, max_size=5))
def test_scores_do_not_depend_on_the_company(shared_nlp, some):
    together = [doc.cats for doc in shared_nlp.pipe(some)]
    for text, cats in zip(some, together, strict=True):
        assert shared_nlp(text).cats == pytest.approx(cats, abs=1e-4)


@pytest.fixture(scope="module")
def shared_nlp(tiny_bert):
    nlp = make_classifier(tiny_bert, NAME, encoder={"window": 16})
    fit(nlp, text_examples(nlp), 5)
    return nlp
