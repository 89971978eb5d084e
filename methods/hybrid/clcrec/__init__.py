"""CLCRec: contrastive learning of content and collaborative embeddings."""
