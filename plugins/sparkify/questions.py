"""The questions of the analytics team, as data, in the order of the report."""

from __future__ import annotations

from warehouse.reporting.charts import HeatMap, HorizontalBars, KeyFigures, Line, VerticalBars
from warehouse.reporting.questions import Question

HOURS = tuple(range(24))
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
HOUR = "hour of the day, UTC"
WEEK = "week from Monday"
# Few plays of the public data match a song in the catalogue, so questions about music use the names in the logs.
AS_LOGGED = "Names as logged by the player, whether or not they are in the catalogue."

AT_A_GLANCE = (
    Question(
        sql="questions/key_figures.sql",
        title="All listening so far",
        description="All plays in the warehouse, and how recent they are.",
        chart=KeyFigures(),
    ),
)

LISTENING = (
    Question(
        sql="questions/active_users_by_day.sql",
        title="Daily active users",
        description="Users who played at least one song on the day, UTC.",
        chart=Line(x="day", y="listeners"),
    ),
    Question(
        sql="questions/plays_by_hour.sql",
        title="Plays by hour of the day",
        description="Plays on all days. Hours are UTC, not the local time of the listeners.",
        chart=VerticalBars(x="hour", y=("plays",), order=HOURS, x_title=HOUR),
    ),
    Question(
        sql="questions/plays_by_weekday.sql",
        title="Plays by day of the week",
        description="Average plays per date, over the dates with at least one play.",
        chart=VerticalBars(x="weekday", y=("plays_per_date",), order=WEEKDAYS, x_title="day of the week, UTC"),
    ),
    Question(
        sql="questions/plays_by_weekday_and_hour.sql",
        title="Plays by day of the week and hour",
        description="All plays, UTC. The stronger the colour, the more plays.",
        chart=HeatMap(x="hour", y="weekday", value="plays", x_order=HOURS, y_order=WEEKDAYS, x_title=HOUR),
    ),
    Question(
        sql="questions/session_lengths.sql",
        title="Session length",
        description="From the start of the first play to the end of the last one, including pauses.",
        chart=HorizontalBars(label="session_length", value="sessions"),
    ),
    Question(
        sql="questions/busiest_hours.sql",
        title="Busiest hours of the day",
        description="The five hours, UTC, with the most plays.",
    ),
)

PEOPLE = (
    Question(
        sql="questions/new_and_returning_listeners_by_week.sql",
        title="New and returning listeners by week",
        description="Active users of the week. 'New' means no earlier play in the warehouse.",
        chart=VerticalBars(
            x="week",
            y=("new_listeners", "returning_listeners"),
            is_stacked=True,
            days=7,
            x_title=WEEK,
            y_title="listeners",
        ),
    ),
    Question(
        sql="questions/free_and_paid_by_week.sql",
        title="Free and paid plays by week",
        description="Plays by the level of the user at that time. The first and the last week may be incomplete.",
        chart=VerticalBars(x="week", y=("plays",), group="level", is_stacked=True, days=7, x_title=WEEK),
    ),
    Question(
        sql="questions/level_changes_by_week.sql",
        title="Upgrades and downgrades by week",
        description="Changes between the free and the paid level, counted at the first play on the new level.",
        chart=VerticalBars(x="week", y=("upgrades", "downgrades"), days=7, x_title=WEEK, y_title="level changes"),
    ),
    Question(
        sql="questions/users_who_went_paid.sql",
        title="Top users who upgraded from free to paid",
        description="Users who started on the free level and pay now: the five with the most plays as paying users.",
    ),
    Question(
        sql="questions/places.sql",
        title="Plays by place",
        description="The ten places with the most plays. Places are metropolitan areas.",
        chart=HorizontalBars(label="place", value="plays"),
    ),
    Question(
        sql="questions/devices.sql",
        title="Plays by browser and operating system",
        description="According to the user agent.",
        chart=HeatMap(x="browser", y="operating_system", value="plays", is_labelled=True),
    ),
)

MUSIC = (
    Question(
        sql="questions/top_artists.sql",
        title="Most played artists",
        description=AS_LOGGED,
        chart=HorizontalBars(label="artist", value="plays"),
    ),
    Question(
        sql="questions/top_songs.sql",
        title="Most played songs",
        description=AS_LOGGED,
        chart=HorizontalBars(label="song", detail="artist", value="plays"),
    ),
    Question(
        sql="questions/top_artists_by_gender.sql",
        title="Most played artists, by women and by men",
        description=f"The top five of each. {AS_LOGGED}",
        chart=HorizontalBars(label="artist", value="plays", group="gender"),
    ),
    Question(
        sql="questions/top_songs_by_gender.sql",
        title="Most played songs, by women and by men",
        description=f"The top five of each. {AS_LOGGED}",
        chart=HorizontalBars(label="song", detail="artist", value="plays", group="gender"),
    ),
    Question(
        sql="questions/favourites_by_place.sql",
        title="Favourites by place",
        description=f"The most played artist and song in each of the ten busiest places. {AS_LOGGED}",
    ),
    Question(
        sql="questions/favourites_by_year.sql",
        title="Favourites by year",
        description=f"The top five artists and songs of each of the latest five years. {AS_LOGGED}",
    ),
    Question(
        sql="questions/artists_women_listened_to_most.sql",
        title="Top three artists among women",
        description="Plays in the latest year with a song in the catalogue.",
    ),
    Question(
        sql="questions/most_played_song_in_location.sql",
        title="Most played song in the busiest place",
        description="Plays with a song in the catalogue.",
    ),
)

DATA = (
    Question(
        sql="questions/matched_plays_by_week.sql",
        title="Plays matched to the catalogue by week",
        description="The share of plays whose title and artist match a song in the catalogue.",
        chart=Line(x="week", y="percent_matched", x_title=WEEK),
    ),
    Question(
        sql="questions/freshness.sql",
        title="Table sizes and freshness",
        description="The number of rows and the latest timestamp, UTC, of each published table.",
    ),
)

SECTIONS = {
    "At a glance": AT_A_GLANCE,
    "Listening": LISTENING,
    "People": PEOPLE,
    "Music": MUSIC,
    "Data": DATA,
}
