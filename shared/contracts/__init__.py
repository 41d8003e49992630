"""The words the services say to each other, and nothing else.

Everything here is a fact in the past tense, carried in an `Envelope`. Only pydantic and the
standard library are allowed, so that any program in any room can read a message without knowing
its sender.
"""
