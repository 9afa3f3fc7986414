"""Import a script of examples/, which is no package."""

import importlib.util
from pathlib import Path
from types import ModuleType

EXAMPLES = Path(__file__).parents[2] / "examples"


def load_script(path: str) -> ModuleType:
    """Import a script anew; it is not run.

    path (str): Below examples/.
    RETURNS (ModuleType): The module.
    """
    script = EXAMPLES / path
    spec = importlib.util.spec_from_file_location(script.stem, script)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
