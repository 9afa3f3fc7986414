"""The component `spanbert_span_finder`: learning boundaries, choosing candidates, saving."""

import json

import numpy as np
import pytest
import spacy
import torch
from spacy import Language
from spacy.tokens import Doc, Span
from spacy.training import Example

from spacy_spanbert.layers.head_model import head_shim
from tests.finder_pipeline import (
    add_finder,
    annotate,
    boundaries,
    gold_boundaries,
    make_finder,
    scored,
)
from tests.tiny_pipeline import (
    FLAT,
    NESTED,
    add_encoder,
    fit,
    initialize,
    make_examples,
    make_optimizer,
)

NAME = "spanbert_span_finder"


@pytest.fixture(scope="module")
def trained_folder(tiny_bert, tmp_path_factory):
    """A saved finder that has learned NESTED by heart. Read it; do not write into it."""
    nlp = make_finder(tiny_bert)
    fit(nlp, make_examples(nlp), n_steps=60)
    folder = tmp_path_factory.mktemp("pipelines") / "finder"
    nlp.to_disk(folder)
    return folder


@pytest.fixture
def finder(trained_folder) -> Language:
    """The same, loaded; yours to change."""
    return spacy.load(trained_folder)


def with_settings(nlp: Language, **settings) -> list[dict[tuple[int, int], float]]:
    nlp.get_pipe(NAME).cfg |= settings
    return [scored(doc) for doc in annotate(nlp)]


@pytest.mark.parametrize(
    "config",
    [
        {},
        {"spans_key": "mine", "training_key": "gold"},
        {"loss": {"boundary_smoothing": 0.1, "positive_weight": 2.0}},
        {"loss": {"focal_gamma": 1.0, "none_weight": 0.5, "negatives": 0.5}},
        {"model": {"conv_layers": 1, "biaffine_width": 8}},
        {"model": {"representation": "endpoints_mean", "use_width_embedding": False}},
    ],
    ids=str,
)
def test_boundaries_of_nested_spans_are_learned_by_heart(tiny_bert, config):
    gold_key = config.get("training_key", "sc")
    nlp = make_finder(tiny_bert, gold_key=gold_key, threshold=0.5, **config)
    fit(nlp, make_examples(nlp, spans_key=gold_key), n_steps=80)
    key = config.get("spans_key", "candidates")
    assert [list(scored(doc, key)) for doc in annotate(nlp)] == gold_boundaries()
    scores = nlp.evaluate(make_examples(nlp, spans_key=gold_key))
    assert scores[f"spans_{key}_f"] == 1.0
    assert scores[f"spans_{key}_per_word"] == pytest.approx(9 / 24)
    assert json.dumps(scores)


def test_labels_do_not_matter_and_spans_of_the_same_words_count_once(tiny_bert):
    """The same gradient for one label, for others, and for several on a span."""
    words = NESTED[0][0]
    gradients, losses = [], []
    for spans in (
        [(0, 6, "A"), (4, 6, "A")],
        [(0, 6, "B"), (4, 6, "C")],
        [(0, 6, "A"), (0, 6, "B"), (4, 6, "C"), (4, 6, "A")],
        [(0, 6, ""), (0, 6, ""), (4, 6, "")],
    ):
        torch.manual_seed(0)
        nlp = make_finder(tiny_bert, data=[(words, spans)], loss={"boundary_smoothing": 0.2})
        losses.append(nlp.update(make_examples(nlp, [(words, spans)]), sgd=False, losses={})[NAME])
        module = head_shim(nlp.get_pipe(NAME).model).module
        gradients.append(torch.cat([p.grad.flatten() for p in module.parameters()]))
    assert losses[0] > 0
    for loss, gradient in zip(losses[1:], gradients[1:], strict=True):
        assert loss == pytest.approx(losses[0])
        torch.testing.assert_close(gradient, gradients[0])


