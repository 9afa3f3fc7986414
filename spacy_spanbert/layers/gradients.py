"""Adding up what listeners report, until the encoder runs backward once."""

from collections.abc import Callable, Sequence

from spacy_transformers.data_classes import TransformerData
from thinc.api import get_array_module
from thinc.types import Floats2d


class PendingBackward:
    """One forward pass of the encoder that waits for its gradient.

    Every listener only adds to the gradient, none runs the backward pass: a head that is frozen or
    has nothing to learn from a batch cannot keep the others' gradient from the encoder.

    n_docs (int): How many Docs were encoded.
    backprop (Callable[[Floats2d], object]): The encoder's backward pass; it takes the gradient of
        all output rows, shape (n_rows, width).
    """

    def __init__(self, n_docs: int, backprop: Callable[[Floats2d], object]) -> None:
        self.n_docs = n_docs
        self._backprop = backprop
        self._gradient: Floats2d | None = None
        self._is_done = False

    @property
    def is_reported(self) -> bool:
        """RETURNS (bool): Whether any listener has added its gradient."""
        return self._gradient is not None

    def add(self, d_doc_data: Sequence[TransformerData]) -> float:
        """Add the gradient of one listener.

        d_doc_data (Sequence[TransformerData]): One entry a Doc, in the order they were encoded.
        RETURNS (float): The squared norm of what was added, for the log.
        RAISES (ValueError): If the backward pass has run already, or Docs are missing.
        """
        if self._is_done:
            raise ValueError(
                "a component reports its gradient after the encoder's backward pass: update all "
                "components on one batch before the encoder predicts or takes the next batch"
            )
        if len(d_doc_data) != self.n_docs:
            raise ValueError(
                f"a component reports gradients for {len(d_doc_data)} docs, but the encoder was "
                f"given {self.n_docs}: update all components on the same batch"
            )
        rows = [data.model_output["last_hidden_state"][0] for data in d_doc_data]
        gradient = get_array_module(rows[0]).concatenate(rows)
        self._gradient = gradient if self._gradient is None else self._gradient + gradient
        return float((gradient**2).sum())

    def run(self) -> None:
        """Run the backward pass, if there is anything to pass back. The graph is freed."""
        if self._gradient is not None and not self._is_done:
            self._backprop(self._gradient)
        self._is_done = True
