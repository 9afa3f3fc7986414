"""The encoder learns once for all heads, whichever of them have something to learn."""

import copy

import numpy as np
import pytest
import spacy
from transformers import AutoModel

from spacy_spanbert.layers.encoder import encoder_shim
from spacy_spanbert.layers.head_model import head_shim
from tests.pipeline.heads import (
    add_head_without_candidates,
    add_ner,
    add_spancat_again,
    fixed_scorer,
    is_same,
    make_heads,
    moved,
)
from tests.tiny_pipeline import (
    FLAT,
    encoder_weights,
    make_examples,
    make_nlp,
    make_optimizer,
)


def test_the_encoder_learns_if_the_last_head_is_frozen(tiny_bert):
    nlp = make_heads(tiny_bert, add_ner)
    before = encoder_weights(nlp)
    nlp.update(make_examples(nlp, FLAT), sgd=make_optimizer(), exclude=["ner"])
    nlp.get_pipe("spanbert").flush()
    assert "embeddings.word_embeddings.weight" in moved(before, encoder_weights(nlp))


def test_the_encoder_learns_if_the_last_head_has_no_candidates(tiny_bert):
    nlp = make_heads(tiny_bert, add_head_without_candidates)
    before = encoder_weights(nlp)
    nlp.update(make_examples(nlp, FLAT), sgd=make_optimizer())
    nlp.get_pipe("spanbert").flush()
    assert "embeddings.word_embeddings.weight" in moved(before, encoder_weights(nlp))


def test_a_head_that_learns_nothing_changes_nothing_for_the_others(tiny_bert):
    results = []
    for heads in ((), (add_head_without_candidates,)):
        nlp = make_heads(tiny_bert, *heads)
        spancat = nlp.get_pipe("spanbert_spancat")
        head_shim(spancat.model).set_module(copy.deepcopy(fixed_scorer(spancat)))
        for _ in range(3):
            nlp.update(make_examples(nlp, FLAT), sgd=make_optimizer())
        nlp.get_pipe("spanbert").flush()
        results.append(encoder_weights(nlp))
    assert is_same(*results)


@pytest.mark.parametrize("save", ["to_bytes", "to_disk", "to_checkpoint", "predict"])
def test_one_direct_update_is_in_whatever_comes_next(tiny_bert, tmp_path, save):
    nlp = make_nlp(tiny_bert)
    encoder = nlp.get_pipe("spanbert")
    before = encoder_weights(nlp)
    nlp.update(make_examples(nlp), sgd=make_optimizer())
    assert is_same(before, encoder_weights(nlp))  # the step waits for all heads
    if save == "predict":
        nlp("Anna")
        after = encoder_weights(nlp)
    elif save == "to_checkpoint":
        encoder.to_checkpoint(tmp_path / "checkpoint")
        after = AutoModel.from_pretrained(tmp_path / "checkpoint").state_dict()
    else:
        other = make_nlp(tiny_bert)
        if save == "to_bytes":
            other.from_bytes(nlp.to_bytes())
        else:
            nlp.to_disk(tmp_path / "nlp")
            other = spacy.load(tmp_path / "nlp")
        after = encoder_weights(other)
    assert len(moved(before, after)) > len(before) / 2
    assert is_same(after, encoder_weights(nlp))


def test_direct_updates_are_those_of_spacy_train(tiny_bert):
    """Which passes no optimizer to update, and calls finish_update of all components."""
    results = []
    for is_direct in (True, False):
        nlp = make_nlp(tiny_bert)
        head_shim(nlp.get_pipe("spanbert_spancat").model).set_module(
            fixed_scorer(nlp.get_pipe("spanbert_spancat"))
        )
        sgd = make_optimizer()
        for _ in range(3):
            nlp.update(make_examples(nlp), sgd=sgd if is_direct else False)
            for _, pipe in nlp.pipeline if not is_direct else []:
                pipe.finish_update(sgd)
            sgd.step_schedules()
        nlp.get_pipe("spanbert").flush()
        results.append(encoder_weights(nlp))
    assert is_same(*results)


def test_a_step_that_waits_has_the_learning_rate_of_its_update(tiny_bert):
    nlp = make_nlp(tiny_bert)
    before = encoder_weights(nlp)
    sgd = make_optimizer(0.001, grad_clip=0.0)
    nlp.update(make_examples(nlp), sgd=sgd)
    sgd.learn_rate = 0.5
    nlp.get_pipe("spanbert").flush()
    after = encoder_weights(nlp)
    # Adam's first step is at most the learning rate
    steps = [(after[name] - before[name]).abs().max().item() for name in before]
    assert max(steps) == pytest.approx(0.001, rel=0.01)


@pytest.mark.parametrize("between", ["annotates", "predict", "evaluate"])
def test_prediction_between_updates_loses_no_gradient(tiny_bert, between):
    results = []
    for is_between in (False, True):
        nlp = make_nlp(tiny_bert)
        spancat = nlp.get_pipe("spanbert_spancat")
        head_shim(spancat.model).set_module(fixed_scorer(spancat))
        sgd = make_optimizer()
        annotates = ["spanbert"] if is_between and between == "annotates" else []
        for _ in range(3):
            nlp.update(make_examples(nlp), sgd=sgd, annotates=annotates)
            if is_between and between == "predict":
                nlp("Anna saw a house")
            elif is_between and between == "evaluate":
                nlp.evaluate(make_examples(nlp))
        nlp.get_pipe("spanbert").flush()
        results.append(encoder_weights(nlp))
    assert is_same(*results)


