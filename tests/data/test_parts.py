import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import spacy
from spacy.tokens import Doc

from spacy_spanbert.data.annotating import AnnotationCounts
from spacy_spanbert.data.docbin import read_docbin
from spacy_spanbert.data.part_report import PartReport
from spacy_spanbert.data.parts import Parts, parts_folder
from spacy_spanbert.data.problems import CorpusError
from spacy_spanbert.folder_lock import FolderLockError

NLP = spacy.blank("en")
MANIFEST: dict[str, Any] = {"--batch-size": 4, "the input": [["a.txt", 3, 7]]}


def report(n_read: int = 1) -> PartReport:
    return PartReport(AnnotationCounts(n_read=n_read, labels=Counter(PER=2)))


def write_parts(output: Path, *texts: str, manifest: dict[str, Any] = MANIFEST) -> None:
    """Write parts, and be interrupted."""
    with pytest.raises(KeyboardInterrupt), Parts(output, manifest) as parts:
        for text in texts:
            parts.write([NLP(text)], report())
        raise KeyboardInterrupt


def texts_of(parts: Parts) -> list[str]:
    return [doc.text for path in parts.paths for doc in read_docbin(path, NLP.vocab)]


def join(parts: Parts) -> Any:
    return lambda path: path.write_text("".join(texts_of(parts)))


def test_parts_become_the_output_and_leave_nothing_else(tmp_path: Path) -> None:
    with Parts(tmp_path / "new" / "out.txt", MANIFEST) as parts:
        parts.write([NLP("One.")], report())
        parts.write([], report())
        parts.write([NLP("Two."), NLP("Three.")], report(5))
        assert parts.n_parts == 3
        assert sum(one.counts.n_read for one in parts.reports()) == 7
        parts.publish(join(parts))
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["out.txt"]
    assert (tmp_path / "new" / "out.txt").read_text() == "One.Two.Three."


def test_an_interrupted_run_goes_on_behind_its_last_finished_part(tmp_path: Path) -> None:
    output = tmp_path / "out.txt"
    write_parts(output, "One.", "Two.")
    folder = parts_folder(output)
    (folder / "part-000001.json").unlink()  # interrupted between the two files of a part
    with Parts(output, MANIFEST, resume=True) as parts:
        assert texts_of(parts) == ["One."]
        parts.write([NLP("2.")], report())
        parts.publish(join(parts))
    assert output.read_text() == "One.2."
    assert not folder.exists()


def test_a_part_that_fails_is_not_there(tmp_path: Path) -> None:
    def docs() -> Iterator[Doc]:
        yield NLP("lost")
        raise RuntimeError("stop")

    output = tmp_path / "out.txt"
    with pytest.raises(RuntimeError, match="stop"), Parts(output, MANIFEST) as parts:
        parts.write([NLP("One.")], report())
        parts.write(docs(), report())
    with Parts(output, MANIFEST, resume=True) as parts:
        assert texts_of(parts) == ["One."]


def test_finished_parts_are_not_touched_unless_told_what_to_do(tmp_path: Path) -> None:
    output = tmp_path / "out.txt"
    write_parts(output, "One.")
    with pytest.raises(CorpusError, match=r"out.txt.parts holds .* --resume. .* --overwrite."):
        Parts(output, MANIFEST).__enter__()
    with Parts(output, MANIFEST, overwrite=True) as parts:
        assert texts_of(parts) == []


def test_overwriting_does_not_throw_away_what_is_to_be_resumed(tmp_path: Path) -> None:
    output = tmp_path / "out.txt"
    write_parts(output, "One.")
    with Parts(output, MANIFEST, resume=True, overwrite=True) as parts:
        assert texts_of(parts) == ["One."]
        assert parts.thrown_away is None


