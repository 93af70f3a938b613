"""How fast the tap is, how much memory it takes and how many requests it makes.

Whole processes are measured against a server in a process of its own, which holds its
answers ready in memory: the *floor*, which only downloads, decodes and writes rows; the
*official* package in a plain loop; and the *tap*. Nothing but development dependencies is
needed. ``python -m tests.benchmark --help`` lists the scenarios.

The straight line through the modules:

- `rows`, `answers`, `server`: the process that answers, in the words of the simulator.
- `serving`: that process, started and asked for its counters.
- `floor`, `official`, `commands`, `processes`: the programs that are measured, and how.
- `needed`: how many requests the contract makes necessary.
- `runs`, `yesterday`: several of them in turns or side by side, and the state they need.
- `scenarios`: what is run, and which promise each result keeps or breaks.
- `table`: the results as text.
"""
