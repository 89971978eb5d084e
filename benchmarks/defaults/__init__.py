"""Defaults of a method: settings that hold on several datasets, chosen by validation alone."""
