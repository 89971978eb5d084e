"""History and candidate read together by one encoder, with a linear head for the score."""
