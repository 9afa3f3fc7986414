"""Loading a component that was saved: what is damaged is named."""

from abc import abstractmethod
from collections.abc import Iterable
from pathlib import Path
from typing import Self

from spacy.pipeline import TrainablePipe

from spacy_spanbert.errors import SpanbertError


class SavedHead(TrainablePipe):
    """A component whose folder holds `cfg`, its settings and labels, and `model`, its weights."""

    @property
    @abstractmethod
    def n_outputs(self) -> int:
        """RETURNS (int): Outputs of the model, as settings and labels ask for."""

    def from_disk(self, path: str | Path, *, exclude: Iterable[str] = ()) -> Self:
        """Load the component.

        path (str | Path): The component's folder.
        exclude (Iterable[str]): Names of parts to leave out: "vocab", "cfg", "model".
        RETURNS (Self): This object.
        RAISES (SpanbertError): Naming the file that is missing or damaged.
        """
        parts = [part for part in ("vocab", "cfg", "model") if part not in exclude]
        for part in parts:
            file = Path(path) / part
            others = [other for other in ("vocab", "cfg", "model") if other != part]
            try:
                if not file.exists():
                    raise FileNotFoundError("it is not there")
                super().from_disk(path, exclude=others)
            except Exception as error:  # whatever a damaged file leads to
                raise SpanbertError(
                    f"cannot load component {self.name!r} from {file}: {error or 'it is damaged'}. "
                    "Copy the pipeline again, or train it again"
                ) from error
        n_stored = self.model.maybe_get_dim("nO")
        if "cfg" in parts and n_stored not in (None, self.n_outputs):
            raise SpanbertError(
                f"the files of component {self.name!r} in {path} do not belong together: model "
                f"has {n_stored} outputs, but the settings and labels of cfg ask for "
                f"{self.n_outputs}"
            )
        return self
