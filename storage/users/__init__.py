"""User accounts, API tokens, saved searches, dossiers and alerts."""
