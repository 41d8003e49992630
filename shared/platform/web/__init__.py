"""The look and the front door that all pages share; each service furnishes its own rooms."""
