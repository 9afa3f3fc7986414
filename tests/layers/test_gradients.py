"""Gradients of several listeners, and when they may come."""

import gc
import weakref

import numpy as np
import pytest
from spacy.tokens import Doc
from spacy.vocab import Vocab
from spacy_transformers.data_classes import TransformerData
from transformers.file_utils import ModelOutput

from spacy_spanbert.layers.gradients import PendingBackward

DOCS = [Doc(Vocab(), words=words) for words in (["a"], [], ["b", "c"])]


def report(scale: float) -> list[TransformerData]:
    """A listener's gradient: one array a Doc, of one row more than it has words."""
    data = []
    for index, doc in enumerate(DOCS):
        rows = np.full((1, len(doc) + 1, 4), scale * (index + 1), dtype="f")
        data.append(TransformerData.empty())
        data[-1].model_output = ModelOutput(last_hidden_state=rows)
    return data


class Taken(list):
    """Notes what it is called with."""

    def __call__(self, gradient: np.ndarray) -> None:
        self.append(gradient)


def test_the_backward_pass_runs_once_with_the_sum_of_all_listeners():
    taken = Taken()
    pending = PendingBackward(DOCS, taken)
    pending.add(report(1.0))
    pending.add(report(10.0))
    assert taken == []
    pending.run()
    pending.run()
    assert len(taken) == 1
    assert taken[0][:, 0].tolist() == [11, 11, 22, 33, 33, 33]


def test_adding_tells_the_squared_norm_of_what_was_added():
    pending = PendingBackward(DOCS, Taken())
    assert pending.add(report(1.0)) == 4 * (1 + 1 + 4 + 9 + 9 + 9)
    assert pending.add(report(2.0)) == 4 * 4 * (1 + 1 + 4 + 9 + 9 + 9)


def test_a_listeners_own_gradient_is_not_changed_by_the_others():
    pending = PendingBackward(DOCS, Taken())
    first = report(1.0)
    pending.add(first)
    pending.add(report(1.0))
    pending.run()
    assert first[0].model_output["last_hidden_state"].max() == 1.0


def test_nothing_runs_without_a_report():
    taken = Taken()
    pending = PendingBackward(DOCS, taken)
    assert not pending.is_reported
    pending.run()
    assert taken == []


def test_it_waits_for_its_own_docs_until_a_listener_reports():
    pending = PendingBackward(DOCS, Taken())
    assert pending.waits_for(DOCS)
    assert pending.waits_for(DOCS[1:])
    assert not pending.waits_for([*DOCS, DOCS[0].copy()])
    pending.add(report(1.0))
    assert not pending.waits_for(DOCS)


def test_the_graph_is_free_after_the_run_even_if_a_listener_still_holds_on():
    for reports in ([], [report(1.0)]):
        taken = Taken()
        gone = weakref.ref(taken)
        pending = PendingBackward(DOCS, taken)
        for data in reports:
            pending.add(data)
        pending.run()
        del taken
        gc.collect()
        assert gone() is None


def test_a_late_report_is_refused():
    pending = PendingBackward(DOCS, Taken())
    pending.run()
    with pytest.raises(ValueError, match="after the encoder's backward pass"):
        pending.add(report(1.0))


def test_a_report_on_other_docs_is_refused():
    pending = PendingBackward(DOCS, Taken())
    with pytest.raises(ValueError, match="gradients for 2 docs, but the encoder was given 3"):
        pending.add(report(1.0)[:2])
