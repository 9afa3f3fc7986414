"""The component `spanbert` in pipelines with other components, and taken from other pipelines."""

import numpy as np
import spacy

from tests.tiny_pipeline import (
    add_encoder,
    add_spancat,
    encoder_weights,
    fit,
    found_spans,
    initialize,
    make_examples,
)

TEXT = "The old mayor of New York met the daughter of the king of France ."


def test_sourced_components_predict_as_where_they_come_from(trained_nlp):
    expected = found_spans(trained_nlp(TEXT))
    nlp = spacy.blank("en")
    nlp.add_pipe("sentencizer")
    nlp.add_pipe("spanbert", source=trained_nlp)
    nlp.add_pipe("spanbert_spancat", source=trained_nlp)
    assert expected
    assert found_spans(nlp(TEXT)) == expected


def test_a_sourced_encoder_learns_with_a_new_head(trained_nlp):
    nlp = spacy.blank("en")
    nlp.add_pipe("spanbert", source=trained_nlp)
    add_spancat(nlp, name="fresh")
    examples = make_examples(nlp)
    with nlp.select_pipes(disable=["spanbert"]):
        nlp.initialize(lambda: examples)
    before = encoder_weights(nlp)
    fit(nlp, examples, 2)
    nlp.to_bytes()
    name = "embeddings.word_embeddings.weight"
    assert (before[name] != encoder_weights(nlp)[name]).any()


def test_sourcing_from_a_config_works_as_spacy_train_does_it(trained_folder):
    sourced = {name: {"source": str(trained_folder)} for name in ("spanbert", "spanbert_spancat")}
    config = {"nlp": {"lang": "en", "pipeline": list(sourced)}, "components": sourced}
    nlp = spacy.util.load_model_from_config(config, auto_fill=True)
    expected = found_spans(spacy.load(trained_folder)(TEXT))
    assert found_spans(nlp(TEXT)) == expected


def test_replaced_listeners_predict_the_same_and_survive_saving(trained_nlp, tmp_path):
    expected = found_spans(trained_nlp(TEXT))
    trained_nlp.replace_listeners("spanbert", "spanbert_spancat", ["model.tok2vec"])
    assert found_spans(trained_nlp(TEXT)) == expected
    trained_nlp.remove_pipe("spanbert")
    assert found_spans(trained_nlp(TEXT)) == expected
    trained_nlp.to_disk(tmp_path / "nlp")
    assert found_spans(spacy.load(tmp_path / "nlp")(TEXT)) == expected
    loaded = spacy.blank("en").from_config(trained_nlp.config).from_bytes(trained_nlp.to_bytes())
    assert found_spans(loaded(TEXT)) == expected


def test_a_head_with_replaced_listeners_learns_apart_from_the_encoder(trained_nlp):
    trained_nlp.replace_listeners("spanbert", "spanbert_spancat", ["model.tok2vec"])
    head = trained_nlp.get_pipe("spanbert_spancat").model.get_ref("tok2vec")
    shim = next(s for node in head.walk() for s in node.shims)
    own = {n: p.detach().clone() for n, p in shim.module.named_parameters()}
    shared = encoder_weights(trained_nlp)
    fit(trained_nlp, make_examples(trained_nlp), 2)
    name = "embeddings.word_embeddings.weight"
    trained_nlp.to_bytes()
    assert (own[name] != shim.module.get_parameter(name)).any()
    assert (shared[name] == encoder_weights(trained_nlp)[name]).all()


def test_it_learns_beside_static_vectors_and_another_tok2vec(tiny_bert):
    nlp = spacy.blank("en")
    for word in TEXT.split():
        nlp.vocab.set_vector(word, np.random.rand(8).astype("f"))
    nlp.add_pipe("tok2vec")
    listener = {"@architectures": "spacy.Tok2VecListener.v1", "width": 96}
    tagger = {"@architectures": "spacy.Tagger.v2", "tok2vec": listener}
    nlp.add_pipe("tagger", config={"model": tagger})
    add_encoder(nlp)
    add_spancat(nlp)
    examples = make_examples(nlp)
    for example in examples:
        for word in example.reference:
            word.tag_ = "TITLE" if word.is_title else "OTHER"
    initialize(nlp, tiny_bert, examples)
    fit(nlp, examples, 40)
    scores = nlp.evaluate(examples)
    assert scores["spans_sc_f"] == 1.0
    assert scores["tag_acc"] == 1.0
    assert nlp(TEXT)[0].vector.shape == (8,)
