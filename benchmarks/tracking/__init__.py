"""Services that show records: they mirror what is on disk and are never the store."""
