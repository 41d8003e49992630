"""Follows every bill from its usage to the utility's answer, and counts batches as it goes.

`stages` says where a bill can stand, `place` keeps that of each one together with the counts,
`roster` counts who is to be billed, `follow` hears what became of our 810s.
"""
