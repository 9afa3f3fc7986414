"""One text beside many: which of them belongs to it most."""

from collections.abc import Iterable
from dataclasses import dataclass

from spacy import Language
from spacy.tokens import Doc

from spacy_spanbert.annotations.pair import make_pair
from spacy_spanbert.errors import SpanbertError


@dataclass(frozen=True)
class Ranked:
    """A text and its score.

    index (int): Its place among the texts that were given.
    score (float): Probability of the label, 0 to 1.
    """

    index: int
    score: float


def rank(
    nlp: Language,
    text: str | Doc,
    others: Iterable[str | Doc],
    *,
    label: str,
    batch_size: int | None = None,
) -> list[Ranked]:
    """Score one text against many, in batches.

    Each text is tokenized once: the words here, the pieces by the encoder, which knows those of
    the text that comes again in every pair.

    nlp (Language): A pipeline with `spanbert_paircat`.
    text (str | Doc): The first text of each pair.
    others (Iterable[str | Doc]): The second texts.
    label (str): The label whose probability is the score, such as "entailment".
    batch_size (int | None): Pairs in a batch; None for the pipeline's.
    RETURNS (list[Ranked]): Highest score first, of equal scores the earlier text; empty for none.
    RAISES (SpanbertError): If no component of the pipeline gives texts this label.
    RAISES (SpanbertError): If `others` is one text, whose letters would be ranked.
    """
    if isinstance(others, str | Doc):
        raise SpanbertError(
            f"rank takes many texts to compare with, in a list, but got one: {str(others)[:60]!r}"
        )
    first = nlp.make_doc(text) if isinstance(text, str) else text
    # numbered on the way in: an error handler may drop some
    pairs = ((make_pair(nlp, first, other), index) for index, other in enumerate(others))
    ranked = []
    for doc, index in nlp.pipe(pairs, as_tuples=True, batch_size=batch_size):
        if label not in doc.cats:
            raise SpanbertError(
                f"no component gives texts the label {label!r}; there are: "
                f"{', '.join(doc.cats) or 'none'}"
            )
        ranked.append(Ranked(index, doc.cats[label]))
    return sorted(ranked, key=lambda item: (-item.score, item.index))
