"""Imports of a worker process, loaded once before workers are forked."""

from crawler.extraction import article, forest
from crawler.extraction.dates import words
from crawler.extraction.fields import language
from crawler.sites import extract_for_site
from crawler.workers import prepare

__all__ = ["article", "extract_for_site", "prepare"]

forest.load("body")
forest.load("kinds")
language.warm_up()
words.warm_up()
