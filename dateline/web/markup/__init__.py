"""HTML and SVG of parts of pages. Pure."""
