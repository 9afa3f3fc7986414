"""Folder, hub name or package -> encoder and tokenizer, and back."""
