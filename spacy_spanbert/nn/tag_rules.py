"""Tags of spans: which there are, which may follow which, and the spans they stand for."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

import torch
from torch import Tensor

from ..errors import SpanbertError

# What may stand before a label; the order is that of the tags. B begins, I goes on, E ends, and S
# is a span of one word.
SCHEMES = {"bio": "BI", "bioes": "BIES"}
OUTSIDE = 0


@dataclass(frozen=True)
class TagRules:
    """The tags of a set of labels: 0 is "O", then come the prefixes of each label.

    labels (tuple[str, ...]): The labels.
    scheme (str): "bio" or "bioes".
    RAISES (SpanbertError): If there is no such scheme.
    """

    labels: tuple[str, ...]
    scheme: str

    def __post_init__(self) -> None:
        if self.scheme not in SCHEMES:
            raise SpanbertError(f"scheme is one of {', '.join(SCHEMES)}, but is {self.scheme!r}")

    @property
    def prefixes(self) -> str:
        """RETURNS (str): The prefixes of a label, in the order of its tags."""
        return SCHEMES[self.scheme]

    @property
    def tags(self) -> list[str]:
        """RETURNS (list[str]): All tags, "B-PER" and the like."""
        return ["O", *(f"{prefix}-{label}" for label in self.labels for prefix in self.prefixes)]

    def may_follow(self) -> Tensor:
        """Tell which links a sequence may have.

        RETURNS (Tensor): Bool [n_tags + 2, n_tags], rows as in nn.chain.Chain: after each tag, at
            the start, at the end.
        """
        return _allowed_links(self)

    def links(self) -> Tensor:
        """RETURNS (Tensor): may_follow as scores: 0 where allowed, else -inf."""
        may_follow = self.may_follow()
        return torch.zeros(may_follow.shape).masked_fill(~may_follow, -torch.inf)

    def continues(self) -> Tensor:
        """RETURNS (Tensor): Which tag goes on with the span of which; bool [n_tags, n_tags]."""
        goes_on = torch.tensor([tag[0] in "IE" for tag in self.tags])
        return self.may_follow()[:-2] & goes_on

    def encode(self, spans: Iterable[tuple[int, int, int]], n_words: int) -> Tensor:
        """Write spans as tags.

        spans (Iterable[tuple[int, int, int]]): Start, end (exclusive) and index of the label;
            without overlap, of one word or more.
        n_words (int): How many words there are.
        RETURNS (Tensor): Long [n_words]; OUTSIDE where there is no span.
        """
        tags = torch.full((n_words,), OUTSIDE, dtype=torch.long)
        for start, end, label in spans:
            first = 1 + label * len(self.prefixes)
            place = {prefix: first + i for i, prefix in enumerate(self.prefixes)}
            tags[start:end] = place["I"]
            tags[end - 1] = place.get("E", place["I"])
            tags[start] = place["S"] if "S" in place and end - start == 1 else place["B"]
        return tags

    def decode(self, tags: Tensor, is_first: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Read the spans of any tags, also of sequences that are not allowed.

        What goes on with a span where there is none (I-PER after O, or after B-LOC) begins one; a
        span that is not ended ends where it stops, and with its sequence.

        tags (Tensor): Long [n_words].
        is_first (Tensor): Whether a word is the first of a sequence; bool [n_words].
        RETURNS (tuple[Tensor, Tensor, Tensor]): Starts, ends (exclusive) and labels of the spans,
            in order; long [n_spans] each.
        """
        n_words, n_prefixes = len(tags), len(self.prefixes)
        label = torch.div(tags - 1, n_prefixes, rounding_mode="floor")
        # of the tag "O" a prefix that no other has
        prefix = torch.where(tags == OUTSIDE, -1, (tags - 1) % n_prefixes)
        goes_on = _is_one_of(prefix, self._indices("IE"))
        is_open = _is_one_of(prefix, self._indices("BI"))
        continues = goes_on & is_open.roll(1) & (label == label.roll(1)) & ~is_first
        is_start = (prefix >= 0) & ~continues
        # behind the last word nothing continues
        continues_after = torch.cat([continues[1:], continues.new_zeros(min(1, n_words))])
        is_end = (prefix >= 0) & ~continues_after
        starts = torch.nonzero(is_start)[:, 0]
        return starts, torch.nonzero(is_end)[:, 0] + 1, label[starts]

    def _indices(self, prefixes: str) -> list[int]:
        return [self.prefixes.index(prefix) for prefix in prefixes if prefix in self.prefixes]


def _is_one_of(values: Tensor, wanted: list[int]) -> Tensor:
    return torch.isin(values, torch.tensor(wanted, dtype=values.dtype, device=values.device))


@lru_cache(maxsize=8)  # asked for with each batch; labels make hundreds of tags
def _allowed_links(rules: TagRules) -> Tensor:
    tags, scheme = rules.tags, rules.scheme
    edge = "O"  # before the first word and after the last one nothing goes on
    rows = [[_may_follow(tag, following, scheme) for following in tags] for tag in tags]
    rows.append([_may_follow(edge, tag, scheme) for tag in tags])
    rows.append([_may_follow(tag, edge, scheme) for tag in tags])
    return torch.tensor(rows)


def _may_follow(tag: str, following: str, scheme: str) -> bool:
    if following[0] in "IE":
        return tag[0] in "BI" and tag[2:] == following[2:]
    return scheme == "bio" or tag[0] not in "BI"