def test_a_step_without_a_report_is_taken_before_other_docs_are_predicted(tiny_bert):
    """No head learned from the last part of a batch; evaluation follows."""
    nlp = make_nlp(tiny_bert)
    before = encoder_weights(nlp)
    sgd = make_optimizer()
    nlp.update(make_examples(nlp), sgd=False)
    nlp.update(make_examples(nlp), sgd=False, exclude=["spanbert_spancat"])
    nlp.get_pipe("spanbert").finish_update(sgd)
    assert is_same(before, encoder_weights(nlp))
    nlp("Anna")
    assert moved(before, encoder_weights(nlp))


def test_a_frozen_encoder_stays_as_it_is_while_heads_learn(tiny_bert):
    nlp = make_heads(tiny_bert, add_ner, frozen=True)
    before, head = encoder_weights(nlp), encoder_weights(nlp, "spanbert_spancat")
    losses = [
        nlp.update(make_examples(nlp, FLAT), sgd=make_optimizer(), losses={}) for _ in range(10)
    ]
    nlp.get_pipe("spanbert").flush()
    assert is_same(before, encoder_weights(nlp))
    assert moved(head, encoder_weights(nlp, "spanbert_spancat"))
    for name in ("spanbert_spancat", "ner"):
        assert losses[-1][name] < losses[0][name]
    assert losses[-1]["spanbert"] == 0.0


def test_a_frozen_encoder_in_bfloat16_converts_its_weights_once(tiny_bert):
    nlp = make_heads(tiny_bert, frozen=True, model={"precision": "bfloat16"})
    shim = encoder_shim(nlp.get_pipe("spanbert").model)
    copies = []
    for _ in range(3):
        nlp.update(make_examples(nlp, FLAT), sgd=make_optimizer())
        with shim.inference() as module:
            copies.append(module)
    assert copies[0] is copies[1] is copies[2]


@pytest.mark.parametrize("layers", [1, 2])
def test_fixed_layers_stay_as_they_are_while_the_others_learn(tiny_bert, layers):
    nlp = make_heads(tiny_bert, freeze_layers=layers)
    before = encoder_weights(nlp)
    for _ in range(3):
        nlp.update(make_examples(nlp, FLAT), sgd=make_optimizer())
    nlp.get_pipe("spanbert").flush()
    has_moved = moved(before, encoder_weights(nlp))
    assert not [name for name in has_moved if name.startswith("embeddings.")]
    assert not [name for name in has_moved if name.startswith("encoder.layer.0.")]
    assert bool([n for n in has_moved if n.startswith("encoder.layer.1.")]) == (layers == 1)


def test_ner_and_our_spans_learn_on_one_encoder_with_one_pass(tiny_bert):
    nlp = make_heads(tiny_bert, add_ner)
    calls = []
    module = encoder_shim(nlp.get_pipe("spanbert").model).module
    layer = module.encoder.layer[0].intermediate
    layer.register_forward_hook(lambda *_: calls.append(module.training))
    examples, sgd = make_examples(nlp, FLAT), make_optimizer()
    nlp.update(examples, sgd=sgd)
    assert calls == [True]
    for _ in range(60):
        nlp.update(examples, sgd=sgd)
    calls.clear()
    docs = list(nlp.pipe([example.reference.text for example in examples]))
    assert calls == [False]
    nlp("Anna met Bob")
    assert calls == [False, False]
    for doc, example in zip(docs, examples, strict=True):
        expected = [(span.start, span.end, span.label_) for span in example.reference.spans["sc"]]
        assert [(ent.start, ent.end, ent.label_) for ent in doc.ents] == expected
        assert [(span.start, span.end, span.label_) for span in doc.spans["sc"]] == expected


def test_heads_that_are_updated_on_other_docs_are_refused(tiny_bert):
    nlp = make_nlp(tiny_bert)
    nlp.get_pipe("spanbert").update(make_examples(nlp))
    with pytest.raises(ValueError, match="Mismatched IDs"):
        nlp.get_pipe("spanbert_spancat").update(make_examples(nlp, FLAT))


def test_a_head_that_reports_after_the_backward_pass_is_told_so(tiny_bert):
    nlp = make_heads(tiny_bert, add_spancat_again)
    examples = make_examples(nlp, FLAT)
    nlp.get_pipe("spanbert").update(examples)
    nlp.get_pipe("spanbert_spancat").update(examples)
    nlp("Anna")
    with pytest.raises(ValueError, match="before the encoder predicts or takes the next batch"):
        nlp.get_pipe("second").update(examples)


def test_predictions_do_not_depend_on_what_is_pending(tiny_bert):
    nlp = make_nlp(tiny_bert)
    expected = nlp("Anna saw a house")._.trf_data.model_output["last_hidden_state"]
    encoder = nlp.get_pipe("spanbert")
    encoder.update(make_examples(nlp))
    found = nlp("Anna saw a house")._.trf_data.model_output["last_hidden_state"]
    assert np.array_equal(found, expected)
