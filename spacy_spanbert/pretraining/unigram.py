"""What a model that knows nothing but frequencies would reach: the line to stay below."""

import numpy as np

from spacy_spanbert.pretraining.corpus import Corpus


def unigram_loss(corpus: Corpus) -> float | None:
    """Measure a unigram model of the train part on the held-out part.

    Counts are raised by one, so that pieces which never occurred in training are possible. Special
    pieces and [UNK] are neither possible nor asked for.

    corpus (Corpus): The tokenized text.
    RETURNS (float | None): Mean loss in nats a piece; None without held-out text.
    """
    is_text = np.ones(len(corpus.counts), dtype=bool)
    is_text[corpus.special_ids] = False
    raised = corpus.counts + 1.0
    losses = -np.log(raised / raised[is_text].sum())
    total, n_pieces = 0.0, 0
    for number in corpus.held_out.tolist():
        ids = corpus.store.document(number).ids
        ids = ids[is_text[ids]]
        total += float(losses[ids].sum())
        n_pieces += len(ids)
    return total / n_pieces if n_pieces else None
