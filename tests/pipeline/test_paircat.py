import warnings

import numpy as np
import pytest
import spacy
import torch
from hypothesis import given, settings
from spacy.tokens import DocBin
from spacy.training import Example

from spacy_spanbert import make_pair, rank, segments
from spacy_spanbert.errors import SpanbertError
from spacy_spanbert.layers.document_vectors import read_pairs
from spacy_spanbert.layers.encoder_output import n_cls_rows
from spacy_spanbert.training.pair_corpus import make_pair_corpus
from tests.pipeline.classifying import MODEL, PAIRS, make_classifier, pair_examples, text_examples
from tests.several_processes import assert_done
from tests.survival import STRANGE, assert_learned
from tests.text.samples import texts
from tests.tiny_pipeline import fit

NAME = "spanbert_paircat"
LONG = ("The old king", "a house of the mayor " * 20)


@pytest.fixture
def nlp(tiny_bert):
    return make_classifier(tiny_bert, NAME)


@pytest.mark.parametrize("symmetric", [False, True])
def test_pairs_are_learned_by_heart(checkpoint, symmetric):
    nlp = make_classifier(checkpoint, NAME, symmetric=symmetric)
    examples = pair_examples(nlp)
    fit(nlp, examples, 60)
    docs = list(nlp.pipe(make_pair(nlp, a, b) for a, b, _ in PAIRS))
    assert [max(doc.cats, key=doc.cats.get) for doc in docs] == [label for *_, label in PAIRS]
    assert nlp.evaluate(pair_examples(nlp))["cats_acc"] == 1.0
    assert [doc.spans["pair"].attrs["n_cut"] for doc in docs] == [0, 0, 0, 0]


def test_both_texts_are_read_together(nlp):
    fit(nlp, pair_examples(nlp), 5)
    one, other = nlp(make_pair(nlp, "a b", "c")), nlp(make_pair(nlp, "a", "b c"))
    assert one.text == other.text
    assert one.cats["same"] != pytest.approx(other.cats["same"], abs=1e-4)


@settings(max_examples=25, deadline=None)
@given(first=texts, second=texts)
def test_a_symmetric_pair_has_the_score_of_its_reverse(symmetric_nlp, first, second):
    first, second = first.strip(), second.strip()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        one = symmetric_nlp(make_pair(symmetric_nlp, first, second))
        other = symmetric_nlp(make_pair(symmetric_nlp, second, first))
    assert one.cats == pytest.approx(other.cats, abs=1e-4)


@pytest.fixture(scope="module")
def symmetric_nlp(tiny_bert):
    nlp = make_classifier(tiny_bert, NAME, symmetric=True, encoder={"window": 20})
    return nlp


def test_symmetric_scores_are_the_mean_of_the_logits_of_both_orders(tiny_bert, tmp_path):
    nlp = make_classifier(tiny_bert, NAME, symmetric=True)
    fit(nlp, pair_examples(nlp), 5)
    pair = PAIRS[0][:2]
    found = nlp(make_pair(nlp, *pair)).cats
    nlp.to_disk(tmp_path)
    plain = spacy.load(tmp_path, config={f"components.{NAME}.symmetric": False})
    orders = [plain(make_pair(plain, *texts_)).cats for texts_ in (pair, pair[::-1])]
    mean = np.mean([np.log(list(cats.values())) for cats in orders], axis=0)
    np.testing.assert_allclose(list(found.values()), np.exp(mean) / np.exp(mean).sum(), atol=1e-5)
    assert orders[0] != pytest.approx(orders[1], abs=1e-4)


def test_a_symmetric_component_can_have_an_encoder_of_its_own(tiny_bert, tmp_path):
    nlp = make_classifier(tiny_bert, NAME, symmetric=True)
    pair = PAIRS[0][:2]
    expected = nlp(make_pair(nlp, *pair)).cats
    nlp.replace_listeners("spanbert", NAME, ["model.tok2vec"])
    nlp.remove_pipe("spanbert")
    nlp.to_disk(tmp_path)
    loaded = spacy.load(tmp_path)
    assert loaded(make_pair(loaded, *pair)).cats == pytest.approx(expected)


@pytest.mark.parametrize("use", ["pipe", "update", "initialize", "evaluate", "score"])
def test_what_is_no_pair_gets_an_error_and_no_score(nlp, use):
    example = Example.from_dict(nlp.make_doc("Anna"), {"cats": {"same": 1.0, "other": 0.0}})
    uses = {
        "pipe": lambda: list(nlp.pipe(["Anna"])),
        "update": lambda: nlp.update([example]),
        "initialize": lambda: nlp.initialize(lambda: [example]),
        "evaluate": lambda: nlp.evaluate([example]),
        "score": lambda: nlp.get_pipe(NAME).score([example]),
    }
    with pytest.raises(SpanbertError, match=r"'Anna' is no pair of texts.*make_pair.*evaluate"):
        uses[use]()


