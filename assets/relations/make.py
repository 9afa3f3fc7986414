"""Make train.jsonl and dev.jsonl anew: sentences about people and places that there are not.

    python assets/relations/make.py [FOLDER]

Each pattern is a sentence with its entities in brackets, `[name:TYPE]`, nested ones inside others,
and its relations beside it: `head label tail`. A slot stands for a name of its kind. The same
entities come with a relation, with its reverse and without any, so that their types do not tell.
"""

import itertools
import json
import random
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

SEED = 7
N_RECORDS = {"train": 320, "dev": 80}

# All made up. A split has names of its own, but for some places: so names do not tell either.
FIRST = {
    "train": "Odela Bram Ysolt Tamsin Corvin Hesper Jorun Maud Piet Ruvena Silas Wenna".split(),
    "dev": "Isolde Anselm Kerra Lorcan Merin Tobit".split(),
}
LAST = {
    "train": "Quillfeather Varnholt Ostrick Dunmarrow Pellwick Thackerby Yarrowgate Zindel".split(),
    "dev": "Brackenvole Fennimoor Hartsloe Umberling".split(),
}
PLACES = {
    "train": "Tolmery Eastrith Vandle Corrabeth Ulmgate Marshwick Sennet Brackwater".split(),
    "dev": "Tolmery Eastrith Hollin Arrowmere Quenby".split(),
}
REGIONS = {"train": ["Norrand", "Estavale", "Low Kerrin"], "dev": ["Norrand", "Upper Thane"]}
KINDS = {
    "train": ["Harbour Trust", "Glassworks", "Botanical Society", "Observatory", "Savings Bank"],
    "dev": ["Glassworks", "Rowing Club", "School of Music", "Savings Bank"],
}
FIRMS = {
    "train": ["Oddfellow Lamps", "Pinion & Vane", "Greyling Press", "Halcyon Bells"],
    "dev": ["Candlewright Books", "Stoat & Larder", "Halcyon Bells"],
}
WORKS = {
    "train": ["The Salt Almanac", "A Winter Ledger", "Nine Lanterns", "The Tin Orchard"],
    "dev": ["The Ferry Bell", "Notes on Moss", "Nine Lanterns"],
}

# Slots: P and Q people, L and M places, R a region, F a firm, K a kind of organization, W a work.
# An organization that is named after its place holds it: "[[{L}:PLACE] {K}:ORG]".
ORG = "[[{L}:PLACE] {K}:ORG]"
INSIDE = "{L} {K} based_in {L}"
PATTERNS: list[tuple[str, list[str]]] = [
    ("[{P}:PERSON] works for [{F}:ORG] .", ["{P} works_for {F}"]),
    ("[{F}:ORG] has hired [{P}:PERSON] of [{L}:PLACE] .",
     ["{P} works_for {F}", "{P} lives_in {L}"]),
    (f"[{{P}}:PERSON] , a clerk at the {ORG} , lives in [{{M}}:PLACE] .",
     ["{P} works_for {L} {K}", "{P} lives_in {M}", INSIDE]),
    (f"The {ORG} has dismissed [{{P}}:PERSON] .", [INSIDE]),
    (f"The {ORG} sued [{{F}}:ORG] of [{{M}}:PLACE] .", [INSIDE, "{F} based_in {M}"]),
    ("[{F}:ORG] moved its offices to [{L}:PLACE] , far from [{M}:PLACE] .", ["{F} based_in {L}"]),
    ("[{P}:PERSON] complained about [{F}:ORG] in a letter from [{L}:PLACE] .", []),
    ("[{P}:PERSON] married [{Q}:PERSON] in [{L}:PLACE] .", ["{P} spouse_of {Q}"]),
    ("[{P}:PERSON] and [{Q}:PERSON] , who wed last year , live in [{L}:PLACE] .",
     ["{P} spouse_of {Q}", "{P} lives_in {L}", "{Q} lives_in {L}"]),
    ("[{P}:PERSON] met [{Q}:PERSON] on the road to [{L}:PLACE] .", []),
    ("[{P}:PERSON] never married , but [{Q}:PERSON] did .", []),
    ("[{P}:PERSON] wrote \" [{W}:WORK] \" .", ["{P} author_of {W}"]),
    ("\" [{W}:WORK] \" , by [{P}:PERSON] , was printed by [{F}:ORG] .", ["{P} author_of {W}"]),
    ("[{P}:PERSON] fell asleep over \" [{W}:WORK] \" by [{Q}:PERSON] .", ["{Q} author_of {W}"]),
    ("[{F}:ORG] sells \" [{W}:WORK] \" in [{L}:PLACE] .", []),
    ("[{P}:PERSON] left [[{L}:PLACE] in [{R}:PLACE]:PLACE] for [{M}:PLACE] .",
     ["{L} located_in {R}"]),
    ("[{L}:PLACE] , the oldest town of [{R}:PLACE] , is the home of [{P}:PERSON] .",
     ["{L} located_in {R}", "{P} lives_in {L}"]),
    (f"[{{R}}:PLACE] is proud of [{{M}}:PLACE] and of the {ORG} .",
     ["{M} located_in {R}", INSIDE]),
    (f"In [{{M}}:PLACE] , [{{P}}:PERSON] of the {ORG} spoke to [{{Q}}:PERSON] , its founder .",
     ["{P} works_for {L} {K}", INSIDE]),
    ("[{P}:PERSON] was born in [{L}:PLACE] and has lived in [{M}:PLACE] ever since .",
     ["{P} lives_in {M}"]),
    ("[{L}:PLACE] is not in [{R}:PLACE] , whatever [{P}:PERSON] says .", []),
    ("Once engaged to [{P}:PERSON] , [{Q}:PERSON] now works at [{F}:ORG] .",
     ["{Q} works_for {F}"]),
]
PIECE = re.compile(r"\[|:[A-Z]+\]|[^\s\[\]:]+|\s+")
NO_SPACE_BEFORE = {".", ","}


