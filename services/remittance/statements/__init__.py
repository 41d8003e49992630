"""Reports about the money: monthly statements that tie to the journal, aging, taxes, days to cash.

Each report is one question to the database and a pure fold of its answer; API, pages, CSV and PDF
show what the fold returns.
"""
