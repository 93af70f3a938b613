"""Which days a stream reads: windows of days, and the ledger of what has been read.

Windows are pure arithmetic; the ledger is the only reader and writer of a stream's state.
"""
