"""The rules of the walk, each with the logs that show it."""

import pytest

from tests.timeline.log import told

RULES = {}


def rule(name, *cases):
    """Add a rule: its cases are a log and what of the answer follows from it."""
    for place, (text, expected) in enumerate(cases):
        RULES[f"{name} #{place + 1}"] = (text, expected)


# The walk

rule(
    "while playing a stretch is open, from where the playhead is",
    ("0 play 5; 10 pause 15", {"segments": "5-15"}),
    ("0 seek to=5; 1 play; 10 pause 14", {"segments": "5-14"}),
    ("0 play; 10 pause", {"segments": "0-10"}),
    ("0 ping 7; 1 play; 10 pause 16", {"segments": "7-16"}),
)
rule(
    "a stretch becomes a segment from 0.25 s on",
    ("0 play 0; 1 pause 0.24", {"segments": ""}),
    ("0 play 0; 1 pause 0.25", {"segments": "0-0.25"}),
    ("0 play 0.1; 1 pause 0.35", {"segments": "0.1-0.35"}),
)
rule(
    "pauses, stalls and ads split nothing",
    ("0 play 0; 5 pause 5; 60 play 5; 65 pause 10", {"segments": "0-10", "wall": "paused=55 playing=10"}),
    ("0 play 0; 5 waiting 5; 9 canplay 5; 14 pause 10", {"segments": "0-10", "wall": "buffering=4 playing=10"}),
    ("0 play 0; 5 adBreakStart 5; 9 adBreakComplete 5; 14 pause 10", {"segments": "0-10", "wall": "ad=4 playing=10"}),
)
rule(
    "jumps and branches split",
    ("0 play 0; 5 seek to=9; 6 pause 10", {"segments": "0-5 9-10"}),
    ("0 play 0; 5 choice toNode=b; 6 pause 1", {"segments": "0-5 0-1"}),
)
rule(
    "what can have played is time by rate, before an event that names a rate by the larger of the two",
    ("0 play 0; 10 rateChange 20 rate=2; 20 pause 40", {"segments": "0-40", "jumps": ""}),
    ("0 play 0 rate=2; 10 rateChange 20 rate=1; 20 pause 30", {"segments": "0-30", "jumps": ""}),
    ("0 play 0; 10 pause 20", {"segments": "0-10", "jumps": "10>20:unreported:1"}),
    ("0 play 0; 10 pause 20 rate=2", {"segments": "0-20", "jumps": ""}),
)
rule(
    "any known event may name the rate, and it stays",
    ("0 sessionStart rate=2; 0 play 0; 10 pause 20", {"segments": "0-20"}),
    ("0 chapterStart index=1 rate=2; 0 play 0; 10 pause 20", {"segments": "0-20"}),
    ("0 play 0; 0 adBreakStart 0 rate=2; 0 adBreakComplete; 10 pause 20", {"segments": "0-20"}),
    ("0 play 0; 0 choice rate=2; 10 pause 20", {"segments": "0-20"}),
)

# Reporting

