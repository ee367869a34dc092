"""Import and export of other formats: xAPI statements, Open edX tracking logs, CSV.

Readers turn lines into events, and writers turn viewings into lines; neither knows Flask or the database.
"""
