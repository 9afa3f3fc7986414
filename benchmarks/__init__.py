"""Programs that measure spacy-spanbert against its peers; see README.md in this folder."""
