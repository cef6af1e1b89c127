"""Links, mentions, pictures and attachments of an article."""