rule(
    "an unknown playhead is where it is first reported",
    ("0 ping 30; 1 play 30; 2 pause 31", {"segments": "30-31", "jumps": ""}),
    ("0 pause 30; 1 seek to=50", {"jumps": "30>50:user:1"}),
)
rule(
    "a report fits from 2 s behind to 1.25 of what can have played, and the allowance, ahead",
    ("0 play 0; 10 pause 15.5", {"segments": "0-15.5", "jumps": ""}),
    ("0 play 0; 10 pause 15.502", {"jumps": "10>15.502:unreported:1"}),
    ("0 play 0; 10 ping 14.5; 11 pause 14.5", {"segments": "0-14.5", "jumps": ""}),
    ("0 play 0; 10 ping 14.502; 11 pause 14.502", {"jumps": "0>14.502:unreported:1"}),
    ("0 play 0; 1000 pause 1249", {"segments": "0-1249", "jumps": ""}),
    ("0 play 0; 1000 pause 1200", {"segments": "0-15", "jumps": "15>1200:unreported:1"}),
    ("0 play 0; 10 ping 10; 10.5 ping 8; 12 pause 11", {"segments": "0-11", "jumps": ""}),
    ("0 play 0; 10 ping 10; 10.5 ping 7.9; 12 pause 9", {"segments": "0-10 7.9-9", "jumps": "10>7.9:unreported:1"}),
)
rule(
    "where nothing has played a report fits within 1 s",
    ("0 play 0; 5 pause 5; 9 play 6; 10 pause 7", {"segments": "0-7", "jumps": ""}),
    ("0 play 0; 5 pause 5; 9 play 6.1; 10 pause 7", {"segments": "0-5 6.1-7", "jumps": "5>6.1:unreported:1"}),
    ("0 play 0; 5 pause 5; 9 play 4; 10 pause 5", {"segments": "0-5", "jumps": ""}),
    ("0 play 0; 5 pause 5; 9 play 3.9; 10 pause 4.9", {"jumps": "5>3.9:unreported:1"}),
)
rule(
    "with a stretch open the playhead never goes back; without one it does",
    ("0 play 0; 5 ping 5; 6 ping 4; 6 pause 4.5", {"segments": "0-5"}),
    ("0 ping 10; 1 ping 9.5; 2 play; 3 pause 10.5", {"segments": "9.5-10.5"}),
)
rule(
    "the allowance is used up by what is gained too fast, and comes back",
    ("0 play 0; 10 ping 14; 20 ping 28", {"jumps": "14>28:unreported:1"}),
    ("0 play 0; 10 ping 14; 20 ping 24; 30 ping 38", {"segments": "0-38", "jumps": ""}),
    ("0 play 0; 10 ping 14.5; 10.1 ping 14.87", {"segments": "0-14.87", "jumps": ""}),
    ("0 play 0; 10 ping 14.5; 10.1 ping 14.88", {"jumps": "14.5>14.88:unreported:1"}),
)
rule(
    "the allowance is whole again after a seek, a replay, a branch, a reload, and nothing after an unreported jump",
    ("0 play 0; 10 ping 14.5; 10 seek to=50; 11 ping 53", {"segments": "0-14.5 50-53"}),
    ("0 play 0 duration=20; 16 complete 20; 30 play 0; 31 ping 3.2", {"segments": "0-20 0-3.2"}),
    ("0 play 0; 10 choice 14.5 toNode=b; 11 ping 3.2", {"segments": "0-14.5 0-3.2"}),
    ("0 play 0; 10 ping 14.5; 10 sessionStart; 11 play 0; 12 ping 3.2", {"segments": "0-14.5 0-3.2"}),
    ("0 play 0; 1 ping 50; 2 ping 51.6", {"jumps": "0>51.6:unreported:2"}),
    ("0 play 0; 1 ping 50; 2 ping 51.5", {"segments": "50-51.5"}),
)
rule(
    "what was skipped is never counted, and steps of one scrub are one jump",
    ("0 play 0; 1 ping 20; 2 ping 40; 12 pause 50", {"segments": "40-50", "jumps": "0>40:unreported:2"}),
    (
        "0 play 0; 1 ping 20; 3 ping 22; 4 ping 40",
        {"segments": "20-22", "jumps": "0>20:unreported:1 22>40:unreported:1"},
    ),
)
rule(
    "what is gained from a guess is counted from when it began to play",
    ("0 chapterSkip; 10 play; 40 sessionStart; 70 adBreakStart 65", {"segments": "", "anomalies": "openEnded:1"}),
    ("0 chapterSkip; 10 play; 40 sessionStart; 70 adBreakStart 60", {"segments": "0-60"}),
)
rule(
    "from a guess playback simply began where it is reported",
    ("0 play; 1 ping 50; 2 pause 51", {"segments": "50-51", "jumps": "", "anomalies": ""}),
    ("0 play; 1 play 50; 2 pause 51", {"segments": "50-51", "jumps": "", "anomalies": ""}),
    ("0 play; 1 pause; 2 play 50; 3 pause 51", {"segments": "0-1 50-51", "jumps": "1>50:unreported:1"}),
    ("0 play; 0.1 pause; 2 play 50; 3 pause 51", {"segments": "50-51", "jumps": ""}),
    ("0 play; 1 ping 1; 2 ping 50", {"segments": "0-1", "jumps": "1>50:unreported:1"}),
    ("0 play 0; 5 choice toNode=b; 6 ping 30; 7 pause 31", {"segments": "0-5 30-31", "jumps": ""}),
    ("0 play; 0 pause 10; 1 ping 9.5; 1 play; 6 pause", {"segments": "10-15", "jumps": ""}),
)
rule(
    "where a laptop slept the excess is stalled",
    ("0 play 0; 3600 ping 10; 3610 pause 20", {"wall": "playing=20 stalled=3590", "anomalies": "stalled:1"}),
    ("0 play 0; 12 ping 10; 13 pause 11", {"wall": "playing=13", "anomalies": ""}),
    ("0 play 0; 8.1 ping 6; 13 pause 11", {"wall": "playing=10.9 stalled=2.1", "anomalies": "stalled:1"}),
    ("0 play 0; 20 ping 15; 21 pause 16", {"wall": "playing=21", "anomalies": ""}),
    ("0 play 0; 20 ping 14.9; 21 pause 15.9", {"wall": "playing=15.9 stalled=5.1", "anomalies": "stalled:1"}),
    ("0 play 0; 10 ping 20 rate=2; 20 pause 40", {"wall": "playing=20", "anomalies": ""}),
    ("0 play 0 rate=2; 10 ping 10 rate=1", {"wall": "playing=10", "anomalies": "openEnded:1"}),
    ("0 chapterStart index=1; 0 play 0; 60 pause 10", {"chapters": "None/1/None=10"}),
    ("0 play 0; 60 pause; 70 play 15; 75 pause 20", {"segments": "0-20", "wall": "paused=10 playing=20 stalled=45"}),
)

# Leaving

rule(
    "leaving without a position while playing, the playhead has gone on at the smaller rate, by 15 s at most",
    ("0 play 0; 10 pause", {"segments": "0-10"}),
    ("0 play 0; 60 pause", {"segments": "0-15"}),
    ("0 play 0 rate=2; 60 pause", {"segments": "0-30"}),
    ("0 play 0; 10 pause rate=2", {"segments": "0-10"}),
    ("0 play 0; 4 rateChange rate=2; 6 pause", {"segments": "0-8"}),
    ("0 play 0 duration=8; 10 pause", {"segments": "0-8"}),
    ("0 play 0; 10 pause; 20 play; 30 pause", {"segments": "0-15"}),
)
rule(
    "that is no report: what may have played beyond counts for the next",
    ("0 play 0; 60 pause; 70 play 60; 71 pause 61", {"segments": "0-61", "jumps": ""}),
    ("0 play 0; 60 pause; 70 play 75; 71 pause 76", {"segments": "0-15 75-76", "jumps": "15>75:unreported:1"}),
)
rule(
    "every way of leaving infers the same",
    ("0 play 0; 10 seekStart; 11 seekEnd 50", {"segments": "0-10"}),
    ("0 play 0; 10 seek to=50", {"segments": "0-10", "jumps": "10>50:user:1"}),
    ("0 play 0; 10 bufferStart; 11 pause", {"segments": "0-10"}),
    ("0 play 0; 10 adBreakStart; 11 adBreakComplete", {"segments": "0-10"}),
    ("0 play 0; 10 sessionEnd", {"segments": "0-10"}),
    ("0 play 0; 10 complete", {"segments": "0-10"}),
    ("0 play 0; 10 choice toNode=b; 10 pause", {"segments": "0-10"}),
    ("0 pause 0; 10 seek to=50", {"segments": "", "jumps": "0>50:user:1"}),
)

# Jumps and seeks

