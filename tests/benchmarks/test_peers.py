"""The peer is what spaCy's own quickstart makes."""

from spacy.cli.init_config import init_config
from spacy.util import load_config, load_model_from_config

from benchmarks.peers import SPANCAT_CONFIG, build_spanbert, build_spancat, head_of
from tests.benchmarks.test_choices import differences


def test_the_config_of_spancat_is_the_quickstart_on_another_encoder_with_longer_candidates():
    quickstart = init_config(lang="en", pipeline=["spancat"], optimize="efficiency", gpu=True)
    ours = load_config(SPANCAT_CONFIG, {"paths.encoder": "any"}, interpolate=False)
    # Filled in as the quickstart's is, without the encoder being looked for.
    filled = load_model_from_config(ours, auto_fill=True, validate=False).config
    assert differences(quickstart, filled) == {
        "components.transformer.model.name",
        "components.spancat.suggester.sizes",
        "paths.encoder",
    }


def test_precision_and_longest_span_reach_our_pipeline():
    nlp = build_spanbert(precision="float32", max_length=7)
    assert nlp.get_pipe("spanbert").model.shims[0].precision == "float32"
    assert head_of(nlp).model.shims[0].precision == "float32"
    assert head_of(nlp).cfg["max_length"] == 7


def test_candidates_of_the_peer_are_as_long_as_asked_for():
    nlp = build_spancat(max_length=5)
    doc = nlp.make_doc("a b c d e f g")
    suggested = head_of(nlp).suggester([doc])
    lengths = {int(end - start) for start, end in suggested.dataXd}
    assert lengths == {1, 2, 3, 4, 5}
