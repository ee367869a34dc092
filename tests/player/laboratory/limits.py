"""What cannot be observed in a browser, whatever player.js does: it is played nevertheless, and listed at the end."""

NOTHING_PLAYS = "WebKitGTK plays nothing of it: currentTime only moves by the own seeks of the player"
NEVER_LOADS = "WebKitGTK loads nothing of it: readyState stays 1 and `buffered` empty"
LIMITS = {
    ("webkit", "video.js", "live"): NOTHING_PLAYS,
    ("webkit", "video.js", "falls_behind_live"): NOTHING_PLAYS,
    ("webkit", "shaka-player", "live"): NEVER_LOADS,
    ("webkit", "shaka-player", "falls_behind_live"): NEVER_LOADS,
}
