"""Headline, byline, dates, language and the other fields of an article."""
