"""The EDI gateway: every file in, every file out, the record of both; the only room with X12."""
