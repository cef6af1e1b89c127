"""What belongs to people: accounts, saved searches, dossiers, alerts."""
