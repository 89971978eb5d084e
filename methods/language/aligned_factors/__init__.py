"""Collaborative vectors that are aligned with the vectors of texts (RLMRec)."""
