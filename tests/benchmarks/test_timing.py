"""Rounds in turn, speeds, and parts of a run."""

import time

import pytest

from benchmarks.timing import Stopwatch, interleave, paired_ratio, speed_summary


def test_tasks_take_turns_and_only_the_task_is_timed():
    order = []

    def prepare(name):
        def make(index):
            order.append(f"make {name}{index}")
            time.sleep(0.05)
            return lambda: order.append(f"run {name}{index}")

        return make

    seconds = interleave({"a": prepare("a"), "b": prepare("b")}, 2)
    turns = [f"{verb} {name}{i}" for i in (0, 1) for name in "ab" for verb in ("make", "run")]
    assert order == turns
    assert [len(values) for values in seconds.values()] == [2, 2]
    assert max(max(values) for values in seconds.values()) < 0.05


def test_speeds_are_of_each_round_and_the_median_is_the_headline():
    summary = speed_summary([10, 20, 30], [1.0, 4.0, 1.0])
    assert (summary["words_per_second"], summary["lowest"], summary["highest"]) == (10, 5, 30)


def test_a_ratio_compares_equal_rounds():
    # The machine slows down tenfold; each round still says "twice as fast".
    assert paired_ratio([2.0, 4.0, 20.0], [1.0, 2.0, 10.0]) == 2.0
    with pytest.raises(ValueError, match="shorter"):
        paired_ratio([1.0, 2.0], [1.0])


def test_time_in_an_inner_part_does_not_count_for_the_outer_one():
    watch = Stopwatch()
    with watch.part("outer"):
        time.sleep(0.02)
        with watch.part("inner"):
            time.sleep(0.2)
        time.sleep(0.02)
    assert watch.seconds["inner"] >= 0.2
    assert 0.04 <= watch.seconds["outer"] < watch.seconds["inner"]


def test_the_stopwatch_does_not_count_between_parts_and_survives_an_error():
    watch = Stopwatch()
    with pytest.raises(KeyError), watch.part("a"):
        raise KeyError
    before = watch.seconds["a"]
    time.sleep(0.05)
    with watch.part("b"):
        pass
    assert watch.seconds["a"] == before
    assert watch.seconds["b"] < 0.05
