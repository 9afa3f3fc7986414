"""The makers of tiny checkpoints give the same bytes in every process."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.tiny_encoder import tiny_wordpieces

MAKE = """
import sys
from pathlib import Path
import pytest

from tests.tiny_encoder import write_tiny_bert, write_tiny_roberta
write_tiny_bert(Path(sys.argv[1]) / "bert")
write_tiny_roberta(Path(sys.argv[1]) / "roberta")
"""


@pytest.mark.slow
def test_another_process_makes_the_same_files(
    tiny_bert: Path, tiny_roberta: Path, tmp_path: Path
) -> None:
    root = Path(__file__).parents[1]
    subprocess.run([sys.executable, "-c", MAKE, str(tmp_path)], cwd=root, check=True)
    for ours, name in ((tiny_bert, "bert"), (tiny_roberta, "roberta")):
        theirs = tmp_path / name
        assert {path.name for path in ours.iterdir()} == {path.name for path in theirs.iterdir()}
        for path in ours.iterdir():
            assert path.read_bytes() == (theirs / path.name).read_bytes(), path.name


def test_vocabulary_knows_each_letter_alone_and_inside_a_word() -> None:
    pieces = tiny_wordpieces(cased=True)
    assert len(set(pieces)) == len(pieces)
    for letter in "azAZ09яЯßö":
        assert {letter, f"##{letter}"} <= set(pieces)
    assert {"我", "😀", "ب", "##ب", "##\u0301"} <= set(pieces)
