"""Pretrained sentence encoders: files, network, stored vectors."""
