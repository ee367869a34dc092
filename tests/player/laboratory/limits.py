"""What cannot be observed in a browser, whatever player.js does: it is played nevertheless, and listed at the end."""

NOTHING_PLAYS = "WebKitGTK plays nothing of it: currentTime only moves by the own seeks of the player"
NEVER_LOADS = "WebKitGTK loads nothing of it: readyState stays 1 and `buffered` empty"
STANDS_STILL = (
    "WebKitGTK does not go on after seeks in a stall: all is buffered, readyState stays 2, currentTime stands still"
)
OF_ONE_FILE = ("plain", "video.js", "plyr", "react-player", "media-chrome", "vidstack")
LIMITS = {
    **{("webkit", player, "seeks_in_a_stall"): STANDS_STILL for player in OF_ONE_FILE},
    ("webkit", "video.js", "live"): NOTHING_PLAYS,
    ("webkit", "video.js", "falls_behind_live"): NOTHING_PLAYS,
    ("webkit", "shaka-player", "live"): NEVER_LOADS,
    ("webkit", "shaka-player", "falls_behind_live"): NEVER_LOADS,
}
