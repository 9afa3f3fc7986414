import signal
import threading

import pytest
from accelerate import Accelerator

from spacy_spanbert.pretraining.interruption import Interruption

pytestmark = pytest.mark.usefixtures("ctrl_c_arrives")


def test_the_first_ctrl_c_asks_and_the_second_stops_at_once():
    said = []
    interruption, accelerator = Interruption(said.append), Accelerator(cpu=True)
    with pytest.raises(KeyboardInterrupt), interruption.watch():
        assert not interruption.is_asked(accelerator)
        signal.raise_signal(signal.SIGINT)
        assert interruption.is_asked(accelerator)
        signal.raise_signal(signal.SIGINT)
    assert said == ["stopping after this step; the same command goes on later"]


def test_what_ctrl_c_did_before_it_does_again():
    before = signal.getsignal(signal.SIGINT)
    with Interruption(print).watch():
        assert signal.getsignal(signal.SIGINT) != before
    assert signal.getsignal(signal.SIGINT) == before


def test_where_ctrl_c_is_ignored_it_stays_so():
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with Interruption(print).watch():
        assert signal.getsignal(signal.SIGINT) == signal.SIG_IGN


def test_other_threads_are_let_be():
    before = signal.getsignal(signal.SIGINT)
    found = []

    def watch():
        with Interruption(print).watch():
            found.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=watch)
    thread.start()
    thread.join()
    assert found == [before]
