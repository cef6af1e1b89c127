"""Engine, dialect differences, the `Database` handle (reading/write), migrations, column types."""
