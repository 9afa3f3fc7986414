from collections import Counter

import numpy as np
from accelerate import Accelerator

from spacy_spanbert.pretraining.collate import count_boundary_losses, count_targets
from spacy_spanbert.pretraining.corruption.span_masking import SpanMasking
from spacy_spanbert.pretraining.counts import MEANINGS, TextCounts, render_counts
from spacy_spanbert.pretraining.sampling import CorruptedText, WindowNumber
from spacy_spanbert.pretraining.windows import PieceSampler
from tests.pretraining.simple import MASK, N_VOCABULARY, CountingText

OBJECTIVES = ("mlm", "sbo")


def read_items(n_windows=12):
    sampler = PieceSampler(np.ones(N_VOCABULARY, dtype=np.int64), MASK)
    text = CorruptedText(CountingText(n_windows), SpanMasking(share=0.4), sampler, 0, None)
    return [text.read(WindowNumber(0, index)) for index in range(n_windows)]


def test_counts_are_the_sums_over_windows_however_they_come():
    items = read_items()
    expected = Counter(windows=len(items), pieces=sum(len(window.ids) for window, _ in items))
    for window, is_next in items:
        expected += window.counts
        expected += Counter({f"sbo_{k}": n for k, n in count_boundary_losses(window).items()})
        targets = count_targets([window], [is_next])
        expected += Counter({f"targets_{name}": targets[name] for name in OBJECTIVES})
    counts = TextCounts(OBJECTIVES)
    for start in range(0, len(items), 5):
        counts.add(items[start : start + 5])
    assert counts.take(Accelerator(cpu=True)) == expected
    assert {"spans", "trimmed", "targets_sbo", "sbo_at_text_edge"} <= expected.keys()


def test_counts_begin_anew_when_taken():
    counts = TextCounts(OBJECTIVES)
    counts.add(read_items(2))
    counts.take(Accelerator(cpu=True))
    assert counts.take(Accelerator(cpu=True)) == {}


def test_what_sbo_cannot_ask_is_no_matter_without_sbo():
    counts = TextCounts(["mlm"])
    counts.add(read_items())
    assert not any("sbo" in name for name in counts.take(Accelerator(cpu=True)))


def test_counts_are_told_in_words_in_a_fixed_order():
    counts = {"windows_spans": 3, "trimmed": 12, "spans": 1234}
    assert render_counts(counts).splitlines() == [
        f"1,234 {MEANINGS['spans']}",
        f"   12 {MEANINGS['trimmed']}",
        "    3 windows spans",
    ]
    assert render_counts({}) == ""
