"""Ctrl-C: all processes finish the same step, save and stop."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from accelerate import Accelerator


class Interruption:
    """Notices Ctrl-C.

    say (Callable[[str], None]): Told that the run is about to stop.
    """

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._is_asked = threading.Event()

    def is_asked(self, accelerator: Accelerator) -> bool:
        """Tell whether to stop; all processes must call this together.

        Ctrl-C reaches processes in different steps, and all have to stop after the same one.

        accelerator (Accelerator): Knows the processes.
        RETURNS (bool): Whether there was a Ctrl-C in any of them.
        """
        asked = torch.tensor([int(self._is_asked.is_set())], device=accelerator.device)
        return bool(accelerator.reduce(asked, "sum").item())

    @contextmanager
    def watch(self) -> Iterator[None]:
        """Take the first Ctrl-C as a wish to stop soon; the second stops at once.

        Nothing is changed outside the main thread, where Ctrl-C does not arrive, nor where it is
        ignored, as a shell has it for what runs in the background.
        """
        is_main = threading.current_thread() is threading.main_thread()
        if not is_main or signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
            yield
            return

        def stop(*_: object) -> None:
            self._is_asked.set()
            signal.signal(signal.SIGINT, previous)
            self._say("stopping after this step; the same command goes on later")

        previous = signal.signal(signal.SIGINT, stop)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, previous)
