"""The streams: what they are (`specs`), how their days are read (`sources`), and the loop.

`DayStream` is the only class of a stream with days; a stream is an entry of `specs.SPECS`.
"""
