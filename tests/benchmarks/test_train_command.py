"""What is read from the log of `spacy train`."""

from pathlib import Path

import pytest

from benchmarks.train_command import run_training


def test_a_failing_training_raises_with_what_the_command_said(tmp_path: Path):
    config = tmp_path / "empty.cfg"
    config.write_text("[nlp]\nlang = 'en'\n", encoding="utf8")
    with pytest.raises(
        RuntimeError, match=r"(?s)spacy train ended with exit code 1; it said last.*'training'"
    ):
        run_training(config, tmp_path / "out", {})
    assert "'training'" in (tmp_path / "out" / "train.log").read_text(encoding="utf8")
