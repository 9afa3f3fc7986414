"""Output in parts: what is finished survives an interruption, and the run can be resumed."""

import json
import secrets
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import Any

from spacy.tokens import Doc

from spacy_spanbert.data.docbin import write_docbin
from spacy_spanbert.data.files import write_whole
from spacy_spanbert.data.part_report import PartReport
from spacy_spanbert.data.problems import CorpusError
from spacy_spanbert.folder_lock import FolderLock

MANIFEST = "manifest.json"
PUBLISHING = "publishing"


def parts_folder(output: Path) -> Path:
    """Tell where the finished parts of an output lie.

    output (Path): The file or folder to write in the end.
    RETURNS (Path): The folder OUTPUT.parts; it is there only until the output is.
    """
    output = output.resolve()  # Through a link, what it points at is replaced.
    return output.with_name(output.name + ".parts")


class Parts:
    """The finished parts of an output, in the folder OUTPUT.parts until all are there.

    Each part is a `.spacy` file, written whole, and then its report: a part with a report is
    finished. A manifest tells what they were made of. Use it as a context manager; if it is left
    by an exception before any part is finished, no folder stays.

    output (Path): The file or folder to write in the end.
    manifest (Mapping[str, Any]): What the parts depend on, of JSON values.
    resume (bool): Go on with the parts that are there, if there are any.
    overwrite (bool): Begin anew even if there are parts (to be resumed: only if they come from
        another run), and replace an output folder that is not empty.
    """

    def __init__(
        self,
        output: Path,
        manifest: Mapping[str, Any],
        *,
        resume: bool = False,
        overwrite: bool = False,
    ) -> None:
        self.output = output.resolve()
        self.folder = parts_folder(output)
        self.n_parts = 0
        self.thrown_away: str | None = None  # why parts that were to be resumed could not be
        self._manifest = json.loads(json.dumps(manifest))
        self._resume = resume
        self._overwrite = overwrite
        self._lock = FolderLock(self.folder)

    def __enter__(self) -> "Parts":
        self._make_way()
        self._check_output()
        is_there = self.folder.is_dir()
        self.folder.mkdir(parents=True, exist_ok=True)
        self._lock.__enter__()
        try:
            if is_there:
                self._check_manifest()
                self.n_parts = next(i for i in count() if not self._is_finished(i))
            else:
                self._write_json(MANIFEST, json.dumps(self._manifest, indent=1))
        except BaseException:
            self._lock.__exit__()
            raise
        return self

    def _make_way(self) -> None:
        """Remove parts that are not to be resumed."""
        if not self.folder.exists():
            if self._resume and not self._overwrite and _is_filled(self.output):
                raise CorpusError(
                    f"There is nothing to resume: {self.output} is there, and {self.folder} is "
                    "not. To annotate anew, leave out --resume or add --overwrite."
                )
            return
        names = {path.name for path in self.folder.iterdir()} if self.folder.is_dir() else {""}
        has_parts = any(name.startswith("part-") for name in names)
        others = {name for name in names if not name.endswith(".part")}
        if MANIFEST not in names and not others <= {"lock"}:
            raise CorpusError(
                f"{self.folder} is in the way: parts of the output go there, and it is something "
                "else. Move it, or name another output."
            )
        if has_parts and self._resume and self._overwrite:
            with self._lock:
                self.thrown_away = self._why_not_resumable()
        if has_parts and self._resume and not self.thrown_away:
            return
        if has_parts and not self._overwrite:
            raise CorpusError(
                f"{self.folder} holds the finished parts of an interrupted run. Go on with it: "
                "--resume. Or throw it away and begin anew: --overwrite."
            )
        with self._lock:  # Nobody is at work on it.
            pass
        self.remove()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._lock.__exit__()
        if error is not None and not self.n_parts and self.folder.exists():
            self.remove()

    @property
    def paths(self) -> list[Path]:
        """RETURNS (list[Path]): The `.spacy` files of the finished parts, in order."""
        return [self._path(i, ".spacy") for i in range(self.n_parts)]

    def reports(self) -> Iterator[PartReport]:
        """Read the reports of the finished parts.

        YIELDS (PartReport): The reports, in order.
        RAISES (CorpusError): If one is damaged.
        """
        for i in range(self.n_parts):
            path = self._path(i, ".json")
            try:
                yield PartReport.from_json(path.read_text(encoding="utf-8"))
            except ValueError as error:
                raise CorpusError(
                    f"{path} is damaged: {error}. Begin anew: --overwrite, without --resume."
                ) from None

    def write(self, docs: Iterable[Doc], report: PartReport) -> None:
        """Write the next part, whole or not at all.

        docs (Iterable[Doc]): Its Docs; for none, there is a part without Docs.
        report (PartReport): What it holds; may be filled while the Docs are read.
        """
        write_docbin(docs, self._path(self.n_parts, ".spacy"))
        self._write_json(self._path(self.n_parts, ".json").name, report.to_json())
        self.n_parts += 1

    def publish(self, write_output: Callable[[Path], None]) -> None:
        """Make the output of the parts, whole or not at all, and remove the parts.

        write_output (Callable[[Path], None]): Writes the output to a path in the folder of the
            parts; a rest of an earlier try may be there, to be replaced.
        """
        joined = self.folder / f"joined{''.join(self.output.suffixes[-2:])}"
        write_output(joined)
        self._check_output()
        # From here on, what lies in an output folder was put there by this run.
        (self.folder / PUBLISHING).touch()
        if self.output.is_dir():
            replaced = self.folder / "replaced"
            shutil.rmtree(replaced, ignore_errors=True)
            self.output.rename(replaced)
        joined.replace(self.output)
        self.remove()

    def _path(self, index: int, suffix: str) -> Path:
        return self.folder / f"part-{index:06d}{suffix}"

    def _write_json(self, name: str, text: str) -> None:
        with write_whole(self.folder / name) as file:
            file.write(text + "\n")

    def _is_finished(self, index: int) -> bool:
        return all(self._path(index, suffix).is_file() for suffix in (".spacy", ".json"))

    def _check_output(self) -> None:
        is_ours = (self.folder / PUBLISHING).exists()
        is_full = self.output.is_dir() and _is_filled(self.output)
        if is_full and not self._overwrite and not is_ours:
            raise CorpusError(f"The folder {self.output} is not empty. Replace it: --overwrite.")

    def _check_manifest(self) -> None:
        difference = self._why_not_resumable()
        if difference:
            raise CorpusError(f"{difference}. Restore that, or begin anew: --overwrite.")

    def _why_not_resumable(self) -> str | None:
        """Say why the parts cannot be resumed, if they cannot."""
        path = self.folder / MANIFEST
        try:
            old = dict(json.loads(path.read_text(encoding="utf-8")))
        except (TypeError, ValueError):
            return f"{path} is damaged"
        differences = [
            _difference(name, old.get(name), self._manifest.get(name))
            for name in {**old, **self._manifest}
            if old.get(name) != self._manifest.get(name)
        ]
        if not differences:
            return None
        return (
            f"{self.folder} comes from another run, so it cannot be resumed: "
            f"{'; '.join(differences)}"
        )

    def remove(self) -> None:
        """Remove the folder in one step: an interruption leaves no half of it under its name."""
        self._lock.__exit__()
        trash = f".{self.folder.name[:100]}."
        self.folder.rename(self.folder.with_name(f"{trash}{secrets.token_hex(6)}.part"))
        for path in self.folder.parent.iterdir():  # Also what an interruption here has left.
            if path.name.startswith(trash) and path.name.endswith(".part"):
                shutil.rmtree(path, ignore_errors=True)


def _is_filled(path: Path) -> bool:
    return any(path.iterdir()) if path.is_dir() else path.exists()


def _difference(name: str, old: Any, new: Any) -> str:
    if isinstance(old, list | dict) or isinstance(new, list | dict):
        return f"{name} is not the same"
    return f"{name} was {old}, now {new}"
