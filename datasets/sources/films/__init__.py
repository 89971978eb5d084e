"""The film datasets and what their files share."""
