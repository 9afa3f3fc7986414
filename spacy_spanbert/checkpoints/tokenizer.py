"""Read the tokenizer of a checkpoint folder, as its files state it."""

from pathlib import Path
from typing import Any

from transformers import AutoTokenizer
from transformers.models.bert.tokenization_bert_fast import BertTokenizerFast
from transformers.models.roberta.tokenization_roberta_fast import RobertaTokenizerFast
from transformers.tokenization_utils_fast import PreTrainedTokenizerFast

from spacy_spanbert.checkpoints.checkpoint import CheckpointError
from spacy_spanbert.checkpoints.config import CONFIG, read_config
from spacy_spanbert.checkpoints.json_files import read_json
from spacy_spanbert.checkpoints.quiet import quiet

TOKENIZER_JSON = "tokenizer.json"
TOKENIZER_CONFIG = "tokenizer_config.json"
JSON_FILES = (
    TOKENIZER_JSON,
    TOKENIZER_CONFIG,
    "special_tokens_map.json",
    "added_tokens.json",
    "vocab.json",
)
TOKENIZER_FILES = (
    *JSON_FILES,
    "vocab.txt",
    "merges.txt",
    "spiece.model",
    "sentencepiece.bpe.model",
)
BERT_NORMALIZER = {  # names in tokenizer.json -> names in tokenizer_config.json
    "lowercase": "do_lower_case",
    "strip_accents": "strip_accents",
    "handle_chinese_chars": "tokenize_chinese_chars",
}
CUTTING = ("max_length", "stride", "truncation_strategy", "pad_to_multiple_of")
NEEDED = ("cls_token", "sep_token", "pad_token")

Json = dict[str, Any]


def read_tokenizer(folder: Path) -> PreTrainedTokenizerFast:
    """Read the tokenizer in a folder, and switch off its truncation and padding.

    Where tokenizer_config.json says nothing about case, accents or Chinese characters,
    tokenizer.json is followed; transformers would overrule it with its own defaults and
    lowercase a cased checkpoint.

    folder (Path): Has tokenizer.json, vocab.txt, or vocab.json and merges.txt.
    RETURNS (PreTrainedTokenizerFast): The tokenizer.
    RAISES (CheckpointError): When files are missing or damaged, or special pieces are missing.
    """
    files = {name: read_json(folder / name) for name in JSON_FILES if (folder / name).is_file()}
    stated = files.get(TOKENIZER_CONFIG, {})
    whole = files.get(TOKENIZER_JSON, {})
    options = _options_of_normalizer(whole, stated)
    tokenizer_class: Any = AutoTokenizer
    if stated.get("tokenizer_class") is None:
        if (folder / CONFIG).is_file():
            options["config"] = read_config(folder)
        else:
            tokenizer_class = _class_by_files(folder, whole)
    try:
        with quiet():
            tokenizer = tokenizer_class.from_pretrained(
                str(folder), local_files_only=True, trust_remote_code=False, **options
            )
    except Exception as err:  # tokenizers raises bare Exception for a broken tokenizer.json
        raise CheckpointError(
            f"Cannot load the tokenizer in {folder}, from {_present(folder)}: {err}"
        ) from err
    if not isinstance(tokenizer, PreTrainedTokenizerFast):
        raise CheckpointError(
            f"The tokenizer in {folder}, a {type(tokenizer).__name__}, has no fast form, which is "
            "needed for the offsets of pieces. Expected a tokenizer.json or a BERT vocab.txt."
        )
    _check_special_pieces(tokenizer, folder)
    _never_cut(tokenizer)
    return tokenizer


def _options_of_normalizer(whole: Json, stated: Json) -> Json:
    normalizer = whole.get("normalizer") or {}
    if normalizer.get("type") != "BertNormalizer":
        return {}
    return {
        option: normalizer[key]
        for key, option in BERT_NORMALIZER.items()
        if key in normalizer and option not in stated
    }


def _class_by_files(folder: Path, whole: Json) -> type[PreTrainedTokenizerFast]:
    """A folder with a vocabulary and nothing else: its form tells the family."""
    if whole:
        model = whole.get("model") or {}
        is_wordpiece = model.get("type") == "WordPiece"
        is_roberta = model.get("type") == "BPE" and "<s>" in (model.get("vocab") or {})
    else:
        is_wordpiece = (folder / "vocab.txt").is_file()
        is_roberta = all((folder / name).is_file() for name in ("vocab.json", "merges.txt"))
    if is_wordpiece:
        return BertTokenizerFast
    if is_roberta:
        return RobertaTokenizerFast
    raise CheckpointError(
        f"Cannot tell which tokenizer the folder {folder} holds. Expected tokenizer.json, "
        "vocab.txt, or vocab.json with merges.txt; for other than BERT's or RoBERTa's form also "
        f"a {TOKENIZER_CONFIG} with a tokenizer_class. Found {_present(folder)}."
    )


def _check_special_pieces(tokenizer: PreTrainedTokenizerFast, folder: Path) -> None:
    missing = [name for name in NEEDED if getattr(tokenizer, name) is None]
    if missing:
        raise CheckpointError(
            f"The tokenizer in {folder} has no {' and no '.join(missing)}, which every input of "
            f"an encoder needs. State them in {TOKENIZER_CONFIG}."
        )


def _never_cut(tokenizer: PreTrainedTokenizerFast) -> None:
    tokenizer.backend_tokenizer.no_truncation()
    tokenizer.backend_tokenizer.no_padding()
    for key in CUTTING:
        tokenizer.init_kwargs.pop(key, None)


def _present(folder: Path) -> str:
    return ", ".join(name for name in TOKENIZER_FILES if (folder / name).is_file()) or "no file"
