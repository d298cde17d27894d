"""What the analytics team asks, as data: the questions of the report, in the order in which they tell their story."""

from __future__ import annotations

from warehouse.reporting.charts import Bars, Columns, Figures, HeatMap, Line
from warehouse.reporting.questions import Question

HOURS = tuple(range(24))
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
HOUR = "hour of the day, UTC"
WEEK = "week from Monday"
# Log and catalogue of the public data hardly overlap, so questions about music ask what the player wrote.
AS_WRITTEN = "Names as the player wrote them, in the catalogue or not."

AT_A_GLANCE = (
    Question(
        sql="questions/key_figures.sql",
        title="All listening so far",
        sentence="All plays in the warehouse, whom they came from, and how recent they are.",
        chart=Figures(),
    ),
)

LISTENING = (
    Question(
        sql="questions/active_users_by_day.sql",
        title="Active users, day by day",
        sentence="People who played at least one song on the day, UTC.",
        chart=Line(x="day", y="listeners"),
    ),
    Question(
        sql="questions/plays_by_hour.sql",
        title="Plays by hour of the day",
        sentence="When the music plays, over all days. Hours are UTC: listeners' own clocks are behind or ahead.",
        chart=Columns(x="hour", y=("plays",), order=HOURS, x_title=HOUR),
    ),
    Question(
        sql="questions/plays_by_weekday.sql",
        title="Plays by day of the week",
        sentence="An average Monday, Tuesday and so on: plays for each date on which anybody listened.",
        chart=Columns(x="weekday", y=("plays_per_date",), order=WEEKDAYS, x_title="day of the week, UTC"),
    ),
    Question(
        sql="questions/plays_by_weekday_and_hour.sql",
        title="The week, hour by hour",
        sentence="All plays by day of the week and hour, UTC: the stronger the colour, the more.",
        chart=HeatMap(x="hour", y="weekday", value="plays", x_order=HOURS, y_order=WEEKDAYS, x_title=HOUR),
    ),
    Question(
        sql="questions/session_lengths.sql",
        title="How long a session lasts",
        sentence="From the start of its first play to the end of its last, pauses included.",
        chart=Bars(label="session_length", value="sessions"),
    ),
    Question(
        sql="questions/busiest_hours.sql",
        title="The busiest hours of the day",
        sentence="The five hours, UTC, with the most plays.",
    ),
)

PEOPLE = (
    Question(
        sql="questions/new_and_returning_listeners_by_week.sql",
        title="New and returning listeners, week by week",
        sentence="Active users of the week. New is who has no earlier play in the warehouse: at first, everybody.",
        chart=Columns(
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
        title="Free and paid listening, week by week",
        sentence="Plays by the level the listener had at the time. The first and the last week may be parts of one.",
        chart=Columns(x="week", y=("plays",), group="level", is_stacked=True, days=7, x_title=WEEK),
    ),
    Question(
        sql="questions/level_changes_by_week.sql",
        title="Upgrades and downgrades, week by week",
        sentence="Changes between the free and the paid level, counted at the first play on the new one.",
        chart=Columns(x="week", y=("upgrades", "downgrades"), days=7, x_title=WEEK, y_title="changes of level"),
    ),
    Question(
        sql="questions/users_who_went_paid.sql",
        title="Who went from free to paid and listens most",
        sentence="Began as free listeners and pay now: the five with the most plays since.",
    ),
    Question(
        sql="questions/places.sql",
        title="Where people listen",
        sentence="The ten places with the most plays. Places are metropolitan areas.",
        chart=Bars(label="place", value="plays"),
    ),
    Question(
        sql="questions/devices.sql",
        title="What people listen with",
        sentence="Plays by browser and operating system, as the browser describes itself.",
        chart=HeatMap(x="browser", y="operating_system", value="plays", is_labelled=True),
    ),
)

MUSIC = (
    Question(
        sql="questions/top_artists.sql",
        title="The artists listened to most",
        sentence=AS_WRITTEN,
        chart=Bars(label="artist", value="plays"),
    ),
    Question(
        sql="questions/top_songs.sql",
        title="The songs listened to most",
        sentence=AS_WRITTEN,
        chart=Bars(label="song", detail="artist", value="plays"),
    ),
    Question(
        sql="questions/top_artists_by_gender.sql",
        title="The artists women and men listen to most",
        sentence=f"Five each. {AS_WRITTEN}",
        chart=Bars(label="artist", value="plays", group="gender"),
    ),
    Question(
        sql="questions/top_songs_by_gender.sql",
        title="The songs women and men listen to most",
        sentence=f"Five each. {AS_WRITTEN}",
        chart=Bars(label="song", detail="artist", value="plays", group="gender"),
    ),
    Question(
        sql="questions/favourites_by_place.sql",
        title="Favourites by place",
        sentence=f"The artist and the song with the most plays in each of the ten busiest places. {AS_WRITTEN}",
    ),
    Question(
        sql="questions/favourites_by_year.sql",
        title="Favourites by year",
        sentence=f"The five artists and five songs with the most plays in each of the latest five years. {AS_WRITTEN}",
    ),
    Question(
        sql="questions/artists_women_listened_to_most.sql",
        title="The three artists women listened to most",
        sentence="In the latest year, among the plays whose song is in the catalogue.",
    ),
    Question(
        sql="questions/most_played_song_in_location.sql",
        title="The most played song where people listen most",
        sentence="Among the plays whose song is in the catalogue.",
    ),
)

DATA = (
    Question(
        sql="questions/matched_plays_by_week.sql",
        title="Plays that find their song in the catalogue",
        sentence="The share of the week's plays whose title and artist are those of a record of the catalogue.",
        chart=Line(x="week", y="percent_matched", x_title=WEEK),
    ),
    Question(
        sql="questions/freshness.sql",
        title="How fresh the tables are",
        sentence="Rows of each published table, and the latest moment, UTC, that it knows of.",
    ),
)

SECTIONS = {
    "At a glance": AT_A_GLANCE,
    "Listening": LISTENING,
    "People": PEOPLE,
    "Music": MUSIC,
    "Data": DATA,
}
