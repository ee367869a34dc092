"""The form of the ids that the API has in paths and bodies, as regular expressions."""

LONGEST_EVENT_ID = 64
SESSION_ID = "[0-9a-f]{32}"
EVENT_ID = rf"[A-Za-z0-9._~:-]{{1,{LONGEST_EVENT_ID}}}"