def test_pairs_too_long_are_counted_and_reported_once(tiny_bert):
    nlp = make_classifier(tiny_bert, NAME, encoder={"window": 32})
    with pytest.warns(UserWarning, match=r"pair of \d+ pieces \(the old .*\) is longer .* by \d"):
        doc = nlp(make_pair(nlp, *LONG))
    n_pieces = len(doc._.trf_data.wordpieces.strings[0]) - 1
    assert doc.spans["pair"].attrs["n_cut"] == n_pieces - (32 - 3) > 50
    again = nlp(make_pair(nlp, *LONG))  # a second warning would be an error
    assert again.cats == doc.cats
    gold = {"cats": {"same": 1.0, "other": 0.0}}
    pairs = [LONG, ("Anna", "the king")]
    examples = [Example.from_dict(make_pair(nlp, *pair), gold) for pair in pairs]
    assert nlp.evaluate(examples)["pairs_cut"] == 1


def test_pairs_too_long_are_reported_in_training_too(tiny_bert):
    nlp = make_classifier(tiny_bert, NAME, encoder={"window": 32})
    gold = {"cats": {"same": 1.0, "other": 0.0}}
    examples = [Example.from_dict(make_pair(nlp, *LONG), gold)]
    with pytest.warns(UserWarning, match="is longer than the encoder's window by"):
        nlp.update(examples)
    nlp.update(examples)  # a second warning would be an error


def test_pairs_too_long_are_refused_where_that_is_asked_for(tiny_bert):
    nlp = make_classifier(tiny_bert, NAME, encoder={"window": 32}, long="error")
    gold = {"cats": {"same": 1.0, "other": 0.0}}
    example = Example.from_dict(make_pair(nlp, *LONG), gold)
    for use in (lambda: nlp(make_pair(nlp, *LONG)), lambda: nlp.update([example])):
        with pytest.raises(SpanbertError, match=r"\(the old .*\) is longer .* long = \"shorten\""):
            use()
    with pytest.raises(SpanbertError, match="long is 'cut', expected one of shorten, error"):
        spacy.blank("en").add_pipe(NAME, config={"long": "cut"})


def test_the_reader_keeps_the_two_texts(nlp, tmp_path):
    gold = [example.reference for example in pair_examples(nlp)]
    for doc, (first, second, _) in zip(gold, PAIRS, strict=True):
        pair = make_pair(nlp, first, second)
        doc.spans["pair"] = pair.spans["pair"].copy(doc)
    DocBin(docs=gold).to_disk(tmp_path / "pairs.spacy")
    examples = list(make_pair_corpus(tmp_path / "pairs.spacy")(nlp))
    found = [tuple(text.text for text in segments(example.predicted)) for example in examples]
    assert found == [(first, second) for first, second, _ in PAIRS]
    assert [example.reference.cats for example in examples] == [doc.cats for doc in gold]
    DocBin(docs=[nlp.make_doc("Anna")]).to_disk(tmp_path / "texts.spacy")
    with pytest.raises(SpanbertError, match=r"texts\.spacy holds a Doc that is no pair.*--pairs"):
        list(make_pair_corpus(tmp_path / "texts.spacy")(nlp))
    with pytest.raises(SpanbertError, match=r"give --paths\.train"):
        make_pair_corpus(None)


def test_strange_pairs_are_classified_and_learned_from(tiny_bert):
    nlp = make_classifier(tiny_bert, NAME, encoder={"window": 24, "batch_pieces": 256})
    both = list(zip(STRANGE.values(), [*STRANGE.values()][::-1], strict=True))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        docs = list(nlp.pipe((make_pair(nlp, *pair) for pair in both), batch_size=3))
        assert all(np.isfinite(list(doc.cats.values())).all() for doc in docs)
        gold = {"cats": {"same": 1.0, "other": 0.0}}
        examples = [Example.from_dict(make_pair(nlp, *pair), gold) for pair in both]
        assert_learned(nlp, examples)


def test_ranking_gives_the_scores_of_single_pairs(nlp):
    fit(nlp, pair_examples(nlp), 5)
    others = [second for _, second, _ in PAIRS] * 3
    ranked = rank(nlp, "The king met Anna.", others, label="same", batch_size=5)
    assert sorted(item.index for item in ranked) == list(range(12))
    assert [item.score for item in ranked] == sorted((x.score for x in ranked), reverse=True)
    for item in ranked:
        doc = nlp(make_pair(nlp, "The king met Anna.", others[item.index]))
        assert doc.cats["same"] == pytest.approx(item.score, abs=1e-5)


