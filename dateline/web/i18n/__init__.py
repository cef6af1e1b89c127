"""The languages of the reading room: catalogues, formats of dates and numbers, names of codes."""
