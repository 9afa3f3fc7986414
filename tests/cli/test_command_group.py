import subprocess
import sys

from typer.testing import CliRunner

from spacy_spanbert.cli import app


def test_the_group_lists_its_commands() -> None:
    result = CliRunner().invoke(app, ["--help"])
    assert result.exit_code == 0
    assert "convert" in result.output


def test_without_a_command_the_help_is_shown() -> None:
    assert "Usage" in CliRunner().invoke(app, []).output


def test_spacys_own_help_lists_the_group() -> None:
    command = [sys.executable, "-m", "spacy", "--help"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "spanbert" in done.stdout


def test_the_group_brings_nothing_heavy_that_spacy_does_not() -> None:
    code = (
        "import sys, spacy.cli; before = set(sys.modules)\n"
        "import spacy_spanbert.cli\n"
        "print(*{name.split('.')[0] for name in set(sys.modules) - before})"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"torch", "transformers", "spacy_transformers", "tokenizers"} & set(
        done.stdout.split()
    )
