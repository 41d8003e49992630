"""Books the yearly settlement of customers who generate: one prepares it, another approves it."""
