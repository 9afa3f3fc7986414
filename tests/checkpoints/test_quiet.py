"""transformers keeps quiet inside, and talks as before outside."""

import logging
import warnings

import pytest
from transformers.utils import logging as transformers_logging

from spacy_spanbert.checkpoints.quiet import quiet


def test_verbosity_and_bars_are_restored_after_an_error() -> None:
    transformers_logging.set_verbosity(logging.INFO)
    try:
        with pytest.raises(KeyError), quiet():
            assert transformers_logging.get_verbosity() == logging.CRITICAL
            assert not transformers_logging.is_progress_bar_enabled()
            raise KeyError
        assert transformers_logging.get_verbosity() == logging.INFO
        assert transformers_logging.is_progress_bar_enabled()
    finally:
        transformers_logging.set_verbosity_warning()


def test_bars_that_were_off_stay_off() -> None:
    transformers_logging.disable_progress_bar()
    try:
        with quiet():
            pass
        assert not transformers_logging.is_progress_bar_enabled()
    finally:
        transformers_logging.enable_progress_bar()


def test_warnings_are_silenced_inside_only() -> None:
    with quiet():
        warnings.warn("inside", stacklevel=1)
    with pytest.warns(UserWarning, match="outside"):
        warnings.warn("outside", stacklevel=1)
