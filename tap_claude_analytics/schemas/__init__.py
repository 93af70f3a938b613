"""One typed JSON schema per stream, in a file of the stream's name."""