rule(
    "a jump of less than 0.25 s is none, and the stretch goes on",
    ("0 play 0; 10 seek from=10 to=10.2; 20 pause 20", {"segments": "0-20", "jumps": ""}),
    ("0 play 0; 10 seek from=10 to=10.25; 20 pause 20.25", {"segments": "0-10 10.25-20.25"}),
)
rule(
    "from an unknown playhead no jump is recorded",
    ("0 seek to=30; 1 play; 11 pause 41", {"segments": "30-41", "jumps": ""}),
    ("0 play 0; 5 sessionStart; 6 seek to=30; 7 play 30", {"jumps": ""}),
)
rule(
    "scrubbing is one jump, while nothing is watched and the cause is the same",
    ("0 pause 0; 1 seek to=10; 2 seek to=20; 3 seek to=5", {"jumps": "0>5:user:3"}),
    ("0 pause 0; 1 seek to=10; 2 seek to=20 cause=menu", {"jumps": "0>10:user:1 10>20:menu:1"}),
    ("0 play 0; 1 seek to=10; 1.2 seek to=20; 2 seek to=30", {"jumps": "1>20:user:2 20.8>30:user:1"}),
    ("0 pause 0; 1 seek to=10; 2 sessionStart; 3 pause 10; 4 seek to=20", {"jumps": "0>10:user:1 10>20:user:1"}),
    (
        "0 pause 0; 1 seek to=10; 2 choice toNode=b; 3 pause 10; 4 seek to=20",
        {"jumps": "0>10:user:1 10>20:user:1"},
    ),
)
rule(
    "a seek explains the unreported jump before it, however short it is itself",
    ("0 play 0; 9 ping 9; 10 ping 40; 10.1 seek to=40; 11 ping 41", {"jumps": "9>40:user:1"}),
    ("0 play 0; 9 ping 9; 10 ping 40; 10.1 seek from=40 to=50", {"jumps": "9>50:user:1"}),
    ("0 play 0; 9 ping 9; 10 ping 40; 11 ping 41; 11 seek from=41 to=50", {"jumps": "9>40:unreported:1 41>50:user:1"}),
    ("0 play 0; 9 ping 9; 9.5 ping 30; 10 ping 40; 10.1 seek to=40.2", {"jumps": "9>40.2:user:2"}),
    (
        "0 pause 9; 10 ping 40; 11 play 41; 11 pause 41; 12 play 42; 12 pause 42; 13 seek to=50",
        {"jumps": "9>40:unreported:1 42>50:user:1"},
    ),
)
rule(
    "a change of quality is no jump, but the stretch has ended",
    ("0 play 0; 9 ping 9; 10 ping 0; 10.1 seek from=0 to=9.5; 11 ping 10.4", {"segments": "0-9 9.5-10.4", "jumps": ""}),
    ("0 play 0; 9 ping 9; 10 ping 0; 10.1 seek from=0 to=10.1; 11 ping 11", {"jumps": "9>10.1:user:1"}),
)
rule(
    "a from near the target is the target already",
    ("0 play 0; 10 seek from=40 to=40.2; 11 ping 41.2", {"segments": "0-10 40.2-41.2", "jumps": "10>40.2:user:1"}),
    ("0 play 0; 10 seek from=40 to=40.25; 11 ping 41.25", {"jumps": "10>40.25:user:1", "anomalies": "openEnded:1"}),
    ("0 play 0; 10 seek from=9.5 to=40", {"segments": "0-9.5", "jumps": "9.5>40:user:1"}),
)
rule(
    "the cause of a seek is the one given, else a replay from the end to the start, else the user",
    ("0 pause 0; 1 seek to=10 cause=keys", {"jumps": "0>10:keys:1"}),
    ("0 pause 59.5 duration=60; 1 seek to=0.9", {"jumps": "59.5>0.9:replay:1"}),
    ("0 pause 59.4 duration=60; 1 seek to=0.9", {"jumps": "59.4>0.9:user:1"}),
    ("0 pause 59.5 duration=60; 1 seek to=1", {"jumps": "59.5>1:user:1"}),
    ("0 pause 59.5; 1 seek to=0", {"jumps": "59.5>0:user:1"}),
    ("0 pause 59.5 duration=60; 1 seek to=0 cause=keys", {"jumps": "59.5>0:keys:1"}),
)
# What the clock proves

