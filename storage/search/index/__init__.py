"""The full-text index: what is indexed of an article, and how the index is kept up to date."""