def fill(split: str, rng: random.Random) -> dict[str, str]:
    """Choose a name for each slot; P and Q, and L and M, differ."""
    people = [f"{first} {last}" for first, last in itertools.product(FIRST[split], LAST[split])]
    places = rng.sample(PLACES[split], 2)
    names = dict(zip("PQLM", [*rng.sample(people, 2), *places], strict=True))
    single = {"R": REGIONS, "K": KINDS, "F": FIRMS, "W": WORKS}
    return names | {slot: rng.choice(known[split]) for slot, known in single.items()}


def parse(marked: str) -> tuple[list[str], list[dict[str, Any]]]:
    """Take the brackets out of a sentence: its words and its entities, outer ones first."""
    words: list[str] = []
    spans: list[dict[str, Any]] = []
    open_starts: list[int] = []
    for piece in PIECE.findall(marked):
        if piece == "[":
            open_starts.append(len(words))
        elif piece.endswith("]"):
            start = open_starts.pop()
            spans.append({"start": start, "end": len(words), "label": piece[1:-1]})
        elif piece.strip():
            words.append(piece)
    return words, sorted(spans, key=lambda span: (span["start"], -span["end"]))


def space_words(words: list[str]) -> list[bool]:
    """Tell after which words a space stands: none before full stops, none inside of quotes."""
    spaces, is_quoted = [], False
    for word, following in zip(words, [*words[1:], "."], strict=True):
        is_quoted ^= word == '"'
        opens = word == '"' and is_quoted
        closes = following == '"' and is_quoted
        spaces.append(not (opens or closes or following in NO_SPACE_BEFORE))
    return spaces


def make_record(pattern: tuple[str, list[str]], names: dict[str, str]) -> dict[str, Any]:
    """Make the record of a sentence, in the form of the other JSONL corpora."""
    words, spans = parse(pattern[0].format(**names))
    spaces = space_words(words)
    text = "".join(word + " " * space for word, space in zip(words, spaces, strict=True))
    position = {" ".join(words[span["start"] : span["end"]]): i for i, span in enumerate(spans)}
    relations = []
    for relation in pattern[1]:
        head, label, tail = re.split(r" (\w+_\w+) ", relation.format(**names))
        relations.append({"head": position[head], "tail": position[tail], "label": label})
    return {
        **{"text": text, "tokens": words, "spaces": spaces},
        **{"spans": spans, "relations": relations},
    }


def make_split(split: str) -> Iterator[dict[str, Any]]:
    """Make the records of a split: each pattern as often as the others, no sentence twice."""
    rng = random.Random(f"{SEED} {split}")  # noqa: S311
    seen: set[str] = set()
    patterns = itertools.cycle(PATTERNS)
    while len(seen) < N_RECORDS[split]:
        record = make_record(next(patterns), fill(split, rng))
        if record["text"] not in seen:
            seen.add(record["text"])
            yield {"doc_id": f"{split}-{len(seen)}", **record}


def main(folder: Path) -> None:
    """Write both files."""
    for split in N_RECORDS:
        records = list(make_split(split))
        random.Random(SEED).shuffle(records)  # noqa: S311
        lines = (json.dumps(record, ensure_ascii=False) + "\n" for record in records)
        (folder / f"{split}.jsonl").write_text("".join(lines), encoding="utf8")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent)
