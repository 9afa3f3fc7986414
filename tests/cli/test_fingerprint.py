"""`python -m spacy spanbert fingerprint`: what trainings of a project depend on."""

from pathlib import Path

from typer.testing import CliRunner

from spacy_spanbert.checkpoints.fingerprint import checkpoint_fingerprint
from spacy_spanbert.cli import app


def test_it_prints_the_fingerprint_and_writes_it_to_a_file(tiny_bert: Path, tmp_path: Path) -> None:
    output = tmp_path / "corpus/encoder.txt"
    result = CliRunner().invoke(app, ["fingerprint", str(tiny_bert), "--output", str(output)])
    assert result.exit_code == 0, result.output
    assert result.output == output.read_text() == f"{checkpoint_fingerprint(tiny_bert)}\n"


def test_without_a_checkpoint_there_is_one_line_and_no_file(tmp_path: Path) -> None:
    output = tmp_path / "encoder.txt"
    result = CliRunner().invoke(app, ["fingerprint", "./missing", "--output", str(output)])
    assert result.exit_code == 1
    assert "There is no folder './missing' to load a checkpoint from" in result.output
    assert not output.exists()
