"""Nested spans on one shared BERT or SpanBERT encoder, inside spaCy."""
