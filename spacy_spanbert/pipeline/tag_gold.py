"""Gold tags of the words that the pipeline sees, and what of them cannot be learned."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import torch
from spacy.training import Example
from torch import Tensor

from spacy_spanbert.nn.crf import UNKNOWN
from spacy_spanbert.pipeline.gold_report import report_learnable


def word_tags(example: Example, attribute: str, labels: Sequence[str]) -> Tensor:
    """Read the right tags of the predicted words.

    Words without a tag, those that are not one gold word, and those whose tag is not among the
    labels are unknown. Of several gold words with the same tag a word gets that.

    example (Example): Predicted and reference Doc.
    attribute (str): "tag" or "pos".
    labels (Sequence[str]): The tags that can be learned.
    RETURNS (Tensor): Indices of labels, UNKNOWN where there is none; long [n_words].
    """
    index = {label: i for i, label in enumerate(labels)}
    tags = _aligned_tags(example, attribute)
    return torch.tensor([index.get(tag or "", UNKNOWN) for tag in tags], dtype=torch.long)


def _aligned_tags(example: Example, attribute: str) -> list[str | None]:
    """RETURNS (list[str | None]): Of each predicted word: None if it has not one, "" if the gold
    has none.
    """
    return example.get_aligned(attribute.upper(), as_string=True)


@dataclass
class TagCorpus:
    """What the tags of a corpus are.

    tags (Counter[str]): Gold words by tag.
    misaligned (Counter[str]): Those whose tag no predicted word gets, by tag.
    n_joined (int): Predicted words that are several gold words with different tags.
    """

    tags: Counter[str] = field(default_factory=Counter)
    misaligned: Counter[str] = field(default_factory=Counter)
    n_joined: int = 0

    @classmethod
    def read(cls, examples: Iterable[Example], attribute: str) -> "TagCorpus":
        """Count.

        examples (Iterable[Example]): The corpus.
        attribute (str): "tag" or "pos".
        RETURNS (TagCorpus): The counts; words without a tag are left out.
        """
        corpus = cls()
        for example in examples:
            gold: list[str] = [getattr(word, f"{attribute}_") for word in example.reference]
            aligned = _aligned_tags(example, attribute)
            corpus.tags.update(tag for tag in gold if tag)
            if aligned == gold:
                continue
            alignment = example.alignment
            corpus.n_joined += sum(
                tag is None and len(alignment.x2y[i]) > 1 for i, tag in enumerate(aligned)
            )
            corpus.misaligned.update(
                tag
                for i, tag in enumerate(gold)
                if tag and all(aligned[word] != tag for word in alignment.y2x[i])
            )
        return corpus

    def report(self, labels: Sequence[str], name: str) -> None:
        """Print what of the corpus can be learned, and what cannot and why.

        labels (Sequence[str]): The tags the component predicts.
        name (str): The component's name.
        """
        joined = f" (words that are several gold words: {self.n_joined:,})" if self.n_joined else ""
        report_learnable(
            self.tags,
            [(self.misaligned, f"do not fit the tokenization{joined}, and are left out")],
            labels=labels,
            things="tags",
            foreign="teach nothing",
            name=name,
        )
