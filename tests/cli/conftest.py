from pathlib import Path

import pytest

from tests.data.ruler_pipeline import make_pipeline


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("pipelines") / "model"
    make_pipeline("test_fails_on_bad").to_disk(path)
    return path