SEVERAL_PROCESSES = """
import sys, warnings, spacy
from spacy_spanbert import make_pair, segments
warnings.simplefilter("error")
nlp = spacy.load(sys.argv[1])
pairs = [("The old mayor met", "the daughter"), ("", ""), ("Anna", ""), ("", "Anna")] * 4
def docs(): return (make_pair(nlp, *pair) for pair in pairs)
expected = [doc.cats for doc in nlp.pipe(docs())]
found = list(nlp.pipe(docs(), n_process=2, batch_size=4))
assert [tuple(s.text for s in segments(doc)) for doc in found] == pairs
for doc, cats in zip(found, expected, strict=True):
    assert all(abs(doc.cats[label] - cats[label]) < 1e-5 for label in cats), (doc.cats, cats)
print("done")
"""


def test_several_processes_after_a_forward_pass_in_the_parent(nlp, tmp_path):
    nlp.to_disk(tmp_path)
    assert_done(SEVERAL_PROCESSES, tmp_path)


def test_settings_for_pairs_are_those_of_the_config_not_of_what_was_saved(tiny_bert, tmp_path):
    nlp = make_classifier(tiny_bert, NAME, encoder={"window": 32})
    nlp.to_disk(tmp_path)
    strict = spacy.load(tmp_path, config={f"components.{NAME}.long": "error"})
    with pytest.raises(SpanbertError, match="is longer than the encoder's window"):
        strict(make_pair(strict, *LONG))


def count_rows(nlp, pair=PAIRS[0][:2]) -> int:
    """How many [CLS] the shared encoder gives a pair."""
    return n_cls_rows(nlp(make_pair(nlp, *pair))._.trf_data)


def add_text_classifier(nlp):
    """A `spanbert_textcat` beside the pair classifier, with random weights of its own."""
    nlp.add_pipe("spanbert_textcat", config={"model": MODEL})
    textcat = nlp.get_pipe("spanbert_textcat")
    textcat.initialize(lambda: text_examples(nlp))
    for parameter in textcat.model.shims[0].module.parameters():
        torch.nn.init.normal_(parameter)
    return textcat


def test_the_reverse_order_is_encoded_no_longer_than_somebody_asks_for_it(tiny_bert, tmp_path):
    nlp = make_classifier(tiny_bert, NAME, symmetric=True)
    assert count_rows(nlp) == 2
    nlp.to_disk(tmp_path)
    read_pairs(nlp.get_pipe(NAME).model, symmetric=False, refuses_long=False)
    assert count_rows(nlp) == 1
    read_pairs(nlp.get_pipe(NAME).model, symmetric=True, refuses_long=False)
    assert count_rows(nlp) == 2
    nlp.remove_pipe(NAME)
    assert count_rows(nlp) == 1
    loaded = spacy.load(tmp_path)
    assert count_rows(loaded) == 2
    loaded.replace_listeners("spanbert", NAME, ["model.tok2vec"])
    assert count_rows(loaded) == 1


def test_a_classifier_of_texts_reads_a_pair_in_the_order_given(tiny_bert, tmp_path):
    """Also where another component wants the reverse as well."""
    nlp = make_classifier(tiny_bert, NAME, symmetric=True)
    labels = add_text_classifier(nlp).labels
    nlp.to_disk(tmp_path)
    plain = spacy.load(tmp_path, config={f"components.{NAME}.symmetric": False})
    found, expected = (one(make_pair(one, *PAIRS[0][:2])).cats for one in (nlp, plain))
    assert [found[x] for x in labels] == pytest.approx([expected[x] for x in labels], abs=1e-6)


def test_an_encoder_of_its_own_reads_both_orders_only_for_a_symmetric_component(tiny_bert):
    nlp = make_classifier(tiny_bert, NAME, symmetric=True)
    add_text_classifier(nlp)
    count_rows(nlp)  # the shared encoder has been asked for both
    for name in ("spanbert_textcat", NAME):
        nlp.replace_listeners("spanbert", name, ["model.tok2vec"])
    both = {
        name: node.attrs["both_orders"]
        for name in ("spanbert_textcat", NAME)
        for node in nlp.get_pipe(name).model.walk()
        if node.name == "spanbert-encoder"
    }
    assert both == {"spanbert_textcat": False, NAME: True}


def test_a_symmetric_component_whose_encoder_was_taken_away_says_so(tiny_bert):
    nlp = make_classifier(tiny_bert, NAME, symmetric=True)
    spacy.blank("en").add_pipe("spanbert", source=nlp)
    with pytest.raises(SpanbertError, match=r"comes with one: .*taken into another \(source\)"):
        nlp(make_pair(nlp, "Anna", "the king"))


def test_a_symmetric_component_that_was_disabled_when_loaded_can_be_enabled(tiny_bert, tmp_path):
    nlp = make_classifier(tiny_bert, NAME, symmetric=True)
    nlp.to_disk(tmp_path)
    expected = nlp(make_pair(nlp, *PAIRS[0][:2])).cats
    loaded = spacy.load(tmp_path, disable=[NAME])
    assert count_rows(loaded) == 1
    loaded.enable_pipe(NAME)
    assert loaded(make_pair(loaded, *PAIRS[0][:2])).cats == pytest.approx(expected, abs=1e-6)
