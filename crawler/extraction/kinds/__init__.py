"""What a page is: article, directory entry, listing, wall, soft 404."""
