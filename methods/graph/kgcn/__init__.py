"""KGCN: graph convolution over the neighbourhood of a candidate."""