rule(
    "a seek did not take where positions go on from where it came from",
    (
        "0 play 0; 10 seek from=10 to=40; 12 ping 12",
        {"segments": "0-12", "anomalies": "stalePosition:1 openEnded:1"},
    ),
    ("0 play 0; 10 seek from=10 to=500; 10.3 play 10; 70 pause 70", {"segments": "0-70", "jumps": ""}),
    ("0 play 0; 10 seek from=10 to=500; 70 pause 71", {"segments": "0-71", "jumps": ""}),
    ("0 play 0; 10 seek from=10 to=500; 70 pause 71.1", {"segments": "0-10"}),
    ("0 play 0; 10 seek from=10 to=40; 11 ping 41; 12 ping 12", {"jumps": "10>40:user:1 41>12:unreported:1"}),
    ("0 pause 10; 10 seek to=40; 11 play 10; 12 pause 11", {"segments": "10-11", "jumps": ""}),
    ("0 play 0; 10 seek from=10 to=40; 10.1 seek from=10.1 to=50", {"jumps": "10.1>50:user:1"}),
)
rule(
    "an old position repeated after a seek takes nothing from it",
    ("0 play 0; 10 seek from=10 to=40; 10.1 ping 10; 12 ping 42", {"segments": "0-10 40-42", "jumps": "10>40:user:1"}),
    ("0 play 0; 10 seek from=10 to=40; 11 ping 11; 12 ping 42", {"segments": "0-10 40-42", "jumps": "10>40:user:1"}),
    ("0 play 0; 10 seek from=10 to=40; 10.1 play 10; 50 pause 80", {"segments": "0-10 40-80", "jumps": "10>40:user:1"}),
    ("0 play 0; 10 seek from=10 to=10.8; 10.1 ping 10.9; 11 ping 11.8", {"anomalies": "openEnded:1"}),
)
rule(
    "what was gained as the clock has it was watched, whatever the mode said",
    ("0 play 0; 30 pause 30; 90 pause 90", {"segments": "0-90", "jumps": "", "wall": "paused=60 playing=30"}),
    ("0 play 0; 30.1 play 30.1; 30.1 pause 30; 90 pause 90", {"segments": "0-90", "jumps": ""}),
    ("0 play 0; 30 pause 30; 90 play 90; 91 pause 91", {"segments": "0-30 90-91", "jumps": "30>90:unreported:1"}),
    ("0 play 0; 30 pause 30; 90 pause 91", {"segments": "0-91"}),
    ("0 play 0; 30 pause 30; 90 pause 91.1", {"segments": "0-30"}),
    ("0 play 0; 10 ping 10; 20 pause 20; 80 ping 80; 81 pause 81", {"segments": "0-81"}),
    ("0 play 0; 10 ping 10; 20 pause 20; 81 ping 81; 82 pause 81", {"segments": "0-20", "jumps": "20>81:unreported:1"}),
    ("0 play 0; 10 ping 10; 20 ping 20; 25 pause 25; 36 ping 36", {"segments": "0-36"}),
    ("0 play 0; 10 ping 10; 20 ping 20; 25 pause 25; 36.1 ping 36.1", {"segments": "0-25"}),
    ("0 play 0; 10 pause 50; 30 pause 70; 40 pause 80", {"segments": "", "jumps": "0>80:unreported:3"}),
    ("0 play 0; 10 ping 10; 11 pause 50; 30 pause 69", {"segments": "0-10 50-69"}),
    ("0 play 0; 10 bufferStart 10; 20 pause 20", {"segments": "0-20", "wall": "buffering=10 playing=10"}),
)
rule(
    "one position that nothing goes on from is taken back",
    ("0 play 90; 5 ping 95; 7 ping 0; 10 ping 100; 20 pause 110", {"segments": "90-110", "jumps": ""}),
    ("0 play 0 duration=60; 10 ping 10; 15 ping 4294967; 20 ping 20; 60 complete 60", {"coverage": 1.0}),
    ("0 play 0; 60 play 200; 60 seek from=60 to=200; 70 pause 210", {"segments": "0-60 200-210"}),
    (
        "0 play 0; 60 play 20; 60 seek from=60 to=20; 70 pause 30",
        {"segments": "0-60 20-30"},
    ),
    ("0 play 0; 60 play 200; 60.5 seek from=50 to=200; 70 pause 210", {"segments": "0-50 200-210"}),
    ("0 play 0; 60 play 200; 61.1 seek from=50 to=200; 70 pause 209", {"segments": "200-209"}),
    ("0 play 0; 60 pause 0; 60 choice 60 toNode=b; 60 play 0; 70 pause 10", {"segments": "0-60 0-10"}),
    ("0 play 0; 60 pause 200; 60 play 200; 60 seek from=60 to=200; 70 pause 210", {"segments": "0-60 200-210"}),
)
rule(
    "another page that loads does not end what plays on in the first",
    ("0 play 0; 10 sessionStart; 60 pause 60", {"segments": "0-60", "anomalies": "stalePosition:1"}),
    ("0 play 0; 10 sessionStart; 11 sessionStart; 60 pause 60", {"segments": "0-60"}),
    ("0 play 0; 10 ping 10; 13 sessionStart; 20 ping 20; 30 pause 30", {"segments": "0-30"}),
    ("0 play 0; 10 ping 10; 13 sessionStart; 20 play 20; 30 pause 30", {"segments": "0-10 20-30"}),
    ("0 play 0; 10 sessionStart; 60 play 50; 70 pause 60", {"segments": "50-60"}),
    ("0 play 0; 10 sessionStart; 70 pause 55", {"segments": "0-55", "anomalies": "stalePosition:1"}),
    ("0 play 50; 10 sessionStart; 70 pause 40", {"segments": "", "anomalies": "openEnded:1"}),
)
rule(
    "three reports at one pace, or two of different lengths, are a speed that nobody said",
    (
        "0 play 0; 10 ping 15; 20 ping 30; 30 ping 45; 40 ping 60",
        {"segments": "0-60", "anomalies": "openEnded:1"},
    ),
    ("0 play 0; 10 ping 15; 30 ping 45; 40 ping 60", {"segments": "0-60", "jumps": ""}),
    ("0 play 0; 10 ping 15; 20 ping 30; 21 pause 31", {"segments": "30-31", "jumps": "0>30:unreported:2"}),
    ("0 play 0; 10 ping 40; 20 ping 80; 30 ping 120", {"segments": "0-120"}),
    ("0 play 0; 10 ping 41; 20 ping 82; 30 ping 123", {"segments": "", "jumps": "0>123:unreported:3"}),
    ("0 play 0 rate=1; 10 ping 15; 20 ping 30; 30 ping 45", {"segments": "", "jumps": "0>45:unreported:3"}),
    ("0 play 0; 10 ping 20; 20 ping 40; 30 ping 60; 40 ping 70; 50 pause 80", {"segments": "0-80", "jumps": ""}),
)
rule(
    "who leaves up to three times further ahead than playback gets played first, as without a position",
    ("0 play 0; 35 pause 60", {"segments": "0-15", "jumps": "15>60:unreported:1"}),
    ("0 play 0; 35 pause 106", {"segments": "", "jumps": "0>106:unreported:1"}),
    ("0 play 70; 35 pause 60", {"segments": "", "jumps": "70>60:unreported:1"}),
    ("0 play 0; 10 ping 10; 20 pause 40", {"segments": "0-20", "jumps": "20>40:unreported:1"}),
    ("0 play 0; 10 ping 10; 20 ping 40", {"segments": "0-10", "jumps": "10>40:unreported:1"}),
    ("0 play 0; 10 seek from=25 to=90; 20 pause 100", {"segments": "0-10 90-100", "jumps": "10>90:user:1"}),
    ("0 play; 10 bufferStart; 15 bufferEnd; 20 pause 40", {"segments": "0-10", "jumps": "10>40:unreported:1"}),
)
rule(
    "the end is where the clock has it, and not where a player that has let go says it is",
    ("0 play 0 duration=60; 50 ping 50; 60 complete 0", {"segments": "0-60", "jumps": "", "coverage": 1.0}),
    ("0 play 0 duration=60; 60 complete 45", {"segments": "0-60", "jumps": ""}),
    ("0 play 0 duration=60; 60 complete 60; 61 sessionEnd 0", {"segments": "0-60", "jumps": ""}),
    ("0 play 0 duration=60; 60 complete; 60 pause 0", {"segments": "0-60", "jumps": ""}),
    ("0 play 0 duration=60; 60 complete; 60 pause 50", {"segments": "0-60", "jumps": ""}),
    ("0 play 0; 60 complete 60; 70 play 60; 100 pause 30", {"jumps": "60>0:replay:1"}),
    ("0 play 0; 60 complete 60; 70 seek to=0", {"jumps": "60>0:replay:1"}),
)

