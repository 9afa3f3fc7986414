"""Gold entities as tags of the words that the pipeline sees, and what of them cannot be learned."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import torch
from spacy.tokens import Doc, Span
from spacy.training import Example
from torch import Tensor

from spacy_spanbert.nn.crf import UNKNOWN
from spacy_spanbert.nn.tag_rules import TagRules
from spacy_spanbert.pipeline.gold_report import report_learnable
from spacy_spanbert.pipeline.word_sequences import sequence_numbers


def entity_tags(example: Example, rules: TagRules) -> Tensor:
    """Write the gold entities of an example as tags.

    Words without annotation, and those of entities that do not fit the predicted words or that
    reach over a border of sentences or of a pair, are unknown. Entities of other labels are
    outside.

    example (Example): Predicted and reference Doc.
    rules (TagRules): The tags.
    RETURNS (Tensor): Of the predicted words; long [n_words].
    """
    doc = example.predicted
    entities, words = example.get_aligned_ents_and_ner()
    label_index = {label: index for index, label in enumerate(rules.labels)}
    spans = [
        (entity.start, entity.end, label_index[entity.label_])
        for entity in entities
        if entity.label_ in label_index
    ]
    tags = rules.encode(spans, len(doc))
    tags[torch.tensor([word is None for word in words], dtype=torch.bool)] = UNKNOWN
    for entity in _crossing(doc, entities):
        tags[entity.start : entity.end] = UNKNOWN
    return tags


def _crossing(doc: Doc, entities: Sequence[Span]) -> list[Span]:
    """Find entities that reach over a border between sequences: no tags can tell them."""
    numbers = sequence_numbers(doc)
    return [entity for entity in entities if numbers[entity.start] != numbers[entity.end - 1]]


@dataclass
class EntityCorpus:
    """What the entities of a corpus are.

    n_annotated (int): Docs with annotation.
    labels (Counter[str]): Gold entities by label.
    misaligned (Counter[str]): Those that do not begin and end with predicted words, by label.
    crossing (Counter[str]): Those that reach over a border of sentences or of a pair, by label.
    """

    n_annotated: int = 0
    labels: Counter[str] = field(default_factory=Counter)
    misaligned: Counter[str] = field(default_factory=Counter)
    crossing: Counter[str] = field(default_factory=Counter)

    @classmethod
    def read(cls, examples: Iterable[Example]) -> "EntityCorpus":
        """Count.

        examples (Iterable[Example]): The corpus.
        RETURNS (EntityCorpus): The counts.
        """
        corpus = cls()
        for example in examples:
            if not example.reference.has_annotation("ENT_IOB"):
                continue
            corpus.n_annotated += 1
            gold = Counter(entity.label_ for entity in example.reference.ents)
            aligned, _ = example.get_aligned_ents_and_ner()
            corpus.labels += gold
            corpus.misaligned += gold - Counter(entity.label_ for entity in aligned)
            crossing = _crossing(example.predicted, aligned)
            corpus.crossing += Counter(entity.label_ for entity in crossing)
        return corpus

    def report(self, labels: Sequence[str], name: str) -> None:
        """Print what of the corpus can be learned, and what cannot and why.

        labels (Sequence[str]): The labels the component predicts.
        name (str): The component's name.
        """
        report_learnable(
            self.labels,
            [
                (self.misaligned, "do not fit the tokenization, and are left out"),
                (self.crossing, "reach over a border of sentences or of a pair, and are left out"),
            ],
            labels=labels,
            things="entities",
            foreign="learned as no entities",
            name=name,
        )
