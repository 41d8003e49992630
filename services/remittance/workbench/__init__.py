"""Where people of finance work what the rules could not place: match, split, move, write off, undo.

`acts` decides and carries out, `desk` is what API and console act through, `questions` answers.
"""
