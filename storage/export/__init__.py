"""Export: articles and captures in the formats of other tools, one file per format.

Every format is written as a stream: memory stays constant at a million articles.
"""
