import numpy as np
import pytest

from spacy_spanbert.errors import SpanbertError
from spacy_spanbert.pretraining.asked import SAMPLE, check_asked
from spacy_spanbert.pretraining.corruption.mixture import Mixture
from spacy_spanbert.pretraining.corruption.piece_deletion import PieceDeletion
from spacy_spanbert.pretraining.corruption.piece_insertion import PieceInsertion
from spacy_spanbert.pretraining.corruption.span_masking import SpanMasking
from spacy_spanbert.pretraining.corruption.token_masking import TokenMasking
from spacy_spanbert.pretraining.sampling import CorruptedText
from spacy_spanbert.pretraining.windows import PieceSampler
from tests.pretraining.simple import MASK, N_VOCABULARY, CountingText


def make_text(corruption, n_windows=12):
    sampler = PieceSampler(np.ones(N_VOCABULARY, dtype=np.int64), MASK)
    return CorruptedText(CountingText(n_windows), corruption, sampler, 0, None)


@pytest.mark.parametrize(
    ("corruption", "objectives"),
    [
        (TokenMasking(), ["mlm", "nsp"]),
        (SpanMasking(), ["mlm", "sbo", "nsp"]),
        (PieceInsertion(), ["inserted"]),
        (PieceDeletion(), ["removed"]),
        (TokenMasking(), []),
    ],
)
def test_what_is_asked_may_be_learnt(corruption, objectives):
    assert check_asked(make_text(corruption), objectives) is None


@pytest.mark.parametrize(
    ("corruption", "name", "mending"),
    [
        (TokenMasking(), "sbo", "SpanMasking"),
        (PieceDeletion(), "mlm", "masks, replaces or reorders"),
        (SpanMasking(), "inserted", "PieceInsertion"),
        (SpanMasking(), "removed", "PieceDeletion"),
    ],
)
def test_an_objective_that_is_never_asked_is_an_error(corruption, name, mending):
    message = rf"{name} would learn nothing: in {SAMPLE:,} windows .*{mending}.*weight 0"
    with pytest.raises(SpanbertError, match=message):
        check_asked(make_text(corruption), ["nsp", name])


def test_a_rare_part_of_a_mixture_counts():
    parts = {"often": TokenMasking(), "rarely": PieceDeletion()}
    mixture = Mixture(parts, {"often": 0.98, "rarely": 0.02})
    assert check_asked(make_text(mixture, 3), ["removed"]) is None
    never = Mixture(parts, {"often": 1.0, "rarely": 0.0})
    with pytest.raises(SpanbertError, match="asked mlm and nsp only"):
        check_asked(make_text(never, 3), ["removed"])
