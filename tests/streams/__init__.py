"""The tap in this process, over HTTP, against the simulator."""