# What each event does

rule(
    "play while playing reports at most what can have played, or else the last play wins",
    ("0 play 0; 6 play 5; 10 pause 9", {"segments": "0-9"}),
    ("0 play 0; 5 play 6; 10 pause 10", {"segments": "0-10"}),
    ("0 play 0; 5 play 6.1; 10 pause 10", {"segments": "6.1-10", "jumps": "0>6.1:unreported:1"}),
    ("0 play 0; 5 ping 5; 5 play 0; 6 pause 1", {"segments": "0-5 0-1", "jumps": "5>0:unreported:1"}),
    ("0 play 0; 5 play; 10 pause 10", {"segments": "0-10"}),
)
rule(
    "play after complete plays again",
    ("0 play 0 duration=10; 10 complete 10; 20 play; 25 pause 5", {"segments": "0-10 0-5", "jumps": "10>0:replay:1"}),
    ("0 play 0 duration=10; 10 complete 10; 20 play 0.9; 25 pause 6", {"jumps": "10>0.9:replay:1"}),
    ("0 play 0 duration=10; 10 complete 10; 20 play 9.5; 25 pause 5", {"jumps": "10>0:replay:1"}),
    ("0 play 0 duration=10; 10 complete 10; 20 play 9.4; 20.5 pause 9.9", {"segments": "0-10", "jumps": ""}),
    ("0 play 0 duration=10; 10 complete 10; 20 play 5; 25 pause 10", {"jumps": "10>5:unreported:1"}),
    ("0 play 0 duration=10; 10 complete 10; 15 seek to=4; 20 play; 25 pause 9", {"segments": "0-10 4-9"}),
    ("0 play 0; 10 complete 10; 12 pause; 20 play; 25 pause 5", {"jumps": "10>0:replay:1"}),
    ("0 play 0; 10 complete 10; 11 play 10; 11 pause; 12 play; 17 pause 5", {"jumps": "10>0:replay:1"}),
    (
        "0 play 0 duration=10; 10 complete 10; 20 play 11.5; 22 pause 13",
        {"segments": "0-10 11.5-13", "jumps": "10>11.5:unreported:1"},
    ),
    ("0 play 0; 10 sessionEnd 10; 20 play; 25 pause 15", {"segments": "0-15", "jumps": ""}),
    ("0 complete; 1 play; 2 pause", {"segments": "0-1", "jumps": ""}),
)
rule(
    "complete without a position is at the length, if that fits",
    ("0 play 0 duration=11; 10 complete", {"segments": "0-11", "completeEvent": True, "wall": "playing=10"}),
    ("0 play 0 duration=60; 10 complete", {"segments": "0-10", "completeEvent": True}),
    ("0 play 0; 10 complete", {"segments": "0-10"}),
    ("0 pause 59.9 duration=60; 10 complete; 11 play", {"jumps": "59.9>0:replay:1"}),
    ("0 adBreakStart; 1 complete; 2 adBreakComplete", {"completeEvent": False, "wall": "ad=2"}),
)
rule(
    "complete and sessionEnd leave and are idle",
    ("0 play 0; 10 complete 10; 15 pause", {"segments": "0-10", "wall": "idle=5 playing=10", "anomalies": ""}),
    ("0 play 0; 10 sessionEnd 10; 15 pause", {"segments": "0-10", "wall": "idle=5 playing=10", "anomalies": ""}),
)
rule(
    "a ping in a stall that is ahead shows that it is over; behind, that the viewer went back",
    ("0 play 0; 5 waiting 5; 9 ping 6; 10 pause 7", {"segments": "0-7", "wall": "buffering=4 playing=6"}),
    ("0 play 0; 5 waiting 5; 9 ping 5.1; 10 ping 5.1", {"segments": "0-5", "wall": "buffering=5 playing=5"}),
    ("0 play 0; 5 waiting 5; 9 ping 4; 10 ping 4", {"segments": "0-5", "wall": "buffering=5 playing=5", "jumps": ""}),
    ("0 play 0; 5 waiting 5; 9 ping 3.9", {"segments": "0-5", "jumps": "5>3.9:unreported:1"}),
    (
        "0 play 0; 5 waiting 5; 9 ping 50",
        {"segments": "0-5", "jumps": "5>50:unreported:1", "anomalies": "unreportedJump:1 openEnded:1"},
    ),
    ("0 play 0; 5 waiting 5; 65 ping 6", {"wall": "buffering=60 playing=5", "anomalies": "openEnded:1"}),
    ("0 play 0; 5 waiting 5; 20 seek to=40; 21 ping 43; 22 ping 44", {"segments": "0-5 40-44", "jumps": "5>40:user:1"}),
    ("0 waiting; 5 ping 30; 6 ping 30.1; 7 play; 8 pause", {"segments": "30-31"}),
    ("0 play 0 rate=2; 5 waiting 10; 9 ping 19 rate=1; 10 pause 20", {"segments": "0-20", "jumps": ""}),
)
rule(
    "of two pings in a row the second shows that a player began by itself",
    ("0 ping 3; 1 ping 4; 2 pause 5", {"segments": "3-5", "wall": "idle=1 playing=1"}),
    ("0 ping 3; 1 ping 3.1; 2 ping 3.1", {"segments": "", "wall": "idle=2"}),
    ("0 ping 3; 1 chapterStart; 1 ping 4; 2 ping 4", {"segments": "", "wall": "idle=2"}),
    ("0 ping 3; 1 hello 9; 1 ping 4; 2 pause 5", {"segments": "3-5"}),
    ("0 ping 3; 1 ping 30; 2 ping 31", {"segments": "30-31", "jumps": "3>30:unreported:1"}),
    ("0 play 0; 5 pause 5; 6 ping 5; 7 ping 6; 8 pause 7", {"segments": "0-7", "wall": "paused=2 playing=6"}),
    ("0 ping 3; 1 ping; 2 ping 6.1", {"segments": "", "jumps": "3>6.1:unreported:1"}),
    ("0 ping 3 rate=2; 4 ping 12 rate=1; 5 pause 13", {"segments": "3-13", "jumps": ""}),
)
rule(
    "a stall begins from idle, playing and paused only, and ends where it began",
    ("0 waiting 0; 5 canplay 0; 6 pause 0", {"wall": "buffering=5 idle=1"}),
    ("0 pause 0; 1 waiting 0; 5 canplay 0; 6 play 0", {"wall": "buffering=4 paused=2"}),
    ("0 play 0; 5 waiting 5; 6 waiting 5; 7 canplay 5; 8 pause 6", {"wall": "buffering=2 playing=6"}),
    ("0 seekStart 0; 1 waiting 0; 2 canplay 0; 3 seekEnd 9", {"wall": "seeking=3"}),
    ("0 play 0; 5 canplay 50; 6 pause 6", {"segments": "0-6", "jumps": ""}),
    ("0 play 0; 5 waiting 5; 8 canplay 6; 9 pause 7", {"segments": "0-7", "jumps": ""}),
    ("0 play 0; 5 waiting 5; 8 canplay 7; 9 pause 8", {"segments": "0-5 7-8", "jumps": "5>7:unreported:1"}),
    ("0 pause 5; 5 waiting 5; 8 canplay 50; 9 play; 10 pause", {"segments": "5-6", "jumps": ""}),
    ("0 play 0; 5 waiting 5; 8 pause 5; 9 play 5; 10 pause 6", {"wall": "buffering=3 paused=1 playing=6"}),
)
rule(
    "a seek under way goes back to the mode before, from before the stall if there was one",
    (
        "0 play 0; 5 seekStart from=5; 6 seekEnd to=50; 8 pause 52",
        {"segments": "0-5 50-52", "wall": "playing=7 seeking=1"},
    ),
    ("0 pause 5; 5 seekStart; 6 seekEnd to=50; 8 play", {"wall": "paused=7 seeking=1"}),
    (
        "0 play 0; 5 waiting 5; 6 seekStart; 7 seekEnd 50; 9 pause 52",
        {"segments": "0-5 50-52", "wall": "buffering=1 playing=7 seeking=1"},
    ),
    ("0 play 0; 5 seekStart from=5; 6 seekStart from=30; 7 seekEnd to=50", {"jumps": "5>50:user:1"}),
    ("0 play 0; 5 seekStart from=5; 6 seek to=50; 8 pause 52", {"segments": "0-5 50-52", "jumps": "5>50:user:1"}),
    ("0 play 0; 5 seekStart from=5; 6 seekEnd; 7 pause 6", {"segments": "0-6", "jumps": ""}),
    ("0 play 0; 5 seekStart from=5; 6 seekEnd from=30 to=50", {"jumps": "5>50:user:1"}),
)
rule(
    "the cause of a seek is the end's, else the start's",
    ("0 pause 5; 1 seekStart cause=keys; 2 seekEnd 50", {"jumps": "5>50:keys:1"}),
    ("0 pause 5; 1 seekStart cause=keys; 2 seekEnd 50 cause=menu", {"jumps": "5>50:menu:1"}),
    ("0 pause 5; 1 seekStart cause=keys; 2 play 50", {"jumps": "5>50:keys:1"}),
)
rule(
    "a seekEnd alone is a seek, and without a target nothing",
    ("0 play 0; 5 seekEnd from=5 to=50; 6 pause 51", {"segments": "0-5 50-51", "jumps": "5>50:user:1"}),
    ("0 play 0; 5 seekEnd from=1; 6 pause 6", {"segments": "0-6", "jumps": "", "anomalies": ""}),
    ("0 play 0; 5 seek from=1; 6 pause 6", {"segments": "0-6", "jumps": "", "anomalies": "invalidField:1"}),
)
rule(
    "play, complete and sessionEnd end a seek; pause only says what to go back to",
    ("0 pause 5; 1 seekStart; 2 play 50; 4 pause 52", {"segments": "50-52", "wall": "paused=1 playing=2 seeking=1"}),
    ("0 play 0; 5 seekStart; 6 complete 50; 9 pause", {"jumps": "5>50:user:1", "wall": "idle=3 playing=5 seeking=1"}),
    ("0 play 0; 5 seekStart; 6 sessionEnd 50; 9 pause", {"jumps": "5>50:user:1", "wall": "idle=3 playing=5 seeking=1"}),
    ("0 play 0; 5 seekStart; 6 play; 7 pause 6", {"segments": "0-6", "jumps": ""}),
    (
        "0 play 0; 5 seekStart; 6 pause 30; 7 seekEnd 50; 9 play",
        {"jumps": "5>50:user:1", "wall": "paused=2 playing=5 seeking=2"},
    ),
)
rule(
    "positions of pings, stalls and rates during a seek mean nothing",
    (
        "0 play 0; 5 seekStart; 6 ping 30; 6 ping 31; 6 waiting 32; 6 rateChange 33 rate=1; 7 seekEnd 50",
        {"jumps": "5>50:user:1", "anomalies": "openEnded:1"},
    ),
)

