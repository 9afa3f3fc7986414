"""Registering what builds a model, so that what is wrong in its settings says whose they are."""

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from spacy.util import registry

from spacy_spanbert.errors import SpanbertError

Arguments = ParamSpec("Arguments")
Built = TypeVar("Built")


def architecture(
    name: str,
) -> Callable[[Callable[Arguments, Built]], Callable[Arguments, Built]]:
    """Register a function that builds a model.

    It is not told for which component it builds: its errors name the section of the config as far
    as that is known, and the architecture.

    name (str): The name in the config.
    RETURNS (Callable): Decorates the function, which then raises a SpanbertError for a ValueError.
    """

    def decorate(build: Callable[Arguments, Built]) -> Callable[Arguments, Built]:
        @wraps(build)
        def build_named(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Built:
            try:
                return build(*args, **kwargs)
            except ValueError as error:
                raise SpanbertError(f"[components.*.model] of {name}: {error}") from error

        registry.architectures(name)(build_named)
        return build_named

    return decorate
