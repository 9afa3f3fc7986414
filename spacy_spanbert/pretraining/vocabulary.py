"""Train a WordPiece vocabulary."""

from collections import Counter
from collections.abc import Callable, Iterable

from tokenizers import Tokenizer
from tokenizers.implementations import BertWordPieceTokenizer
from tokenizers.models import WordPiece
from tokenizers.normalizers import Normalizer
from tokenizers.trainers import WordPieceTrainer
from transformers.models.bert.tokenization_bert_fast import BertTokenizerFast

from spacy_spanbert.errors import SpanbertError

SPECIAL_PIECES = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
INSIDE = "##"
MOST_CHARACTERS = 1000


def train_vocabulary(
    texts: Callable[[], Iterable[str]],
    size: int = 30_000,
    *,
    cased: bool = True,
    window: int = 512,
) -> BertTokenizerFast:
    """Train a WordPiece vocabulary on text.

    The same text gives the same vocabulary, piece by piece. Each of the `MOST_CHARACTERS` commonest
    characters is a piece, so that few words are unknown.

    texts (Callable): Gives the texts; called twice.
    size (int): Pieces, at most, special ones included; little text gives fewer.
    cased (bool): Whether capitals are kept; if not, accents are dropped with them, as BERT does.
    window (int): Longest input of the encoder, in pieces, which the tokenizer states.
    RETURNS (BertTokenizerFast): A tokenizer; what it saves is loaded by plain `AutoTokenizer`.
    RAISES (SpanbertError): If there is no text, or the size leaves no room beside the characters.
    """
    empty = BertWordPieceTokenizer(lowercase=not cased)
    alphabet = _alphabet(texts(), empty.normalizer)
    single = [*SPECIAL_PIECES, *alphabet, *(INSIDE + character for character in alphabet)]
    _check_size(len(alphabet), len(single), size)
    trainer = WordPieceTrainer(
        vocab_size=size,
        min_frequency=2,
        show_progress=False,
        # Those that are named in advance are numbered in this order; others by hash, so that ties
        # would be broken in another way each time. They are special while training only.
        special_tokens=single,
        initial_alphabet=alphabet,
        limit_alphabet=len(alphabet),
        continuing_subword_prefix=INSIDE,
    )
    learner = Tokenizer(WordPiece(unk_token="[UNK]"))  # noqa: S106  a piece, no password
    learner.normalizer = empty.normalizer
    learner.pre_tokenizer = empty.pre_tokenizer
    learner.train_from_iterator(texts(), trainer)
    return _to_bert(learner.get_vocab(with_added_tokens=False), cased, window)


def _alphabet(texts: Iterable[str], normalizer: Normalizer) -> list[str]:
    """List the commonest characters, as they are after normalization, in code order."""
    counts: Counter[str] = Counter()
    for text in texts:
        counts.update(text)
    normalized: Counter[str] = Counter()
    for character, count in counts.items():
        for part in normalizer.normalize_str(character):
            if not part.isspace():
                normalized[part] += count
    by_count = sorted(normalized, key=lambda character: (-normalized[character], character))
    return sorted(by_count[:MOST_CHARACTERS])


def _check_size(n_characters: int, n_single: int, size: int) -> None:
    if not n_characters:
        raise SpanbertError(
            "Expected text to train a vocabulary on, but there is no character in it."
        )
    if size <= n_single:
        raise SpanbertError(
            f"Expected a vocabulary of more than {n_single:,} pieces, because the text has "
            f"{n_characters:,} characters, each a piece at the start of a word and one inside, but "
            f"size is {size:,}: give a larger one."
        )


def _to_bert(vocabulary: dict[str, int], cased: bool, window: int) -> BertTokenizerFast:
    backend = BertWordPieceTokenizer(vocabulary, lowercase=not cased)
    return BertTokenizerFast(
        tokenizer_object=backend._tokenizer,
        do_lower_case=not cased,
        strip_accents=None,
        tokenize_chinese_chars=True,
        model_max_length=window,
    )
