"""The commands of ``coldbench results``, one module each."""
