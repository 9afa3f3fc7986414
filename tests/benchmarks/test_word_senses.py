"""The check of word senses, on vectors made by hand."""

import json
from collections import Counter

import numpy as np
import pytest

from benchmarks.arguments import RESULTS, ROOT
from benchmarks.word_senses import Use, measure, read_uses


def test_the_shipped_sentences_have_two_senses_a_word_and_right_positions():
    uses = read_uses()
    counts = Counter((use.word, use.sense) for use in uses)
    assert set(counts.values()) == {5}
    assert len(counts) == 2 * len({use.word for use in uses}) == 24
    assert all(use.text[use.start : use.end] == use.word for use in uses)
    assert len({use.text for use in uses}) == len(uses)


def test_accuracy_is_of_the_nearest_other_use_of_the_same_word():
    senses = [("a", "1"), ("a", "1"), ("a", "2"), ("a", "2"), ("b", "1"), ("b", "2")]
    uses = [Use(f"{number}", word, sense, 0, 1) for number, (word, sense) in enumerate(senses)]
    angles = np.radians([0, 10, 15, 60, 1, 2])
    vectors = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    found = measure(uses, vectors)
    # 0 → 1 right; 1 → 2 wrong; 2 → 1 wrong; 3 → 2 right; b has no use of the same sense
    assert found["accuracy"] == pytest.approx(2 / 6)
    assert found["same_sense"] == pytest.approx(np.cos(np.radians([10, 45])).mean())


def test_the_readme_quotes_the_report():
    report = json.loads((RESULTS / "word_senses.json").read_text(encoding="utf8"))
    assert report["quick"] is False
    assert report["code"]["is_changed"] is False
    names = {"last": "`last`", "last_four_mean": "`last_four_mean`", "[0]": "embeddings alone"}
    rows: dict[str, list[str]] = {}
    for row in report["results"]["rows"]:
        rows.setdefault(str(row["layers"]), []).append(f"{100 * row['accuracy']:.1f} %")
    readme = (ROOT / "README.md").read_text(encoding="utf8")
    for layers, name in names.items():
        assert f"| {name} | {' | '.join(rows[layers])} |\n" in readme
