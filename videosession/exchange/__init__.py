"""Other formats in and out: xAPI statements, Open edX tracking logs, CSV.

What reads and writes them knows neither Flask nor the database: it turns lines into events, and viewings into lines.
"""
