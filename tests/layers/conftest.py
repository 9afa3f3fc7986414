"""Both families of encoders, beside plain transformers."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
import spacy
import torch
from numpy.typing import NDArray
from spacy.tokens import Doc
from spacy.vocab import Vocab
from transformers import AutoModel, AutoTokenizer, PreTrainedModel, PreTrainedTokenizerFast


class HuggingFace(NamedTuple):
    """A checkpoint as plain transformers loads it: what our encoder is compared with."""

    folder: Path
    model: PreTrainedModel
    tokenizer: PreTrainedTokenizerFast

    def encode(self, piece_ids: list[int]) -> torch.Tensor:
        """Encode one window, special pieces around it; shape (window_len, width)."""
        ids = self.tokenizer.build_inputs_with_special_tokens(piece_ids)
        return self.model(input_ids=torch.tensor([ids])).last_hidden_state[0]

    def rows(self, text: str) -> torch.Tensor:
        """The output rows of a text that fits one window: [CLS], then the pieces."""
        ids = self.tokenizer(text, add_special_tokens=False)["input_ids"]
        return self.encode(ids)[: len(ids) + 1]


@pytest.fixture
def hugging_face(checkpoint: Path) -> HuggingFace:
    model = AutoModel.from_pretrained(checkpoint).eval()
    return HuggingFace(checkpoint, model, AutoTokenizer.from_pretrained(checkpoint))


@pytest.fixture(scope="session")
def make_docs():
    """Cut texts into Docs; words between blanks, so that pieces are those of the plain text."""
    nlp = spacy.blank("en")

    def make(*texts: str) -> list[Doc]:
        return [make_doc(nlp.vocab, text.split(" ") if text else []) for text in texts]

    return make


def make_doc(vocab: Vocab, words: list[str]) -> Doc:
    """Put blanks between words, and none behind the last."""
    return Doc(vocab, words=words, spaces=[True] * (len(words) - 1) + [False] * bool(words))


def rows_of(data) -> NDArray[np.float32]:
    """The output rows of one Doc, shape (n_windows + n_pieces, width)."""
    return data.model_output["last_hidden_state"][0]
