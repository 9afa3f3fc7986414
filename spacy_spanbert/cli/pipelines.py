"""The pipeline that a command works with."""

from pathlib import Path
from typing import Any

from spacy import util
from spacy.cli._util import import_code, setup_gpu
from spacy.language import Language

from spacy_spanbert.cli.damaged_files import damaged_files
from spacy_spanbert.data.assigned import assigning_pipes
from spacy_spanbert.errors import SpanbertError

# Factories whose spans_key names spans that they read; their labels are none of spans.
READS_SPANS = {"spanbert_relations"}


def load_pipeline(model: str, code: Path | None = None, gpu_id: int = -1) -> Language:
    """Load a pipeline, with what it needs.

    model (str): A folder, or the name of an installed package.
    code (Path | None): Python file with functions that it needs; imported first.
    gpu_id (int): GPU to load it to, or -1 for the processor.
    RETURNS (Language): The pipeline.
    RAISES (SpanbertError): If there is no such pipeline or GPU, or it cannot be loaded; says why.
    """
    _check_folder(model)
    if code is not None and not (code.suffix == ".py" and code.is_file()):
        raise SpanbertError(f"--code {code} is no Python file: name one that ends in .py.")
    import_code(code)
    try:
        setup_gpu(gpu_id, silent=gpu_id < 0)
    except ValueError as error:
        raise SpanbertError(
            f"There is no GPU for --gpu-id {gpu_id} ({error}): give --gpu-id -1 for the processor."
        ) from error
    try:
        return util.load_model(model)
    except Exception as error:  # Whatever a damaged folder or a missing package makes spaCy say.
        reason = " ".join(str(error).split()) or "no reason given"
        reason = f"{type(error).__name__}: {reason:.600}"
        if damaged := damaged_files(Path(model)):
            reason = f"damaged: {', '.join(damaged)}. Copy the pipeline again, or train it again."
        raise SpanbertError(f"Cannot load the pipeline {model}: {reason}") from error


def _check_folder(model: str) -> None:
    folder = Path(model)
    if not folder.exists() and not util.is_package(model):
        raise SpanbertError(f"{model} is no folder of a pipeline, and no installed package.")
    if folder.is_file():
        raise SpanbertError(f"{model} is a file: name the folder of a pipeline.")
    if folder.is_dir() and not (folder / "config.cfg").is_file():
        inside = [name for name in ("model-best", "model-last") if (folder / name).is_dir()]
        hint = f" Did you mean {folder / inside[0]}?" if inside else ""
        raise SpanbertError(f"{model} is no saved pipeline: it has no config.cfg.{hint}")


def written_keys(nlp: Language) -> list[str]:
    """Tell under which keys of `doc.spans` the components of a pipeline are set to write.

    nlp (Language): The pipeline.
    RETURNS (list[str]): The keys, sorted; empty if no component has such a setting.
    """
    keys = {_written_key(nlp, name) for name in nlp.pipe_names}
    return sorted(key for key in keys if key is not None)


def given_keys(nlp: Language) -> list[str]:
    """Tell which spans a pipeline must be given: those of keys that it reads and does not write.

    nlp (Language): The pipeline.
    RETURNS (list[str]): The keys, sorted; empty for most pipelines.
    """
    read = {
        str(nlp.get_pipe_config(name)["spans_key"])
        for name in nlp.pipe_names
        if nlp.get_pipe_meta(name).factory in READS_SPANS
    }
    return sorted(read - set(written_keys(nlp)))


def _written_key(nlp: Language, name: str) -> str | None:
    if nlp.get_pipe_meta(name).factory in READS_SPANS:
        return None
    key = nlp.get_pipe_config(name).get("spans_key")
    return key if isinstance(key, str) else None


def may_write_spans(nlp: Language) -> bool:
    """Tell whether spans are to be expected of a pipeline, whatever their key.

    nlp (Language): The pipeline.
    RETURNS (bool): Whether any component says that it writes `doc.spans`, or has such a setting; or
        none says anything of what it writes, as components of one's own often do not.
    """
    factories = {nlp.get_pipe_meta(name).factory for name in assigning_pipes(nlp, "doc.spans")}
    if factories - READS_SPANS or written_keys(nlp):
        return True
    return not any(nlp.get_pipe_meta(name).assigns for name in nlp.pipe_names)


def choose_spans_key(nlp: Language, spans_key: str | None) -> str:
    """Choose the key of the spans that are wanted, and check that there will be some.

    nlp (Language): The pipeline.
    spans_key (str | None): The key that was asked for, if any.
    RETURNS (str): That key; else the only one that the pipeline writes, or is given; or "sc".
    RAISES (SpanbertError): If the pipeline writes under other keys only.
    """
    keys = written_keys(nlp)
    candidates = keys or given_keys(nlp)
    if spans_key is None and len(candidates) == 1:
        return candidates[0]
    chosen = "sc" if spans_key is None else spans_key
    if keys and chosen not in keys:
        names = ", ".join(map(repr, keys))
        raise SpanbertError(
            f"The pipeline writes no spans under {chosen!r}, but under {names}. "
            "Name one of them with --spans-key."
        )
    return chosen


def span_labels(nlp: Language, spans_key: str) -> set[str]:
    """Collect the labels of the components that write under a key.

    nlp (Language): The pipeline.
    spans_key (str): The key of `doc.spans`.
    RETURNS (set[str]): The labels; empty if the components do not tell.
    """
    return {
        label
        for name, labels in nlp.pipe_labels.items()
        if name in nlp.pipe_names and _written_key(nlp, name) == spans_key
        for label in labels
        if isinstance(label, str)
    }


def fingerprint(nlp: Language) -> dict[str, Any]:
    """Tell a pipeline from another, or from itself before it was changed.

    nlp (Language): The pipeline.
    RETURNS (dict[str, Any]): JSON values: name, version, config, and the size and time of change
        of each of its files, if it was loaded from files.
    """
    try:
        folder: Path | None = nlp.path
    except AttributeError:
        folder = None
    return {
        "name": nlp.meta.get("name"),
        "version": nlp.meta.get("version"),
        "config": nlp.config.to_str(),
        "files": file_states(sorted(folder.rglob("*")), folder) if folder else [],
    }


def file_states(paths: list[Path], root: Path | None = None) -> list[list[Any]]:
    """Tell in what state files are.

    paths (list[Path]): Files; folders among them are left out.
    root (Path | None): Name them from here; None: in full.
    RETURNS (list[list[Any]]): Of each file its name, its size in bytes, and the time of its last
        change in nanoseconds.
    """
    states = []
    for path in paths:
        if path.is_file():
            name = path.relative_to(root) if root else path.resolve()
            state = path.stat()
            states.append([name.as_posix(), state.st_size, state.st_mtime_ns])
    return states
