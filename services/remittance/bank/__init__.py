"""What the bank saw: statements, the deposits of utilities, and how they agree with their 820s."""
