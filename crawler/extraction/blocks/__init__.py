"""The page as text blocks, each with its place in the tree."""
