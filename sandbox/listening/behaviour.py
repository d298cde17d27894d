"""How people listen: every state, weight and share of the generator, and nothing else decides any.

Weights are whole numbers and only their proportions count. They follow the public Sparkify data set of November 2018
(counts of page after page, of plays by hour and weekday), rounded, and lifted a little where a page would hardly ever
be seen.
"""

from dataclasses import dataclass

LEAVE = "(leave)"


@dataclass(frozen=True)
class State:
    """Where somebody is: the page, how it was asked for, and whether we know who asks."""

    page: str
    method: str = "GET"
    status: int = 200
    logged_in: bool = True


STATES = {
    "NextSong": State("NextSong", "PUT"),
    "Home": State("Home"),
    "Settings": State("Settings"),
    "Save Settings": State("Save Settings", "PUT", 307),
    "Help": State("Help"),
    "About": State("About"),
    "Error": State("Error", "GET", 404),
    "Upgrade": State("Upgrade"),
    "Submit Upgrade": State("Submit Upgrade", "PUT", 307),
    "Downgrade": State("Downgrade"),
    "Submit Downgrade": State("Submit Downgrade", "PUT", 307),
    "Logout": State("Logout", "PUT", 307),
    "Home, unknown": State("Home", logged_in=False),
    "Help, unknown": State("Help", logged_in=False),
    "About, unknown": State("About", logged_in=False),
    "Login": State("Login", "PUT", 307, logged_in=False),
}

# The level that holds from the event after this one.
LEVEL_AFTER = {"Submit Upgrade": "paid", "Submit Downgrade": "free"}

FIRST = {
    "free": {"NextSong": 530, "Home": 390, "Home, unknown": 40, "Login": 30, "Help": 5, "About": 5},
    "paid": {"NextSong": 550, "Home": 220, "Home, unknown": 150, "Login": 70, "Help": 5, "About": 5},
}

_BOTH: dict[str, dict[str, int]] = {
    "Settings": {"NextSong": 35, "Save Settings": 20, "Settings": 15, "Home": 12, "Help": 8, "Logout": 4, LEAVE: 6},
    "Save Settings": {"Home": 1},
    "Help": {"NextSong": 65, "Home": 20, LEAVE: 15},
    "About": {"Home": 50, "NextSong": 30, LEAVE: 20},
    "Error": {"Home": 50, "NextSong": 30, LEAVE: 20},
    "Submit Upgrade": {"Home": 1},
    "Submit Downgrade": {"Home": 1},
    "Logout": {"Home, unknown": 60, LEAVE: 40},
    "Home, unknown": {"Login": 50, "Help, unknown": 4, "About, unknown": 4, LEAVE: 42},
    "Help, unknown": {"Login": 60, "Home, unknown": 20, LEAVE: 20},
    "About, unknown": {"Login": 60, "Home, unknown": 20, LEAVE: 20},
    "Login": {"Home": 1},
}

# By level, the weights of the state that follows each state. Only free users are offered an upgrade, only paying ones a
# downgrade.
NEXT = {
    "free": _BOTH
    | {
        "NextSong": {
            "NextSong": 550, "Home": 18, "Upgrade": 12, "Logout": 9, "Settings": 6, "Help": 3, "About": 2, "Error": 2,
            LEAVE: 398,
        },
        "Home": {
            "NextSong": 560, "Home": 35, "Settings": 35, "Logout": 15, "Help": 8, "About": 8, "Upgrade": 6, LEAVE: 333,
        },
        "Upgrade": {"NextSong": 40, "Submit Upgrade": 30, "Home": 15, LEAVE: 15},
    },
    "paid": _BOTH
    | {
        "NextSong": {
            "NextSong": 916, "Home": 19, "Downgrade": 8, "Settings": 6, "Help": 6, "Logout": 5, "Error": 2, "About": 1,
            LEAVE: 37,
        },
        "Home": {"NextSong": 760, "Settings": 70, "Logout": 40, "Home": 20, "Help": 5, "About": 5, LEAVE: 100},
        "Downgrade": {"NextSong": 45, "Home": 32, "Downgrade": 8, "Submit Downgrade": 8, LEAVE: 7},
    },
}  # fmt: skip

# Seconds from an event to the next. A song after a song starts when the first one ends, cut to whole seconds; a form
# that is sent follows its page at once; anything else takes its time (quantiles).
AT_ONCE = {"Login": 1, "Logout": 1, "Save Settings": 1, "Submit Upgrade": 1, "Submit Downgrade": 1}
BROWSING = (0, 15, 40, 70, 110, 200, 900)
# Least time between two sessions of one user: with less it would be one session.
PAUSE = 1800

# Plays by the hour of the day, UTC, and per day of the week from Monday (the month measured has five Thursdays and
# Fridays, so not by its sums).
HOURS = (
    155, 154, 117, 109, 136, 162, 183, 179, 207, 270, 312, 336,
    308, 324, 432, 477, 542, 494, 498, 367, 360, 280, 217, 201,
)  # fmt: skip
WEEKDAYS = (254, 268, 341, 210, 259, 157, 99)
# Beyond this mean of plays per user and day the evenings are too short for the hours' shape to hold.
MOST_PLAYS_A_DAY = 40

# Users
PAID_AT_START = 0.18
USER_FLATNESS = 4
REGISTERED_WITHIN_DAYS = 60
PLACES = 40
PLACE_FLATNESS = 5

# Songs and artists
SONG_FLATNESS = 10
SONG_OF_NEW_ARTIST = 0.62
SECOND_RECORDING = 0.015  # same title and artist once more, another duration
OTHER_SPELLING = 0.04  # one artist id under another name ("feat.")
NO_YEAR = 0.33
NO_LOCATION = 0.45
NO_COORDINATES = 0.36  # of the artists with a location
SECONDS = (18, 139, 171, 197, 214, 231, 251, 271, 301, 369, 720)  # deciles

# Plays. In the reference data 5% find their song in the catalogue and every name beyond ASCII arrives garbled;
# here more match, so that questions about songs have answers, and some such names arrive whole.
IN_CATALOGUE = 0.36
UNLISTED_SONGS = 2  # for each song of the catalogue
GARBLED = 0.6  # of the plays whose song or artist has a character beyond ASCII
