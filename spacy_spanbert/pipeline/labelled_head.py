"""Labels of a component: in the order of the model's outputs, fixed once it has them."""

from spacy.vocab import Vocab

from spacy_spanbert.errors import SpanbertError
from spacy_spanbert.pipeline.saved_head import SavedHead


class LabelledHead(SavedHead):
    """A component with labels, which are stored in its `cfg`."""

    vocab: Vocab

    @property
    def labels(self) -> tuple[str, ...]:
        """RETURNS (tuple[str, ...]): The labels, in the order of the model's outputs."""
        return tuple(self.cfg["labels"])

    @property
    def label_data(self) -> list[str]:
        """RETURNS (list[str]): The labels, as `spacy init labels` stores them."""
        return list(self.labels)

    def add_label(self, label: str) -> int:
        """Add a label before initialization.

        label (str): The label.
        RETURNS (int): 1 if it is new, else 0.
        RAISES (SpanbertError): If the model has its outputs already.
        """
        if not isinstance(label, str) or not label:
            raise SpanbertError(f"a label is a text of one letter or more, but got {label!r}")
        if label in self.cfg["labels"]:
            return 0
        if self.model.has_dim("nO"):
            raise SpanbertError(
                f"component {self.name!r} was initialized with the labels "
                f"{', '.join(self.labels)} and cannot take {label!r} any more: add all labels "
                "before nlp.initialize(). To train on other labels, add a new component to a "
                "pipeline that sources only the encoder"
            )
        self.cfg["labels"].append(label)
        self.vocab.strings.add(label)
        return 1
