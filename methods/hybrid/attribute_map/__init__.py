"""Attribute maps: from side information to pretrained factors."""
