"""Methods that walk or embed a knowledge graph."""
