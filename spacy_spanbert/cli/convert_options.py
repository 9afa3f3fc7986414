"""The options that only `python -m spacy spanbert convert` has, and what `--help` says of each."""

from pathlib import Path
from typing import Annotated

from typer import Argument, Option

from spacy_spanbert.data.read import FORMATS

FORMAT_NAMES = ", ".join(FORMATS)

Source = Annotated[Path, Argument(metavar="IN", help="Corpus: a file or a folder of files")]
Target = Annotated[Path, Argument(metavar="OUT", help="File to write; for brat, a folder")]
TargetFormat = Annotated[
    str | None, Option("--to", help=f"Format of OUT: {FORMAT_NAMES}; else told by its suffix")
]
SourceFormat = Annotated[
    str | None, Option("--from", help=f"Format of IN: {FORMAT_NAMES}; else told by suffix")
]
SpansKey = Annotated[
    str | None,
    Option(
        help="Key of doc.spans; else sc. Formats other than .spacy get doc.ents where there are "
        "no such spans; name ents if there are both"
    ),
]
Entities = Annotated[
    bool, Option("--ents", help="Make spans entities (doc.ents) too; of overlapping ones, one")
]
Retokenize = Annotated[
    bool, Option("--retokenize", help="Use the tokenizer even if the corpus has words")
]
Language = Annotated[str | None, Option("--lang", help="Language of the tokenizer; else en")]
Tokenizer = Annotated[
    str | None,
    Option("--model", help="Pipeline, a folder or a package, whose tokenizer to use"),
]
DocsPerFile = Annotated[
    int | None, Option(help="Write OUT as a folder of .spacy files of so many documents")
]
Overwrite = Annotated[
    bool, Option("--overwrite", help="Replace OUT even if it is a folder with files in it")
]
Texts = Annotated[
    bool, Option("--texts", help="Records with text and label, JSONL or TSV, to doc.cats")
]
Pairs = Annotated[
    bool, Option("--pairs", help="Records with text_a, text_b and label, JSONL or TSV")
]
