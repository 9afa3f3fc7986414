"""What a tokenized corpus was made of, so that it is known again and changes are noticed."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from spacy_spanbert.errors import SpanbertError

# Of what is stored; another number makes all corpora anew. 2 tells the parts of long documents.
FORM = 2


class CorpusChangedError(SpanbertError):
    """The text, or how it is cut into pieces, is not what it was when the run began."""


@dataclass(frozen=True)
class SourceFile:
    """A file of text, as it was when it was read.

    path (str): Where it was.
    n_bytes (int): Its size.
    changed_ns (int): When it was last written, in nanoseconds; spares reading it again.
    digest (str): Of its content.
    """

    path: str
    n_bytes: int
    changed_ns: int
    digest: str


@dataclass(frozen=True)
class CorpusSource:
    """Everything that a tokenized corpus depends on.

    files (tuple[SourceFile, ...]): The text, in order.
    tokenizer (str): Digest of the tokenizer.
    settings (dict[str, Any]): Such as language and held-out share.
    form (int): Of what is stored.
    """

    files: tuple[SourceFile, ...]
    tokenizer: str
    settings: dict[str, Any] = field(default_factory=dict)
    form: int = FORM

    @property
    def fingerprint(self) -> str:
        """RETURNS (str): The same for the same content, wherever the files lie."""
        parts = [self.form, [file.digest for file in self.files], self.tokenizer, self.settings]
        return _digest(json.dumps(parts, sort_keys=True).encode())[:32]

    def to_json(self) -> dict[str, Any]:
        """RETURNS (dict[str, Any]): What `from_json` reads."""
        return asdict(self)

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> "CorpusSource":
        """Read what `to_json` made.

        stored (dict[str, Any]): The object.
        RETURNS (CorpusSource): An equal one.
        """
        files = tuple(SourceFile(**file) for file in stored["files"])
        # the first form did not tell
        return cls(files, stored["tokenizer"], stored["settings"], stored.get("form", 1))


def describe_source(
    paths: Sequence[Path],
    tokenizer: str,
    settings: dict[str, Any],
    known: CorpusSource | None = None,
) -> CorpusSource:
    """Look at what a corpus is to be made of.

    paths (Sequence[Path]): The files of text, in order.
    tokenizer (str): The tokenizer, as `Tokenizer.to_str` gives it.
    settings (dict[str, Any]): Plain values.
    known (CorpusSource | None): An earlier look: files of unchanged size and time are not read.
    RETURNS (CorpusSource): What is there now.
    RAISES (CorpusChangedError): If a file is not there (any more).
    """
    known_files = {file.path: file for file in known.files} if known else {}
    files = tuple(_describe(path, known_files.get(str(path))) for path in paths)
    return CorpusSource(files, _digest(tokenizer.encode()), settings)


def _describe(path: Path, known: SourceFile | None) -> SourceFile:
    try:
        state = path.stat()
        if known and (known.n_bytes, known.changed_ns) == (state.st_size, state.st_mtime_ns):
            return known
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=32))
    except FileNotFoundError as error:
        raise CorpusChangedError(
            f"{path}: this file of the corpus is not there (any more). Put it back, or begin a "
            "new run in another output folder."
        ) from error
    return SourceFile(str(path), state.st_size, state.st_mtime_ns, digest.hexdigest())


def check_unchanged(earlier: CorpusSource, now: CorpusSource) -> None:
    """Refuse to go on with another text than a run began with.

    Files that were moved or touched, but hold the same, are the same.

    earlier (CorpusSource): What the run began with.
    now (CorpusSource): What is there.
    RAISES (CorpusChangedError): If they differ; names each file or setting that does.
    """
    if earlier.fingerprint == now.fingerprint:
        return
    changes = [*_changed_files(earlier.files, now.files), *_changed_settings(earlier, now)]
    raise CorpusChangedError(
        "The corpus is not what it was when the run began: "
        + "; ".join(changes or ["it was made by another version of spacy-spanbert"])
        + ". Restore it to go on with the run, or begin a new run in another output folder."
    )


def _changed_files(earlier: Sequence[SourceFile], now: Sequence[SourceFile]) -> list[str]:
    if [file.digest for file in earlier] == [file.digest for file in now]:
        return []
    old, new = ({file.path: file for file in files} for files in (earlier, now))
    changes = [
        f"{path} was changed ({old[path].n_bytes:,} bytes then, {new[path].n_bytes:,} now)"
        for path in old
        if path in new and old[path].digest != new[path].digest
    ]
    changes += [f"{path} is missing" for path in old if path not in new]
    changes += [f"{path} is new" for path in new if path not in old]
    return changes or ["its files are in another order"]


def _changed_settings(earlier: CorpusSource, now: CorpusSource) -> list[str]:
    changes = ["the tokenizer is another"] if earlier.tokenizer != now.tokenizer else []
    old, new = earlier.settings, now.settings
    changes += [
        f"{key} was {old.get(key)!r} and is {new.get(key)!r}"
        for key in sorted(old.keys() | new.keys())
        if old.get(key) != new.get(key)
    ]
    return changes


def _digest(content: bytes) -> str:
    return hashlib.blake2b(content, digest_size=32).hexdigest()
