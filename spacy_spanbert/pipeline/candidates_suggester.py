"""Candidates that a component before has set, such as `spanbert_span_finder`."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from spacy.tokens import Doc
from spacy.util import registry
from thinc.api import Ops, get_current_ops
from thinc.types import Ragged

from spacy_spanbert.annotations.candidates import CANDIDATES_KEY
from spacy_spanbert.errors import SpanbertError


@dataclass(frozen=True)
class CandidatesSuggester:
    """Suggests the spans in `doc.spans[spans_key]`.

    spaCy's `spacy.preset_spans_suggester.v1` does too; on a Doc that nothing has annotated it
    raises a KeyError that names the key only.

    spans_key (str): Key in `doc.spans`.
    """

    spans_key: str

    def __call__(self, docs: Iterable[Doc], *, ops: Ops | None = None) -> Ragged:
        """Read the spans.

        docs (Iterable[Doc]): Docs that the finder has annotated.
        ops (Ops | None): Where the result is wanted.
        RETURNS (Ragged): Starts and ends, shape (n_spans, 2), and how many each Doc has.
        RAISES (SpanbertError): If a Doc has no such key.
        """
        ops = get_current_ops() if ops is None else ops
        spans, lengths = [], []
        for doc in docs:
            if self.spans_key not in doc.spans:
                raise SpanbertError(
                    f"the Doc {doc.text[:60]!r} has no doc.spans[{self.spans_key!r}] to take "
                    "candidates from: put the component that finds them before this one in the "
                    "pipeline; in training it must annotate, too, and the encoder before it: "
                    '[training] annotating_components = ["spanbert", "spanbert_span_finder"]'
                )
            found = [(span.start, span.end) for span in doc.spans[self.spans_key]]
            spans += found
            lengths.append(len(found))
        array: Any = np.array(spans, dtype=np.int32).reshape(-1, 2)
        return Ragged(ops.asarray(array), ops.asarray1i(lengths))


@registry.misc("spacy-spanbert.candidates_suggester.v1")
def make_candidates_suggester(spans_key: str = CANDIDATES_KEY) -> CandidatesSuggester:
    """Make a suggester for spanbert_spancat, or for spaCy's own spancat.

    spans_key (str): Key in `doc.spans` under which a component before it writes candidates.
    RETURNS (CandidatesSuggester): Takes Docs, gives their candidates.
    """
    return CandidatesSuggester(spans_key)
