"""Singer targets that the tap is tried with, and what each makes of its records."""
