"""Tiny checkpoints, made on the spot: the same bytes on every machine, no network."""

import json
import string
from collections import Counter
from pathlib import Path

import torch
from tokenizers import ByteLevelBPETokenizer, pre_tokenizers
from transformers import (
    BertConfig,
    BertModel,
    BertTokenizerFast,
    PreTrainedModel,
    RobertaConfig,
    RobertaModel,
    RobertaTokenizerFast,
)

TEXTS = Path(__file__).parents[1] / "assets" / "litbank" / "dev.jsonl"
N_TEXTS = 400
BERT_SPECIALS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
ROBERTA_SPECIALS = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
CYRILLIC = "абвгдежзийклмнопрстуфхцчшщъыьэюяё"
GERMAN = "äöüßé"
ARABIC = "ابتثجحخدذرزسشصضطظعغفقكلمنهويةىءأإ"
CHINESE = "我你他的是在不了有人这中大来上国个到说们为学习天气好北京语言模型"
EMOJI = "😀👍❤🎉🔥🏽"
MARKS = "\u0301\u0308\u0327\u064e\u064f"  # acute, diaeresis, cedilla, fatha, damma
SYMBOLS = "“”‘’—…«»،؟。，！№€"


def read_texts(n_texts: int = N_TEXTS) -> list[str]:
    """Read the first sentences of the demo's development corpus."""
    with TEXTS.open(encoding="utf8") as lines:
        return [json.loads(line)["text"] for line, _ in zip(lines, range(n_texts), strict=False)]


def tiny_wordpieces(cased: bool = False, n_frequent: int = 300, n_endings: int = 60) -> list[str]:
    """List a WordPiece vocabulary: specials, letters (alone and inside a word), frequent words
    and frequent endings. Counted, not trained: WordPieceTrainer numbers its pieces by hash order.
    """
    letters = string.ascii_lowercase + CYRILLIC + GERMAN
    if cased:
        letters += "".join(c.upper() for c in letters if len(c.upper()) == 1)
    inside = string.digits + letters + ARABIC + MARKS
    alone = inside + string.punctuation + SYMBOLS + CHINESE + EMOJI
    cut = pre_tokenizers.BertPreTokenizer()
    words: Counter[str] = Counter()
    for text in read_texts():
        text = text if cased else text.lower()
        words.update(word for word, _ in cut.pre_tokenize_str(text) if word.isalpha())
    endings: Counter[str] = Counter()
    for word, count in words.items():
        endings.update({f"##{word[-n:]}": count for n in (2, 3, 4) if len(word) > n})
    pieces = [*BERT_SPECIALS, *alone, *(f"##{letter}" for letter in inside)]
    pieces += _most_frequent(words, n_frequent) + _most_frequent(endings, n_endings)
    return list(dict.fromkeys(pieces))


def write_tiny_bert(
    folder: Path,
    *,
    cased: bool = False,
    width: int = 32,
    n_layers: int = 2,
    n_heads: int = 2,
    max_pieces: int = 512,
    dropout: float = 0.1,
    pooler: bool = True,
    seed: int = 0,
) -> Path:
    """Write a small random BERT (WordPiece) in Hugging Face form and return its folder."""
    pieces = tiny_wordpieces(cased)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "vocab.txt").write_text("\n".join(pieces) + "\n", encoding="utf8")
    tokenizer = BertTokenizerFast(
        vocab_file=str(folder / "vocab.txt"), do_lower_case=not cased, model_max_length=max_pieces
    )
    config = BertConfig(
        vocab_size=len(pieces),
        hidden_size=width,
        num_hidden_layers=n_layers,
        num_attention_heads=n_heads,
        intermediate_size=2 * width,
        max_position_embeddings=max_pieces,
        hidden_dropout_prob=dropout,
        attention_probs_dropout_prob=dropout,
        initializer_range=0.1,
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = BertModel(config, add_pooling_layer=pooler)
    return _write(folder, model, tokenizer)


def write_tiny_roberta(
    folder: Path,
    *,
    width: int = 32,
    n_layers: int = 2,
    n_heads: int = 2,
    max_pieces: int = 512,
    n_pieces: int = 800,
    dropout: float = 0.1,
    pooler: bool = True,
    seed: int = 0,
) -> Path:
    """Write a small random RoBERTa (byte-level BPE) in Hugging Face form; return its folder."""
    trained = ByteLevelBPETokenizer()
    trained.train_from_iterator(
        read_texts(),
        vocab_size=n_pieces,
        min_frequency=1,
        show_progress=False,
        special_tokens=ROBERTA_SPECIALS,
    )
    folder.mkdir(parents=True, exist_ok=True)
    trained.save_model(str(folder))  # vocab.json, merges.txt
    tokenizer = RobertaTokenizerFast(
        vocab_file=str(folder / "vocab.json"),
        merges_file=str(folder / "merges.txt"),
        model_max_length=max_pieces,
    )
    config = RobertaConfig(
        vocab_size=len(tokenizer),
        hidden_size=width,
        num_hidden_layers=n_layers,
        num_attention_heads=n_heads,
        intermediate_size=2 * width,
        max_position_embeddings=max_pieces + 2,  # positions start behind the padding's index, 1
        type_vocab_size=1,
        hidden_dropout_prob=dropout,
        attention_probs_dropout_prob=dropout,
        initializer_range=0.1,
        bos_token_id=0,
        pad_token_id=1,
        eos_token_id=2,
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = RobertaModel(config, add_pooling_layer=pooler)
    return _write(folder, model, tokenizer)


def _most_frequent(counts: Counter[str], n: int) -> list[str]:
    return sorted(counts, key=lambda piece: (-counts[piece], piece))[:n]


def _write(
    folder: Path, model: PreTrainedModel, tokenizer: BertTokenizerFast | RobertaTokenizerFast
) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    model.eval().save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder
