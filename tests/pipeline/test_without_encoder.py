"""Heads whose encoder is not there, or has not run: none reads zeros for vectors."""

import pytest
import spacy
from spacy.tokens import Doc
from spacy_transformers.data_classes import TransformerData

from spacy_spanbert import make_pair
from spacy_spanbert.errors import SpanbertError
from tests.pipeline.all_heads import HEADS, add_head, examples_for_all, make_all_heads
from tests.pipeline.classifying import make_classifier, pair_examples
from tests.tiny_pipeline import add_encoder, add_spancat, initialize, make_examples, make_optimizer


@pytest.fixture(scope="module")
def saved(tiny_bert, tmp_path_factory):
    folder = tmp_path_factory.mktemp("pipelines") / "all"
    make_all_heads(tiny_bert).to_disk(folder)
    return folder


@pytest.mark.parametrize("how", ["disable", "exclude"])
def test_no_head_annotates_what_was_not_encoded(saved, how):
    activations = Doc.get_extension("trf_data")
    Doc.remove_extension("trf_data")  # as in a program that has only this pipeline
    try:
        nlp = spacy.load(saved, **{how: ["spanbert"]})
        for name in HEADS:
            doc = examples_for_all(nlp)[0].predicted
            with pytest.raises(SpanbertError, match=f"component '{name}' .*'Anna met Bob .*enable"):
                nlp.get_pipe(name)(doc)
            assert nlp.get_pipe(name).predict([]) is not None
    finally:
        Doc.set_extension("trf_data", force=True, default=activations[0])
    if how == "disable":
        nlp.enable_pipe("spanbert")
        assert len(nlp("Anna met Bob").cats) == 2


@pytest.mark.parametrize("name", HEADS)
def test_no_head_learns_from_what_was_not_encoded(saved, name):
    nlp = spacy.load(saved)
    examples = examples_for_all(nlp)
    others = [other for other in nlp.pipe_names if other != name]
    with pytest.raises(SpanbertError, match=f"component '{name}' .*annotating_components"):
        nlp.update(examples, sgd=make_optimizer(), exclude=others)
    # annotated first, as spaCy does for annotating_components, it learns
    for example in examples:
        nlp.get_pipe("spanbert")(example.predicted)
    assert nlp.update(examples, sgd=make_optimizer(), exclude=others)[name] > 0


@pytest.mark.parametrize("name", HEADS)
def test_no_head_is_initialized_without_an_encoder_before_it(tiny_bert, name):
    message = f"component '{name}' reads .*: add 'spanbert' to the pipeline before this one"
    nlp = spacy.blank("en")
    add_head(nlp, name)
    with pytest.raises(SpanbertError, match=message):
        initialize(nlp, tiny_bert, examples_for_all(nlp))
    add_encoder(nlp)
    with pytest.raises(SpanbertError, match=message):
        initialize(nlp, tiny_bert, examples_for_all(nlp))


def test_a_listener_that_waits_for_another_name_is_told(tiny_bert):
    nlp = spacy.blank("en")
    add_encoder(nlp)
    listener = {
        "@architectures": "spacy-transformers.TransformerListener.v1",
        "pooling": {"@layers": "reduce_mean.v1"},
        "upstream": "transformer",
    }
    add_spancat(nlp, {"tok2vec": listener})
    with pytest.raises(SpanbertError, match="upstream of its tok2vec calls 'transformer'"):
        initialize(nlp, tiny_bert, make_examples(nlp))


def test_pairs_that_were_not_encoded_have_no_label(tiny_bert):
    nlp = make_classifier(tiny_bert, "spanbert_paircat")
    with nlp.select_pipes(disable=["spanbert"]):
        for texts in (("Anna", "Bob"), ("", "")):
            with pytest.raises(SpanbertError, match=r"component 'spanbert_paircat' .*enable"):
                nlp(make_pair(nlp, *texts))
    assert nlp.evaluate(pair_examples(nlp))


def test_a_text_that_another_encoder_has_read_has_no_label(saved):
    nlp = spacy.load(saved)
    doc = nlp.make_doc("")
    doc._.trf_data = TransformerData.empty()  # as spacy-transformers leaves it
    with pytest.raises(SpanbertError, match="encoded by another component than 'spanbert'"):
        nlp.get_pipe("spanbert_textcat")(doc)


def test_empty_docs_need_no_encoder_where_nothing_is_scored(saved):
    nlp = spacy.load(saved, disable=["spanbert", "spanbert_relations", "spanbert_textcat"])
    assert nlp("").spans["sc"] is not None
    with pytest.raises(SpanbertError, match="has not been encoded"):
        list(nlp.pipe(["", "Anna"]))
