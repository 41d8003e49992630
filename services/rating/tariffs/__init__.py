"""Tariffs as imported data: plan files, local taxes, and what is particular to one CCA."""
