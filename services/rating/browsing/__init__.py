"""What pages and API ask of rating: lists by the page, an account's story, a charge's reasons.

Every question here is bounded: it is answered from an index, and returns at most a page.
"""
