"""Pages for readers, and what writes those that follow from the code."""
