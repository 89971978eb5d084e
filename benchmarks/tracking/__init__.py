"""Services that display records: they mirror the files on disk."""
