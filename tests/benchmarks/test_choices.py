"""The compared choices: one change of the shipped config each."""

import pytest

from benchmarks.choices import SHIPPED, Choice, all_choices, changed_config, shipped_config
from spacy_spanbert.nn.representations import REPRESENTATIONS

CONFIG = shipped_config()
CHOICES = list(all_choices(CONFIG))


def differences(a, b, path: str = "") -> set[str]:
    if not (isinstance(a, dict) and isinstance(b, dict)):
        return set() if a == b else {path}
    return {
        found
        for key in a.keys() | b.keys()
        for found in differences(a.get(key), b.get(key), f"{path}.{key}" if path else key)
    }


def test_the_shipped_config_comes_first_and_changes_nothing():
    assert CHOICES[0] == SHIPPED
    assert changed_config(CONFIG, SHIPPED) == CONFIG


@pytest.mark.parametrize("choice", CHOICES[1:], ids=lambda choice: f"{choice.group} {choice.name}")
def test_a_choice_changes_what_it_says_and_nothing_else(choice: Choice):
    before = CONFIG.copy()
    changed = changed_config(CONFIG, choice)
    roots = differences(CONFIG, changed)
    assert all(any(root.startswith(name) for name in choice.changes) for root in roots)
    assert before == CONFIG


def test_each_group_holds_exactly_one_choice_that_is_the_shipped_one():
    groups = {choice.group for choice in CHOICES[1:]}
    for group in groups:
        same = [
            choice.name
            for choice in CHOICES
            if choice.group == group
            and choice.layout == "sentences"
            and changed_config(CONFIG, choice) == CONFIG
        ]
        assert len(same) == 1, group


def test_every_representation_is_compared():
    named = {choice.name for choice in CHOICES if choice.group == "representation"}
    assert named == set(REPRESENTATIONS)
