import pytest
import spacy

from spacy_spanbert.cli.progress import Progress

NLP = spacy.blank("en")


class Clock:
    def __init__(self) -> None:
        self.time = 1000.0

    def __call__(self) -> float:
        return self.time


def test_words_are_measured_by_the_time_between_start_and_end() -> None:
    clock = Clock()
    progress = Progress(False, clock)
    clock.time += 50  # the pipeline is loaded
    with progress:
        for seconds in (2, 3):
            clock.time += seconds
            progress.add(NLP("one two three four five"))
            assert progress.words_per_second == pytest.approx(progress.n_words / progress.seconds)
        assert progress.seconds == 5
    clock.time += 100
    assert progress.seconds == 5
    assert progress.words_per_second == 2
    assert (progress.n_docs, progress.n_words) == (2, 10)


def test_no_time_and_no_words_give_no_rate() -> None:
    progress = Progress(False, Clock())
    assert (progress.seconds, progress.words_per_second) == (0, 0)
    with progress:
        progress.add(NLP("one"))
        assert progress.words_per_second == 0


def test_the_bar_is_on_standard_error_and_names_words_by_time(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with Progress(True) as progress:
        progress.add(NLP("one two three"))
    output = capsys.readouterr()
    assert output.out == ""
    assert "3.00 words" in output.err
    assert "words/s" in output.err
    assert "1 records" in output.err


@pytest.mark.parametrize("is_shown", [None, False])
def test_there_is_no_bar_without_a_terminal_or_a_wish(
    capsys: pytest.CaptureFixture[str], is_shown: bool | None
) -> None:
    with Progress(is_shown) as progress:
        progress.add(NLP("one two three"))
    assert capsys.readouterr() == ("", "")
