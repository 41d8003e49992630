"""The three services and the one composition root that starts them."""
