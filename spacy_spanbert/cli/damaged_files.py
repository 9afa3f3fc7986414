"""Which of spaCy's own files in a pipeline's folder cannot be read: its errors do not tell."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import srsly
from spacy.util import load_config


def _read_array(path: Path) -> Any:
    return np.load(path, mmap_mode="r", allow_pickle=False)


# what reads a file, and what is in it; components name their files themselves
FILES: dict[str, tuple[Callable[[Path], Any], type]] = {
    "config.cfg": (load_config, dict),
    "meta.json": (srsly.read_json, dict),
    "tokenizer": (srsly.read_msgpack, dict),
    "vocab/strings.json": (srsly.read_json, list),
    "vocab/lookups.bin": (srsly.read_msgpack, dict),
    "vocab/key2row": (srsly.read_msgpack, dict),
    "vocab/vectors": (_read_array, np.ndarray),
    "vocab/vectors.cfg": (srsly.read_json, dict),
}


def damaged_files(folder: Path) -> list[str]:
    """Find the files that are there and cannot be read.

    folder (Path): A saved pipeline.
    RETURNS (list[str]): Of each its path and what is wrong with it.
    """
    found = []
    for name, (read, kind) in FILES.items():
        path = folder / name
        if not path.is_file():
            continue
        try:
            content = read(path)
        except Exception as error:  # whatever a damaged file leads to
            reason = " ".join(str(error).split())
            found.append(f"{path} ({type(error).__name__}: {reason:.200})")
        else:
            if not isinstance(content, kind):
                found.append(f"{path} (a {kind.__name__} is expected in it)")
    return found
