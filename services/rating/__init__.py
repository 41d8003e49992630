"""Rating: who is our customer, on which plan, and what a month of metered usage costs them.

See `README.md` of this folder for what the service owns, hears and says.
"""
