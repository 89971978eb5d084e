"""Recommenders: each fits a training world and scores queries."""
