"""Recommenders: each fits a training data and scores queries."""