def test_the_loss_is_binary_cross_entropy_over_all_spans(tiny_bert):
    """Against going through every span of the Doc one by one."""
    data = [NESTED[1]]
    nlp = make_finder(tiny_bert, data=data)
    found = with_settings(nlp, threshold=0.0)[1]
    max_length = nlp.get_pipe(NAME).cfg["max_length"]
    n_words = len(data[0][0])
    expected = 0.0
    for start in range(n_words):
        for end in range(start + 1, min(start + max_length, n_words) + 1):
            is_gold = (start, end) in gold_boundaries(data)[0]
            expected -= np.log(found[start, end] if is_gold else 1 - found[start, end])
    losses = nlp.update(make_examples(nlp, data), sgd=False, losses={})
    assert losses[NAME] == pytest.approx(expected, rel=1e-3)


def test_at_threshold_zero_every_span_is_written_once(finder):
    max_length = finder.get_pipe(NAME).cfg["max_length"]
    for found, (words, _) in zip(with_settings(finder, threshold=0.0), NESTED, strict=True):
        n = len(words)
        expected = [(s, e) for s in range(n) for e in range(s + 1, min(s + max_length, n) + 1)]
        assert list(found) == expected
        assert all(0 <= score <= 1 for score in found.values())


@pytest.mark.parametrize("threshold", [0.05, 0.5, 0.9])
def test_what_is_probable_enough_is_written(finder, threshold):
    everything = with_settings(finder, threshold=0.0)
    found = with_settings(finder, threshold=threshold)
    assert found == [
        {span: score for span, score in each.items() if score >= threshold} for each in everything
    ]
    assert any(found)


@pytest.mark.parametrize("top_k", [1, 2, 5, 100])
def test_of_the_spans_that_begin_at_a_word_the_best_are_written(finder, top_k):
    everything = with_settings(finder, threshold=0.0)
    for found, before in zip(with_settings(finder, top_k=top_k), everything, strict=True):
        expected = {}
        for word in range(max(start for start, _ in before) + 1):
            of_word = [(span, score) for span, score in before.items() if span[0] == word]
            expected |= sorted(of_word, key=lambda pair: -pair[1])[:top_k]
        assert found == expected


def test_the_best_spans_of_a_word_do_not_depend_on_where_its_sentence_stands(finder):
    """A share of all words would: another Doc's spans would compete."""
    finder.get_pipe(NAME).cfg |= {"threshold": 0.0, "top_k": 2}
    (words, _), (others, _) = NESTED
    alone = boundaries(finder(Doc(finder.vocab, words=others)))
    both = Doc(finder.vocab, words=[*words, *others])
    for word in both:
        word.is_sent_start = word.i in (0, len(words))
    n = len(words)
    candidates = [span for span in boundaries(finder(both)) if span[0] >= n]
    assert len(candidates) == len(alone)
    assert {start - n for start, _ in candidates} == {start for start, _ in alone}


@pytest.mark.parametrize("overlap", ["any", "nested", "flat"])
def test_overlap_decides_which_spans_stand_together(finder, overlap):
    everything = with_settings(finder, threshold=0.02)
    for found, before in zip(with_settings(finder, overlap=overlap), everything, strict=True):
        assert found.items() <= before.items()
        pairs = [(a, b) for a in found for b in found if a != b]
        if overlap == "any":
            assert found == before
        elif overlap == "nested":
            assert not any(a[0] < b[0] < a[1] < b[1] for a, b in pairs)
        else:
            assert not any(a[0] < b[1] and b[0] < a[1] for a, b in pairs)


def test_no_span_crosses_a_sentence_boundary_unless_asked_for(finder):
    words = NESTED[0][0]
    finder.get_pipe(NAME).cfg["threshold"] = 0.0
    crossing = []
    for cross_sentences in (False, True):
        finder.get_pipe(NAME).cfg["cross_sentences"] = cross_sentences
        starts = [i in (0, 7) for i in range(len(words))]
        found = boundaries(finder(Doc(finder.vocab, words=words, sent_starts=starts)))
        crossing.append([span for span in found if span[0] < 7 < span[1]])
    assert not crossing[0]
    assert crossing[1]


