import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from spacy_spanbert.nn.objectives import MAX_SPAN_PIECES
from spacy_spanbert.pretraining.collate import collate, count_boundary_losses, count_targets
from spacy_spanbert.pretraining.sampling import WindowNumber
from spacy_spanbert.pretraining.windows import Corrupted
from tests.pretraining.simple import make_text

numbers = st.lists(st.integers(0, 11), min_size=1, max_size=6)


def read(indices):
    text = make_text()
    items = [text.read(WindowNumber(0, index)) for index in indices]
    return [item[0] for item in items], [item[1] for item in items]


def naive_questions(windows, is_next):
    """What is asked, told by pieces and not by places: a multiset over all windows."""
    asked = {"mlm": [], "sbo": [], "nsp": [], "inserted": [], "removed": []}
    for window, follows in zip(windows, is_next, strict=True):
        ids = window.ids.tolist()
        answers = dict(zip(window.places.tolist(), window.targets.tolist(), strict=True))
        asked["mlm"] += [(ids[place], target) for place, target in answers.items()]
        for start, end in window.spans.tolist():
            if start - 1 == 0 or end == len(ids) - 1:
                continue
            for position, place in enumerate(range(start, end)):
                if position < MAX_SPAN_PIECES:
                    boundary = (ids[start - 1], ids[end])
                    asked["sbo"].append((ids[place], answers[place], boundary, position))
        asked["nsp"].append((ids[0], int(not follows)))
        for name in ("inserted", "removed"):
            labels = getattr(window, name).tolist()
            asked[name] += [(ids[i], label) for i, label in enumerate(labels) if label >= 0]
    return {name: sorted(questions) for name, questions in asked.items()}


@given(numbers)
def test_every_window_is_asked_what_it_asks(indices):
    windows, is_next = read(indices)
    batch = collate(windows, is_next)
    ids = batch.ids
    asked = {
        name: sorted(
            zip(ids[batch.places[name]].tolist(), batch.targets[name].tolist(), strict=True)
        )
        for name in ("mlm", "nsp", "inserted", "removed")
    }
    asked["sbo"] = sorted(
        zip(
            ids[batch.places["sbo"]].tolist(),
            batch.targets["sbo"].tolist(),
            map(tuple, ids[batch.boundaries].tolist()),
            batch.positions.tolist(),
            strict=True,
        )
    )
    assert asked == naive_questions(windows, is_next)
    counts = {name: len(targets) for name, targets in batch.targets.items()}
    assert counts == count_targets(windows, is_next)


@given(numbers)
def test_windows_lie_one_after_the_other_longest_first(indices):
    windows, is_next = read(indices)
    batch = collate(windows, is_next)
    ordered = sorted(windows, key=lambda window: -len(window.ids))
    assert batch.ids.tolist() == np.concatenate([window.ids for window in ordered]).tolist()
    assert batch.groups[-1].end == len(batch.ids)
    assert sum(group.n_rows for group in batch.groups) == len(windows)


def test_what_the_span_boundary_objective_cannot_ask_is_counted():
    n_pieces = 60
    places = np.arange(1, 51, dtype=np.int32)
    window = Corrupted(
        ids=np.arange(n_pieces, dtype=np.int32),
        segments=np.zeros(n_pieces, dtype=np.int32),
        places=np.concatenate([places, [58]]).astype(np.int32),
        targets=np.concatenate([places, [58]]).astype(np.int32),
        spans=np.array([[1, 4], [5, 45], [58, 59]], dtype=np.int32),
    )
    assert count_boundary_losses(window) == {
        "at_text_edge": 4,
        "beyond_positions": 40 - MAX_SPAN_PIECES,
    }
    assert count_targets([window], [None])["sbo"] == MAX_SPAN_PIECES
    assert count_targets([window], [None])["nsp"] == 0


def test_a_span_at_an_inner_edge_of_a_pair_has_no_boundary_of_text():
    cls, sep = 1, 2
    ids = np.array([cls, 10, 11, 12, sep, 13, 14, 15, 16, sep], dtype=np.int32)
    places = np.array([3, 5, 7], dtype=np.int32)
    spans = np.stack([places, places + 1], axis=1)
    segments = np.array([0] * 5 + [1] * 5, dtype=np.int32)
    window = Corrupted(ids, segments, places, ids[places], spans)
    batch = collate([window], [True])
    assert batch.boundaries.tolist() == [[6, 8]]
    assert batch.targets["sbo"].tolist() == [15]
    assert batch.targets["mlm"].tolist() == [12, 13, 15]
    assert count_targets([window], [True])["sbo"] == 1
    assert count_boundary_losses(window)["at_text_edge"] == 2