# Branches

rule(
    "a branch leaves a node at a position and is never a jump",
    (
        "0 play 0 node=a; 5 choice 5.5 toNode=b option=left; 8 pause 3",
        {"segments": "0-5.5 0-3", "jumps": "", "path": "a b", "edges": "a>b:left:choice:1"},
    ),
    ("0 play 0 node=a; 5 choice fromPosition=5.5 toNode=b", {"segments": "0-5.5"}),
    (
        "0 play 0 node=a; 5 nodeEnter fromPosition=5.5 position=1 node=b",
        {"segments": "0-5.5", "edges": "a>b:None:auto:1"},
    ),
    ("0 play 0 node=a; 5 nodeEnter toNode=b cause=timeout", {"edges": "a>b:None:timeout:1"}),
    ("0 play 0 node=a; 5 choice toNode=b toPosition=30; 8 pause 33", {"segments": "0-5 30-33"}),
    (
        "0 play 0 node=a; 5 choice toNode=a; 8 choice toNode=a; 9 pause 1",
        {"path": "a a a", "edges": "a>a:None:choice:2"},
    ),
    (
        "0 play 0 node=a; 5 choice toNode=b; 8 choice toNode=a; 9 pause",
        {"path": "a b a", "edges": "a>b:None:choice:1 b>a:None:choice:1"},
    ),
    (
        "0 play 0 node=a; 5 choice; 6 nodeEnter; 7 pause 7",
        {"segments": "0-7", "path": "a", "anomalies": "invalidField:2"},
    ),
    ("0 play 0 node=a; 5 choice toNode=b cause=; 6 pause", {"edges": "a>b:None::1"}),
)
rule(
    "a branch ends an ad or a seek, but not a pause",
    (
        "0 play 0 node=a; 5 adBreakStart 5; 9 choice toNode=b; 12 pause 3",
        {"segments": "0-5 0-3", "wall": "ad=4 playing=8"},
    ),
    (
        "0 play 0 node=a; 5 seekStart; 9 choice toNode=b; 12 pause 3",
        {"segments": "0-5 0-3", "wall": "playing=8 seeking=4"},
    ),
    ("0 pause 5 node=a; 9 choice toNode=b; 12 play 0", {"wall": "paused=12"}),
)
rule(
    "the duration of a branch is the entered node's",
    ("0 play 0 node=a duration=10; 5 choice toNode=b duration=15; 10 pause 5", {"coverage": 0.4}),
    ("0 play 0 node=a duration=10; 5 choice duration=99; 10 pause 10", {"coverage": 1.0}),
)
rule(
    "the same transition told twice adds what is new",
    (
        "0 play 0 node=a duration=10; 5 choice toNode=b; 5.1 nodeEnter node=b duration=10 toPosition=3; 10 pause 8",
        {"segments": "0-5 3-8", "path": "a b", "coverage": 0.5},
    ),
    (
        "0 play 0 node=a; 5 choice toNode=b; 5 pause; 6 nodeEnter node=b toPosition=3; 7 ping 2.5; 8 play; 9 pause",
        {"segments": "0-5 3-4"},
    ),
    (
        "0 play 0 node=a; 5 choice toNode=b; 7 ping 2; 7 nodeEnter node=b toPosition=8; 8 pause 3",
        {"segments": "0-5 0-3", "path": "a b"},
    ),
    (
        "0 play 0 node=a; 5 choice toNode=b; 8 ping 3; 8 nodeEnter node=b; 9 pause 1",
        {"path": "a b b", "segments": "0-5 0-3 0-1"},
    ),
    ("0 play 0 node=a; 5 choice toNode=b; 6 nodeEnter node=b fromNode=a; 9 pause", {"path": "a b"}),
    ("0 play 0 node=a; 5 choice toNode=b; 6 nodeEnter node=b fromNode=c; 9 pause", {"path": "a b b"}),
    ("0 sessionStart node=a; 60 nodeEnter node=a duration=10; 61 play 0; 66 pause 5", {"path": "a", "coverage": 0.5}),
    ("0 sessionStart node=a; 1 seekStart; 2 nodeEnter node=a; 3 play", {"wall": "idle=1 seeking=2"}),
)
rule(
    "the nameless first node gets its name where it is first said",
    ("0 play 0 node=a; 1 pause 1", {"path": "a"}),
    ("0 play 0; 0 choice fromNode=a toNode=b; 1 pause 1", {"path": "a b", "edges": "a>b:None:choice:1"}),
    ("0 choice fromNode=a toNode=b node=c", {"path": "a b"}),
    ("0 play 0; 5 choice 5 fromNode=a toNode=b; 6 pause 1", {"path": "a b", "edges": "a>b:None:choice:1"}),
    ("0 play 0; 5 nodeEnter fromPosition=5 fromNode=a node=b", {"path": "a b", "edges": "a>b:None:auto:1"}),
    ("0 play 0; 5 choice toNode=b; 6 choice fromNode=a toNode=c", {"path": "None b c"}),
    ("0 choice toNode=b node=c", {"path": "None b"}),
    ("0 nodeEnter node=a fromNode=b", {"path": "b a", "edges": "b>a:None:auto:1"}),
    (
        "0 nodeEnter node=a duration=10 toPosition=5; 1 play; 6 pause 10",
        {"path": "a", "segments": "5-10", "coverage": 0.5},
    ),
    ("0 sessionStart; 1 sessionStart node=a; 2 play 0; 3 pause 1", {"path": "a"}),
    ("0 play 0; 0.1 sessionStart node=a; 1 pause 1", {"path": "a", "segments": "0-1", "wall": "playing=1"}),
    ("0 play 0; 1 ping 1; 1 sessionStart node=a; 2 play 0; 3 pause 1", {"path": "None", "segments": "0-1 0-1"}),
    (
        "0 pause 0; 1 seek to=9; 2 adBreakStart; 3 nodeEnter node=a; 4 adBreakComplete",
        {"path": "a", "jumps": "0>9:user:1", "wall": "ad=2 paused=2"},
    ),
    ("0 play 0; 5 ping 5; 5 nodeEnter node=a; 6 pause 1", {"path": "None a", "edges": "None>a:None:auto:1"}),
    ("0 chapterStart index=1; 0 sessionStart node=a; 0 play 0; 1 pause 1", {"chapters": "a/1/None=1"}),
)

