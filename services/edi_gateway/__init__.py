"""The EDI gateway: every file in, every file out, the record of both. The only room that speaks X12."""