@pytest.mark.parametrize("damage", [False, True])
def test_overwriting_throws_away_what_cannot_be_resumed_and_says_why(
    tmp_path: Path, damage: bool
) -> None:
    output = tmp_path / "out.txt"
    write_parts(output, "One.")
    if damage:
        (parts_folder(output) / "manifest.json").write_text("[")
    now = MANIFEST if damage else {**MANIFEST, "--batch-size": 8}
    with Parts(output, now, resume=True, overwrite=True) as parts:
        assert texts_of(parts) == []
        reason = "manifest.json is damaged" if damage else "--batch-size was 4, now 8"
        assert parts.thrown_away and parts.thrown_away.endswith(reason)
        parts.write([NLP("Two.")], report())
    with Parts(output, now, resume=True, overwrite=True) as parts:
        assert texts_of(parts) == ["Two."]


def test_a_run_that_ends_before_its_first_part_leaves_nothing(tmp_path: Path) -> None:
    write_parts(tmp_path / "out.txt")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "names", [[], ["lock"], ["lock", ".manifest.json.1a.part"], ["manifest.json"]]
)
def test_a_folder_of_a_run_killed_before_its_first_part_is_no_hindrance(
    tmp_path: Path, names: list[str]
) -> None:
    folder = tmp_path / "out.txt.parts"
    folder.mkdir()
    for name in names:
        (folder / name).touch()
    with Parts(tmp_path / "out.txt", MANIFEST) as parts:
        assert parts.n_parts == 0


@pytest.mark.parametrize(
    ("new", "message"),
    [
        ({"--batch-size": 8}, "--batch-size was 4, now 8. Restore that"),
        ({"the input": [["a.txt", 3, 8]]}, "the input is not the same"),
        ({"--n-process": 2}, "--n-process was None, now 2"),
        ({"--batch-size": None, "the input": []}, "--batch-size was 4, now None; the input is not"),
    ],
)
def test_parts_of_another_run_are_not_resumed(
    tmp_path: Path, new: dict[str, Any], message: str
) -> None:
    output = tmp_path / "out.txt"
    write_parts(output, "One.")
    with pytest.raises(CorpusError, match=message):
        Parts(output, {**MANIFEST, **new}, resume=True).__enter__()
    with Parts(output, MANIFEST, resume=True) as parts:  # and they are as they were
        assert texts_of(parts) == ["One."]


@pytest.mark.parametrize("content", ["", "[", "3", "[1]"])
def test_a_damaged_manifest_is_named(tmp_path: Path, content: str) -> None:
    output = tmp_path / "out.txt"
    write_parts(output, "One.")
    (parts_folder(output) / "manifest.json").write_text(content)
    with pytest.raises(CorpusError, match=r"manifest.json is damaged. .* begin anew: --overwrite"):
        Parts(output, MANIFEST, resume=True).__enter__()


def test_a_damaged_report_is_named(tmp_path: Path) -> None:
    output = tmp_path / "out.txt"
    write_parts(output, "One.")
    (parts_folder(output) / "part-000000.json").write_text("{}")
    with (
        pytest.raises(CorpusError, match=r"part-000000.json is damaged: .* --overwrite"),
        Parts(output, MANIFEST, resume=True) as parts,
    ):
        list(parts.reports())


@pytest.mark.parametrize("options", [{}, {"resume": True}, {"overwrite": True}])
def test_something_else_with_the_name_of_the_parts_is_left_alone(
    tmp_path: Path, options: dict[str, bool]
) -> None:
    folder = tmp_path / "out.txt.parts"
    folder.mkdir()
    (folder / "part-time.txt").write_text("mine")
    with pytest.raises(CorpusError, match="is in the way"):
        Parts(tmp_path / "out.txt", MANIFEST, **options).__enter__()
    assert (folder / "part-time.txt").read_text() == "mine"
    other = tmp_path / "other.parts"
    other.write_text("mine")
    with pytest.raises(CorpusError, match="is in the way"):
        Parts(tmp_path / "other", MANIFEST, **options).__enter__()


