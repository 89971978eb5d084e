"""Heater: content mapped by a mixture of experts, warmed by pretrained factors."""
