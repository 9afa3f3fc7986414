"""Make packing fast: srsly looks through all installed packages at every single call.

`.spacy` files pack user data and spans of each Doc by itself, so a short Doc costs several looks
(0.3 ms each, measured with 170 entry points: more than a fast encoder needs for the Doc).
"""

from collections.abc import Iterator
from contextlib import contextmanager

import srsly

REGISTRIES = (srsly.msgpack_encoders, srsly.msgpack_decoders)


@contextmanager
def look_once_for_msgpack_hooks() -> Iterator[None]:
    """Look now for what packages add to msgpack (such as numpy arrays), and not again inside.

    What is registered inside is not seen until the end. May be nested.
    """
    if any("get_all" in vars(registry) for registry in REGISTRIES):
        yield
        return
    for registry in REGISTRIES:
        found = registry.get_all()
        registry.get_all = found.copy
    try:
        yield
    finally:
        for registry in REGISTRIES:
            del registry.get_all
