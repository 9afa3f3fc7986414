"""The tokenizer that a command works with."""

from pathlib import Path

import spacy
from spacy import util
from spacy.language import Language

from spacy_spanbert.errors import SpanbertError


def load_tokenizer(lang: str | None = None, model: str | None = None) -> Language:
    """Make a pipeline without components, for its tokenizer.

    lang (str | None): The language, if no model is given; None: English.
    model (str | None): A pipeline, as a folder or an installed package, whose tokenizer to use;
        its components are not loaded.
    RETURNS (Language): The pipeline.
    RAISES (SpanbertError): If there is no such language or pipeline, or it cannot be loaded, or
        both are given.
    """
    if model is None:
        lang = "en" if lang is None else lang
        try:
            return spacy.blank(lang)
        except ImportError as error:
            raise SpanbertError(f"No tokenizer for the language {lang!r}: {error}") from error
    if lang is not None:
        raise SpanbertError(
            f"--lang {lang} does not go with --model, whose tokenizer has a language of its own: "
            "leave one of them out."
        )
    if not Path(model).is_dir() and not util.is_package(model):
        raise SpanbertError(f"{model} is no folder of a pipeline, and no installed package.")
    try:
        folder = Path(model) if Path(model).is_dir() else _data_of_package(model)
        components = util.load_config(folder / "config.cfg")["nlp"]["pipeline"]
        return util.load_model_from_path(folder, exclude=components)
    except Exception as error:  # Whatever a damaged folder makes spaCy say.
        raise SpanbertError(f"Cannot load the tokenizer of {model}: {error}") from error


def _data_of_package(name: str) -> Path:
    package = util.get_package_path(name)
    meta = util.get_model_meta(package)
    return package / f"{meta['lang']}_{meta['name']}-{meta['version']}"
