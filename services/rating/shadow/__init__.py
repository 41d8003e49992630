"""Checks bills that a utility computed for us against what we would have charged."""
