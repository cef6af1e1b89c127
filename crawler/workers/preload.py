"""What a worker process needs, imported once before workers are forked."""

from crawler.extraction import article, language, model, timestamp_words
from crawler.sites import extract_for_site
from crawler.workers import prepare

__all__ = ["article", "extract_for_site", "prepare"]

model.load("body")
model.load("kinds")
language.warm_up()
timestamp_words.warm_up()
