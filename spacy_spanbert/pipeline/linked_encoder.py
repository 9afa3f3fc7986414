"""What the shared encoder knows of the pipeline around it."""

import sys

from spacy import Language
from spacy_transformers import Transformer
from spacy_transformers.layers.listener import TransformerListener


class LinkedEncoder(Transformer):
    """A Transformer that knows the pipeline it runs in, also after it was taken from another one.

    spaCy makes no copy of a component for `nlp.add_pipe(name, source=other)`: both pipelines have
    the same object, and its name and its listeners are those of the pipeline that was put together
    last. So is `nlp`.

    nlp (Language | None): The pipeline; None before there is one.
    """

    nlp: Language | None = None
    _linked: tuple[str, ...] = ()  # the components that there were when listeners were found

    @property
    def listener_map(self) -> dict[str, list[TransformerListener]]:
        """RETURNS (dict[str, list[TransformerListener]]): The listeners of each component."""
        return self._listener_map

    @listener_map.setter
    def listener_map(self, listeners: dict[str, list[TransformerListener]]) -> None:
        """Take the listeners; spaCy empties the map whenever the pipeline has changed.

        That is all it tells a component that is added with `source`: no function of it is given
        the pipeline. So the pipeline is taken from where the map is set, Language._link_components.
        """
        self._listener_map = listeners
        owner = sys._getframe(1).f_locals.get("self")
        if isinstance(owner, Language):
            self.nlp, self._linked = owner, tuple(owner.pipe_names)

    def connect_listeners(self, nlp: Language) -> None:
        """Find the listeners of a pipeline.

        nlp (Language): The pipeline; without this component, nothing is connected.
        """
        self.nlp = nlp
        names = self._linked = tuple(nlp.pipe_names)
        later = nlp.pipeline[names.index(self.name) :] if self.name in names else []
        for _, component in later:
            self.find_listeners(component)

    def follow_pipeline(self) -> None:
        """Find the listeners anew if components were enabled or disabled, which spaCy does not do.

        A component that was disabled when the pipeline was loaded would else never be heard.
        """
        if self.nlp is not None and self._linked != tuple(self.nlp.pipe_names):
            self.listener_map = {}
            self.connect_listeners(self.nlp)

    @property
    def reads_both_orders(self) -> bool:
        """RETURNS (bool): Whether a component that listens wants pairs read in both orders."""
        return any(listener.attrs.get("both_orders") for listener in self.listeners)