def test_two_runs_do_not_work_on_the_same_parts(tmp_path: Path) -> None:
    pytest.importorskip("fcntl", reason="there is no lock on this system")
    output = tmp_path / "out.txt"
    with Parts(output, MANIFEST) as parts:
        parts.write([NLP("One.")], report())
        for options in ({"resume": True}, {"overwrite": True}):
            with pytest.raises(FolderLockError, match="another run is at work on it"):
                Parts(output, MANIFEST, **options).__enter__()
        parts.publish(join(parts))
    assert output.read_text() == "One."


def test_an_old_output_stays_until_the_new_one_is_whole(tmp_path: Path) -> None:
    output = tmp_path / "out.txt"
    output.write_text("old")

    def fail(path: Path) -> None:
        path.write_text("half")
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"), Parts(output, MANIFEST) as parts:
        parts.write([NLP("One.")], report())
        parts.publish(fail)
    assert output.read_text() == "old"
    with Parts(output, MANIFEST, resume=True) as parts:
        parts.publish(join(parts))
    assert output.read_text() == "One."


def make_folder(path: Path) -> None:
    path.mkdir(exist_ok=True)
    (path / "new.txt").write_text("new")


def test_a_folder_with_files_is_replaced_only_if_asked_for(tmp_path: Path) -> None:
    output = tmp_path / "out"
    output.mkdir()
    (output / "old.txt").touch()
    with pytest.raises(CorpusError, match=r"out is not empty. Replace it: --overwrite"):
        Parts(output, MANIFEST).__enter__()
    with Parts(output, MANIFEST, overwrite=True) as parts:
        parts.publish(make_folder)
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    assert [path.name for path in output.iterdir()] == ["new.txt"]


def test_a_folder_that_was_filled_meanwhile_is_not_replaced(tmp_path: Path) -> None:
    output = tmp_path / "out"
    with pytest.raises(CorpusError, match="is not empty"), Parts(output, MANIFEST) as parts:
        parts.write([NLP("One.")], report())
        make_folder(output)
        parts.publish(make_folder)
    assert parts_folder(output).exists()


def test_a_run_killed_behind_its_output_folder_can_be_resumed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    output = tmp_path / "out"

    def killed(self: Parts) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(Parts, "remove", killed)
        with Parts(output, MANIFEST) as parts:
            parts.write([NLP("One.")], report())
            parts.publish(make_folder)
    assert output.exists() and parts_folder(output).exists()
    with Parts(output, MANIFEST, resume=True) as parts:
        parts.publish(make_folder)
    assert [path.name for path in output.iterdir()] == ["new.txt"]
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_a_finished_run_is_not_run_again_for_being_resumed(tmp_path: Path) -> None:
    output = tmp_path / "out.txt"
    output.write_text("finished")
    with pytest.raises(CorpusError, match=r"There is nothing to resume: .*out.txt is there"):
        Parts(output, MANIFEST, resume=True).__enter__()
    assert output.read_text() == "finished"
    with Parts(output, MANIFEST, resume=True, overwrite=True) as parts:
        assert parts.n_parts == 0


def test_what_was_left_of_removed_parts_is_removed_with_the_next(tmp_path: Path) -> None:
    (tmp_path / ".out.txt.parts.0123.part").mkdir()
    write_parts(tmp_path / "out.txt")
    assert list(tmp_path.iterdir()) == []


def test_through_a_link_what_it_points_at_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "out.txt").symlink_to(tmp_path / "data" / "real.txt")
    with Parts(tmp_path / "out.txt", MANIFEST) as parts:
        assert parts.folder == tmp_path / "data" / "real.txt.parts"
        parts.write([NLP("One.")], report())
        parts.publish(join(parts))
    assert (tmp_path / "out.txt").is_symlink()
    assert (tmp_path / "data" / "real.txt").read_text() == "One."


def test_the_manifest_is_written_as_json(tmp_path: Path) -> None:
    with Parts(tmp_path / "a", MANIFEST) as parts:
        assert json.loads((parts.folder / "manifest.json").read_text()) == MANIFEST
