"""What re-rankers share: their candidates, labelled pairs, training and measures."""
