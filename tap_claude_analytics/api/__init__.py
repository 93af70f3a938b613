"""The Claude Enterprise Analytics API over HTTP: `Client.pages(path, parameters)`.

URL, headers, pace, retries, deadlines, read-ahead and errors in words live here; this room
knows neither the tap nor its streams, days or schemas.
"""
