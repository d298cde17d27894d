"""The words names are made of. Small lists: their combinations give thousands of users, artists and titles."""

FIRST_NAMES = {
    "F": (
        "Abigail", "Adela", "Amara", "Bianca", "Carmen", "Celia", "Daphne", "Edith", "Elena", "Esme", "Freya",
        "Gloria", "Hazel", "Imogen", "Ines", "Jolene", "Kiara", "Leona", "Mabel", "Nadia", "Odette", "Petra",
        "Rosalind", "Selma", "Talia", "Ursula", "Vera", "Willa", "Yara",
    ),
    "M": (
        "Alden", "Anton", "Basil", "Caleb", "Cyrus", "Dario", "Desmond", "Elias", "Felix", "Gareth", "Hugo", "Ivan",
        "Jonas", "José", "Kelvin", "Lorenzo", "Magnus", "Milo", "Nestor", "Orson", "Pascal", "Quentin", "Rufus",
        "Silas", "Tobias", "Victor", "Wendell", "Xavier", "Yusuf", "Zane",
    ),
}  # fmt: skip

LAST_NAMES = (
    "Abbott", "Barlow", "Beaumont", "Castillo", "Chandler", "D'Angelo", "Delgado", "Ellery", "Fairbanks", "Fonseca",
    "Garland", "Granger", "Hale", "Hartwell", "Ibarra", "Jennings", "Kessler", "Lachance", "Lindqvist", "Marlowe",
    "McBride", "Moreau", "Nakamura", "Núñez", "O'Dell", "Okafor", "Pemberton", "Quimby", "Radcliffe", "Rosario",
    "Sandoval", "Stanton", "Tate", "Thornbury", "Underhill", "Vance", "Villareal", "Whitlock", "Yates", "Zimmer",
)  # fmt: skip

TOWN_STARTS = (
    "Ash", "Bay", "Bell", "Birch", "Black", "Brook", "Cedar", "Clear", "Clay", "Crest", "Dover", "Eagle", "East",
    "Elm", "Fair", "Glen", "Green", "Harbor", "Haw", "Lake", "Maple", "Mill", "Oak", "Pine", "Red", "River", "Rock",
    "Spring", "Stone", "West",
)  # fmt: skip
TOWN_ENDS = (
    "brook", "bury", "dale", "field", "ford", "haven", "mont", "port", "ridge", "ton", "view", "ville", "wood",
    " Falls", " Grove", " Springs",
)  # fmt: skip
STATES = (
    "AL", "AZ", "CA", "CO", "CT", "FL", "GA", "IA", "IL", "IN", "KY", "LA", "MA", "MD", "ME", "MI", "MN", "MO", "NC",
    "NE", "NJ", "NM", "NV", "NY", "OH", "OK", "OR", "PA", "SC", "TN", "TX", "UT", "VA", "VT", "WA", "WI",
)  # fmt: skip
COUNTRIES = (
    "England", "Sweden", "France", "Germany", "Brazil", "Canada", "Mexico", "Japan", "Nigeria", "Jamaica", "Spain",
)  # fmt: skip

ADJECTIVES = (
    "Amber", "Ancient", "Bitter", "Blind", "Borrowed", "Broken", "Bronze", "Crooked", "Distant", "Electric", "Empty",
    "Faithful", "Final", "Frozen", "Gentle", "Golden", "Hollow", "Hungry", "Idle", "Iron", "Lazy", "Lonely",
    "Midnight", "Naked", "Northern", "Paper", "Quiet", "Restless", "Scarlet", "Secret", "Silver", "Slow", "Stolen",
    "Sudden", "Tender", "Velvet", "Violet", "Wild", "Winter", "Wooden", "Élégant",
)  # fmt: skip
NOUNS = (
    "Anchor", "Arrow", "Avenue", "Bridge", "Candle", "Carousel", "Cathedral", "Cloud", "Compass", "Corridor",
    "Daughter", "Desert", "Dream", "Engine", "Feather", "Fever", "Fire", "Garden", "Ghost", "Harvest", "Heart",
    "Highway", "Horizon", "Island", "Kingdom", "Lantern", "Letter", "Machine", "Mirror", "Moon", "Morning",
    "Mountain", "Ocean", "Orchard", "Palace", "Parade", "Promise", "Radio", "Rain", "River", "Sailor", "Shadow",
    "Signal", "Skyline", "Stranger", "Summer", "Telephone", "Thunder", "Tiger", "Train", "Valley", "Whisper",
    "Window", "Wolf", "Corazón", "Sjön",
)  # fmt: skip
VERBS = (
    "Believe", "Burn", "Carry", "Chase", "Count", "Dance", "Drift", "Fall", "Follow", "Forget", "Hold", "Leave",
    "Lose", "Remember", "Run", "Sing", "Sleep", "Stay", "Wait", "Wake",
)  # fmt: skip
TITLE_TAILS = (
    "(Album Version)", "(LP Version)", "(Live)", "[Remastered]", "(Acoustic)", '(12" Mix)', "(Explicit)",
    "(Radio Edit)", "Pt. 2", "(Demo)",
)  # fmt: skip
BAND_NAMES = (
    "Quartet", "Orchestra", "Collective", "& The Ramblers", "Trio", "Sound System", "y Sus Amigos", "Ensemble",
)  # fmt: skip

# The two ways user agents stand in the real log: Chrome's and Safari's in quotation marks of their own, Firefox's bare.
SYSTEMS = (
    "Windows NT 6.1; WOW64", "Windows NT 6.3; WOW64", "Windows NT 5.1", "Macintosh; Intel Mac OS X 10_9_4",
    "Macintosh; Intel Mac OS X 10_10", "X11; Linux x86_64", "iPhone; CPU iPhone OS 7_1_2 like Mac OS X",
)  # fmt: skip
BROWSERS = (
    '"Mozilla/5.0 ({system}) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/36.0.1985.143 Safari/537.36"',
    '"Mozilla/5.0 ({system}) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/37.0.2062.94 Safari/537.36"',
    '"Mozilla/5.0 ({system}) AppleWebKit/537.78.2 (KHTML, like Gecko) Version/7.0.6 Safari/537.78.2"',
    "Mozilla/5.0 ({system}; rv:31.0) Gecko/20100101 Firefox/31.0",
)