# Ads

rule(
    "during an ad nothing is read of the video, and play and pause say what to go back to",
    (
        "0 play 0; 5 adBreakStart 5; 6 ping 30; 7 seek to=40; 9 complete; 10 adBreakComplete 5; 15 pause 10",
        {"segments": "0-10", "jumps": "", "completeEvent": False, "wall": "ad=5 playing=10"},
    ),
    ("0 adBreakStart; 5 play 0; 6 adBreakComplete 0; 8 pause 2", {"segments": "0-2", "wall": "ad=6 playing=2"}),
    (
        "0 play 0; 5 adBreakStart 5; 6 pause; 7 adBreakComplete; 9 play 5",
        {"segments": "0-5", "wall": "ad=2 paused=2 playing=5"},
    ),
    ("0 play 0; 5 adBreakStart 5; 6 adBreakStart 50; 7 adBreakComplete; 9 pause 7", {"segments": "0-7", "jumps": ""}),
    ("0 play 0; 5 adBreakStart 5; 6 ping duration=20; 7 adBreakComplete duration=30; 9 pause 7", {"coverage": None}),
    ("0 play 0; 5 adBreakStart 5; 6 sessionEnd 5; 9 pause", {"wall": "ad=1 idle=3 playing=5"}),
    ("0 play 0; 5 adBreakStart 5; 6 sessionStart; 9 pause", {"wall": "ad=1 idle=3 playing=5", "anomalies": ""}),
    ("0 play 0; 5 adBreakComplete 50; 6 pause 6", {"segments": "0-6", "jumps": ""}),
)
rule(
    "an ad ends a seek without a jump, and goes back to before the stall",
    (
        "0 play 0; 5 seekStart; 6 adBreakStart; 8 adBreakComplete; 9 pause 6",
        {"segments": "0-6", "jumps": "", "wall": "ad=2 playing=6 seeking=1"},
    ),
    ("0 play 0; 5 waiting 5; 6 adBreakStart; 8 adBreakComplete; 9 pause 6", {"wall": "ad=2 buffering=1 playing=6"}),
    ("0 play 0; 5 adBreakStart 5; 8 adBreakComplete 6; 9 pause 7", {"segments": "0-7", "jumps": ""}),
    (
        "0 play 0; 5 adBreakStart 5; 8 adBreakComplete 7; 9 pause 8",
        {"segments": "0-5 7-8", "jumps": "5>7:unreported:1"},
    ),
)

