"""The desk of the people who run the exchange: tracking ledger, look-ups, access."""
