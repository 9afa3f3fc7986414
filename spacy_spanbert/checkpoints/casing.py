"""Whether a tokenizer keeps capitals. Never guessed: a wrong guess costs points in silence.

Known cases: cased checkpoints without a tokenizer_config.json (SciBERT, BioBERT) are lowercased
by transformers' default, so that every capitalised piece of their vocabulary is out of reach.
"""

import json
from typing import Any

from tokenizers import normalizers
from transformers.tokenization_utils_fast import PreTrainedTokenizerFast

from spacy_spanbert.checkpoints.checkpoint import CheckpointError

DECISION = "spanbert_cased"  # in tokenizer_config.json: what the user said, kept for good
MIN_SHARE = 0.01  # uncased vocabularies hold a stray capital (BERT's: the sign for real numbers)

Json = dict[str, Any]


def decide_casing(tokenizer: PreTrainedTokenizerFast, cased: bool | None, origin: str) -> None:
    """Make the tokenizer keep or drop case as told, and refuse to guess where it is in doubt.

    A vocabulary with capitals together with a tokenizer that lowercases is a contradiction: one
    of the two is wrong, and only the user can say which. A decision is written into the
    tokenizer's config, so that it holds for whatever is saved.

    tokenizer (PreTrainedTokenizerFast): Changed in place.
    cased (bool | None): True keeps case, and with it accents; False lowercases; None takes an
        earlier decision, or the tokenizer as it is where nothing contradicts it.
    origin (str): Where it comes from, for messages.
    RAISES (CheckpointError): When a decision is needed, or cannot be carried out.
    """
    if cased is None:
        earlier = tokenizer.init_kwargs.get(DECISION)
        cased = earlier if isinstance(earlier, bool) else None
    if cased is None:
        capitals = capital_pieces(tokenizer)
        if capitals and lowercases(tokenizer):
            raise CheckpointError(
                f"The vocabulary of {origin} has pieces with capitals (such as "
                f"{', '.join(map(repr, capitals[:3]))}), but its tokenizer lowercases the text, so "
                "they could never occur. Often a tokenizer_config.json with do_lower_case is "
                "missing. State which is right, cased = true, which keeps capitals and accents, or "
                "cased = false, which lowercases: in [initialize.components.spanbert] (spacy train "
                "... --initialize.components.spanbert.cased true), in [pretraining.vocabulary], or "
                'for good as {"do_lower_case": false} in a tokenizer_config.json beside the '
                "vocabulary."
            )
        return
    if cased == lowercases(tokenizer):
        _set_lowercasing(tokenizer, not cased, origin)
    tokenizer.init_kwargs[DECISION] = cased


def lowercases(tokenizer: PreTrainedTokenizerFast) -> bool:
    """Tell whether the tokenizer's normalizer turns capitals into small letters.

    tokenizer (PreTrainedTokenizerFast): Not changed.
    RETURNS (bool): False for byte-level BPE, which has no normalizer.
    """
    normalizer = tokenizer.backend_tokenizer.normalizer
    return normalizer is not None and "A" not in normalizer.normalize_str("A")


def capital_pieces(tokenizer: PreTrainedTokenizerFast) -> list[str]:
    """List the pieces with capitals, if they are more than strays.

    Special and unused pieces ([CLS], [unused7], <mask>) do not count, nor do pieces in scripts
    without case. Fewer than one in a hundred of the rest are strays.

    tokenizer (PreTrainedTokenizerFast): Its vocabulary is looked at.
    RETURNS (list[str]): In order of their numbers; empty for an uncased vocabulary.
    """
    vocab = tokenizer.get_vocab()
    special = set(tokenizer.all_special_tokens)
    pieces = [
        piece
        for piece in sorted(vocab, key=vocab.__getitem__)
        if piece.lower() != piece.upper()
        and piece not in special
        and not (piece[0] in "[<" and piece[-1] in "]>")
    ]
    capitals = [piece for piece in pieces if piece != piece.lower()]
    return capitals if len(capitals) >= MIN_SHARE * len(pieces) else []


def _set_lowercasing(tokenizer: PreTrainedTokenizerFast, lowercase: bool, origin: str) -> None:
    normalizer = tokenizer.backend_tokenizer.normalizer
    state: Json = {} if normalizer is None else json.loads(normalizer.__getstate__())
    changed = _changed(state, lowercase)
    if changed is not None:
        new = normalizers.Sequence([])
        new.__setstate__(json.dumps(changed).encode("utf8"))
        tokenizer.backend_tokenizer.normalizer = new
    if lowercases(tokenizer) != lowercase:
        raise CheckpointError(
            f"cased = {str(not lowercase).lower()} cannot be carried out for {origin}: its "
            "tokenizer has no lowercasing to switch (byte-level BPE, as in RoBERTa, keeps case). "
            "Leave `cased` out."
        )
    if changed is not None and changed["type"] == "BertNormalizer":
        # transformers' classes rebuild the normalizer from these when the tokenizer is loaded
        tokenizer.init_kwargs["do_lower_case"] = lowercase
        tokenizer.init_kwargs["strip_accents"] = changed["strip_accents"]
        if hasattr(tokenizer, "do_lower_case"):
            tokenizer.do_lower_case = lowercase


def _changed(state: Json, lowercase: bool) -> Json | None:
    """The state of a normalizer with its lowercasing switched, or None if it has none."""
    if state.get("type") == "BertNormalizer":
        # accents follow case (None), unless the checkpoint keeps them even where it lowercases
        strip_accents = False if state["strip_accents"] is False else None
        return {**state, "lowercase": lowercase, "strip_accents": strip_accents}
    if lowercase:
        return None
    inner = state["normalizers"] if state.get("type") == "Sequence" else [state]
    kept: list[Json] = []
    for step in inner:
        if step["type"] in ("BertNormalizer", "Sequence"):
            kept.append(_changed(step, lowercase) or step)
        elif step["type"] not in ("Lowercase", "StripAccents"):
            kept.append(step)
    return {"type": "Sequence", "normalizers": kept}