# Chapters, reloads, the end

rule(
    "the time in playing is the open chapter's",
    ("0 play 0; 1 chapterStart index=1 title=one; 5 chapterComplete; 6 pause 6", {"chapters": "None/1/one=4!"}),
    ("0 play 0; 1 chapterStart index=1; 5 chapterSkip; 6 pause 6", {"chapters": "None/1/None=4"}),
    (
        "0 play 0; 1 chapterStart index=1; 5 chapterStart title=b; 7 pause 7",
        {"chapters": "None/1/None=4 None/None/b=2"},
    ),
    ("0 play 0; 1 chapterStart index=1; 5 chapterComplete index=7; 6 pause 6", {"chapters": "None/1/None=4!"}),
    (
        '0 play 0; 1 chapterStart index=1; 2 chapterStart title="1"; 3 chapterStart index=1.0; 5 pause 5',
        {"chapters": "None/1/None=3 None/None/1=1"},
    ),
    (
        "0 play 0 node=a; 1 chapterStart index=1; 2 choice toNode=b; 3 chapterStart index=1; 5 pause",
        {"chapters": "a/1/None=1 b/1/None=2"},
    ),
    ("0 play 0; 0 chapterStart index=1; 2 waiting 2; 5 canplay 2; 6 pause 3; 9 play 3", {"chapters": "None/1/None=3"}),
    ("0 chapterComplete index=1; 1 chapterSkip index=2", {"chapters": ""}),
    ("0 play 0; 0 chapterStart index=1; 2 sessionStart; 3 play 0; 4 pause 1", {"chapters": "None/1/None=3"}),
    ("0 adBreakStart; 1 chapterStart index=1; 2 adBreakComplete; 3 chapterComplete", {"chapters": "None/1/None=0!"}),
)
rule(
    "a later sessionStart is a reload",
    (
        "0 play 0; 5 ping 5; 9 sessionStart; 12 play 0; 13 pause 1",
        {"segments": "0-5 0-1", "jumps": "", "wall": "idle=3 playing=10", "anomalies": "openEnded:1"},
    ),
    ("0 play 0; 5 pause 5; 9 sessionStart; 12 play 0; 13 pause 1", {"segments": "0-5 0-1", "anomalies": ""}),
    ("0 play 0 rate=2; 5 pause 10; 9 sessionStart; 12 play 0; 13 pause 2", {"segments": "0-10 0-2"}),
    ("0 sessionStart; 1 play 0; 2 pause 1", {"segments": "0-1", "anomalies": ""}),
)
rule(
    "what is still playing at the end of the log is never guessed further",
    (
        "0 play 0; 10 ping 10; 20 rateChange rate=1",
        {"segments": "0-10", "wall": "playing=20", "anomalies": "openEnded:1"},
    ),
    ("0 play 0; 10 pause 10", {"anomalies": ""}),
    ("0 play 0; 10 adBreakStart 10", {"segments": "0-10", "anomalies": ""}),
)
rule(
    "a position up to 1 s beyond the length is the length, and further on the length grows",
    ("0 play 0 duration=10; 10 ping 10.9; 11 pause 11", {"segments": "0-10", "coverage": 1.0}),
    ("0 play 0 duration=10; 10 ping 11.1; 12 pause 13", {"segments": "0-13", "coverage": 1.0}),
    ("0 play 0 duration=10; 10 ping 10; 10 ping 10 duration=20; 11 pause 11", {"coverage": 0.55}),
    ("0 play 0 duration=20; 10 ping 10 duration=5; 10 pause 10", {"coverage": 1.0}),
    ("0 pause 20; 1 seek to=0; 1 play 0 duration=10; 5 pause 4", {"coverage": 0.4}),
    ("0 pause 0 duration=10; 1 seek to=10.5", {"jumps": "0>10:user:1"}),
)


@pytest.mark.parametrize(("text", "expected"), RULES.values(), ids=RULES)
def test_rule(text, expected):
    answer = told(text)
    assert {field: answer[field] for field in expected} == expected
