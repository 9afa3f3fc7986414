"""Adding up what listeners report, until the encoder runs backward once."""

from collections.abc import Callable, Sequence

from spacy.tokens import Doc
from spacy_transformers.data_classes import TransformerData
from thinc.api import get_array_module
from thinc.types import Floats2d


class PendingBackward:
    """One forward pass of the encoder that waits for its gradient.

    Every listener only adds to the gradient, none runs the backward pass: a head that is frozen or
    has nothing to learn from a batch cannot keep the others' gradient from the encoder.

    docs (Sequence[Doc]): The Docs that were encoded.
    backprop (Callable[[Floats2d], object]): The encoder's backward pass; it takes the gradient of
        all output rows, shape (n_rows, width).
    """

    def __init__(self, docs: Sequence[Doc], backprop: Callable[[Floats2d], object]) -> None:
        self._docs = list(docs)
        self._backprop: Callable[[Floats2d], object] | None = backprop
        self._gradient: Floats2d | None = None

    @property
    def is_reported(self) -> bool:
        """RETURNS (bool): Whether any listener has added its gradient."""
        return self._gradient is not None

    def waits_for(self, docs: Sequence[Doc]) -> bool:
        """Tell whether listeners are still to report on these Docs.

        docs (Sequence[Doc]): Docs that are encoded again, without learning.
        RETURNS (bool): False as soon as a listener has reported, or if any other Doc is among them.
        """
        known = {id(doc) for doc in self._docs}
        return not self.is_reported and all(id(doc) in known for doc in docs)

    def add(self, d_doc_data: Sequence[TransformerData]) -> float:
        """Add the gradient of one listener.

        d_doc_data (Sequence[TransformerData]): One entry a Doc, in the order they were encoded.
        RETURNS (float): The squared norm of what was added, for the log.
        RAISES (ValueError): If the backward pass has run already, or Docs are missing.
        """
        if self._backprop is None:
            raise ValueError(
                "a component reports its gradient after the encoder's backward pass: update all "
                "components on one batch before the encoder predicts or takes the next batch"
            )
        if len(d_doc_data) != len(self._docs):
            raise ValueError(
                f"a component reports gradients for {len(d_doc_data)} docs, but the encoder was "
                f"given {len(self._docs)}: update all components on the same batch"
            )
        rows = [data.model_output["last_hidden_state"][0] for data in d_doc_data]
        gradient = get_array_module(rows[0]).concatenate(rows)
        self._gradient = gradient if self._gradient is None else self._gradient + gradient
        return float((gradient**2).sum())

    def run(self) -> None:
        """Run the backward pass, if there is anything to pass back. The graph is freed."""
        backprop, self._backprop = self._backprop, None
        gradient, self._gradient = self._gradient, None
        if backprop is not None and gradient is not None:
            backprop(gradient)
