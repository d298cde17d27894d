from collections import Counter

from sandbox.listening.catalogue import make_songs


def test_ids_are_unique_and_shaped_as_the_real_ones(catalogue):
    listed, unlisted = catalogue
    songs = listed + unlisted
    assert len(songs) == len({song.id for song in songs}) == len({song.track for song in songs})
    assert all(len(song.id) == len(song.track) == len(song.artist.id) == 18 for song in songs)
    artists = {song.artist.id: song.artist for song in songs}
    assert all(artists[song.artist.id] is song.artist for song in songs)


def test_track_id_decides_the_folders(catalogue):
    song = catalogue[0][0]
    assert f"{song.track[2]}/{song.track[3]}/{song.track[4]}" == song.folders


def test_a_larger_catalogue_begins_with_the_smaller_one():
    assert make_songs(3, 50)[0] == make_songs(3, 80)[0][:50]


def test_unlisted_songs_match_none_of_the_catalogue(catalogue):
    listed, unlisted = catalogue
    known = {(song.title, song.artist_name) for song in listed}
    assert len(unlisted) == 2 * len(listed)
    assert not any((song.title, song.artist_name) in known for song in unlisted)


def test_catalogue_has_the_oddities_of_the_real_one(catalogue):
    """Each of them is something a load has to get right."""
    songs = catalogue[0]
    assert any(song.year == 0 for song in songs)
    assert any(song.artist.location == "" for song in songs)
    assert any(song.artist.location and song.artist.latitude is None for song in songs)
    assert any(song.artist.latitude is not None for song in songs)
    assert any(not (song.title + song.artist_name).isascii() for song in songs)
    assert any(song.artist_name != song.artist.name for song in songs)
    assert max(Counter(song.artist.id for song in songs).values()) > 3
    assert max(Counter(song.title for song in songs).values()) > 1
    assert max(Counter((song.title, song.artist_name) for song in songs).values()) > 1
