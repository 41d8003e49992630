"""Looks at charges before they leave: audits, the value hold, batches and the bill-window clock.

`gate` decides within a batch, `store_reviews` keeps what waits for a person, `decide` lets a person
decide, `watch` looks at the clock. Start with `audits` for what is looked at.
"""
