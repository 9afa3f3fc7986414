"""What initialization says of gold relations that cannot be written."""

import pytest
import spacy
from spacy.training import Example

from spacy_spanbert.pipeline.relation_candidates import make_relation_candidates
from spacy_spanbert.pipeline.relation_corpus import read_relation_corpus, report_relations
from tests.relation_pipeline import Related, bare_doc, gold_doc

NLP = spacy.blank("en")
SPANS = [(0, 1, "PER"), (2, 3, "ORG")]


def report(
    related: Related, capsys: pytest.CaptureFixture[str], *, symmetric: set[str], multilabel: bool
) -> list[str]:
    """RETURNS: The lines on what is out of reach, where only PER → ORG is a candidate."""
    examples = [Example(bare_doc(NLP, related), gold_doc(NLP, related))]
    corpus = read_relation_corpus(examples, "sc", symmetric)
    report_relations(
        lambda: examples,
        corpus,
        spans_key="sc",
        candidates=make_relation_candidates(label_pairs=[["PER", "ORG"]]),
        seen=set(),
        labels=sorted(corpus.labels),
        symmetric=symmetric,
        multilabel=multilabel,
        name="relations",
    )
    lines = capsys.readouterr().err.splitlines()
    return [line for line in lines if line.startswith("Out of reach")]


@pytest.mark.parametrize("symmetric", [set(), {"of"}])
def test_a_symmetric_relation_is_within_reach_if_either_direction_is(symmetric, capsys):
    related = ("Anna and Acme .", SPANS, [(1, 0, "of"), (0, 1, "leads")])
    expected = (
        [] if symmetric else ["Out of reach, between spans that are no candidate pair: 1 (of 1)"]
    )
    assert report(related, capsys, symmetric=symmetric, multilabel=True) == expected


@pytest.mark.parametrize("multilabel", [False, True])
def test_a_second_label_of_a_pair_is_told_unless_there_can_be_several(multilabel, capsys):
    related = ("Anna and Acme .", SPANS, [(0, 1, "leads"), (0, 1, "owns")])
    line = "Out of reach, a second label of a pair (set multilabel = true): 1 (owns 1)"
    expected = [] if multilabel else [line]
    assert report(related, capsys, symmetric=set(), multilabel=multilabel) == expected
