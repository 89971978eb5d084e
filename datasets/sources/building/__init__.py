"""From read columns to a dataset: codes, columns, rules, triples."""