@pytest.mark.parametrize("how", ["bytes", "disk"])
def test_a_saved_finder_writes_the_same_spans_with_the_same_scores(finder, tmp_path, how):
    expected = with_settings(finder, threshold=0.25, top_k=2)
    assert all(expected)
    if how == "disk":
        finder.to_disk(tmp_path / "nlp")
        loaded = spacy.load(tmp_path / "nlp")
    else:
        loaded = spacy.blank("en").from_config(finder.config).from_bytes(finder.to_bytes())
    assert [scored(doc) for doc in annotate(loaded)] == expected
    assert loaded.get_pipe(NAME).cfg == finder.get_pipe(NAME).cfg


def test_empty_docs_anywhere_are_passed_over(finder):
    docs = list(finder.pipe(["", "Anna met the king .", "", "  "]))
    assert all("candidates" in doc.spans for doc in docs)
    assert [len(doc.spans["candidates"]) for doc in docs[::2]] == [0, 0]
    assert list(finder.pipe([])) == []
    assert finder.evaluate([])["spans_candidates_f"] is None
    examples = [Example(finder(""), finder("")), *make_examples(finder)]
    assert finder.update(examples[:1], sgd=False, losses={})[NAME] == 0.0
    assert finder.update(examples, sgd=False, losses={})[NAME] > 0.0


def test_what_is_not_annotated_teaches_nothing_and_no_spans_teach_that_there_are_none(tiny_bert):
    nlp = make_finder(tiny_bert)
    bare = [Example(Doc(nlp.vocab, words=words), Doc(nlp.vocab, words=words)) for words, _ in FLAT]
    assert nlp.update(bare, sgd=False, losses={})[NAME] == 0.0
    assert nlp.update(make_examples(nlp, FLAT[2:]), sgd=False, losses={})[NAME] > 0.0
    alone = nlp.update(make_examples(nlp), sgd=False, losses={})[NAME]
    mixed = nlp.update([*bare, *make_examples(nlp)], sgd=False, losses={})[NAME]
    assert mixed == pytest.approx(alone, rel=1e-4)


def test_gold_spans_that_cannot_be_reached_are_left_out(tiny_bert):
    nlp = make_finder(tiny_bert, max_length=2)
    fit(nlp, make_examples(nlp), 60)
    nlp.get_pipe(NAME).cfg["threshold"] = 0.5
    short = [[s for s in spans if s[1] - s[0] <= 2] for spans in gold_boundaries()]
    assert [boundaries(doc) for doc in annotate(nlp)] == short


def test_examples_of_a_plain_python_loop_are_learned_from(tiny_bert):
    """Spans in Example.from_dict are character offsets."""
    nlp = spacy.blank("en")
    add_encoder(nlp)
    add_finder(nlp, threshold=0.5)
    text = "The old mayor of New York"
    gold = {"spans": {"sc": [(0, 25, "PER"), (17, 25, "GPE")]}}
    initialize(nlp, tiny_bert, [Example.from_dict(nlp.make_doc(text), gold)])
    sgd = make_optimizer()
    for _ in range(40):
        nlp.update([Example.from_dict(nlp.make_doc(text), gold)], sgd=sgd)
    assert boundaries(nlp(text)) == [(0, 6), (4, 6)]


def test_gradients_of_several_batches_add_up(tiny_bert):
    nlp = make_finder(tiny_bert)
    module = head_shim(nlp.get_pipe(NAME).model).module

    def gradient(*batches) -> torch.Tensor:
        module.zero_grad()
        for batch in batches:
            nlp.update(batch, sgd=False)
        return torch.cat([p.grad.flatten() for p in module.parameters()])

    first, second = make_examples(nlp)
    torch.testing.assert_close(
        gradient([first], [second]), gradient([first, second]), rtol=1e-4, atol=1e-4
    )


