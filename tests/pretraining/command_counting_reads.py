"""`python -m spacy spanbert`, which also tells which process reads a whole file of text."""

import hashlib
import os

from spacy_spanbert.cli import app

digest_of = hashlib.file_digest


def tell_and_digest(*arguments):
    print(f"read by process {os.environ['RANK']}", flush=True)
    return digest_of(*arguments)


if __name__ == "__main__":
    hashlib.file_digest = tell_and_digest
    app()
