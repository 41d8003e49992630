"""Reconciles money: what was charged, what the utility paid, and where every cent went."""
