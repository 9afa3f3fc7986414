"""Kill runs of `annotate` before each of their file operations, resume them, compare the output.

A script for test_annotate_resume.py: it forks, which a process of pytest should not.
usage: crash_at_every_step.py FOLDER OUTPUT FORMAT
"""

import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from spacy_spanbert.cli.annotate_run import AnnotateSettings, annotate
from spacy_spanbert.cli.progress import Progress
from spacy_spanbert.data.problems import CorpusError, Problems
from tests.data.ruler_pipeline import make_pipeline

FILE_OPERATIONS = {"open", "os.rename", "os.mkdir", "os.remove", "os.rmdir", "shutil.copyfile"}
KILLED = 77
LINES = ["Lord Grenville went to Paris.", "", "BAD", "Paris, Paris.", "Grenville", "\xff"]


def main(folder: Path, name: str, format_: str) -> None:
    source = folder / "in.txt"
    source.write_bytes("\n".join(LINES).encode("latin-1"))
    nlp = make_pipeline("test_fails_on_bad")

    def resume(output: Path) -> None:
        try:
            run(output, resume=True)
        except CorpusError as error:
            if not str(error).startswith("There is nothing to resume"):
                raise

    def run(output: Path, resume: bool = False) -> None:
        settings = AnnotateSettings(
            unit="line", target_format=format_, records_per_part=3, batch_size=2, resume=resume
        )
        with Progress(False) as progress:
            annotate(nlp, source, output, settings, progress, Problems())

    whole = folder / "whole" / name
    assert in_child(lambda: run(whole)) == 0
    expected = content(whole)
    step = 0
    while True:
        step += 1
        place = folder / f"step-{step}"
        output = place / name
        place.mkdir()
        if in_child(lambda: (kill_before(step, place), run(output))) == 0:  # noqa: B023
            break
        assert in_child(lambda: resume(output)) == 0, f"cannot resume after step {step}"  # noqa: B023
        assert content(output) == expected, f"another output after step {step}"
        visible = [path.name for path in place.iterdir() if not path.name.startswith(".")]
        assert visible == [name], f"after step {step} there are {visible}"
        shutil.rmtree(place)
    print(step - 1)


def kill_before(step: int, place: Path) -> None:
    """End this process, as SIGKILL would, before its n-th file operation in a folder."""
    left = step

    def audit(event: str, arguments: tuple[Any, ...]) -> None:
        nonlocal left
        if event in FILE_OPERATIONS and str(arguments[0]).startswith(str(place)):
            left -= 1
            if left == 0:
                os._exit(KILLED)

    sys.addaudithook(audit)


def in_child(work: Callable[[], object]) -> int:
    """Do something in a process of its own.

    RETURNS (int): 0, or KILLED.
    """
    child = os.fork()
    if not child:
        code = 1
        try:
            work()
            code = 0
        finally:
            sys.stderr.flush()
            os._exit(code)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert code in (0, KILLED), f"the child failed with {code}"
    return code


def content(path: Path) -> dict[str, bytes]:
    files = [path] if path.is_file() else sorted(path.iterdir())
    return {file.name: file.read_bytes() for file in files}


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], sys.argv[3])