def test_it_learns_on_a_plain_tok2vec_without_our_encoder():
    nlp = spacy.blank("en")
    tok2vec = {
        "@architectures": "spacy.HashEmbedCNN.v2",
        "width": 32,
        "depth": 2,
        "embed_size": 200,
        "window_size": 1,
        "maxout_pieces": 2,
        "subword_features": True,
        "pretrained_vectors": None,
    }
    add_finder(nlp, model={"tok2vec": tok2vec}, threshold=0.5)
    examples = make_examples(nlp)
    nlp.initialize(lambda: examples)
    fit(nlp, examples, 100, learn_rate=0.01)
    assert nlp.evaluate(examples)["spans_candidates_f"] == 1.0


def test_there_are_no_labels_to_add_or_store(finder):
    pipe = finder.get_pipe(NAME)
    assert pipe.labels == ()
    assert pipe.label_data is None
    with pytest.raises(
        ValueError, match=r"'spanbert_span_finder' finds spans without labels .*'A'"
    ):
        pipe.add_label("A")


def test_without_gold_spans_the_key_is_named(tiny_bert):
    nlp = spacy.blank("en")
    add_encoder(nlp)
    add_finder(nlp, training_key="gold")
    with pytest.raises(ValueError, match=r"no span in doc\.spans\['gold'\].* training_key"):
        initialize(nlp, tiny_bert, make_examples(nlp))


def test_before_initialization_it_says_what_to_do():
    nlp = spacy.blank("en")
    add_finder(nlp)
    with pytest.raises(ValueError, match=r"call nlp\.initialize\(\) or load"):
        nlp("Anna")


def test_initialization_tells_what_is_out_of_reach_and_not_weighed(tiny_bert, capsys):
    nlp = make_finder(tiny_bert, max_length=4, spans_key="mine")
    told = capsys.readouterr().err
    assert nlp.get_pipe(NAME).cfg["max_length"] == 4
    assert "[spanbert_span_finder] max_length = 4" in told
    assert "too long" in told
    assert "weighs no score of spans_key = 'mine'" in told


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"threshold": 1.5}, "threshold is 1.5, expected a probability, 0 to 1"),
        ({"spans_key": ""}, "spans_key is ''"),
        ({"training_key": ""}, "training_key is ''"),
        ({"top_k": 0}, "top_k is 0, expected null or a number of spans that begin at a word"),
        ({"min_recall": 0.0}, "min_recall is 0.0, expected null or a share of the gold spans"),
        ({"min_recall": 1.5}, "min_recall is 1.5"),
        ({"max_length": 0}, "max_length is 0"),
        ({"overlap": "some"}, "overlap is 'some', expected one of any, nested, flat"),
        ({"lr_scale": 0.0}, "lr_scale is 0.0"),
        ({"loss": {"negatives": 2.0}}, "negatives is 2.0"),
        ({"loss": {"smoothing": 0.1}}, "has no option 'smoothing'"),
        ({"treshold": 0.5}, "treshold"),
    ],
    ids=str,
)
def test_a_wrong_value_in_the_config_is_named_by_its_key(config, message):
    with pytest.raises(ValueError, match=message):
        add_finder(spacy.blank("en"), **config)


def test_gold_spans_without_words_or_between_words_are_not_learned(tiny_bert):
    nlp = make_finder(tiny_bert)
    gold = Doc(nlp.vocab, words=["An", "na", "sleeps"], spaces=[False, True, False])
    gold.spans["sc"] = [Span(gold, 1, 2, "X"), Span(gold, 0, 2, "X"), Span(gold, 1, 1, "X")]
    predicted = Doc(nlp.vocab, words=["Anna", "sleeps"])
    example = Example(predicted, gold)
    other = Example(nlp(Doc(nlp.vocab, words=["Anna", "sleeps"])), gold)
    candidates, _ = nlp.get_pipe(NAME).begin_update([other])[0]
    targets = nlp.get_pipe(NAME).read_targets([example], candidates)
    rows = targets.rows.tolist()
    assert [(int(candidates.starts[r]), int(candidates.lengths[r])) for r in rows] == [(0, 1)]
