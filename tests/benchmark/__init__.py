"""How fast the tap is, how much memory it takes and how many requests it makes.

Whole processes are measured, each against a server in a process of its own, which holds
its answers ready in memory: the *floor*, which only downloads, decodes and writes rows; the
*official* package in a plain loop; and the *tap*. Nothing but development dependencies is
needed. ``python -m tests.benchmark --help`` lists the scenarios.

- `server`: the process that answers, in the words of the simulator.
- `floor`, `official`, `runs`: the programs that are measured, and how.
- `needed`: how many requests the contract makes necessary.
- `scenarios`: what is run, and which promise each result keeps or breaks.
"""
