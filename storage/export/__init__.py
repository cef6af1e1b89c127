"""Export: articles and captures in the formats of other tools, a file a format.

Every format is written as it is read: memory stays flat at a million articles.
"""
