"""The two families of tokenizers."""

from pathlib import Path

import pytest
from transformers import AutoTokenizer, PreTrainedTokenizerFast


@pytest.fixture(scope="session", params=["bert", "roberta"])
def hf_tokenizer(
    request: pytest.FixtureRequest, tiny_bert: Path, tiny_roberta: Path
) -> PreTrainedTokenizerFast:
    """WordPiece and byte-level BPE, as plain transformers loads them. Do not change them."""
    return AutoTokenizer.from_pretrained(tiny_bert if request.param == "bert" else tiny_roberta)
